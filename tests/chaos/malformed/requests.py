"""Requests that are none, and those whose address, headers or body make no sense."""

from __future__ import annotations

from random import Random

from tests.chaos.malformed.cases import (
    CLEAR,
    GONE,
    REFUSED,
    Case,
    Way,
    answered,
    changed,
    junk,
    kind,
    letters,
)

LINES = (
    *(b"GET", b"GET /", b"GET  / HTTP/1.1", b"GET / HTTP/1.1 x", b"GET / HTTP/11", b"get / http/1.1"),
    b"/ GET HTTP/1.1",
    *(b"GET /\x01 HTTP/1.1", b"GET /\xff HTTP/1.1", b"G\xcbT / HTTP/1.1", b"GET / HTTP/x.y", b"GET\t/\tHTTP/1.1", b" "),
    *(b"GET / FTP/1.1", b"GET / HTTP/1.1\r\n: x", b"GET / HTTP/1.1\r\nno colon", b"GET / HTTP/1.1\r\na b: c"),
    *(b"GET / HTTP/1.1\r\nX: \0", b"GET / HTTP/1.1\r\n X: y", b"\x16\x03\x01\x02\0\x01\xfc\x03\x03", b"SSH-2.0-x"),
)


@kind(4)
def no_request(chance: Random, way: Way) -> Case:
    sent = chance.choice((chance.choice(LINES) + b"\r\n\r\n", junk(chance, 2000)))
    return answered(sent, 400, GONE, half=True)


@kind(2)
def an_unknown_method(chance: Random, way: Way) -> Case:
    methods = (b"BREW", b"PATCH", b"TRACE", b"DELETE", b"PUT", b"CONNECT", b"PROPFIND", b"X" * 3000)
    method = chance.choice((*methods, letters(chance, 20, "!#$%&'*+-.^_`|~") + b"A"))
    path = chance.choice((b"/", b"/rooms", b"/me", b"/r/%b" % way.room.encode(), b"/away/en", b"/healthz"))
    return answered(way.request(method + b" " + path), *REFUSED)


POSTS = (b"/rooms", b"/me", b"/language", b"/compose/en/lines")
URLENCODED = b"Content-Type: application/x-www-form-urlencoded"


def post(chance: Random, way: Way) -> bytes:
    return b"POST " + chance.choice((*POSTS, b"/r/%b/messages" % way.room.encode()))


@kind(3)
def a_length_that_is_none(chance: Random, way: Way) -> Case:
    length = chance.choice((b"-1", b"+5", b"0x5", b"5 5", b"5,6", b"", b"x", b"9" * 30, b"9" * 5000, b"\xb2"))
    lines = chance.choice(((b"Content-Length: " + length,), (b"Content-Length: 5", b"Content-Length: 6")))
    return answered(way.request(post(chance, way), URLENCODED, *lines, body=b"a=b&c"), 400)


@kind(2)
def a_length_that_is_wrong(chance: Random, way: Way) -> Case:
    body = b"name=" + junk(chance, 300)
    length = chance.choice((0, 1, len(body) - 1, len(body) + 1, 100_000, 131_073, 10**9))
    sent = way.request(post(chance, way), URLENCODED, b"Content-Length: %d" % length, body=body)
    return answered(sent, *CLEAR, GONE, half=True)


@kind(2)
def a_body_that_never_ends(chance: Random, way: Way) -> Case:
    sent = way.request(post(chance, way), URLENCODED, b"Content-Length: 50000", b"Expect: 100-continue", body=b"a=b")
    return answered(sent, GONE, leaves=True)


@kind(1)
def a_body_that_is_too_large(chance: Random, way: Way) -> Case:
    size = chance.choice((131_073, 400_000))
    chunk = b"%x\r\n%b\r\n0\r\n\r\n" % (size, b"x" * size)
    sent = chance.choice(
        (
            way.request(post(chance, way), URLENCODED, b"Content-Length: %d" % size, body=b"x" * size),
            way.request(post(chance, way), URLENCODED, b"Transfer-Encoding: chunked", body=chunk),
        )
    )
    return answered(sent, 413, GONE)  # what it has not read resets the connection


