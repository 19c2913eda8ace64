"""Terminals as an animated SVG, without a script: each line appears when it came. As a still it shows them all."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from tour.terminal import Line

COLUMNS = 78
CHARACTER, LINE = 8.42, 22  # pixels: what 14 px of the fonts below take
EDGE, BAR, GAP = 20, 38, 16
TITLES = ("one terminal", "another")
STYLE = """
    text { font: 14px ui-monospace, "SF Mono", "DejaVu Sans Mono", Menlo, Consolas, monospace; fill: #dfe7e5 }
    .title { fill: #8fa3a0; font-size: 12px }
    .typed { fill: #ffffff; font-weight: 600 }
    .sign { fill: #5fd3c4 }
    .told { fill: #8fa3a0 }
    .link { fill: #f0b45c }
    @media (prefers-reduced-motion: no-preference) {
      .line { animation: appear 0.35s ease-out both; animation-delay: var(--at) }
      @keyframes appear { from { opacity: 0 } }
    }
"""


def film(*terminals: Sequence[Line], alt: str) -> str:
    """Draw terminals above one another; alt: what is seen, in words."""
    wide = round(2 * EDGE + COLUMNS * CHARACTER)
    drawn, top = [], 0
    for title, lines in zip(TITLES, terminals, strict=True):
        box, high = _terminal(title, lines, wide, top)
        drawn.append(box)
        top += high + GAP
    high = top - GAP
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" width="{wide}" height="{high}" '
        'role="img">\n'
        f"<title>{escape(alt)}</title>\n<style>{STYLE}</style>\n" + "".join(drawn) + "</svg>\n"
    )


def _terminal(title: str, lines: Sequence[Line], wide: int, top: int) -> tuple[str, int]:
    rows = [Line(one.at, text, one.typed) for one in lines for text in _wrapped(one)]
    high = BAR + LINE * len(rows) + EDGE
    drawn = [
        f'<g transform="translate(0 {top})">\n<rect width="{wide}" height="{high}" rx="12" fill="#14201f"/>\n',
        *(f'<circle cx="{EDGE + 16 * nth}" cy="18" r="5" fill="#35504d"/>' for nth in range(3)),
        f'\n<text class="title" x="{wide / 2:.0f}" y="22" text-anchor="middle">{escape(title)}</text>\n',
    ]
    for nth, row in enumerate(rows):
        place = f'x="{EDGE}" y="{BAR + LINE * nth + 16}" xml:space="preserve"'
        drawn.append(f'<text class="line" style="--at: {row.at:.2f}s" {place}>{_written(row)}</text>\n')
    return "".join(drawn) + "</g>\n", high


def _written(row: Line) -> str:
    if row.typed:
        return f'<tspan class="sign">$ </tspan><tspan class="typed">{escape(row.text)}</tspan>'
    kind = "told" if row.text.startswith("-- ") else "link" if row.text.startswith("http") else ""
    return f'<tspan class="{kind}">{escape(row.text)}</tspan>' if kind else escape(row.text)


def _wrapped(line: Line) -> list[str]:
    """Cut a line as a terminal of that width does."""
    width = COLUMNS - 2 * line.typed
    return [line.text[start : start + width] for start in range(0, max(1, len(line.text)), width)]
