"""The same room over everything that it is served on: TLS, HTTP/2, and plain ASGI without the fast lane."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import h2.config
import h2.connection
import h2.events
import h2.settings
import pytest
import trustme
from wsproto.connection import Connection, ConnectionType
from wsproto.events import CloseConnection, Event, Message, Ping, TextMessage

from quart_chat.live import stream as streams
from quart_chat.live.stream import EXTENSION
from quart_chat.live.wire import PlainWire
from tests.live.rig import until
from tests.live.served import Served, client, served
from tests.promise.page import Page
from tests.store.valkey import Valkey
from tests.web.frames import frame

Certificate = tuple[Path, Path]


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="session")
def certificate(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    folder = tmp_path_factory.mktemp("tls")
    cert, key = folder / "cert.pem", folder / "key.pem"
    issued = authority.issue_cert("127.0.0.1")
    issued.cert_chain_pems[0].write_to_path(cert)
    issued.private_key_pem.write_to_path(key)
    return cert, key


@pytest.fixture
async def secure(valkey: Valkey, tmp_path: Path, certificate: Certificate) -> AsyncIterator[Served]:
    async with served(valkey, tmp_path, certificate=certificate) as worker:
        yield worker


@pytest.fixture
def trust(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def wires(worker: Served) -> list[str]:
    return sorted(type(tab.wire).__name__ for tab in worker.tabs)


# --- TLS -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("compression", ["deflate", None])
async def test_over_tls_a_tab_is_on_the_fast_lane_and_all_goes_through_the_transport(
    secure: Served, trust: ssl.SSLContext, compression: str | None
) -> None:
    async with (
        client(secure, trust=trust, compression=compression) as ana,
        client(secure, trust=trust, compression=None) as eva,
    ):
        await ana.enter()
        await eva.enter()
        assert wires(secure) == ["StreamWire", "StreamWire"]
        texts = ["one", "x" * 4000, "é🎉 " * 900]
        await ana.say(*texts)
        for tab in (ana, eva):
            await tab.see(*(text.rstrip() for text in texts))
        await until(lambda: not ana.page.forms, "the acknowledgements")
        await asyncio.wait_for(await ana.connection.ping(), 5)
        await asyncio.gather(secure.end(), ana.closed(), eva.closed())
        assert {ana.connection.close_code, eva.connection.close_code} == {1012}


async def test_a_long_absence_is_caught_up_with_over_tls(secure: Served, trust: ssl.SSLContext) -> None:
    texts = [f"{number} {'&' * 3000}" for number in range(100)]
    first = (await secure.parts.log.append("room", "e" * 16, "Eva", "first", "n"))[0]
    for number, text in enumerate(texts):
        await secure.parts.log.append("room", "e" * 16, "Eva", text, f"n{number}")
    async with client(secure, trust=trust, compression=None) as tab:
        tab.page = Page(f'<input id="since" value="{first}"><ol id="log"></ol>')
        await tab.enter()
        await tab.see(*texts)


# --- HTTP/2 ----------------------------------------------------------------------------------------


class Stream:
    """One stream of an HTTP/2 connection: a request's answer, or a websocket (RFC 8441)."""

    def __init__(self, wire: Http2, number: int) -> None:
        self._wire = wire
        self.number = number
        self.status = ""
        self.headers: dict[str, str] = {}
        self.body = b""
        self.ended = False
        self.websocket: Connection | None = None
        self.page = Page('<input id="since" value="0-0"><ol id="log"></ol>')
        self.pings = 0
        self.code: int | None = None
        self._part = ""

    def take(self, data: bytes) -> None:
        if self.websocket is None:
            self.body += data
            return
        if self.code is not None:
            assert not data, "something came after the close"
            return
        self.websocket.receive_data(data)
        for event in self.websocket.events():
            self._take(event)

    def _take(self, event: Event) -> None:
        assert self.websocket is not None
        if isinstance(event, Message):
            self._part += event.data
            if event.message_finished:
                self.page.apply(self._part)
                self._part = ""
        elif isinstance(event, Ping):
            self.pings += 1
            self.send_event(event.response())
        elif isinstance(event, CloseConnection):
            self.code = int(event.code)
            with suppress(Exception):
                self.send_event(event.response())

    def send_event(self, event: Event) -> None:
        assert self.websocket is not None
        self.send_data(self.websocket.send(event))

    def send_data(self, data: bytes) -> None:
        for at in range(0, len(data), 16_384):
            self._wire.connection.send_data(self.number, data[at : at + 16_384])
        self._wire.flush()

    def send(self, **fields: Any) -> None:
        self.send_event(TextMessage(json.dumps(fields, ensure_ascii=False)))

    def say(self, *texts: str) -> None:
        for number, text in enumerate(texts):
            nonce = f"h2-{self.number}-{number}-{len(self.page.taken)}"
            self.page.write(nonce, text)
            self.send(act="say", nonce=nonce, text=text)

    async def see(self, *texts: str) -> None:
        await until(lambda: self.page.texts == list(texts), f"{texts}")
        assert not self.page.faults

    async def enter(self) -> Stream:
        self.send(act="resume", since=self.page.place)
        await until(lambda: "people" in self.page.states, "that the tab is in")
        return self


