"""The picture of a soak, by pygal: what each process takes, and when workers were renewed or killed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from xml.etree import ElementTree

import pygal
from pygal.style import Style

from tests.chaos.samples import MINUTE, Sample, lives

WORKERS, STORE, SUPERVISOR, RENEWED, KILLED = "#0969da", "#bc4c00", "#57606a", "#8c959f", "#cf222e"
"""Colours of the lines, in their order."""

Point = tuple[float, float]


def draw(samples: Sequence[Sample], renewed: Sequence[float], killed: Sequence[float], path: Path) -> None:
    """Draw samples over their minutes; renewed, killed: the seconds at which workers were."""
    most = max(max(one.store, *(held for _, held in one.workers.values())) for one in samples)
    top = 20 * (1 + int(most // 20))
    end = max(1, round(samples[-1].at / MINUTE))
    chart = pygal.XY(
        width=960,
        height=480,
        title="People come and go: memory of each process",
        x_title="minutes",
        y_title="memory (Pss), MB",
        range=(0, top),
        xrange=(0, end),
        x_labels=range(end + 1),
        y_labels=range(0, top + 1, 20),
        x_value_formatter=lambda value: f"{value:g}",
        value_formatter=lambda value: f"{value:g}",
        show_dots=False,
        show_x_guides=False,
        allow_interruptions=True,
        legend_at_bottom=True,
        legend_at_bottom_columns=5,
        legend_box_size=12,
        js=(),
        style=Style(
            background="#ffffff",
            plot_background="#ffffff",
            foreground="#1f2328",
            foreground_strong="#1f2328",
            foreground_subtle="#57606a",
            guide_stroke_color="#d0d7de",
            major_guide_stroke_color="#d0d7de",
            font_family="system-ui, sans-serif",
            colors=(WORKERS, STORE, SUPERVISOR, RENEWED, KILLED),
            opacity="1",
            stroke_width="1.8",
            title_font_size=18,
            label_font_size=13,
            major_label_font_size=13,
            legend_font_size=14,
        ),
    )
    chart.add("each worker", _apart(lives(samples)))
    chart.add("store", [_at(one.at, one.store) for one in samples])
    chart.add("supervisor", [_at(one.at, one.supervisor) for one in samples])
    dashes = {"dasharray": "4, 4"}
    chart.add("workers renewed", _apart([(when, 0), (when, top)] for when in renewed), stroke_style=dashes)
    chart.add("a worker killed", _apart([(when, 0), (when, top)] for when in killed), stroke_style=dashes)
    picture = chart.render_tree()
    for script in picture.findall(".//script"):
        picture.find("defs").remove(script)  # what pygal gives its tooltips, with or without js
    path.write_bytes(ElementTree.tostring(picture, encoding="utf-8") + b"\n")


def _at(seconds: float, amount: float) -> Point:
    return round(seconds / MINUTE, 3), round(amount, 1)


def _apart(lines: Iterable[Sequence[Point]]) -> list[Point | None]:
    """Put lines into one row of points, with gaps between them."""
    return [point for line in lines for point in (*(_at(*one) for one in line), None)]
