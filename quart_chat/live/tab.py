"""One connection's life: what its page asks for, and what it is told. It knows its hub, and nothing of HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from quart_chat.errors import BadFrame, BadText, Refused, Spent, StoreAway, TooFast
from quart_chat.events import get_logger
from quart_chat.live.sayer import Done, Sayer
from quart_chat.live.wire import RESTART, Broadcast, Wire, told
from quart_chat.pages import fragments
from quart_chat.pages.aloud import back
from quart_chat.pages.languages import Audience
from quart_chat.room.arrival import Arrival
from quart_chat.room.commands import Command, Compose, Glance, Look, Newest, Resume, Say, Sound, Typing, read_command
from quart_chat.room.limits import FRAMES_AT_ONCE, FRAMES_PER_SECOND, TokenBucket
from quart_chat.room.people import Person
from quart_chat.room.texts import is_blank
from quart_chat.tasks import end_if_cancelled

if TYPE_CHECKING:
    from quart_chat.live.hub import Hub
    from quart_chat.live.room import LiveRoom

TYPING_EVERY = 2.0  # seconds between two words of typing that go on to the room
NOT_TYPING = 3.0  # seconds after a message: htmx's throttle sends its last word of typing late
NOTICE_EVERY = 1.0  # seconds between two notices: a thousand bad frames get few answers
STORE_AGAIN = 3.0  # seconds after which a message that could not be kept is sent again
MOST_HELD = 1000  # messages of a tab that come again by themselves: as many as htmx keeps
LONGEST_WAIT = 30.0  # seconds
SENT_WITHIN = 1.0  # seconds in which a page that connects says where it stands, and then sends what it still holds
NEWEST_EVERY = 1.0  # seconds between two newest pages for one tab: each is a reading of the store and up to 1 MB
APART = 0.05  # seconds between two messages that come again one after the other
HELD = 5.0  # seconds past its next try that a message holds back those written after it

logger = get_logger(__name__)


class _Held(NamedTuple):
    """A message that comes again by itself: from when on it may, and until when it holds back those after it.

    Both are the loop's time, s. A tab that took nothing meanwhile puts the second off.
    """

    due: float
    until: float


class Planned(NamedTuple):
    """An end that an endless answer has of itself, to be asked for anew: after how many seconds, and its last words."""

    lasts: float
    words: str


class Tab:
    """A page's socket in one room.

    live: the room while broadcasts reach this tab; None before it entered.
    counted: its person counts as here. opened: its room is held open for it.
    admitted: it may be in the room, as far as this worker has heard; bars: times that this had to be looked at again.
    looking: somebody looks at it; None: it never said. sounds: its person wants to hear when they are meant.
    since: where its page stood as it connected again; None where it did not. ticket: of the token that it came with.
    ends: the loop's time, s, at which an endless answer ends, to be asked for anew; None: never. told_from: messages
    that its room had told when it came in.
    """

    def __init__(
        self,
        hub: Hub,
        sayer: Sayer,
        wire: Wire,
        *,
        room: str,
        person: Person,
        audience: Audience,
        address: str,
        sounds: bool = False,
        admitted: bool = False,
        ticket: str = "",
    ) -> None:
        self.wire = wire
        self.room = room
        self.person = person
        self.audience = audience
        self.live: LiveRoom | None = None
        self.counted = False
        self.opened = False
        self.admitted = admitted
        self.bars = 0
        self.looking: bool | None = None
        self.sounds = sounds
        self.since: str | None = None
        self.ticket = ticket
        self.ends: float | None = None
        self._last_words = ""
        self.told_from = 0
        self._hub = hub
        self.address = address
        self._sayer = sayer
        self._entering: asyncio.Task[None] | None = None
        self._held: dict[str, _Held] = {}  # by nonce
        self._frames = TokenBucket(FRAMES_PER_SECOND, FRAMES_AT_ONCE, asyncio.get_running_loop().time())
        self._typed = self._said = self._newest = 0.0
        self._noticed = 0.0

    def rename(self, name: str) -> None:
        """Use a new name from the next message on."""
        self.person = Person(self.person.id, name)

    async def run(self) -> None:
        """Serve the tab until its socket closes, which ends this by cancelling or by Gone."""
        await self._stay(self._talk())

    async def listen(self, since: str | None, planned: Planned | None = None) -> None:
        """Serve an endless answer, which never says anything, until its reader leaves: by cancelling or by Gone.

        since: the place from which it goes on; None: with the newest page. planned: None: it has no end of itself.
        """
        if planned is not None:
            self.ends = asyncio.get_running_loop().time() + planned.lasts
            self._last_words = planned.words
        await self._stay(self._hear(since))

    async def end(self) -> None:
        """End an endless answer as planned."""
        if self._last_words:
            self.wire.write(told(self._last_words, self.audience))
        await self.wire.close(RESTART)

    async def _talk(self) -> None:
        await self._serve(await self._first())
        while True:
            await self._serve(await self._read())

    async def _hear(self, since: str | None) -> None:
        self._enter(since)
        while True:
            end_if_cancelled()
            await self.wire.receive()

    async def _stay(self, doing: Coroutine[Any, Any, None]) -> None:
        """Be a tab of the hub for as long as it does something."""
        self._hub.seat(self)
        self._hub.greet(self)
        try:
            await doing
        finally:
            if self._entering is not None:
                self._entering.cancel()
            self._hub.leave(self)

    async def _read(self) -> list[Command | BadFrame]:
        end_if_cancelled()
        commands: list[Command | BadFrame] = []
        for frame in await self.wire.receive():
            try:
                commands.append(read_command(frame))
            except BadFrame as error:
                commands.append(error)
        return commands

    async def _first(self) -> list[Command | BadFrame]:
        """Take what the page sends as it connects, its messages as they were written."""
        loop = asyncio.get_running_loop()
        arrival = Arrival()
        arrival.take(await self._read())
        until = loop.time() + SENT_WITHIN
        while not arrival.complete:
            try:
                async with asyncio.timeout_at(until):
                    arrival.take(await self._read())
            except TimeoutError:
                break
            if not arrival.resumed:
                until = loop.time() + SENT_WITHIN
        return arrival.in_order()

    async def _serve(self, commands: Iterable[Command | BadFrame]) -> None:
        """Obey commands in their order; messages that follow one another go to the store together."""
        said: list[Say] = []
        for command in commands:
            if isinstance(command, BadFrame):
                await self._pace()
                self._notice(command)
                continue
            if isinstance(command, Say):  # messages have limits of their own
                said.append(command)
                continue
            if said:
                await self._say(said)
                said = []
            await self._pace()
            if isinstance(command, Resume):
                self._resume(command)
            elif isinstance(command, Typing):
                await self._type()
            elif isinstance(command, Compose):
                self._write(fragments.fresh_composer(command.nonce, self.audience.language))
            elif isinstance(command, Newest):
                self._enter(None)
            elif isinstance(command, Look | Glance):
                self._look(command)
            elif isinstance(command, Sound):
                self.sounds = command.on
        if said:
            await self._say(said)

    async def _pace(self) -> None:
        """Let a tab that sends too many frames wait: its next ones stay in its own socket."""
        wait = self._frames.wait(asyncio.get_running_loop().time())
        if wait:
            began = asyncio.get_running_loop().time()
            await asyncio.sleep(wait)
            self._stood_still(began)

    def _stood_still(self, began: float) -> None:
        """Note that the tab took nothing since then: what is to come again waits in the socket, and lapses not."""
        if self._held:
            took = asyncio.get_running_loop().time() - began
            self._held = {nonce: _Held(held.due, held.until + took) for nonce, held in self._held.items()}

    # --- where it stands ---------------------------------------------------------------------------

    def _resume(self, resume: Resume) -> None:
        if self.live is None and resume.looking is not None:
            self.since = resume.since
        if self.looking is None:
            self.looking = resume.looking
        if self.live is None and not self._is_entering:
            self._enter(resume.since)
        else:
            # the page doubted its connection, and lost nothing: say that it stands
            self._hub.greet(self)
            self._write(back(self.audience.language))

    @property
    def _is_entering(self) -> bool:
        return self._entering is not None and not self._entering.done()

    def enter_again(self, since: str | None) -> None:
        """Come back to where it stood, once it is known that it may; None: to the newest page."""
        if not self._is_entering:
            self._entering = self._hub.run(self._hub.enter(self, since))

    def _enter(self, since: str | None) -> None:
        if self._is_entering:
            return
        now = asyncio.get_running_loop().time()
        if since is None and self.live is not None:
            if now - self._newest < NEWEST_EVERY:
                return
            self._newest = now
        self._hub.step_out(self)
        if not self._hub.enter_at_once(self, since):
            self.enter_again(since)

    def _look(self, command: Look | Glance) -> None:
        if isinstance(command, Glance):
            self._write(fragments.probe())
        self.looking = isinstance(command, Look) and command.looking
        self._hub.turn(self)

    # --- what it says ------------------------------------------------------------------------------

    async def _say(self, said: list[Say]) -> None:
        self._said = asyncio.get_running_loop().time()
        while said:
            going: list[Say] = []
            for command in said:
                if await self._may_go(command, going):
                    going.append(command)
            try:
                # asked once for all: known as away in between, what was written first would come last
                self._hub.check()
                results = await self._put(going) if going else []
            except StoreAway:
                for command in going:
                    self._give_back(command, _not_kept(), again=STORE_AGAIN)
                    await self._pace()
                return
            kept: list[tuple[str, str]] = []
            for command, result in zip(going, results, strict=False):
                if isinstance(result, str):
                    self._held.pop(command.nonce, None)
                    kept.append((result, command.nonce))
                elif isinstance(result, Done):
                    self._held.pop(command.nonce, None)
                    self._write(fragments.acknowledged(command.nonce))
                    if result.tells:
                        self._write(fragments.commands(self.audience.language))
                elif isinstance(result, TooFast):
                    await self._pace()
                    self._give_back(command, result, again=result.retry_after, counts=True)
                else:
                    self._held.pop(command.nonce, None)
                    await self._pace()
                    self._give_back(command, result)
            self._acknowledge(kept)
            said = going[len(results) :]  # what a limit kept from being tried

    async def _may_go(self, command: Say, going: Sequence[Say]) -> bool:
        """See whether a message can be put into the room now, after those that are going; else it has been answered."""
        if is_blank(command.text):
            await self._pace()
            self._write(fragments.acknowledged(command.nonce))
            self._notice(BadText("The message is empty."))
            return False
        try:
            self._keep_order(command.nonce, going)
        except TooFast as error:
            await self._pace()
            self._give_back(command, error, again=error.retry_after)
            return False
        return True

    async def _put(self, said: Sequence[Say]) -> list[str | Refused | Done]:
        """Put messages into the room, as `Sayer.say_all` does."""
        began = asyncio.get_running_loop().time()
        try:
            patient = self._is_patient(said[0].nonce)
            return await self._sayer.say_all(self.room, self.person, self.address, said, patient=patient)
        finally:
            self._stood_still(began)

    def _is_patient(self, nonce: str) -> bool:
        """Tell whether a message comes again as it was told to, and not before."""
        held = self._held.get(nonce)
        return held is not None and asyncio.get_running_loop().time() >= held.due

    def _keep_order(self, nonce: str, going: Sequence[Say]) -> None:
        """Hold a message back while one that was written before it has still to come again, and is not going now."""
        if not self._held:
            return
        now = asyncio.get_running_loop().time()
        self._held = {one: held for one, held in self._held.items() if held.until > now}
        on_their_way = {command.nonce for command in going}
        if next((held for held in self._held if held not in on_their_way), nonce) != nonce:
            last = max(held.until for held in self._held.values()) - HELD - now
            raise TooFast("This waits for what you wrote before it.", min(LONGEST_WAIT, max(APART, last + APART)))

    def _give_back(self, command: Say, refused: Refused, again: float = 0.0, *, counts: bool = False) -> None:
        """Give the form back with its text.

        again: seconds after which it comes by itself, 0.0 for never; counts: it counts down to that.
        """
        if again and len(self._held) >= MOST_HELD and command.nonce not in self._held:
            again = 0.0  # no page writes so much ahead; it is given back, to be sent by hand
        if again:
            due = asyncio.get_running_loop().time() + again
            self._held[command.nonce] = _Held(due, due + HELD)
        language = self.audience.language
        why = fragments.reason(language, refused)
        spent = isinstance(refused, Spent)
        text = command.text.encode(errors="replace").decode()  # JSON can carry lone surrogates, a frame cannot
        self._write(
            fragments.refused(
                command.nonce, text, why, language, again=again, counts=counts, spent=spent, reply=command.reply
            )
        )

    def _acknowledge(self, kept: Sequence[tuple[str, str]]) -> None:
        """Take away the forms of messages that are in the room: (id, nonce), oldest first."""
        if self.live is not None:
            self.live.acknowledge(kept, self)
        elif kept:
            self._write("".join(fragments.acknowledged(nonce) for _, nonce in kept))

    async def _type(self) -> None:
        now = asyncio.get_running_loop().time()
        if self.live is None or now - self._typed < TYPING_EVERY or now - self._said < NOT_TYPING:
            return
        self._typed = now
        with suppress(StoreAway):
            self._hub.check()
            await self._sayer.typing(self.room, self.person)

    # --- what it is told ---------------------------------------------------------------------------

    def _notice(self, refused: Refused) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._noticed >= NOTICE_EVERY:
            self._noticed = now
            language = self.audience.language
            self._write(fragments.notice(fragments.refusal(language, refused), language))

    def _write(self, text: str) -> None:
        self.wire.write(Broadcast(text))


def _not_kept() -> Refused:
    return Refused("The server can’t keep messages right now.")
