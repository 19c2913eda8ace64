"""The icon as pictures, for where no SVG is taken; `python -m tests.browser.icons` draws them anew into static/."""

from __future__ import annotations

import asyncio
import shutil
from typing import NamedTuple

from playwright.async_api import Browser, async_playwright

from quart_chat.files import folder

GROUND = "#fefefc"  # --raised of base.css, as a colour that every home screen understands


class Picture(NamedTuple):
    """name: its file below static/; side: pixels; share: of the side that the icon takes; ground: None for none."""

    name: str
    side: int
    share: float
    ground: str | None


PICTURES = (
    Picture("icon-192.png", 192, 1, None),
    Picture("icon-512.png", 512, 1, None),
    # a mask may take all but a circle of four fifths of the side
    Picture("icon-maskable.png", 512, 0.58, GROUND),
    # iOS rounds the corners itself, and makes what is clear black
    Picture("icon-apple.png", 180, 0.74, GROUND),
)


async def draw(browser: Browser, picture: Picture) -> bytes:
    """Give it as PNG."""
    page = await browser.new_page(viewport={"width": picture.side, "height": picture.side})
    svg = (folder("static") / "icon.svg").read_text("utf-8")
    size = picture.side * picture.share
    await page.set_content(
        f"<style>body {{margin: 0; height: 100vh; display: grid; place-items: center; "
        f"background: {picture.ground or 'transparent'}}} svg {{width: {size}px; height: {size}px}}</style>{svg}"
    )
    made = await page.screenshot(omit_background=True)
    await page.close()
    return made


async def main() -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for picture in PICTURES:
            (folder("static") / picture.name).write_bytes(await draw(browser, picture))
        await browser.close()


if __name__ == "__main__":
    asyncio.run(main())
