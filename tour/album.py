"""The pictures of README.md and docs/*.md: each is taken here, and nowhere else."""

from __future__ import annotations

from playwright.async_api import Page

from tour.camera import HEIGHTS, Camera, Theme, until
from tour.script import CLASS, FAMILY, NEW, PROJECT, READERS, Cast

THEMES: tuple[Theme, Theme] = ("light", "dark")


async def album(camera: Camera, people: Cast) -> None:
    """Take all pictures but those of other servers."""
    await _every_width(camera, people)
    await _in_a_room(camera, people)
    await _order(camera, people)
    await _without(camera, people)


async def branded(camera: Camera) -> None:
    """Take the picture of a server that an operator has made their own."""
    async with camera.look("/") as page:
        await camera.take(page, "branded", high=560)


async def _every_width(camera: Camera, people: Cast) -> None:
    bento, yusuf = people["Bento"], people["Yusuf"]
    for width in HEIGHTS:
        for theme in THEMES:
            for name, path, who in (
                ("room", f"/r/{CLASS}", bento),
                ("room-arabic", f"/r/{READERS}", yusuf),
                ("lobby", "/", bento),
                ("lobby-arabic", "/", yusuf),
            ):
                async with camera.look(path, who, width=width, theme=theme) as page:
                    await _pictures(page)
                    if path != "/":
                        await people["Chloé" if who is bento else "Noor"].type(path.rpartition("/")[2])
                        await page.locator("#typing > *").first.wait_for()
                    await camera.take(page, f"{name}-{theme}-{width}")


async def _in_a_room(camera: Camera, people: Cast) -> None:
    ana, bento, mira = people["Ana"], people["Bento"], people["Mira"]
    async with camera.look(f"/r/{CLASS}", bento, cookies=[("quart_chat_theme", "contrast")]) as page:
        await _pictures(page)
        await camera.take(page, "theme-contrast")
    async with camera.look(f"/r/{PROJECT}", mira, theme="dark") as page:
        await camera.take(page, "project")
    async with camera.look(f"/r/{CLASS}", ana) as page:
        await page.locator("#share a").click()
        await page.locator("#share .code").wait_for()
        await camera.take(page, "share")
    async with camera.look(f"/r/{CLASS}", bento, width=360) as page:
        await page.locator("button.about").click()
        await page.locator("#side").wait_for()
        await camera.take(page, "side-360")
    async with camera.look(f"/r/{CLASS}", bento) as page:
        await page.locator(".look").click()
        await page.locator("#find-words").fill("leaf")
        await page.locator(".hit").first.wait_for()
        await camera.take(page, "search")
    async with camera.look(f"/r/{CLASS}", ana) as page:
        await _pictures(page)
        row = page.locator(f"#m-{people.moments['edited']}")
        await row.hover()
        await row.locator(".more").click()
        await page.locator("#menu .item").first.wait_for()
        await camera.take(page, "menu")
    await bento.post("/rooms", title="Garden club")
    async with camera.look(f"/r/{NEW}", bento) as page:
        await page.locator("#people .person").wait_for()
        await camera.take(page, "empty")


async def _order(camera: Camera, people: Cast) -> None:
    async with camera.look(f"/r/{PROJECT}/order", people["Mira"]) as page:
        await camera.take(page, "rules", high=1300)
        await page.evaluate("scrollTo(0, document.querySelector('#bots').offsetTop - 32)")
        await camera.take(page, "programs")
    async with camera.look(f"/r/{FAMILY}", tag="pt-BR") as page:
        await camera.take(page, "locked", high=560)
    async with camera.look("/r/never/m/1-1") as page:
        await camera.take(page, "error", high=560)
    async with camera.look("/me", people["Ana"]) as page:
        await camera.take(page, "me", whole=True)
    async with camera.look("/about") as page:
        await camera.take(page, "about", high=1100)
    async with camera.look(f"/r/{CLASS}/transcript", people["Bento"]) as page:
        await camera.take(page, "transcript")


async def _without(camera: Camera, people: Cast) -> None:
    async with camera.look(f"/r/{CLASS}", people["Bento"], scripts=False) as page:
        await page.frame_locator("#live").locator(f"#m-{people.moments['poll']}").wait_for()
        await page.frame_locator("#write").locator(".say").wait_for()
        await camera.take(page, "without-javascript")


async def _pictures(page: Page) -> None:
    """Wait for the pictures of messages, which a browser fetches once they are near."""
    await until(
        page,
        """[...document.querySelectorAll("#log img")].filter(one => one.checkVisibility())
           .filter(one => one.getBoundingClientRect().bottom > 0).every(one => one.complete && one.naturalWidth)""",
    )
