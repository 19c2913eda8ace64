"""What every answer says of itself: what its page may do, who may hold it, and for how long."""

from __future__ import annotations

from urllib.parse import urlsplit

from quart import Response

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; connect-src 'self'; "
    "frame-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types htmx"  # hx-csp makes that policy, and htmx alone writes markup
)

FRAMED = (  # of the pages that a room's page frames where no script runs
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'self'"
)

# Everything that Chromium knows and that asks for something; a name that it does not know fills its console.
_NEVER = (
    "accelerometer camera clipboard-read clipboard-write compute-pressure cross-origin-isolated display-capture "
    "encrypted-media fullscreen gamepad geolocation gyroscope hid identity-credentials-get idle-detection keyboard-map "
    "local-fonts magnetometer microphone midi otp-credentials payment picture-in-picture publickey-credentials-create "
    "publickey-credentials-get screen-wake-lock serial storage-access sync-xhr unload usb window-management "
    "xr-spatial-tracking"
).split()
PERMISSIONS_POLICY = ", ".join(["autoplay=(self)", *(f"{name}=()" for name in _NEVER)])  # the sound of a mention

_ALWAYS = tuple(
    (name, name.lower(), value)
    for name, value in {
        "Content-Security-Policy": CONTENT_SECURITY_POLICY,
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "same-origin",  # no-referrer would make browsers send "Origin: null" with forms
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Embedder-Policy": "require-corp",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Origin-Agent-Cluster": "?1",
        "Permissions-Policy": PERMISSIONS_POLICY,
        "X-DNS-Prefetch-Control": "off",  # a link that somebody writes is no reason to ask for its host
        "X-Permitted-Cross-Domain-Policies": "none",
        "Cache-Control": "no-store",
    }.items()
)


def protect(response: Response, lasting: int) -> Response:
    """Give an answer the headers that every one has, where it does not say otherwise.

    lasting: seconds for which its browser is to come by HTTPS alone (RFC 6797); 0: it came by HTTP, where saying so
    means nothing, or the operator does not want it.
    """
    headers = response.headers
    said = {name.lower() for name in headers.keys()}  # noqa: SIM118 - werkzeug's headers iterate over pairs
    for name, lower, value in _ALWAYS:
        if lower not in said:
            headers.add(name, value)
    if lasting:
        headers["Strict-Transport-Security"] = f"max-age={lasting}"
    return response


def at_home(address: str) -> str:
    """Keep of an address what can only lead to this server: its path and its query."""
    parts = urlsplit(address)
    path = "/" + parts.path.lstrip("/\\")
    return f"{path}?{parts.query}" if parts.query else path
