"""A room's page with 50 messages, against five bytes from the same server software with the same settings."""

from __future__ import annotations

from collections.abc import Mapping

from benchmarks import client
from benchmarks.choice import Choice
from benchmarks.measure import Sample, measure
from benchmarks.rounds import Result, Say, Variant, run_rounds
from benchmarks.servers.python_peers import FiveBytes
from benchmarks.servers.quart_chat import ROOM, QuartChat
from benchmarks.servers.server import Missing

CONNECTIONS = "16"
MESSAGES = "60"  # the page shows the newest 50


def run(choice: Choice, say: Say) -> Result:
    """Measure pages a second."""
    asked = ["--tabs", CONNECTIONS, "--seconds", str(choice.seconds)]

    def room(_: Mapping[str, Sample]) -> Sample:
        with QuartChat() as server:
            filling = ["--tabs", "1", "--messages", MESSAGES, "--warmup", "0", "--seconds", "20"]
            client.run("quiet", [*server.tabs(), *server.talk(None), *filling])
            path = ["--port", str(server.port), "--path", f"/r/{ROOM}", *server.cookies()]
            return measure(server, "http", [*path, *asked])

    def five_bytes(_: Mapping[str, Sample]) -> Sample:
        with FiveBytes() as server:
            return measure(server, "http", ["--port", str(server.port), "--path", "/", *asked])

    variants = [Variant("room", room)]
    try:
        FiveBytes.check()
    except Missing as missing:
        say(f"left out: {missing}")
    else:
        variants.append(Variant(FiveBytes.name, five_bytes))
    return run_rounds("page", variants, choice, say)
