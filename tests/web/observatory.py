"""The rules by which Mozilla's HTTP Observatory and securityheaders.com give an A+, and some that are ours."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from http.cookies import SimpleCookie

import httpx

HALF_A_YEAR = 15_768_000  # seconds; less than that of HSTS costs marks
ASKED_FOR = ("camera", "display-capture", "geolocation", "local-fonts", "microphone", "payment", "serial", "usb")
NEVER_SHOWN = ("Server", "X-Powered-By", "X-AspNet-Version", "Via", "Access-Control-Allow-Origin")


def complaints(answer: httpx.Response, *, secure: bool, framed: bool = False) -> list[str]:
    """Say what costs an answer marks; secure: it came over HTTPS; framed: by pages of ours, where no script runs."""
    headers = answer.headers
    return [
        *_policy(headers, framed=framed),
        *_lasting(headers, secure=secure),
        *_frames_and_types(headers, framed=framed),
        *_permissions(headers),
        *_cookies(headers.get_list("Set-Cookie"), secure=secure),
        *_kept(headers),
        *(f"{name}: {headers[name]}" for name in NEVER_SHOWN if name in headers),
        *(_scripts(answer.text) if headers.get("Content-Type", "").startswith("text/html") else ()),
    ]


def _policy(headers: httpx.Headers, *, framed: bool) -> Iterator[str]:
    lines = headers.get_list("Content-Security-Policy")
    if len(lines) != 1:
        yield f"{len(lines)} policies"
        return
    rules = {name: values for name, *values in (rule.split() for rule in lines[0].split(";"))}
    if rules.get("default-src") != ["'none'"]:
        yield "default-src is not 'none'"
    if rules.get("frame-ancestors") != (["'self'"] if framed else ["'none'"]):
        yield f"frame-ancestors is {rules.get('frame-ancestors')}"
    if framed and "script-src" in rules:
        yield "a script may run"
    for name in ("base-uri", "form-action"):  # for these default-src does not stand in
        if rules.get(name) not in (["'none'"], ["'self'"]):
            yield f"{name} is open"
    for name, values in rules.items():
        for value in values:
            if "unsafe" in value or "*" in value or ":" in value:
                yield f"{name} {value}"
    if "script-src" in rules and "require-trusted-types-for" not in rules:
        yield "no Trusted Types"


def _lasting(headers: httpx.Headers, *, secure: bool) -> Iterator[str]:
    said = headers.get("Strict-Transport-Security")
    if not secure:
        if said is not None:  # RFC 6797, section 7.2
            yield "HSTS over HTTP"
        return
    found = re.match(r"max-age=(\d+)", said or "")
    if found is None or int(found[1]) < HALF_A_YEAR:
        yield f"HSTS is {said}"


def _frames_and_types(headers: httpx.Headers, *, framed: bool) -> Iterator[str]:
    for name, values in {
        "X-Content-Type-Options": ("nosniff",),
        "X-Frame-Options": ("SAMEORIGIN" if framed else "DENY",),
        "Referrer-Policy": ("no-referrer", "same-origin", "strict-origin", "strict-origin-when-cross-origin"),
        "Cross-Origin-Opener-Policy": ("same-origin",),
        "Cross-Origin-Embedder-Policy": ("require-corp",),
        "Cross-Origin-Resource-Policy": ("same-origin",),
    }.items():
        if headers.get_list(name) not in [[value] for value in values]:
            yield f"{name} is {headers.get_list(name)}"


def _permissions(headers: httpx.Headers) -> Iterator[str]:
    granted = dict(one.strip().partition("=")[::2] for one in headers.get("Permissions-Policy", "").split(","))
    yield from (f"Permissions-Policy says nothing of {name}" for name in ASKED_FOR if name not in granted)
    yield from (f"{name}={to}" for name, to in granted.items() if to != "()" and (name, to) != ("autoplay", "(self)"))


def _cookies(lines: Sequence[str], *, secure: bool) -> Iterator[str]:
    for line in lines:
        for name, cookie in SimpleCookie(line).items():
            if not cookie["httponly"] or cookie["samesite"] not in ("Lax", "Strict") or cookie["domain"]:
                yield f"the cookie {line}"
            if secure and not (name.startswith("__Host-") and cookie["secure"] and cookie["path"] == "/"):
                yield f"the cookie {line}"


def _kept(headers: httpx.Headers) -> Iterator[str]:
    said = headers.get("Cache-Control", "")
    if said not in ("no-store", "no-cache") and not re.fullmatch(
        r"(public|private), max-age=31536000, immutable", said
    ):
        yield f"Cache-Control is {said!r}"
    if "Set-Cookie" in headers and said != "no-store":
        yield "a cookie in what caches keep"


def _scripts(page: str) -> Iterator[str]:
    yield from (tag for tag in re.findall(r"<script[^>]*>", page) if not re.search(r' src="/(?!/)', tag))
