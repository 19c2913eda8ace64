"""Commands of one turn of the loop share one round trip to the store: a thousand tabs that join cost few of them."""

from __future__ import annotations

import asyncio
import hashlib
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from redis.exceptions import ResponseError

from quart_chat import metrics
from quart_chat.errors import StoreAway
from quart_chat.events import get_logger
from quart_chat.store.client import ANSWER, Pool, answering, refused
from quart_chat.store.line import Argument, Line, pack
from quart_chat.store.servers import Servers, read_address
from quart_chat.tasks import end_tasks

HOPS = 5  # from server to server of a cluster, until what is asked counts as lost
TRY_AGAIN = 0.05  # seconds until a cluster that could not say is asked again

_MULTI, _EXEC, _ASKING = pack("MULTI"), pack("EXEC"), pack("ASKING")

logger = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Script:
    """A Lua script, with the name under which the store knows it."""

    text: str
    sha: str

    @classmethod
    def load(cls, *names: str) -> Script:
        """Read one of the scripts beside this file, or some as one: what comes first may define what follows uses."""
        folder = files("quart_chat.store")
        text = "".join(folder.joinpath(name).read_text(encoding="utf-8") for name in names)
        return cls(text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())


@dataclass(slots=True)
class _Asked:
    key: str  # says which server is asked
    script: Script | None
    commands: tuple[tuple[Argument, ...], ...]  # one, or those of a transaction
    answer: asyncio.Future[Any]
    at: float  # the loop's time, s
    unread: int = 0  # answers that come before the one that counts
    error: ResponseError | None = None  # one of those
    again: bool = False  # a connection that it was sent on has ended
    left: float = 0.0  # when it left, for one of those that left together
    hops: int = 0  # times that a server of a cluster named another one
    asking: bool = False  # that one is to take it though the key is still on its way there


class Pipeline:
    """Gathers commands; what is asked in one turn of the loop leaves together, in order, and is answered in order.

    servers: says which server has a key, and opens connections.

    A script's text goes along the first time that a connection meets it. What a connection took to its end is asked
    once more on the next: commands are such that this does no harm. What gets no answer within ANSWER is not: it would
    take a store that is too slow twice as long.
    """

    def __init__(self, servers: Servers) -> None:
        self._servers = servers
        self._nodes: dict[Pool, _Node] = {}
        self._ended = False

    def command(self, *command: Argument) -> asyncio.Future[Any]:
        """Ask for one command, whose first argument is its key; the future gives its answer, or raises StoreAway."""
        return self._ask(_key(command), None, command)

    def script(self, script: Script, keys: Sequence[str], args: Sequence[Argument]) -> asyncio.Future[Any]:
        """Ask for one run of a script; the future gives its answer, or raises StoreAway.

        keys: all of one of their `parts`, such as those of one hash tag.
        """
        return self._ask(keys[0] if keys else "", script, (len(keys), *keys, *args))

    def parts(self, keys: Sequence[str]) -> list[list[str]]:
        """Part keys into those that one run of a script may touch: all, or in a cluster those of a slot."""
        parts: dict[int, list[str]] = {}
        for key in keys:
            parts.setdefault(self._servers.slot(key), []).append(key)
        return list(parts.values())

    def together(self, *commands: tuple[Argument, ...]) -> asyncio.Future[Any]:
        """Ask for commands that are carried out as one; the future gives their answers, or raises StoreAway.

        Their keys are of one hash tag.
        """
        return self._ask(_key(commands[0]), None, *commands)

    async def scan(self, pattern: str) -> AsyncIterator[str]:
        """Give the names of keys, in no order; one that is there all the while comes once at least.

        pattern: as Redis's SCAN takes it.

        Raises:
            StoreAway: no answer.
        """
        for pool in self._servers.all():
            cursor = "0"
            while True:
                command = ("SCAN", cursor, "MATCH", pattern, "COUNT", 1000)
                cursor, names = await self._ask_at(pool, pattern, None, command)
                for name in names:
                    yield name
                if cursor == "0":
                    break

    def _ask(self, key: str, script: Script | None, *commands: tuple[Argument, ...]) -> asyncio.Future[Any]:
        return self._ask_at(self._servers.of(key), key, script, *commands)

    def _ask_at(
        self, pool: Pool, key: str, script: Script | None, *commands: tuple[Argument, ...]
    ) -> asyncio.Future[Any]:
        loop = asyncio.get_running_loop()
        asked = _Asked(key, script, commands, loop.create_future(), loop.time())
        self._send(pool, asked)
        return asked.answer

    def _send(self, pool: Pool, asked: _Asked) -> None:
        if self._ended:
            asked.answer.cancel()
            return
        node = self._nodes.get(pool)
        if node is None:
            node = self._nodes[pool] = _Node(pool, self._refused, self._servers.suspect)
        node.ask(asked)

    def _refused(self, asked: _Asked, error: ResponseError) -> None:
        """Tell an error to who asked, unless it says where or when to ask instead."""
        word, *rest = str(error).split(" ")
        late = asked.at + ANSWER / 2 < asyncio.get_running_loop().time()  # there has to be time for the answer
        try:
            if word in ("MOVED", "ASK") and len(rest) == 2 and asked.hops < HOPS and not late:
                asked.hops += 1
                address = read_address(rest[1])
                asked.asking = word == "ASK"
                there = self._servers.at(address) if asked.asking else self._servers.moved(int(rest[0]), address)
                self._send(there, asked)
            elif word in ("TRYAGAIN", "CLUSTERDOWN") and not late:
                self._servers.suspect()
                asyncio.get_running_loop().call_later(TRY_AGAIN, self._send_where_it_is, asked)
            else:
                _give(asked.answer, refused(error))
        except StoreAway as away:
            _give(asked.answer, away)

    def _send_where_it_is(self, asked: _Asked) -> None:
        self._send(self._servers.of(asked.key), asked)

    async def aclose(self) -> None:
        """End: whoever waits is cancelled."""
        self._ended = True
        for node in self._nodes.values():
            await node.aclose()


