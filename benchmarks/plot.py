"""One picture of the talk: CPU a delivery when quiet, deliveries a second when busy. SVG, without a library."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from benchmarks.rounds import Spread
from benchmarks.targets import number

WIDTH = 720
NAMES = 150  # of the width, for the servers' names
BAR = 18
STEP = 28
HEAD = 44
FIGURES = 130  # of the width, for the figures behind the bars

STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #1f2328; }
  .title { font-weight: 600; }
  .bar { fill: #8c959f; } .bar.own { fill: #0969da; }
  .spread { stroke: #1f2328; stroke-width: 1.5; opacity: .65; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; }
    .bar { fill: #6e7681; } .bar.own { fill: #58a6ff; }
    .spread { stroke: #e6edf3; }
  }
"""


@dataclass(frozen=True, slots=True)
class Panel:
    """One group of bars. rows: (name, figures, whether it is ours)."""

    title: str
    rows: Sequence[tuple[str, Spread, bool]]


def draw(panels: Sequence[Panel]) -> str:
    """Draw the panels one below the other; bars of the median, lines from the least to the most."""
    height = sum(HEAD + STEP * len(panel.rows) for panel in panels) + 8
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">',
        f"<title>{escape('; '.join(panel.title for panel in panels))}</title>",
        f"<style>{STYLE}</style>",
    ]
    top = 0
    for panel in panels:
        parts.append(f'<text class="title" x="0" y="{top + 26}">{escape(panel.title)}</text>')
        top += HEAD
        most = max(figures.most for _, figures, _ in panel.rows) or 1.0
        for name, figures, own in panel.rows:
            parts.extend(_row(name, figures, own, top, (WIDTH - NAMES - FIGURES) / most))
            top += STEP
    return "\n".join([*parts, "</svg>", ""])


def _row(name: str, figures: Spread, own: bool, top: int, scale: float) -> list[str]:
    middle = top + BAR / 2
    least, most = NAMES + figures.least * scale, NAMES + figures.most * scale
    width = max(1.0, figures.median * scale)
    return [
        f'<text x="{NAMES - 8}" y="{middle + 4:.0f}" text-anchor="end">{escape(name)}</text>',
        f'<rect class="bar{" own" if own else ""}" x="{NAMES}" y="{top}" width="{width:.1f}" height="{BAR}" rx="2"/>',
        f'<line class="spread" x1="{least:.1f}" x2="{most:.1f}" y1="{middle:.0f}" y2="{middle:.0f}"/>',
        f'<text x="{most + 8:.1f}" y="{middle + 4:.0f}">{number(figures.median)}</text>',
    ]