class Http2:
    """A browser's one connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, origin: str) -> None:
        self.connection = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
        self.streams: dict[int, Stream] = {}
        self.may_connect = False
        self.gone = False
        self.origin = origin
        self._reader, self._writer = reader, writer

    def flush(self) -> None:
        self._writer.write(self.connection.data_to_send())

    async def read(self) -> None:
        self.connection.initiate_connection()
        self.connection.increment_flow_control_window(2**30)
        self.connection.update_settings({h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: 2**24})
        self.flush()
        try:
            while data := await self._reader.read(65536):
                for event in self.connection.receive_data(data):
                    self._take(event)
                self.flush()
        except OSError:
            pass
        finally:
            self.gone = True

    def _take(self, event: h2.events.Event) -> None:
        number = getattr(event, "stream_id", None)
        stream = self.streams.get(number or 0)
        if isinstance(event, h2.events.RemoteSettingsChanged):
            self.may_connect = self.may_connect or self.connection.remote_settings.enable_connect_protocol == 1
        elif isinstance(event, h2.events.ConnectionTerminated):
            self.gone = True
        elif stream is None:
            return
        elif isinstance(event, h2.events.ResponseReceived):
            stream.headers = dict(event.headers)  # type: ignore[arg-type]
            stream.status = stream.headers[":status"]
        elif isinstance(event, h2.events.DataReceived):
            self.connection.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            stream.take(event.data)
        elif isinstance(event, (h2.events.StreamEnded, h2.events.StreamReset)):
            stream.ended = True

    def _open(self, headers: list[tuple[str, str]], *, end: bool) -> Stream:
        number = self.connection.get_next_available_stream_id()
        stream = self.streams[number] = Stream(self, number)
        self.connection.send_headers(number, headers, end_stream=end)
        self.flush()
        return stream

    async def get(self, path: str) -> Stream:
        scheme, _, authority = self.origin.partition("://")
        head = [(":method", "GET"), (":scheme", scheme), (":authority", authority), (":path", path)]
        stream = self._open(head, end=True)
        await until(lambda: stream.ended, "the whole answer")
        return stream

    async def tab(self, room: str = "room", **more: str) -> Stream:
        """Open a room's socket by an extended CONNECT."""
        await until(lambda: self.may_connect, "that the server takes it")
        scheme, _, authority = self.origin.partition("://")
        head = [
            *((":method", "CONNECT"), (":protocol", "websocket"), (":scheme", scheme), (":authority", authority)),
            *((":path", f"/r/{room}/ws"), ("sec-websocket-version", "13"), ("origin", self.origin)),
            *more.items(),
        ]
        stream = self._open(head, end=False)
        stream.websocket = Connection(ConnectionType.CLIENT)
        await until(lambda: stream.status, "the answer")
        return stream


