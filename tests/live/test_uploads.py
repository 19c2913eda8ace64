"""Files on their way into a room and out of it, over a real store and a real folder."""

from __future__ import annotations

import asyncio
import hashlib
import io
import itertools
import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import IO

import pytest
from redis import Redis

from quart_chat.errors import BadFile, BadText, ShelfAway, Spent, StoreAway, TooFast
from quart_chat.live import leftovers
from quart_chat.live import uploads as module
from quart_chat.live.changer import Changer
from quart_chat.live.company import Company
from quart_chat.live.leftovers import Leftovers
from quart_chat.live.phrases import Phrases
from quart_chat.live.prover import Prover
from quart_chat.live.sayer import Sayer
from quart_chat.live.uploads import Received, Uploads
from quart_chat.pictures.studio import Studio
from quart_chat.room.commands import Say
from quart_chat.room.entries import Message
from quart_chat.shelf.shelf import Shelf
from quart_chat.store import keys
from quart_chat.store.archive import Archive
from quart_chat.store.deeds import Deeds
from quart_chat.store.feed import Feed
from quart_chat.store.holdings import Holdings
from quart_chat.store.limits import Limits
from quart_chat.store.log import Log, Retention
from quart_chat.store.people import People
from quart_chat.store.pipeline import Pipeline
from quart_chat.store.presence import Presence
from quart_chat.store.rules import RoomRules
from quart_chat.store.servers import servers
from tests.live.rig import somebody
from tests.pictures.drawings import drawn

ROOMS = (f"files-{number}" for number in itertools.count())
HOME = "192.0.2.1"


class House:
    """A room that takes files; quota: bytes."""

    def __init__(self, pipeline: Pipeline, folder: Path, *, quota: int = 0, per_minute: int = 0) -> None:
        self.room = next(ROOMS)
        self.ana = somebody("Ana")
        self.log = Log(pipeline, Retention(1000, 0))
        self.holdings = Holdings(pipeline)
        self.folder = folder
        self.shelf = Shelf(None, folder)
        self.leftovers = Leftovers(self.holdings, self.shelf)
        limits = Limits(pipeline, "w", 0)
        company = Company(self.log, Presence(pipeline, "w"))
        rules = RoomRules(pipeline, lambda: 1)
        self.changer = Changer(
            *(self.log, limits, company, self.leftovers, rules),
            characters=50,
            per_minute=0,
            keep_versions=False,
            clock=lambda: 1,
        )
        sayer = Sayer(
            *(self.log, Feed(servers("unix:///nonexistent"), pipeline, "w"), People(pipeline), limits, self.changer),
            company=company,
            rules=rules,
            prover=Prover(
                Deeds(pipeline),
                People(pipeline),
                Feed(servers("unix:///nonexistent"), pipeline, "w"),
                limits,
                Phrases(),
            ),
            characters=50,
            per_minute=0,
            rooms_per_hour=0,
            file_bytes=quota,
            clock=lambda: 1,
        )
        self.uploads = Uploads(
            sayer,
            limits,
            holdings=self.holdings,
            shelf=self.shelf,
            leftovers=self.leftovers,
            studio=Studio(None),
            per_minute=per_minute,
        )

    async def send(self, *files: Received, text: str = "", nonce: str = "") -> str:
        asked = Say(text, nonce or os.urandom(8).hex())
        with ExitStack() as ends:
            received = [replace(one, content=_on_disk(one, ends)) for one in files]
            said = await self.uploads.say(self.room, self.ana, HOME, asked, received)
        assert isinstance(said, str)
        return said

    async def message(self, entry_id: str) -> Message:
        found = (await self.log.changes.find(self.room, entry_id)).message
        assert found is not None
        return found

    @property
    def kept(self) -> list[str]:
        """Names of what is in the folder."""
        return sorted(path.name for path in self.folder.rglob("*") if path.is_file())


@pytest.fixture
async def house(pipeline: Pipeline, tmp_path: Path) -> AsyncIterator[House]:
    house = House(pipeline, tmp_path / "files")
    yield house
    house.shelf.close()


def came(content: bytes, name: str = "a.txt") -> Received:
    return Received(name, "", io.BytesIO(content), len(content), hashlib.sha256(content).hexdigest())


def _on_disk(received: Received, ends: ExitStack) -> IO[bytes]:
    file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115
    ends.enter_context(file)
    received.content.seek(0)
    file.write(received.content.read())
    file.flush()
    return file


async def test_a_picture_and_a_paper_come_with_a_text(house: House) -> None:
    entry_id = await house.send(came(drawn(), "../sea.png"), came(b"%PDF", "minutes.pdf"), text="look")
    message = await house.message(entry_id)
    picture, paper = message.files
    assert message.text == "look"
    assert (picture.name, picture.media, picture.width, picture.height, picture.frames) == (
        "sea.png",
        "image/png",
        60,
        40,
        1,
    )
    assert (paper.name, paper.size, paper.media) == ("minutes.pdf", 4, "")
    assert house.kept == sorted([picture.digest, f"{picture.digest}.small", paper.digest])