@kind(3)
def chunks_that_are_none(chance: Random, way: Way) -> Case:
    chunks = (b"", b"zz\r\n", b"-1\r\n", b"5\r\nhelloX", b"5;" + b"x" * 5000, b"f" * 21, b"f" * 16 + b"\r\nx")
    body = chance.choice((*chunks, junk(chance, 300), b"3\r\na=b\r\n" * chance.randint(1, 50) + junk(chance, 9)))
    sent = way.request(post(chance, way), URLENCODED, b"Transfer-Encoding: chunked", body=body)
    return answered(sent, *CLEAR, GONE, half=True)


@kind(1)
def an_unknown_transfer_coding(chance: Random, way: Way) -> Case:
    coding = b"Transfer-Encoding: " + chance.choice((b"gzip", b"x", b"chunked, gzip", b"chunked, chunked", b"\xff"))
    return answered(way.request(post(chance, way), coding, body=b"x"), 400, 501)  # RFC 9112, section 6.1


def multipart(chance: Random) -> tuple[bytes, bytes]:
    """Make a broken form with a file in it: its type, and its body."""
    boundary = chance.choice((b"b", b"", b'"', b"\xff", b"x" * 300, b'"b"'))
    names = (b'name="text"', b'name="text"; filename="f"', b"name", b"", b'name="\xff"', b"name*=utf-8''%zz")
    head = b"--b\r\nContent-Disposition: form-data; %b\r\n%b\r\n\r\n" % (chance.choice(names), letters(chance, 40))
    body = (head + junk(chance, 99) + b"\r\n") * chance.choice((0, 1, 2, 300))
    return b"Content-Type: multipart/form-data; boundary=" + boundary, body + chance.choice((b"--b--", b"--b", b"\0"))


@kind(6)
def forms_that_are_broken(chance: Random, way: Way) -> Case:
    named = b"&".join(b"%b=%b" % (name, letters(chance, 60)) for name in (b"text", b"nonce", b"title", b"name"))
    bodies = (
        *(named, changed(chance, named, 9), b"text=%FF%FE&nonce=n&title=%ED%A0%80&name=%FF&language=%FF"),
        *(b"&&==&%&%zz=%zz&text", b"a=1&" * 3000, b"title=" + b"%00" * 500, b"name=" + "\u202e🎉".encode() * 500),
    )
    charset = chance.choice((b"", b"; charset=nonsense", b"; charset=utf-16", b"; charset=\xff", b";;;"))
    other = chance.choice((b"", b"text/plain", b"application/json", b"multipart/mixed", b"\xff"))
    urlencoded = (URLENCODED + charset, chance.choice((*bodies, junk(chance, 2000))))
    line, body = chance.choice((urlencoded, multipart(chance), (b"Content-Type: " + other, junk(chance, 300))))
    return answered(way.request(post(chance, way), line, b"Content-Length: %d" % len(body), body=body), *CLEAR)


@kind(8)
def absurd_addresses(chance: Random, way: Way) -> Case:
    def part() -> bytes:
        escaped = b"".join(b"%%%02x" % byte for byte in junk(chance, 20))
        return chance.choice((letters(chance, 40), escaped, b"9" * chance.choice((1, 20, 200)), b"..", b"%"))

    room = b"/r/" + way.room.encode()
    most = b"18446744073709551615"
    place = chance.choice((part(), most + b"-" + most, b"0-0", b"-", b"1-0&before=2-0", b"1-0%00"))
    path = chance.choice(
        (
            *(b"/" + part(), b"//" + part(), b"/r/" + part(), room + b"/" + part(), b"/r/" + b"x" * 60_000),
            *(room + b"?before=" + place, room + b"/messages?before=" + place, room + b"/messages?after=" + place),
            *(room + b"?" + letters(chance, 2000), room + b"?" + b"&" * 50_000),
            *(b"/compose/%b/%b/%b" % (part(), part(), part()), b"/compose/en/0123456789abcdef/" + part()),
            *(b"/away/" + part(), b"/own/%b.css" % part(), b"/static/" + part(), b"/healthz" + part()),
        )
    )
    return answered(way.request(b"GET " + path), *CLEAR)