@asynccontextmanager
async def http2(worker: Served, trust: ssl.SSLContext) -> AsyncIterator[Http2]:
    trust.set_alpn_protocols(["h2"])
    reader, writer = await asyncio.open_connection("127.0.0.1", worker.port, ssl=trust)
    assert writer.get_extra_info("ssl_object").selected_alpn_protocol() == "h2"
    wire = Http2(reader, writer, worker.origin)
    reading = asyncio.create_task(wire.read())
    try:
        yield wire
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        writer.close()
        with suppress(OSError, TimeoutError):
            await asyncio.wait_for(writer.wait_closed(), 3)


async def test_over_http2_the_same_room_works_on_the_plain_path(secure: Served, trust: ssl.SSLContext) -> None:
    async with client(secure, trust=trust) as old, http2(secure, trust) as browser:
        await old.enter()
        page = await browser.get("/r/room")
        assert page.status == "200"
        assert b'id="log"' in page.body
        one, two = await browser.tab(), await browser.tab()
        assert (one.status, two.status) == ("200", "200")
        await one.enter()
        await two.enter()
        assert wires(secure) == ["PlainWire", "PlainWire", "StreamWire"]
        await old.say("from HTTP/1.1")
        one.say("from HTTP/2", "é🎉" * 1500)
        texts = {"from HTTP/1.1", "from HTTP/2", "é🎉" * 1500}
        await until(lambda: set(one.page.texts) == texts, "all three")
        for tab in (old, two):
            await tab.see(*one.page.texts)
        await until(lambda: not one.page.forms, "the acknowledgements")
        assert one.page.texts.index("from HTTP/2") < one.page.texts.index("é🎉" * 1500)
        later = await browser.get("/r/room")  # beside the sockets, on the same connection
        assert b"from HTTP/2</div>" in later.body
        late = await browser.tab()
        late.page = Page(later.body.decode())
        await late.enter()
        await late.see(*one.page.texts)


async def test_over_http2_compression_that_was_agreed_on_is_read_and_not_used(
    secure: Served, trust: ssl.SSLContext
) -> None:
    async with http2(secure, trust) as browser:
        tab = await browser.tab(**{"sec-websocket-extensions": "permessage-deflate; client_max_window_bits"})
        assert "permessage-deflate" in tab.headers["sec-websocket-extensions"]
        await tab.enter()
        tab.say("x" * 2000)  # our frames stay plain: the client here would not understand others
        await tab.see("x" * 2000)


async def test_over_http2_a_socket_can_be_refused(secure: Served, trust: ssl.SSLContext) -> None:
    async with http2(secure, trust) as browser:
        assert (await browser.tab(room="Not-A-Room")).status == "404"
        forged = await browser.tab(cookie="__Host-quart_chat=forged")
        await until(lambda: forged.code is not None, "that it is sent away")
        assert forged.code == 1008
        tab = await (await browser.tab()).enter()
        tab.say("on")
        await tab.see("on")


async def test_over_http2_tabs_are_closed_with_1012_as_the_worker_ends(secure: Served, trust: ssl.SSLContext) -> None:
    async with http2(secure, trust) as browser:
        tabs = [await (await browser.tab()).enter() for _ in range(5)]
        await secure.end()
        await until(lambda: all(tab.code is not None for tab in tabs) or browser.gone, "all closes")
        assert {tab.code for tab in tabs} == {1012}


async def test_over_http2_a_tab_that_leaves_leaves_nothing_and_the_others_stay(
    secure: Served, trust: ssl.SSLContext
) -> None:
    async with http2(secure, trust) as browser:
        tabs = [await (await browser.tab()).enter() for _ in range(4)]
        browser.connection.reset_stream(tabs[0].number)
        browser.flush()
        tabs[1].send_event(CloseConnection(1000))
        await until(lambda: len(secure.tabs) == 2, "that two have left")
        await until(lambda: len(secure.streams) == 2, "that two are forgotten")
        tabs[2].say("on")
        for tab in tabs[2:]:
            await tab.see("on")
    await until(lambda: not secure.tabs and not secure.streams, "that all have left")


