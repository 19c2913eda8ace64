from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import pytest
from redis import Redis

from quart_chat.room.entries import NO_ENTRY, Entry
from quart_chat.room.places import follows
from quart_chat.store import feed as feeds
from quart_chat.store import keys
from quart_chat.store.feed import Feed
from quart_chat.store.log import Log, Retention
from quart_chat.store.pipeline import Pipeline
from quart_chat.store.presence import Presence
from quart_chat.store.servers import servers
from tests.conftest import connected
from tests.store.conftest import until
from tests.store.valkey import Valkey

ANA = "a" * 16


@dataclass
class Heard:
    """Notes all that a feed tells, in order: (what, ...)."""

    words: list[tuple[str, ...]] = field(default_factory=list)
    kept: dict[str, list[Entry]] = field(default_factory=dict)

    def confirmed(self, room: str) -> None:
        self.words.append(("confirmed", room))

    def entries(self, room: str, entries: Sequence[Entry]) -> None:
        self.words += [("entry", room, entry.id) for entry in entries]
        self.kept.setdefault(room, []).extend(entries)

    def here(self, room: str) -> None:
        self.words.append(("here", room))

    def typing(self, room: str, person: str, name: str) -> None:
        self.words.append(("typing", room, person, name))

    def ruled(self, room: str) -> None:
        self.words.append(("ruled", room))

    def expired(self, room: str) -> None:
        self.words.append(("expired", room))

    def reported(self, room: str, entry_id: str, keepers: Sequence[str]) -> None:
        self.words.append(("reported", room, entry_id, *keepers))

    def admission(self, room: str, person: str, until: int) -> None:
        self.words.append(("admission", room, person))

    def renamed(self, person: str, name: str) -> None:
        self.words.append(("renamed", person, name))

    def forgotten(self, person: str) -> None:
        self.words.append(("forgotten", person))

    def lost(self, reason: str) -> None:
        self.words.append(("lost",))

    def found(self) -> None:
        self.words.append(("found",))

    def count(self, *word: str) -> int:
        return self.words.count(word)


@asynccontextmanager
async def a_worker(url: str, *rooms: str, name: str = "w") -> AsyncIterator[tuple[Pipeline, Feed, Heard]]:
    """Run what a worker has of a store, following rooms: until it is left, and not a moment less."""
    store = servers(url)
    pipeline = Pipeline(store)
    feed, heard = Feed(store, pipeline, name), Heard()
    for room in rooms:
        feed.follow(room)
    running = asyncio.create_task(feed.run(heard))
    try:
        await until(lambda: heard.count("found"), "that it begins")
        yield pipeline, feed, heard
        assert not running.done()
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        await pipeline.aclose()
        await store.aclose()


@asynccontextmanager
async def listening(valkey: Valkey, pipeline: Pipeline, heard: Heard, *rooms: str) -> AsyncIterator[Feed]:
    """A feed that runs; rooms are followed before it does."""
    feed = Feed(servers(valkey.url), pipeline, "worker")
    for room in rooms:
        feed.follow(room)
    running = asyncio.create_task(feed.run(heard))
    try:
        yield feed
        assert not running.done()
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


@pytest.fixture
def log(pipeline: Pipeline) -> Log:
    return Log(pipeline, Retention(100, 0))


async def test_a_room_is_confirmed_and_its_entries_come_in_order(valkey: Valkey, pipeline: Pipeline, log: Log) -> None:
    heard = Heard()
    async with listening(valkey, pipeline, heard, "r") as feed:
        await until(lambda: heard.count("confirmed", "r"), "a confirmation")
        assert heard.words == [("found",), ("confirmed", "r")]
        await asyncio.gather(*(log.append("r", ANA, "Ana", f"line\n{n}", str(n)) for n in range(150)))
        await until(lambda: len(heard.kept.get("r", [])) == 150, "150 entries")
        assert follows(heard.kept["r"], NO_ENTRY)
        assert tuple(heard.kept["r"]) == (await log.tail("r", NO_ENTRY)).entries
        feed.follow("later")
        await until(lambda: heard.count("confirmed", "later"), "a confirmation")


async def test_only_rooms_that_are_followed_come_in(valkey: Valkey, pipeline: Pipeline, log: Log) -> None:
    heard = Heard()
    async with listening(valkey, pipeline, heard, "r", "left") as feed:
        await until(lambda: heard.count("confirmed", "left"), "a confirmation")
        feed.leave("left")
        for room in ("left", "other", "r"):
            await log.append(room, ANA, "Ana", "x", "n")
        await until(lambda: heard.kept.get("r"), "the entry")
        feed.follow("left")
        await until(lambda: heard.count("confirmed", "left") == 2, "another confirmation")
        assert set(heard.kept) == {"r"}


async def test_every_kind_of_word_is_told(valkey: Valkey, pipeline: Pipeline) -> None:
    heard = Heard()
    async with listening(valkey, pipeline, heard, "r") as feed:
        await until(lambda: heard.count("confirmed", "r"), "a confirmation")
        await feed.say_typing("r", ANA, "Ana\n<é>")
        await Presence(pipeline, "other").announce("r", {ANA: "Ana"})
        await feed.say_renamed(ANA, 'A"n\na')
        await until(lambda: len(heard.words) == 5, "three words")
        assert sorted(heard.words[2:]) == [
            ("here", "r"),
            ("renamed", ANA, 'A"n\na'),
            ("typing", "r", ANA, "Ana\n<é>"),
        ]


NONSENSE = [
    "",
    "\n",
    "what is this",
    "typing",
    "typing\n[",
    "typing\n[1]",
    "typing\n{}",
    "entry",
    "entry\n1-0",
    "entry\n1-0\n0-0\nx\n\n{}",
    "entry\n1-0\n0-0\n1\n\n{",
    "entry\n1-0\n0-0\n1\n\n[]",
    "entry\n1-0\n0-0\n1\n\n" + "[" * 100_000,
    "typing\n" + "[" * 100_000,
]


