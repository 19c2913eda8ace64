"""One connection's life: what its page asks for, and what it is told. It knows its hub, and nothing of HTTP."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING

from quart_chat.errors import BadFrame, BadText, Refused, Spent, StoreAway, TooFast
from quart_chat.live.sayer import Sayer
from quart_chat.live.wire import Broadcast, Wire
from quart_chat.pages import fragments
from quart_chat.pages.languages import Audience
from quart_chat.room.commands import Command, Compose, Newest, Resume, Say, Typing, read_command
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
NEWEST_EVERY = 1.0  # seconds between two newest pages for one tab: each is a reading of the store and up to 1 MB
HELD = 5.0  # seconds past its next try that a message holds back those written after it

logger = logging.getLogger(__name__)


class Tab:
    """A page's socket in one room.

    live: the room while broadcasts reach this tab; None before it entered.
    counted: its person counts as here. opened: its room is held open for it.
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
    ) -> None:
        self.wire = wire
        self.room = room
        self.person = person
        self.audience = audience
        self.live: LiveRoom | None = None
        self.counted = False
        self.opened = False
        self._hub = hub
        self._address = address
        self._sayer = sayer
        self._entering: asyncio.Task[None] | None = None
        self._held: dict[str, float] = {}  # nonce of a message that comes again: until when it holds others back
        self._frames = TokenBucket(FRAMES_PER_SECOND, FRAMES_AT_ONCE, asyncio.get_running_loop().time())
        self._typed = self._said = self._newest = 0.0
        self._noticed = 0.0

    def rename(self, name: str) -> None:
        """Use a new name from the next message on."""
        self.person = Person(self.person.id, name)

    async def run(self) -> None:
        """Serve the tab until its socket closes, which ends this by cancelling or by Gone."""
        self._hub.greet(self)
        try:
            while True:
                end_if_cancelled()
                frame = await self.wire.receive()
                try:
                    command = read_command(frame)
                except BadFrame as error:
                    await self._pace()
                    self._notice(error)
                else:
                    await self._obey(command)
        finally:
            if self._entering is not None:
                self._entering.cancel()
            self._hub.leave(self)

    async def _obey(self, command: Command) -> None:
        if isinstance(command, Say):  # messages have limits of their own
            await self._say(command)
            return
        await self._pace()
        if isinstance(command, Resume):
            self._resume(command)
        elif isinstance(command, Typing):
            await self._type()
        elif isinstance(command, Compose):
            self._write(fragments.fresh_composer(command.nonce, self.audience.language))
        elif isinstance(command, Newest):
            self._enter(None)

    async def _pace(self) -> None:
        """Let a tab that sends too many frames wait: its next ones stay in its own socket."""
        wait = self._frames.wait(asyncio.get_running_loop().time())
        if wait:
            await asyncio.sleep(wait)

    # --- where it stands ---------------------------------------------------------------------------

    def _resume(self, resume: Resume) -> None:
        entering = self._entering is not None and not self._entering.done()
        if self.live is None and not entering:
            self._enter(resume.since)
        else:
            # the page doubted its connection, and lost nothing: say that it stands
            self._hub.greet(self)

    def _enter(self, since: str | None) -> None:
        if self._entering is not None and not self._entering.done():
            return
        now = asyncio.get_running_loop().time()
        if since is None and self.live is not None:
            if now - self._newest < NEWEST_EVERY:
                return
            self._newest = now
        self._hub.step_out(self)
        self._entering = self._hub.run(self._hub.enter(self, since))

    # --- what it says ------------------------------------------------------------------------------

    async def _say(self, command: Say) -> None:
        nonce = command.nonce
        self._said = asyncio.get_running_loop().time()
        if is_blank(command.text):
            await self._pace()
            self._write(fragments.acknowledged(nonce))
            self._notice(BadText("The message is empty."))
            return
        try:
            self._keep_order(nonce)
            self._hub.check()
            entry_id = await self._put(command)
        except TooFast as error:
            await self._pace()
            self._give_back(command, error, again=error.retry_after)
        except Refused as error:
            self._held.pop(nonce, None)
            await self._pace()
            self._give_back(command, error)
        except StoreAway:
            await self._pace()
            self._give_back(
                command,
                Refused("The server can’t keep messages right now."),
                again=STORE_AGAIN,
            )
        else:
            self._held.pop(nonce, None)
            self._acknowledge(nonce, entry_id)

    async def _put(self, command: Say) -> str:
        """Put a message into the room; gives its entry's id."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            return await self._sayer.say(self.room, self.person, self._address, command.text, command.nonce)
        finally:
            # what was to come again waited in the socket meanwhile: that time is nobody's lapse
            took = loop.time() - began
            self._held = {held: until + took for held, until in self._held.items()}

    def _keep_order(self, nonce: str) -> None:
        """Hold a message back while one that was written before it has still to come again."""
        now = asyncio.get_running_loop().time()
        self._held = {held: until for held, until in self._held.items() if until > now}
        if next(iter(self._held), nonce) != nonce:
            last = max(self._held.values()) - HELD - now
            raise TooFast("This waits for what you wrote before it.", min(LONGEST_WAIT, max(0.2, last + 0.2)))

    def _give_back(self, command: Say, refused: Refused, again: float = 0.0) -> None:
        """Give the form back with its text; again: seconds after which it comes by itself, 0.0 for never."""
        if again and len(self._held) >= MOST_HELD and command.nonce not in self._held:
            again = 0.0  # no page writes so much ahead; it is given back, to be sent by hand
        if again:
            self._held[command.nonce] = asyncio.get_running_loop().time() + again + HELD
        language = self.audience.language
        why = fragments.reason(language, refused)
        spent = isinstance(refused, Spent)
        text = command.text.encode(errors="replace").decode()  # JSON can carry lone surrogates, a frame cannot
        self._write(fragments.refused(command.nonce, text, why, language, again=again, spent=spent))

    def _acknowledge(self, nonce: str, entry_id: str) -> None:
        def render() -> str:
            return str(fragments.acknowledged(nonce))

        if self.live is not None:
            self.live.acknowledge(entry_id, self, render)
        else:
            self._write(render())

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
            self._write(fragments.notice(fragments.reason(language, refused), language))

    def _write(self, text: str) -> None:
        self.wire.write(Broadcast(str(text)))
