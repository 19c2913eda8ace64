"""The command: `python -m benchmarks [SCENARIO …] [--rounds N] [--only SERVER,…] [--full]`, and `report`."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import time
from pathlib import Path

from benchmarks import client, machine
from benchmarks.choice import Choice
from benchmarks.client import LoadFailed
from benchmarks.rounds import Result
from benchmarks.scenarios import ALL, SMALL
from benchmarks.servers.quart_chat import QuartChat

RESULTS = Path(__file__).parent / "results"


def main() -> int:
    """Run what the command line asks for; gives the exit status."""
    asked = _parser().parse_args()
    if asked.tree is not None:
        QuartChat.tree = asked.tree.resolve()
    rounds = asked.rounds or (5 if asked.full else 2)
    began = time.monotonic()
    choice = Choice(
        rounds=rounds,
        full=asked.full,
        only=frozenset(filter(None, asked.only.split(","))),
        deadline=began + asked.minutes * 60,
    )
    try:
        client.build()
    except LoadFailed as error:
        print(error, file=sys.stderr)
        return 2
    names = asked.scenarios or (list(ALL) if asked.full else list(SMALL))
    failed = False
    for number, name in enumerate(names, 1):
        _say(f"[{number}/{len(names)}, {time.monotonic() - began:.0f} s] {name}")
        try:
            result = ALL[name](choice, _say)
        except LoadFailed as error:
            _say(f"  {name} could not be measured: {error}")
            failed = True
            continue
        failed = failed or not all(result.rounds)
        _keep(result, choice, asked.results)
    _say(f"done in {time.monotonic() - began:.0f} s; {asked.results}")
    return 1 if failed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("scenarios", nargs="*", choices=[*ALL, []], metavar="SCENARIO", help=", ".join(ALL))
    parser.add_argument("--rounds", type=int, help="times that everything is measured (2; with --full 5)")
    parser.add_argument("--only", default="", help="servers, by name, with commas between")
    parser.add_argument("--full", action="store_true", help="all scenarios, longer, as for publication")
    parser.add_argument("--minutes", type=float, default=60, help="after which one round each has to do (60)")
    parser.add_argument("--tree", type=Path, help="the checkout whose Quart Chat is measured; default: this one")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder for what was measured")
    return parser


def _keep(result: Result, choice: Choice, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    kept = {**dataclasses.asdict(result), "machine": machine.describe(), "full": choice.full}
    (folder / f"{result.scenario}.json").write_text(json.dumps(kept, indent=1) + "\n")


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