@pytest.mark.parametrize("sent", [frame(0x3, b"x"), frame(0x1, b"\xff")], ids=["opcode", "no text"])
async def test_over_http2_a_broken_frame_ends_its_own_tab_and_no_other_of_the_connection(
    secure: Served, trust: ssl.SSLContext, sent: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "LAST_WORDS", 0.3)
    async with http2(secure, trust) as browser:
        broken, other = await (await browser.tab("alone")).enter(), await (await browser.tab()).enter()
        await until(lambda: broken.page.states["count"].text == "1", "that nothing more is sent to it")
        broken.send_data(sent)
        await until(lambda: broken.code is not None, "its close")
        assert broken.code in (1002, 1007)
        await until(lambda: len(secure.tabs) == 1 or browser.gone, "that it has left")
        assert not browser.gone, "the whole connection was broken off"
        other.say("on")
        await other.see("on")


# --- without the fast lane -------------------------------------------------------------------------


def without_extension(app: Any) -> Any:
    """Serve as a server does that knows nothing of the extension."""

    async def plain(scope: Any, receive: Callable[[], Any], send: Callable[[Any], Any]) -> None:
        if scope["type"] == "websocket":
            scope = {**scope, "extensions": {k: v for k, v in scope["extensions"].items() if k != EXTENSION}}
        await app(scope, receive, send)

    return plain


@pytest.fixture
async def bare(valkey: Valkey, tmp_path: Path) -> AsyncIterator[Served]:
    """A worker on streams that are not ours, as any other server has them."""
    async with served(valkey, tmp_path, installed=False) as worker:
        yield worker


async def test_where_a_middleware_drops_the_extension_the_same_room_works(valkey: Valkey, tmp_path: Path) -> None:
    async with served(valkey, tmp_path, around=without_extension) as bare, client(bare) as tab:
        tab.read()
        await tab.send(act="resume", since="0-0")
        await until(lambda: "people" in tab.page.states, "that the tab is in", 3)


@pytest.mark.parametrize("compression", ["deflate", None])
async def test_where_the_extension_is_missing_the_same_room_works(bare: Served, compression: str | None) -> None:
    async with client(bare, compression=compression) as ana, client(bare) as eva:
        await ana.enter()
        await eva.enter()
        assert wires(bare) == ["PlainWire", "PlainWire"]
        texts = [f"{number} {'x' * (number * 100)}" for number in range(30)]
        await ana.say(*texts)
        for tab in (ana, eva):
            await tab.see(*(text.rstrip() for text in texts))
        await until(lambda: not ana.page.forms, "the acknowledgements")
        async with client(bare) as late:
            late.page.place = next(iter(ana.page.run.shown))
            await late.enter()
            await late.see(*(text.rstrip() for text in texts[1:]))
    await until(lambda: not bare.tabs, "that they have left")


async def test_where_the_extension_is_missing_tabs_that_are_sent_away_learn_why(bare: Served) -> None:
    async with client(bare, additional_headers={"Cookie": "quart_chat=forged"}) as tab:
        tab.read()
        assert await tab.closed() == 1008
        assert tab.page.states["connection"].get("class") == "ended"


async def test_quart_s_own_test_client_has_a_room_too(valkey: Valkey, tmp_path: Path) -> None:
    async with served(valkey, tmp_path) as worker:
        page = Page('<input id="since" value="0-0"><ol id="log"></ol>')
        async with worker.app.test_client().websocket("/r/room/ws") as socket:
            await socket.send(json.dumps({"act": "resume", "since": "0-0"}))
            page.write("k-0", "hello")
            await socket.send(json.dumps({"act": "say", "nonce": "k-0", "text": "hello"}))
            async with asyncio.timeout(10):
                while page.texts != ["hello"] or page.forms:
                    page.apply(str(await socket.receive()))
            assert [type(tab.wire) for tab in worker.tabs] == [PlainWire]
        await until(lambda: not worker.tabs, "that it has left")
