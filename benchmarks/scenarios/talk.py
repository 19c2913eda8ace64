"""Messages to many tabs: quiet, busy, and the intake, on every server that can be had.

Quart Chat comes first in each round; the others then send messages of as many bytes as its fragments had.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from benchmarks.choice import Choice
from benchmarks.measure import Sample, measure
from benchmarks.rounds import Result, Say, Variant, run_rounds
from benchmarks.servers.nchan import NchanPeer
from benchmarks.servers.node import NodePeer
from benchmarks.servers.python_peers import ChannelsPeer, FastAPIPeer, QuartPeer
from benchmarks.servers.quart_chat import QuartChat
from benchmarks.servers.server import Server

CHAT = "quart-chat"
EVERYSEC = "quart-chat everysec"
PAYLOADS = {"quiet": 552, "busy": 392, "intake": 452}  # bytes, where Quart Chat is not measured along
BUSY = ("--window", "128", "--senders", "16")

Make = Callable[[], Server]


def variant(label: str, make: Make, mode: str, arguments: Sequence[str], version: str = "") -> Variant:
    """Measure a fresh server in one mode of the load client."""

    def once(round_so_far: Mapping[str, Sample]) -> Sample:
        first = round_so_far.get(CHAT, {})
        payload = round(first.get("payload_bytes_per_delivery", PAYLOADS[mode]))
        with make() as server:
            return measure(server, mode, [*server.tabs(), *server.talk(payload), *arguments])

    return Variant(label, once, version)


def variants_of(
    choice: Choice, say: Say, mode: str, arguments: Sequence[str], peers: Sequence[type[Server]]
) -> list[Variant]:
    """Make the variants of a mode: Quart Chat with both ways of keeping, then the peers."""
    found = []
    for server in choice.available([QuartChat, *peers], say):
        version = _version(server)
        found.append(variant(server.name, server, mode, arguments, version))
        if server is QuartChat:
            found.append(variant(EVERYSEC, lambda: QuartChat(fsync="everysec"), mode, arguments, version))
    return found


def _version(server: type[Server]) -> str:
    made = server()
    try:
        return made.version()
    finally:
        made.end()


def quiet(choice: Choice, say: Say) -> Result:
    """One message under way, 1,000 tabs."""
    return _quiet("quiet", 1000, choice, say)


def quiet_200(choice: Choice, say: Say) -> Result:
    """One message under way, 200 tabs."""
    return _quiet("quiet-200", 200, choice, say)


def _quiet(name: str, tabs: int, choice: Choice, say: Say) -> Result:
    arguments = ["--tabs", str(tabs), "--seconds", str(choice.seconds)]
    peers = [FastAPIPeer, ChannelsPeer, QuartPeer, NodePeer, NchanPeer]
    return run_rounds(name, variants_of(choice, say, "quiet", arguments, peers), choice, say)


def busy(choice: Choice, say: Say) -> Result:
    """128 messages under way, 1,000 tabs."""
    arguments = ["--tabs", "1000", "--seconds", str(choice.seconds), "--silence", "60", *BUSY]
    peers = [FastAPIPeer, QuartPeer, NodePeer, NchanPeer]
    result = run_rounds("busy", variants_of(choice, say, "busy", arguments, peers), choice, say)
    result.notes.append("Django Channels is left out of busy: 128 messages to 1,000 tabs take it a minute.")
    return result


def intake(choice: Choice, say: Say) -> Result:
    """Four tabs that all write, 32 messages under way each."""
    unique: dict[str, Variant] = {}
    for peer in (FastAPIPeer, ChannelsPeer, QuartPeer, NodePeer, NchanPeer):
        window = "4" if peer is NchanPeer else "32"
        arguments = ["--tabs", "4", "--senders", "4", "--window", window, "--seconds", str(choice.seconds)]
        for one in variants_of(choice, say, "intake", arguments, [peer]):
            unique.setdefault(one.label, one)  # Quart Chat comes with each peer, and keeps the window of the first
    result = run_rounds("intake", list(unique.values()), choice, say)
    result.notes.append(
        "nchan has 4 messages of each sender under way, not 32: with 8 and more it sometimes stops answering."
    )
    return result
