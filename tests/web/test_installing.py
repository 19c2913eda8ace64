from __future__ import annotations

import io
import json
import re

import httpx
from PIL import Image

from quart_chat.files import folder
from quart_chat.pages.assets import static
from quart_chat.pages.manifest import GROUND, THEME, manifest

FOR_GOOD = "public, max-age=31536000, immutable"


def test_a_page_leads_to_the_manifest_and_that_to_its_icons(client: httpx.Client) -> None:
    for path in ("/", "/r/installed", "/me", "/nowhere"):
        assert '<link rel="manifest" href="/manifest.webmanifest">' in client.get(path).text, path
    answer = client.get("/manifest.webmanifest")
    assert answer.headers["Content-Type"].startswith("application/manifest+json")
    assert "Set-Cookie" not in answer.headers
    said = answer.json()
    assert (said["start_url"], said["scope"], said["display"]) == ("/", "/", "standalone")
    for icon in said["icons"]:
        picture = client.get(icon["src"])
        assert picture.headers["Cache-Control"] == FOR_GOOD
        assert picture.headers["Content-Type"].partition(";")[0] == icon["type"]
        if icon["type"] == "image/png":
            with Image.open(io.BytesIO(picture.content)) as drawn:
                assert "{}x{}".format(*drawn.size) == icon["sizes"]
    sizes = {(icon["sizes"], icon.get("purpose", "any")) for icon in said["icons"]}
    assert sizes >= {("192x192", "any"), ("512x512", "any"), ("512x512", "maskable")}


def test_the_policy_lets_the_manifest_in_and_from_nowhere_else(client: httpx.Client) -> None:
    assert "; manifest-src 'self'; " in client.get("/").headers["Content-Security-Policy"]


def test_a_home_screen_gets_a_picture_that_is_nowhere_clear(client: httpx.Client) -> None:
    (address,) = re.findall(r'<link rel="apple-touch-icon" href="([^"]+)"', client.get("/").text)
    icons = [client.get(address).content]
    icons += [(folder("static") / "icon-maskable.png").read_bytes()]
    for icon in icons:
        with Image.open(io.BytesIO(icon)) as drawn:
            assert drawn.convert("RGBA").getextrema()[3] == (255, 255)


def test_pages_and_manifest_name_one_colour(client: httpx.Client) -> None:
    page = client.get("/").text
    assert f'<meta name="theme-color" media="(prefers-color-scheme: light)" content="{THEME}">' in page
    said = json.loads(manifest(static()))
    assert (said["theme_color"], said["background_color"]) == (THEME, GROUND)


def test_a_name_is_written_as_json_whatever_it_holds() -> None:
    name = 'Café "</script>" \\ 日本'
    assert json.loads(manifest(static(), name))["name"] == name
