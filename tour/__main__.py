"""Start a demo, let its people talk, and take every picture of the documents of it, or stay for a look around."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

from tour.album import album, branded
from tour.camera import camera
from tour.film import film
from tour.script import CLASS, FAMILY, PHRASE, Cast, cast
from tour.server import ROOT, Failed, Server
from tour.terminal import conversation

FOLDER = ROOT / "docs" / "screenshots"
BRAND = ROOT / "deploy" / "brand"
OWN = {
    "QUART_CHAT_NAME": "The Cherry Orchard",
    "QUART_CHAT_LOGO": str(BRAND / "logo.svg"),
    "QUART_CHAT_STYLE": str(BRAND / "house.css"),
    "QUART_CHAT_HOUSE_RULES": str(BRAND / "rules.txt"),
    "QUART_CHAT_WELCOME": "Welcome to our orchard. New here? Say hello in *the garden*.",
}
HEARD = (
    "Two terminals: one follows a room by curl -N, the other says something in it by curl -d, which the first shows."
)


async def photograph(folder: Path, server: Server, people: Cast, beside: Path) -> list[str]:
    """Take all pictures into a folder; returns their names. beside: a folder for another server's data."""
    taken = ["terminal.svg"]
    async with camera(server.port, folder, taken) as own:
        await album(own, people)
    keep(folder / taken[0], film(*await conversation(people, server.port), alt=HEARD))
    async with Server(beside, **OWN) as orchard, camera(orchard.port, folder, taken) as theirs:
        await branded(theirs)
    return taken


def keep(file: Path, text: str) -> None:
    """Write a file."""
    file.write_text(text, encoding="utf-8")


def tidy(folder: Path, taken: list[str]) -> None:
    """Take away the documents' pictures that are no longer taken, and tell what there is; others' folders stay."""
    if folder == FOLDER:
        for file in folder.iterdir():
            if file.name not in taken:
                file.unlink()
    size = sum((folder / name).stat().st_size for name in taken)
    print(f"{len(taken)} pictures are in {folder}, {size / 1e6:.1f} MB")


async def tour(folder: Path | None, *, serve: bool) -> None:
    """Start it all, and end it all. folder: where pictures are put; None: none are taken."""
    with tempfile.TemporaryDirectory(prefix="quart-chat-tour-") as data:
        async with AsyncExitStack() as stack:
            server = await stack.enter_async_context(Server(Path(data) / "demo"))
            people = await stack.enter_async_context(cast(server))
            if folder is not None:
                tidy(folder, await photograph(folder, server, people, Path(data) / "orchard"))
            if serve:
                print(f"The demo is at {server.url}: try /r/{CLASS}, or /r/{FAMILY} by the passphrase “bolo de fubá”.")
                print(f"To be Ana, who owns rooms, give her name and its phrase, “{PHRASE}”, at {server.url}/me.")
                print("Ctrl-C ends it, and deletes it.")
                await _until_told()


async def _until_told() -> None:
    told, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told.set)
    await told.wait()


def main() -> int:
    """Read the command line, and run it."""
    parser = argparse.ArgumentParser(prog="python -m tour", description=__doc__)
    parser.add_argument("--serve", action="store_true", help="keep the demo running, for a look around")
    parser.add_argument("--no-pictures", action="store_true", help="take none, and need no browser")
    parser.add_argument("--into", type=Path, default=FOLDER, help="folder of the pictures")
    asked = parser.parse_args()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # else each process of a server compiles all anew
    asked.into.mkdir(parents=True, exist_ok=True)
    try:
        asyncio.run(tour(None if asked.no_pictures else asked.into, serve=asked.serve))
    except Failed as failed:
        print(failed, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