async def test_a_retry_is_the_same_message_and_another_file_is_refused(house: House) -> None:
    first = await house.send(came(b"one"), nonce="n")
    assert await house.send(came(b"one"), nonce="n") == first
    kept = house.kept
    with pytest.raises(Spent):
        await house.send(came(b"two"), nonce="n")
    assert house.kept == kept
    assert len((await house.log.newest(house.room)).page.messages) == 1


@pytest.mark.parametrize(
    ("content", "name", "text", "error"),
    [
        (b"<svg/>", "a.svg", "", BadFile),
        (b"\x89PNG\r\n\x1a\n", "a.png", "", BadFile),
        (b"fine", "a.txt", "x" * 51, BadText),
        (b"fine", "a.txt", "/topic Files", BadText),
        (b"fine", "a.txt", "/nothing", BadText),
    ],
)
async def test_what_is_refused_leaves_nothing(
    house: House, content: bytes, name: str, text: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        await house.send(came(b"good"), came(content, name), text=text)
    assert house.kept == []
    assert (await house.log.newest(house.room)).title is None


async def test_a_command_that_says_something_takes_files(house: House) -> None:
    message = await house.message(await house.send(came(b"x"), text="/me waves"))
    assert (message.kind, message.text, len(message.files)) == ("me", "waves", 1)


async def test_a_full_room_takes_no_more(pipeline: Pipeline, tmp_path: Path) -> None:
    house = House(pipeline, tmp_path, quota=10)
    entry_id = await house.send(came(b"12345678"))
    with pytest.raises(BadFile, match="no more files"):
        await house.send(came(b"abc"))
    assert len(house.kept) == 1
    await house.changer.delete(house.room, house.ana, HOME, entry_id)
    assert house.kept == []
    await house.send(came(b"abc"))


async def test_deletion_takes_the_bytes_with_the_last_message_that_holds_them(house: House, look: Redis) -> None:
    first, second = await house.send(came(b"same")), await house.send(came(b"same", "other.txt"))
    await house.changer.delete(house.room, house.ana, HOME, first)
    assert len(house.kept) == 1
    await house.changer.delete(house.room, house.ana, HOME, second)
    assert house.kept == []
    assert (await house.message(second)).files == ()
    for stream in (keys.log(house.room), keys.messages(house.room)):
        assert "other.txt" not in str(look.xrange(stream))
    assert look.hgetall(keys.uploads(house.room)) == {}


async def test_an_edit_keeps_the_files(house: House) -> None:
    entry_id = await house.send(came(b"x"))
    await house.changer.edit(house.room, house.ana, HOME, entry_id, "a caption")
    message = await house.message(entry_id)
    assert (message.said, len(message.files)) == ("a caption", 1)
    with pytest.raises(BadText):
        await house.changer.edit(house.room, house.ana, HOME, entry_id, " ")


async def test_a_pin_and_a_reply_name_the_files(house: House) -> None:
    entry_id = await house.send(came(b"x", "plan.pdf"))
    await house.changer.pin(house.room, house.ana, HOME, entry_id)
    (pinned,) = (await house.log.newest(house.room)).header.pins
    assert pinned.text == "📎 plan.pdf"


async def test_a_shelf_that_is_away_loses_nothing_that_was_said(
    house: House, monkeypatch: pytest.MonkeyPatch, look: Redis
) -> None:
    async def away(*_: object, **__: object) -> None:
        raise ShelfAway("gone")

    entry_id = await house.send(came(b"x"))
    with monkeypatch.context() as patched:
        patched.setattr(house.shelf, "put", away)
        with pytest.raises(ShelfAway):
            await house.send(came(b"y"))
        patched.setattr(house.shelf, "delete", away)
        await house.changer.delete(house.room, house.ana, HOME, entry_id)
    assert (await house.message(entry_id)).deleted
    assert len(house.kept) == 1  # for the sweep
    look.delete(keys.uploads(house.room))  # which comes when its mark has lapsed
    assert await house.leftovers.sweep(grace=-1) == 1
    assert house.kept == []


async def test_an_answer_that_was_lost_takes_nothing_away(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message may be in the room, and may come into it even later."""
    real = house.log.append_all

    async def lost(*args: object) -> None:
        await real(*args)  # type: ignore[arg-type]
        raise StoreAway("no answer")

    monkeypatch.setattr(house.log, "append_all", lost)
    with pytest.raises(StoreAway):
        await house.send(came(b"x"), nonce="n")
    assert len(house.kept) == 1
    monkeypatch.setattr(house.log, "append_all", real)
    entry_id = await house.send(came(b"x"), nonce="n")
    assert len((await house.message(entry_id)).files) == 1
    assert len(house.kept) == 1


async def test_limits_are_met_before_any_byte_is_read(pipeline: Pipeline, tmp_path: Path) -> None:
    house = House(pipeline, tmp_path, per_minute=2)
    for _ in range(2):
        async with house.uploads.let_in(house.ana.public, HOME, 5):
            pass
    with pytest.raises(TooFast):
        async with house.uploads.let_in(house.ana.public, HOME, 5):
            pass
    with pytest.raises(BadFile, match="no room"):
        async with house.uploads.let_in(somebody().public, HOME, 10**16):
            pass


async def test_few_uploads_of_an_address_are_under_way_at_once(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "OF_ADDRESS", 1)
    async with house.uploads.let_in(house.ana.public, HOME, 5):
        with pytest.raises(TooFast):
            async with house.uploads.let_in(house.ana.public, HOME, 5):
                pass
        async with house.uploads.let_in(house.ana.public, "192.0.2.9", 5):
            pass
    async with house.uploads.let_in(house.ana.public, HOME, 5):
        pass


# --- what is left over -------------------------------------------------------------------------------


async def test_the_sweep_takes_what_nobody_holds_and_nothing_else(house: House, look: Redis) -> None:
    held = await house.message(await house.send(came(b"held")))
    for room in (house.room, "lapsed"):
        await house.shelf.put(room, "f" * 64, io.BytesIO(b"left"))
        await house.shelf.put(room, "f" * 64, io.BytesIO(b"left"), small=True)
    claim = await house.holdings.claim(house.room, ["e" * 64])
    await house.shelf.put(house.room, "e" * 64, io.BytesIO(b"coming"))
    assert await house.leftovers.sweep() == 0  # all are younger than an upload may take
    assert await house.leftovers.sweep(grace=-1) == 2
    assert house.kept == sorted([held.files[0].digest, "e" * 64])
    assert await house.holdings.drop(house.room, ["e" * 64], claim or "") == ["e" * 64]


async def test_a_sweep_goes_step_by_step_and_on_where_one_was_broken_off(
    house: House, look: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        await house.shelf.put(f"room-{number}", "f" * 64, io.BytesIO(b"left"))
    monkeypatch.setattr(leftovers, "PAUSE", 0.0)
    with monkeypatch.context() as patched:
        patched.setattr(leftovers, "PAUSE", 600.0)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1.0):
                await house.leftovers.sweep(most=2, grace=-1)
    place = str(look.get(keys.SWEPT))
    assert place == f"room-1/{'f' * 64}"
    assert len(house.kept) == 3
    assert await house.leftovers.sweep(place, most=2, grace=-1) == 3
    assert look.get(keys.SWEPT) == ""
    assert house.kept == []


async def test_a_store_that_was_emptied_takes_nobodys_files_away(house: House, look: Redis) -> None:
    """One that lost its data, or a second server with the first one's bucket, would take all for left over."""
    assert await house.leftovers.is_its_own()
    assert await house.leftovers.is_its_own()
    await house.shelf.put("z", "f" * 64, io.BytesIO(b"left"))
    assert [one.room for one in await house.shelf.listed(1)] == ["z"]
    look.flushall()
    assert not await house.leftovers.is_its_own()


async def test_a_room_takes_its_files_with_it(house: House, pipeline: Pipeline) -> None:
    await house.send(came(drawn(), "a.png"), came(b"x"))
    assert await Archive(pipeline, Retention(10, 0)).delete(house.room)
    await house.leftovers.take_all(house.room)
    assert house.kept == []


async def test_an_upload_that_meets_a_deletion_waits_for_it(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    content = came(b"again")
    monkeypatch.setattr(module, "AGAIN", 0.01)
    assert await house.holdings.drop(house.room, [content.digest]) == [content.digest]
    monkeypatch.setattr(module, "TRIES", 2)
    with pytest.raises(TooFast):
        await house.send(content)
    await house.holdings.dropped(house.room, [content.digest])
    assert await house.send(content)


async def test_many_who_send_and_delete_the_same_never_lose_what_is_held(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever overtakes whatever: a message that is there has its bytes, and none that are gone leave any."""

    async def come_and_go(number: int) -> str | None:
        entry_id = await house.send(came(b"the same for all"))
        if number % 4:
            await house.changer.delete(house.room, house.ana, HOME, entry_id)
            return None
        return entry_id

    monkeypatch.setattr(module, "AGAIN", 0.005)
    monkeypatch.setattr(module, "TRIES", 1000)
    left = [one for one in await asyncio.gather(*map(come_and_go, range(16))) if one]
    assert len(house.kept) == 1
    for entry_id in left:
        await house.changer.delete(house.room, house.ana, HOME, entry_id)
    assert house.kept == []
    assert await house.holdings.bytes(house.room) == 0
