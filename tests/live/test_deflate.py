"""permessage-deflate that tabs share: what is agreed on, what goes out, and how far what comes in is inflated."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.exceptions import PayloadTooBig
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory, PerMessageDeflate
from websockets.frames import Frame
from websockets.frames import Opcode as Op
from wsproto.connection import Connection, ConnectionType
from wsproto.events import CloseConnection, Message, TextMessage
from wsproto.extensions import PerMessageDeflate as TheirDeflate
from wsproto.handshake import server_extensions_handshake

from quart_chat.live.deflate import MOST, PAYS, STREAMS, Deflater, SharedDeflate
from quart_chat.live.frames import deflated_frame, ping_frame, text_frame
from quart_chat.live.wire import Broadcast
from tests.web.frames import CONTINUE, FIN, PING, TEXT, frame

RSV1 = 0x40
ANSWER = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"


def agreed(*offers: str) -> str:
    """What the server answers to the header; offers: its lines."""
    answer = server_extensions_handshake([part for line in offers for part in line.split(",")], [SharedDeflate()])
    return (answer or b"").decode()


# --- what is agreed on -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "offer",
    [
        "permessage-deflate",
        "permessage-deflate; client_max_window_bits",  # Chromium, Firefox, Safari
        "permessage-deflate; client_max_window_bits=8",
        "permessage-deflate; client_max_window_bits=15",
        'permessage-deflate; client_max_window_bits="10"',
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
        "permessage-deflate;client_no_context_takeover;client_max_window_bits",
    ],
)
def test_an_offer_of_a_browser_is_agreed_to_without_any_context(offer: str) -> None:
    assert agreed(offer) == ANSWER


def test_a_window_that_is_the_largest_is_agreed_to_by_name() -> None:
    assert agreed("permessage-deflate; server_max_window_bits=15") == f"{ANSWER}; server_max_window_bits=15"


DECLINED = [
    "permessage-deflate; server_max_window_bits=14",
    "permessage-deflate; server_max_window_bits=8",
    "permessage-deflate; server_max_window_bits=16",
    "permessage-deflate; server_max_window_bits",  # a value is a must here
    "permessage-deflate; server_max_window_bits=015",
    "permessage-deflate; client_max_window_bits=7",
    "permessage-deflate; client_max_window_bits=16",
    "permessage-deflate; client_max_window_bits=08",
    "permessage-deflate; client_max_window_bits=1e1",
    "permessage-deflate; client_max_window_bits=1٥",
    "permessage-deflate; client_max_window_bits=99999999999999999999",
    "permessage-deflate; server_no_context_takeover=1",
    "permessage-deflate; client_no_context_takeover=yes",
    "permessage-deflate; unknown",
    "permessage-deflate; mux=1",
    "permessage-deflate; client_max_window_bits; client_max_window_bits",
    "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
    "permessage-deflate; client_max_window_bits=10; client_max_window_bits=10",
    "permessage-deflate;",
    "x-webkit-deflate-frame",
    "permessage-bzip2",
]


@pytest.mark.parametrize("offer", DECLINED)
def test_an_offer_that_cannot_be_met_is_declined_as_a_whole(offer: str) -> None:
    assert agreed(offer) == ""


@pytest.mark.parametrize("offer", DECLINED)
def test_behind_an_offer_that_is_declined_the_next_one_counts(offer: str) -> None:
    assert agreed(f"{offer}, permessage-deflate; client_max_window_bits") == ANSWER
    assert agreed(offer, "permessage-deflate") == ANSWER


def test_of_several_offers_that_could_be_met_the_first_is() -> None:
    both = agreed("permessage-deflate; server_max_window_bits=15, permessage-deflate")
    assert both == f"{ANSWER}; server_max_window_bits=15"
    assert agreed("permessage-deflate, permessage-deflate; server_max_window_bits=15") == ANSWER


def test_every_offer_that_a_strict_client_can_make_it_takes_the_answer_to() -> None:
    for server in (None, 15, 9):
        for client in (None, True, 15, 9):
            factory = ClientPerMessageDeflateFactory(server_max_window_bits=server, client_max_window_bits=client)
            offer = "; ".join(
                [factory.name, *(k if v is None else f"{k}={v}" for k, v in factory.get_request_params())]
            )
            answer = agreed(offer)
            assert bool(answer) == (server != 9)
            if answer:
                pairs = [part.strip().partition("=") for part in answer.split(";")[1:]]
                extension = factory.process_response_params([(name, value or None) for name, _, value in pairs], [])
                assert extension.remote_no_context_takeover
                assert extension.local_no_context_takeover


# --- what goes out ---------------------------------------------------------------------------------

HTML = st.text(st.sampled_from('<li id="m-5" class="message">é🎉&amp;\n '), max_size=2000)
TEXTS = st.lists(st.one_of(st.text(max_size=300), HTML, st.text("abc", min_size=1000, max_size=3000)), max_size=8)


@settings(max_examples=150, deadline=None)
@given(TEXTS, st.integers(0, 7))
def test_each_frame_stands_for_itself_whatever_was_deflated_before(texts: list[str], first: int) -> None:
    deflater = Deflater()
    payloads = [deflater.deflate(text.encode()) for text in texts]
    for text, payload in [*zip(texts, payloads, strict=True)][first:]:  # who came late has none of those before
        inflater = zlib.decompressobj(-15)
        assert inflater.decompress(payload + b"\x00\x00\xff\xff") == text.encode()
        assert not inflater.unused_data


@settings(max_examples=60, deadline=None)
@given(TEXTS)
def test_other_libraries_read_plain_and_deflated_frames_in_any_mixture(texts: list[str]) -> None:
    deflater = Deflater()
    broadcasts = [Broadcast(text) for text in texts]
    data = b"".join(each.deflated(deflater) + each.frame + ping_frame() for each in broadcasts)
    theirs = TheirDeflate(client_no_context_takeover=True, server_no_context_takeover=True)
    theirs.finalize(ANSWER)
    client = Connection(ConnectionType.CLIENT, [theirs])
    client.receive_data(data)
    read, part = [], ""
    for event in client.events():
        if isinstance(event, TextMessage):
            part += event.data
            if event.message_finished:
                read.append(part)
                part = ""
    assert read == [text for text in texts for _ in range(2)]

    strict = PerMessageDeflate(True, True, 15, 15)
    for text in texts:
        assert strict.decode(Frame(Op.TEXT, deflater.deflate(text.encode()), rsv1=True)).data == text.encode()


def test_a_broadcast_is_deflated_once_and_a_short_one_never() -> None:
    calls: list[bytes] = []

    class Counting(Deflater):
        def deflate(self, payload: bytes) -> bytes:
            calls.append(payload)
            return super().deflate(payload)

    deflater = Counting()
    long, short = Broadcast("x" * PAYS), Broadcast("é" * (PAYS // 2 - 1))
    for _ in range(1000):
        assert long.deflated(deflater) is long.deflated(deflater)
        assert short.deflated(deflater) is short.frame
    assert calls == [b"x" * PAYS]
    assert long.deflated(deflater)[0] == FIN | RSV1 | TEXT
    assert short.frame[0] == long.frame[0] == FIN | TEXT


def test_a_batch_of_messages_shrinks_to_a_fraction() -> None:
    row = (
        '<li id="m-{0}" class="message" style="x"><bdi>Ana</bdi><time>12:0{0}</time><div class="text">Hi {0}</div></li>'
    )
    text = "".join(row.format(number) for number in range(100)).encode()
    assert len(Deflater().deflate(text)) < len(text) / 8


# --- what comes in ---------------------------------------------------------------------------------


def server() -> Connection:
    extension = SharedDeflate()
    assert extension.accept("permessage-deflate")
    return Connection(ConnectionType.SERVER, [extension])


def raw_deflate(data: bytes, *, level: int = 6, final: bool = False, window: int = 15) -> bytes:
    """Compress as a client does; final: it ends its stream, as some libraries do (RFC 7692, section 7.2.3.4)."""
    stream = zlib.compressobj(level, zlib.DEFLATED, -window)
    if final:
        return stream.compress(data) + stream.flush(zlib.Z_FINISH) + b"\x00"
    return (stream.compress(data) + stream.flush(zlib.Z_SYNC_FLUSH))[:-4]


def receive(connection: Connection, parts: Sequence[bytes]) -> tuple[list[str], int]:
    """Feed bytes as they come: the whole messages that were read, and the code of what was broken; 0 for nothing."""
    read, under_way = [], ""
    for part in parts:
        connection.receive_data(part)
        for event in connection.events():
            if isinstance(event, CloseConnection):
                return read, int(event.code)
            if isinstance(event, Message):
                assert isinstance(event.data, str)
                under_way += event.data
                if event.message_finished:
                    read.append(under_way)
                    under_way = ""
    return read, 0


def torn(data: bytes, chance: Random) -> list[bytes]:
    """Tear bytes as a network does."""
    cuts = sorted(chance.randrange(len(data) + 1) for _ in range(chance.randint(0, 6)))
    return [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]


def fragments(payload: bytes, first: int, chance: Random) -> bytes:
    """Send a message in frames, with pings between them."""
    cuts = sorted(chance.randrange(len(payload) + 1) for _ in range(chance.randint(0, 3)))
    parts = [payload[a:b] for a, b in zip([0, *cuts], [*cuts, len(payload)], strict=True)]
    sent = b""
    for index, part in enumerate(parts):
        bits = (first if index == 0 else 0) | (FIN if index == len(parts) - 1 else 0)
        sent += frame(TEXT if index == 0 else CONTINUE, part, first=bits)
        if index < len(parts) - 1 and chance.random() < 0.5:
            sent += frame(PING, b"between")
    return sent


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(TEXTS.map("".join), st.sampled_from(["plain", "deflated", "final", "stored", "small window"])),
        max_size=6,
    ),
    st.randoms(use_true_random=False),
)
def test_what_any_client_compresses_is_read_however_it_is_torn(messages: list[tuple[str, str]], chance: Random) -> None:
    sent = b""
    for text, kind in messages:
        data = text.encode()
        if kind == "plain":
            sent += fragments(data, 0, chance)
            continue
        level, window = (0 if kind == "stored" else 6), (9 if kind == "small window" else 15)
        sent += fragments(raw_deflate(data, level=level, final=kind == "final", window=window), RSV1, chance)
    assert receive(server(), torn(sent, chance)) == ([text for text, _ in messages], 0)


def test_the_libraries_own_clients_are_read() -> None:
    theirs = TheirDeflate()
    theirs.finalize(ANSWER)
    client = Connection(ConnectionType.CLIENT, [theirs])
    sent = client.send(TextMessage("one " * 500)) + client.send(TextMessage("two"))
    assert receive(server(), [sent]) == (["one " * 500, "two"], 0)
    strict = PerMessageDeflate(True, True, 15, 15)
    encoded = strict.encode(Frame(Op.TEXT, b"three " * 500))
    assert receive(server(), [frame(TEXT, bytes(encoded.data), first=FIN | RSV1)]) == (["three " * 500], 0)


def test_a_message_may_inflate_to_the_bound_and_not_to_one_byte_more() -> None:
    assert MOST == 65536
    for text, result in (("x" * MOST, (["x" * MOST], 0)), ("x" * (MOST + 1), ([], 1009))):
        assert receive(server(), [frame(TEXT, raw_deflate(text.encode()), first=FIN | RSV1)])[1] == result[1]
    # the bound is each message's own
    sent = frame(TEXT, raw_deflate(b"x" * MOST), first=FIN | RSV1) * 3
    assert receive(server(), [sent]) == (["x" * MOST] * 3, 0)


BOMB = raw_deflate(b"x" * 100_000_000, level=9)  # 97 KB


def bombs() -> dict[str, tuple[bytes, int]]:
    whole = raw_deflate(b"x" * 10_000_000, level=9)
    pieces = frame(TEXT, whole[:10], first=RSV1)
    for at in range(10, len(whole), 100):
        pieces += frame(CONTINUE, whole[at : at + 100], first=0)
    nothing = zlib.compressobj(6, zlib.DEFLATED, -15).flush(zlib.Z_FINISH)
    return {
        "at once": (frame(TEXT, BOMB, first=FIN | RSV1), 1009),
        "small": (frame(TEXT, whole, first=FIN | RSV1), 1009),
        "in parts": (pieces, 1009),
        "behind a final block": (frame(TEXT, nothing + whole, first=FIN | RSV1), 1009),
        "of empty streams": (frame(TEXT, nothing * 30_000, first=FIN | RSV1), 1007),
        "of empty blocks": (frame(TEXT, b"\x00\x00\x00\xff\xff" * 30_000, first=FIN | RSV1), 1009),
    }


@pytest.mark.parametrize("name", bombs())
def test_a_bomb_is_refused_before_it_takes_more_than_the_bound(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    inflated: list[int] = []
    made = zlib.decompressobj

    class Watched:
        """Notes what is inflated."""

        def __init__(self, window: int) -> None:
            self._inflater = made(window)

        def decompress(self, data: bytes, most: int) -> bytes:
            part = self._inflater.decompress(data, most)
            inflated.append(len(part))
            return part

        def __getattr__(self, attribute: str) -> object:
            return getattr(self._inflater, attribute)

    monkeypatch.setattr(zlib, "decompressobj", Watched)
    sent, code = bombs()[name]
    connection = server()
    read, found = receive(connection, [sent[at : at + 65536] for at in range(0, len(sent), 65536)])
    assert (read, found) == ([], code)
    assert sum(inflated) <= MOST + 1
    assert len(inflated) < 1000


@pytest.mark.parametrize("count", [STREAMS, STREAMS + 2])
def test_a_message_of_a_few_streams_is_read_and_one_of_many_is_not(count: int) -> None:
    def stream(data: bytes) -> bytes:
        one = zlib.compressobj(6, zlib.DEFLATED, -15)
        return one.compress(data) + one.flush(zlib.Z_FINISH)

    payload = stream(b"x") * (count - 1) + raw_deflate(b"y")
    expected = (["x" * (count - 1) + "y"], 0) if count <= STREAMS else ([], 1007)
    assert receive(server(), [frame(TEXT, payload, first=FIN | RSV1)]) == expected


BROKEN = {
    "no deflate": (frame(TEXT, b"\xff\xff\xff\xff", first=FIN | RSV1), 1007),
    "deflate that looks back too far": (frame(TEXT, bytes.fromhex("4b04c1ffff"), first=FIN | RSV1), 1007),
    "a zlib header": (frame(TEXT, zlib.compress(b"hello" * 100), first=FIN | RSV1), 1007),
    "deflate of no text": (frame(TEXT, raw_deflate(b"\xff\xfe"), first=FIN | RSV1), 1007),
    "deflate of half a character": (frame(TEXT, raw_deflate("é".encode()[:1]), first=FIN | RSV1), 1007),
    "a compressed ping": (frame(PING, raw_deflate(b"x"), first=FIN | RSV1), 1002),
    "a compressed continuation": (
        frame(TEXT, b"x", first=0) + frame(CONTINUE, raw_deflate(b"x"), first=FIN | RSV1),
        1002,
    ),
    "a continuation that says it once more": (
        frame(TEXT, raw_deflate(b"x" * 99)[:3], first=RSV1) + frame(CONTINUE, b"", first=FIN | RSV1),
        1002,
    ),
    "another reserved bit": (frame(TEXT, raw_deflate(b"x"), first=FIN | RSV1 | 0x20), 1002),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_is_told_by_its_code(name: str) -> None:
    sent, code = BROKEN[name]
    assert receive(server(), [sent])[1] == code


def test_a_message_after_one_in_parts_is_read_for_itself() -> None:
    part = raw_deflate(b"hello")
    sent = frame(TEXT, part[:2], first=RSV1) + frame(PING, b"") + frame(CONTINUE, part[2:], first=FIN)
    assert receive(server(), [sent + frame(TEXT, b"plain") + sent]) == (["hello", "plain", "hello"], 0)


def test_where_nothing_was_agreed_on_a_compressed_frame_breaks_the_protocol() -> None:
    plain = Connection(ConnectionType.SERVER, [])
    assert receive(plain, [frame(TEXT, raw_deflate(b"x"), first=FIN | RSV1)]) == ([], 1002)


def test_a_strict_client_refuses_what_it_is_sent_over_its_own_bound_and_not_before() -> None:
    payload = Deflater().deflate(b"x" * 100_000)
    strict = PerMessageDeflate(True, True, 15, 15)
    with pytest.raises(PayloadTooBig):
        strict.decode(Frame(Op.TEXT, payload, rsv1=True), max_size=99_999)
    assert deflated_frame(payload)[0] != text_frame("x")[0]