@kind(4)
def absurd_headers(chance: Random, way: Way) -> Case:
    names = b"""
        Accept-Language Accept-Encoding Accept Cookie Range If-None-Match If-Modified-Since Referer User-Agent
        X-Forwarded-For X-Forwarded-Host X-Request-Id Forwarded TE Expect HX-Request Sec-Fetch-Site Authorization
        Content-Type Content-Encoding Via Max-Forwards
    """.split()
    values = (b"", b"\xff\xfe", b"a," * 2000, b";q=x,,;;q=9", b"bytes=-1", b'W/"', b"gzip;q=nan", b"=; =;;;")
    lines = [
        chance.choice(names) + b": " + chance.choice((*values, letters(chance, 300)))
        for _ in range(chance.choice((1, 3, 10)))
    ]
    path = chance.choice((b"/", b"/r/%b" % way.room.encode(), b"/static/base.css", b"/compose/en/0123456789abcdef/0"))
    return answered(way.request(b"GET " + path, *lines), *CLEAR)


@kind(2)
def absurd_hosts(chance: Random, way: Way) -> Case:
    hosts = (b"", b"x\r\nHost: y", b"<script>", b"a b", b"x:y", b"x:99999", b"[", b"[::", b"\xff", b"../..", b"%00")
    host = b"Host: " + chance.choice((*hosts, letters(chance, 50).replace(b".", b"")))
    line = chance.choice((b"GET /", b"GET /r/%b" % way.room.encode(), b"POST /rooms"))
    return answered(way.request(line, host, host=False), *CLEAR)


@kind(1)
def http_2_of_chance(chance: Random, way: Way) -> Case:
    frames = b"".join(
        chance.choice((0, 5, 8, chance.getrandbits(14))).to_bytes(3, "big") + junk(chance, 60)
        for _ in range(chance.randint(1, 5))
    )
    return answered(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frames, GONE, leaves=True)


@kind(2)
def more_than_a_request_at_once(chance: Random, way: Way) -> Case:
    """What is behind it, or could be, is not read before the answer; who leaves meanwhile is waited for in vain."""
    one = way.request(b"GET /static/vendor/htmx.min.js").replace(b"Connection: close", b"Connection: keep-alive")
    two = way.request(b"GET /static/vendor/htmx.min.js", b"Upgrade: x")
    return answered(chance.choice((one * 2, one * 10, two)), GONE, leaves=True)


@kind(2)
def an_address_without_a_path(chance: Random, way: Way) -> Case:
    target = chance.choice((b"?", b"?x", b"http://[", b"http://[x]/", b"//[", b"?%2f"))
    if chance.random() < 0.5:
        return answered(way.handshake().replace(b"/r/%b/ws" % way.room.encode(), target, 1), *REFUSED)
    return answered(way.request(b"GET " + target), *CLEAR)


@kind(2)
def a_host_that_no_name_is(chance: Random, way: Way) -> Case:
    host = b"Host: " + chance.choice((b"x" * 64, b"x" * 5000, b"a..b", b".", b"xn--", b"x" * 64 + b":80"))
    if chance.random() < 0.5:
        return answered(way.handshake(host, without=b"Host"), *REFUSED)
    return answered(way.request(b"GET /", host, host=False), *CLEAR)


@kind(1)
def a_file_whose_name_is_too_long(chance: Random, way: Way) -> Case:
    return answered(way.request(b"GET /static/" + b"x" * chance.choice((256, 5000))), 404)


@kind(4)
def a_request_with_bytes_changed(chance: Random, way: Way) -> Case:
    """It meets the kinds above by chance."""
    body = b"text=x&nonce=n&title=x&name=x&language=en&room=x"
    sent = way.request(post(chance, way), URLENCODED, b"Content-Length: %d" % len(body), body=body)
    return answered(changed(chance, sent, 4), *CLEAR, 501, GONE, half=True)