async def test_words_that_nobody_here_wrote_are_passed_over(
    valkey: Valkey, pipeline: Pipeline, look: Redis, log: Log, caplog: pytest.LogCaptureFixture
) -> None:
    heard = Heard()
    async with listening(valkey, pipeline, heard, "r"):
        await until(lambda: heard.count("confirmed", "r"), "a confirmation")
        for word in NONSENSE:
            look.spublish(keys.channel("r"), word)
        look.spublish(keys.RENAMED, "nonsense")
        await log.append("r", ANA, "Ana", "x", "n")
        await until(lambda: heard.kept.get("r"), "the entry")
        assert len(heard.words) == 3
    assert "nonsense" not in caplog.text


async def test_a_subscription_that_is_cut_is_confirmed_again(
    valkey: Valkey, pipeline: Pipeline, look: Redis, log: Log
) -> None:
    heard = Heard()
    rooms = [f"room-{n}" for n in range(1100)]  # more than are subscribed to at once
    async with listening(valkey, pipeline, heard, *rooms):
        await until(lambda: confirmed_times(heard) == {1: 1100}, "confirmations")
        assert look.client_kill_filter(_type="pubsub") == 1
        await until(lambda: confirmed_times(heard) == {2: 1100}, "confirmations again")
        assert heard.words.index(("lost",)) < len(heard.words) - 1 - heard.words[::-1].index(("found",))
        await log.append("room-7", ANA, "Ana", "x", "n")
        await until(lambda: heard.kept.get("room-7"), "the entry")


def confirmed_times(heard: Heard) -> Counter[int]:
    """Count the rooms that were confirmed so many times."""
    return Counter(Counter(word[1] for word in heard.words if word[0] == "confirmed").values())


async def test_a_feed_that_is_cut_again_and_again_comes_back(valkey: Valkey, pipeline: Pipeline, look: Redis) -> None:
    heard = Heard()
    async with listening(valkey, pipeline, heard, "r"):
        for times in range(1, 4):
            await until(lambda wanted=times: heard.count("confirmed", "r") == wanted, f"confirmation {times}")
            look.client_kill_filter(_type="pubsub")
        await until(lambda: heard.count("confirmed", "r") == 4, "the last confirmation")
        assert heard.count("lost") == 3
        assert heard.count("found") == 4


@pytest.fixture
def own() -> Iterator[Valkey]:
    """A store for the one test that kills it."""
    with Valkey(append_only=True) as valkey:
        yield valkey


async def test_a_store_that_is_killed_is_lost_and_found_and_nothing_is_missing(own: Valkey) -> None:
    heard = Heard()
    async with connected(own) as pipeline, listening(own, pipeline, heard, "r") as feed:
        log = Log(pipeline, Retention(100, 0))
        await until(lambda: heard.count("confirmed", "r"), "a confirmation")
        first, _ = await log.append("r", ANA, "Ana", "before", "1")
        await until(lambda: heard.kept.get("r"), "the entry")
        own.kill()
        await until(lambda: heard.count("lost"), "that it is lost")
        feed.follow("meanwhile")
        own.start()
        await until(lambda: heard.count("confirmed", "meanwhile"), "both rooms' confirmations")
        await until(lambda: heard.count("confirmed", "r") == 2, "both rooms' confirmations")
        after = heard.words[heard.words.index(("lost",)) :]
        assert after[-3:][0] == ("found",)
        assert heard.count("found") == 2
        await log.append("r", ANA, "Ana", "after", "2")
        await until(lambda: len(heard.kept["r"]) == 2, "the entry")
        assert follows(heard.kept["r"], NO_ENTRY)
        assert await log.append("r", ANA, "Ana", "before", "1") == (first, False)


async def test_a_feed_waits_for_a_store_that_is_not_there_yet() -> None:
    heard, valkey = Heard(), Valkey()
    try:
        async with connected(valkey) as pipeline, listening(valkey, pipeline, heard, "r"):
            await until(lambda: heard.count("lost"), "that it is lost")
            assert not heard.count("found")
            valkey.start()
            await until(lambda: heard.count("confirmed", "r"), "a confirmation")
    finally:
        valkey.end()


async def test_a_subscription_that_went_deaf_is_begun_anew(
    valkey: Valkey, pipeline: Pipeline, look: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A link that is half dead, as after a NAT forgot it: nothing is closed, and nothing comes in."""
    monkeypatch.setattr(feeds, "PROBE", 0.05)
    monkeypatch.setattr(feeds, "DEAF", 0.2)
    heard = Heard()
    async with listening(valkey, pipeline, heard, "r") as feed:
        await until(lambda: heard.count("confirmed", "r"), "a confirmation")
        monkeypatch.setattr(feed, "_worker", "somebody else")  # whose words are not its own
        await until(lambda: heard.count("lost"), "that it is lost")
        await until(lambda: heard.count("confirmed", "r") == 2, "another confirmation")


async def test_a_feed_ends_whenever_it_is_cancelled(valkey: Valkey) -> None:
    """At a worker's end nothing may hold it up, not even a connection that is just being made."""
    for turns in range(120):
        async with connected(valkey) as pipeline:
            running = asyncio.create_task(Feed(servers(valkey.url), pipeline, "worker").run(Heard()))
            for _ in range(turns):
                await asyncio.sleep(0)
            running.cancel()
            done, _ = await asyncio.wait({running}, timeout=2)
            if not done:
                running.cancel()
            assert done, f"it went on after {turns} turns of the loop"
            assert running.cancelled()
