"""A browser that takes pictures of pages as somebody sees them, and keeps them small."""

from __future__ import annotations

import asyncio
import io
import os
import shutil
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.async_api import Browser, Page, async_playwright

from tour.person import COOKIE, Person
from tour.server import Failed

HOST = "chat.example"  # what pages say of where they are
COLOURS = 256
PATIENCE = 20_000  # ms
HEIGHTS = {1440: 900, 768: 1024, 360: 740}  # CSS pixels of a window, by its width
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
Theme = Literal["light", "dark"]
# What a page has to have shown: a room its first answer by the socket, and any its pictures
SETTLED = """() => document.readyState === "complete" && !document.querySelector("#connection.waiting")
  && [...document.images].filter(one => one.loading !== "lazy").every(one => one.complete)"""


@dataclass(frozen=True, slots=True)
class Camera:
    """Takes pictures into a folder."""

    browser: Browser
    folder: Path
    taken: list[str]

    @asynccontextmanager
    async def look(
        self,
        path: str,
        who: Person | None = None,
        *,
        width: int = 1440,
        theme: Theme = "light",
        tag: str | None = None,
        scripts: bool = True,
        cookies: Iterable[tuple[str, str]] = (),
    ) -> AsyncIterator[Page]:
        """Open a page. who: None is somebody new. tag: the language of a browser; None: theirs, or English."""
        context = await self.browser.new_context(
            viewport={"width": width, "height": HEIGHTS[width]},
            device_scale_factor=2 if width < 600 else 1,
            color_scheme=theme,
            locale=tag or (who.tag if who else "en"),
            reduced_motion="reduce",
            java_script_enabled=scripts,
        )
        context.set_default_timeout(PATIENCE)
        kept = [*cookies, *([(COOKIE, who.cookie)] if who else [])]
        await context.add_cookies([{"name": name, "value": value, "url": f"http://{HOST}"} for name, value in kept])
        try:
            page = await context.new_page()
            await page.goto(f"http://{HOST}{path}", wait_until="load" if scripts else "domcontentloaded")
            if scripts:
                await until(page, SETTLED)
            yield page
        finally:
            await context.close()

    async def take(self, page: Page, name: str, *, whole: bool = False, high: int | None = None) -> None:
        """Take a picture. whole: all of the page, and not the window alone. high: of its upper CSS pixels only."""
        if high is not None and page.viewport_size:
            await page.set_viewport_size({"width": page.viewport_size["width"], "height": high})
        content = await page.screenshot(full_page=whole)
        file = self.folder / f"{name}.png"
        file.write_bytes(small(content))
        self.taken.append(file.name)


async def until(page: Page, seen: str) -> None:
    """Wait until a page says that something is so; Playwright's own waiting takes an eval, which the pages forbid."""
    async with asyncio.timeout(PATIENCE / 1000):
        while not await page.evaluate(seen):  # noqa: ASYNC110 - what is awaited happens in the browser
            await asyncio.sleep(0.05)


def small(content: bytes) -> bytes:
    """Make a picture of a page small: it has few colours that matter."""
    with Image.open(io.BytesIO(content)) as picture:
        cut = Image.Quantize.MEDIANCUT
        few = picture.convert("RGB").quantize(COLOURS, method=cut, kmeans=2, dither=Image.Dither.NONE)
    file = io.BytesIO()
    few.save(file, "PNG", optimize=True)
    return file.getvalue()


@asynccontextmanager
async def camera(port: int, folder: Path, taken: list[str]) -> AsyncIterator[Camera]:
    """Start Chromium, for which HOST is this machine's port.

    taken: gets the names of all pictures.

    Raises:
        Failed: there is no Chromium.
    """
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        raise Failed(f"No browser on PATH: looked for {', '.join(BROWSERS)}.")
    arguments = ["--disable-gpu", "--hide-scrollbars", f"--host-resolver-rules=MAP {HOST} 127.0.0.1:{port}"]
    if os.geteuid() == 0:
        arguments.append("--no-sandbox")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=found, args=arguments)
        try:
            yield Camera(browser, folder, taken)
        finally:
            await browser.close()
