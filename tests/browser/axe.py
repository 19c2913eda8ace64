"""Deque's axe-core on what a tab shows: the rules of WCAG 2.2 AA and what is best practice beside them."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any, Literal

from tests.browser.pages import Tab

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")

# In the light theme every rule; in the dark one those that ask for colours, for nothing else differs.
RUN = """([tags, colours]) => axe.run(document, {
  runOnly: colours ? {type: "rule", values: ["color-contrast", "link-in-text-block"]} : {type: "tag", values: tags},
  ...(colours ? {} : {rules: {"target-size": {enabled: true}}}),
  resultTypes: ["violations"],
}).then(({violations}) => violations.map(({id, help, nodes}) =>
  `${id}: ${help}\\n` + nodes.slice(0, 4).map(node => `    ${node.html.slice(0, 160)}\\n      ${
    node.any.concat(node.all, node.none).map(check => check.message).join("; ").slice(0, 300)}`).join("\\n")))"""


@cache
def source() -> str:
    """Axe itself, as its wheel brings it."""
    return (files("axe_playwright_python") / "axe.min.js").read_text("utf-8")


class Inspector:
    """Looks at one state after the other, and tells at the end all that was wrong."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self._wrong: list[str] = []

    async def look(self, tab: Tab, state: str) -> None:
        """Look at what a tab shows, in both themes; state: what that is called."""
        self.seen.append(state)
        page = tab.page
        if not await page.evaluate("() => 'axe' in window"):
            await page.evaluate(source())  # by the protocol of who drives the browser: the page's policy stays on
        for theme in THEMES:
            await page.emulate_media(color_scheme=theme)
            found: list[Any] = await page.evaluate(RUN, [RULES, theme == "dark"])
            self._wrong += [f"{state}, {theme}: {one}" for one in found]

    def sum_up(self) -> None:
        """Fail on whatever was found."""
        assert self.seen
        assert not self._wrong, "\n".join(self._wrong)
