"""What a phone needs to put the chat among its programs (W3C Web Application Manifest)."""

from __future__ import annotations

import json

from quart_chat.pages.assets import Assets

NAME = "Quart Chat"
# of static/base.css, light, for a manifest has one of each: --raised, which is a room's top, and --page
THEME, GROUND = "#fefefc", "#f8f7f3"


def manifest(assets: Assets, name: str = NAME) -> bytes:
    """Write it, as JSON; name: of the whole server, for everybody."""
    icons = [
        {"src": assets.url("icon.svg"), "sizes": "any", "type": "image/svg+xml"},
        {"src": assets.url("icon-192.png"), "sizes": "192x192", "type": "image/png"},
        {"src": assets.url("icon-512.png"), "sizes": "512x512", "type": "image/png"},
        {"src": assets.url("icon-maskable.png"), "sizes": "512x512", "type": "image/png", "purpose": "maskable"},
    ]
    said = {
        "name": name,
        "short_name": name,
        "id": "/",
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "theme_color": THEME,
        "background_color": GROUND,
        "icons": icons,
    }
    return json.dumps(said, ensure_ascii=False).encode()
