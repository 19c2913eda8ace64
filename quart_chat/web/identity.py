"""Who somebody is: a random id in a signed cookie, and nothing else."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import timedelta
from functools import lru_cache
from pathlib import Path

from itsdangerous import BadSignature, URLSafeSerializer
from quart import Response
from werkzeug.http import dump_cookie

from quart_chat.errors import SettingsError
from quart_chat.room.people import is_id

KEPT = timedelta(days=400)  # the most that browsers allow
SECURE = "__Host-quart_chat"  # over HTTPS: no other host and no plain page can set it
PLAIN = "quart_chat"
LANGUAGE = "quart_chat_language"
TIMES = "quart_chat_times"
SOUND = "quart_chat_sound"  # "1": mentions may be heard
REMEMBERED = 10_000  # identities whose signature a worker need not work out again
LONGEST = 200  # characters of a cookie that may be remembered; ours have 60


class Identities:
    """Reads and writes identity cookies; key: what signs them."""

    def __init__(self, key: str) -> None:
        self._signer = URLSafeSerializer(key, salt="quart-chat identity")
        self._read = lru_cache(REMEMBERED)(self._signer.loads)  # it raises for what is forged, which is not remembered
        self._line = lru_cache(REMEMBERED)(self._write)

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


def cookie_name(secure: bool) -> str:
    """Name the identity's cookie."""
    return SECURE if secure else PLAIN


def load_key(data: Path, configured: str | None) -> str:
    """Give the key that signs identities: the configured one, else the data folder's, made on first start.

    Raises:
        SettingsError: neither can be had.
    """
    if configured:
        if len(configured) < 16:
            raise SettingsError("QUART_CHAT_SECRET_KEY is too short; it takes 16 characters or more, at random")
        return configured
    path = data / "secret.key"
    try:
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
        # a whole file or none: written aside, then linked under its name, which only one of many workers can do
        fresh = data / f".secret.key.{secrets.token_hex(4)}"
        if not path.exists():
            fresh.touch(mode=0o600)
            fresh.write_text(secrets.token_urlsafe(32), encoding="ascii")
            try:
                path.hardlink_to(fresh)
            except FileExistsError:
                pass
            finally:
                fresh.unlink()
        key = path.read_text(encoding="ascii", errors="replace").strip()
    except OSError as error:
        raise SettingsError(
            f"the key for identities cannot be kept in {path}: {error.strerror}; "
            "set QUART_CHAT_SECRET_KEY, or QUART_CHAT_DATA to a folder that can be written"
        ) from error
    if len(key) < 16 or not key.isascii():
        raise SettingsError(f"{path} holds no key; delete it, and everybody gets a new identity")
    return key
