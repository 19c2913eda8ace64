"""permessage-deflate, offered by all tabs, against not: bytes and CPU, quiet, in batches of 20, and busy."""

from __future__ import annotations

from collections.abc import Mapping

from benchmarks.choice import Choice
from benchmarks.measure import Sample, measure
from benchmarks.rounds import Result, Say, Variant, run_rounds
from benchmarks.scenarios.talk import BUSY
from benchmarks.servers.quart_chat import QuartChat
from benchmarks.servers.server import Missing

NOT_ACCEPTED = "permessage-deflate was offered and not accepted"
BATCHES = ("--window", "20", "--senders", "4")  # what is under way comes together: 20


def run(choice: Choice, say: Say) -> Result:
    """Measure each kind of talk with the extension and without."""
    kinds = {"quiet": ("quiet", ()), "batches of 20": ("busy", BATCHES), "busy": ("busy", BUSY)}

    def talking(label: str, mode: str, extra: tuple[str, ...], deflate: bool) -> Variant:
        def once(_: Mapping[str, Sample]) -> Sample:
            with QuartChat(deflate=deflate) as server:
                arguments = [*server.tabs(), *server.talk(None), *extra]
                sample = measure(server, mode, [*arguments, "--tabs", "1000", "--seconds", str(choice.seconds)])
            if deflate and not sample["deflating_tabs"]:
                raise Missing(NOT_ACCEPTED)
            return sample

        return Variant(f"{label}, {'deflated' if deflate else 'plain'}", once)

    variants = [
        talking(label, mode, extra, deflate) for label, (mode, extra) in kinds.items() for deflate in (False, True)
    ]
    return run_rounds("deflate", variants, choice, say)