class _Node:
    """What is asked of one server.

    refused: takes what was answered by an error. away: called when the server is found not to answer.
    """

    def __init__(self, pool: Pool, refused: Callable[[_Asked, ResponseError], None], away: Callable[[], None]) -> None:
        self._pool = pool
        self._refused = refused
        self._away = away
        self._asked: list[_Asked] = []
        self._under_way: deque[_Asked] = deque()
        self._known: set[str] = set()  # scripts that the server has been told on this connection
        self._line: Line | None = None
        self._opening: asyncio.Task[None] | None = None
        self._looking: asyncio.TimerHandle | None = None  # for what waits too long

    def ask(self, asked: _Asked) -> None:
        loop = asyncio.get_running_loop()
        if not self._asked:
            loop.call_soon(self._leave)
        if self._looking is None:
            self._looking = loop.call_later(ANSWER, self._look)
        self._asked.append(asked)

    def _leave(self) -> None:
        if not self._asked:
            return
        if self._line is None:
            if self._opening is None:
                self._opening = asyncio.create_task(self._open())
            return
        asked, self._asked = self._asked, []
        packed: list[bytes] = []
        for one in asked:
            try:
                packed.append(self._pack(one))
            except Exception as error:
                # such as an argument that cannot be encoded: those of the others are not to blame
                logger.exception("pipeline.failed")
                _give(one.answer, StoreAway(f"the store could not be asked: {type(error).__name__}"))
                continue
            self._under_way.append(one)
        if asked and self._under_way:
            asked[0].left = asyncio.get_running_loop().time()
        self._line.write(b"".join(packed))

    def _pack(self, asked: _Asked) -> bytes:
        command, script = asked.commands[0], asked.script
        asked.unread, asked.error = 0, None
        if len(asked.commands) > 1:
            asked.unread = len(asked.commands) + 1
            packed = b"".join((_MULTI, *(pack(*each) for each in asked.commands), _EXEC))
        elif script is None:
            packed = pack(*command)
        elif script.sha in self._known:
            packed = pack("EVALSHA", script.sha, *command)
        else:
            packed = pack("EVAL", script.text, *command)
            self._known.add(script.sha)
        if asked.asking:
            asked.unread += 1
            return _ASKING + packed
        return packed

    async def _open(self) -> None:
        try:
            with answering():
                line = await Line.open(self._pool, self._heard, self._lost, ANSWER)
        except StoreAway as away:
            self._fail(away)
            return
        except Exception as error:
            logger.exception("pipeline.failed")
            self._fail(StoreAway(f"the store could not be asked: {type(error).__name__}"))
            return
        finally:
            self._opening = None
        self._known.clear()
        self._line = line
        self._leave()

    def _heard(self, answer: Any) -> None:
        asked = self._under_way[0]
        if asked.left:
            metrics.STORE.observe(asyncio.get_running_loop().time() - asked.left)
            asked.left = 0.0
        if asked.unread:
            # the word that a command is queued; what could not be makes the last answer an error that says less
            asked.unread -= 1
            if isinstance(answer, ResponseError):
                asked.error = asked.error or answer
            return
        self._under_way.popleft()
        if len(asked.commands) > 1 and isinstance(answer, list):
            answer = next((one for one in answer if isinstance(one, ResponseError)), answer)
        if not isinstance(answer, ResponseError):
            _give(asked.answer, answer)
            return
        answer = asked.error or answer
        word = str(answer).partition(" ")[0]
        if word == "NOSCRIPT" and asked.script is not None:
            self._known.discard(asked.script.sha)  # somebody has flushed them
            self.ask(asked)
        elif word == "READONLY" and not asked.again:
            asked.again = True
            self._hang_up()  # it was the master: a new connection finds who is
            self._lost("the server is no master any more")
            self._ask_first([asked])
        else:
            self._refused(asked, answer)

    def _lost(self, reason: str) -> None:
        self._line = None
        self._away()
        under_way, self._under_way = self._under_way, deque()
        for asked in under_way:
            if asked.again:
                _give(asked.answer, StoreAway(f"the store does not answer: {reason}"))
        left = [asked for asked in under_way if not asked.again]
        for asked in left:
            asked.again = True
        self._ask_first(left)

    def _ask_first(self, asked: Sequence[_Asked]) -> None:
        if not self._asked:
            asyncio.get_running_loop().call_soon(self._leave)
        self._asked[:0] = asked

    def _look(self) -> None:
        self._looking = None
        waiting = [queue[0].at for queue in (self._under_way, self._asked) if queue]
        if not waiting:
            return
        loop = asyncio.get_running_loop()
        left = min(waiting) + ANSWER - loop.time()
        if left > 0:
            self._looking = loop.call_later(left, self._look)
            return
        # an answer that came late would be taken for that of what was asked next
        self._hang_up()
        self._fail(StoreAway(f"the store does not answer: nothing within {ANSWER:.0f} s"))

    def _hang_up(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None

    def _fail(self, away: StoreAway) -> None:
        """Tell all who wait that the server is away."""
        self._away()
        waiting = [*self._under_way, *self._asked]
        self._under_way.clear()
        self._asked = []
        for asked in waiting:
            _give(asked.answer, away)

    async def aclose(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
        for asked in (*self._under_way, *self._asked):
            asked.answer.cancel()
        self._under_way.clear()
        self._asked = []
        self._hang_up()
        await end_tasks([self._opening] if self._opening is not None else [])


def _key(command: Sequence[Argument]) -> str:
    return str(command[1]) if len(command) > 1 else ""


def _give(future: asyncio.Future[Any], answer: Any) -> None:
    if future.done():
        return  # answered, or whoever asked has left
    if isinstance(answer, StoreAway):
        future.set_exception(StoreAway(str(answer)))
        future.exception()  # who asked for several at once need not look at each, and asyncio no longer complains of it
    else:
        future.set_result(answer)
