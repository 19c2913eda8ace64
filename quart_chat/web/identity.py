"""Who somebody is: a random id in a signed cookie, and nothing else."""

from __future__ import annotations

import hashlib
import re
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from datetime import timedelta
from functools import lru_cache

from itsdangerous import BadSignature, Signer, URLSafeSerializer
from quart import Response
from werkzeug.http import dump_cookie

from quart_chat.room.people import is_id

KEPT = timedelta(days=400)  # the most that browsers allow
HOST = "__Host-"  # before each name over HTTPS: no other host and no plain page can set it
IDENTITY = "quart_chat"
LANGUAGE = "quart_chat_language"
TIMES = "quart_chat_times"
THEME = "quart_chat_theme"
SOUND = "quart_chat_sound"  # "1": mentions may be heard
REMEMBERED = 10_000  # identities whose signature a worker need not work out again
MASK = 8  # bytes of a form's token that are over its signature
LONGEST = 200  # characters of a cookie that may be remembered; ours have 60

_TOKEN = re.compile(r"[A-Za-z0-9_-]{54}")  # the mask and 32 bytes


class Identities:
    """Reads and writes identity cookies, and what goes with them.

    keys: newest first. The newest signs; what any of them signed is taken.
    """

    def __init__(self, *keys: str) -> None:
        oldest_first = keys[::-1]  # as itsdangerous wants them
        self._signer = URLSafeSerializer(oldest_first, salt="quart-chat identity")
        self._forms = Signer(oldest_first, salt="quart-chat form", digest_method=hashlib.sha256)
        self._read = lru_cache(REMEMBERED)(self._signer.loads)  # it raises for what is forged, which is not remembered
        self._line = lru_cache(REMEMBERED)(self._write)
        self._form_signature = lru_cache(REMEMBERED)(self._sign_form)

    def presented(self, cookies: Mapping[str, str], secure: bool) -> bool:
        """Tell whether a cookie of that name came at all."""
        return bool(cookies.get(cookie_name(secure)))

    def read(self, cookies: Mapping[str, str], secure: bool) -> str | None:
        """Give the identity that a cookie proves; None where there is none, or it was not signed here.

        cookies: the request's, by name; secure: whether it came over HTTPS.
        """
        signed = cookies.get(cookie_name(secure))
        if not signed:
            return None
        try:
            identity = (self._read if len(signed) <= LONGEST else self._signer.loads)(signed)
        except BadSignature:
            return None
        return identity if is_id(identity) else None

    def write(self, response: Response, identity: str, secure: bool) -> None:
        """Set or renew the cookie."""
        response.headers.add("Set-Cookie", self._line(identity, secure))

    def form_token(self, identity: str) -> str:
        """Make what proves that a form comes from a page that was made for somebody.

        It is the identity's signature under a mask, another one each time, so that nobody can guess it from how well a
        page was compressed (BREACH). What is signed once is remembered.
        """
        mask = secrets.token_bytes(MASK)
        return urlsafe_b64encode(mask + _masked(self._form_signature(identity), mask)).decode().rstrip("=")

    def is_form_token(self, identity: str, token: str) -> bool:
        """Tell whether that was made for this identity."""
        if not _TOKEN.fullmatch(token):
            return False
        both = urlsafe_b64decode(token + "==")
        signature = urlsafe_b64encode(_masked(both[MASK:], both[:MASK]))
        return self._forms.verify_signature(identity, signature.rstrip(b"="))

    def _sign_form(self, identity: str) -> bytes:
        return urlsafe_b64decode(self._forms.get_signature(identity) + b"=")

    def clear(self, response: Response, secure: bool) -> None:
        """Take the cookie away."""
        response.headers.pop("Set-Cookie", None)
        response.delete_cookie(cookie_name(secure), secure=secure, httponly=True, samesite="Lax")

    def _write(self, identity: str, secure: bool) -> str:
        signed = self._signer.dumps(identity)
        return dump_cookie(
            cookie_name(secure),
            signed if isinstance(signed, str) else signed.decode(),
            max_age=KEPT,
            path="/",
            secure=secure,
            httponly=True,
            sync_expires=False,  # the same line at any time
            samesite="Lax",
        )


def cookie_name(secure: bool, name: str = IDENTITY) -> str:
    """Name a cookie as it is called over HTTPS or HTTP."""
    return HOST + name if secure else name


def _masked(signature: bytes, mask: bytes) -> bytes:
    """Put a mask over a signature, or take it off."""
    over = mask * (len(signature) // len(mask))
    return (int.from_bytes(signature) ^ int.from_bytes(over)).to_bytes(len(signature))
