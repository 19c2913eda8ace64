"""The picture that somebody of the script sends: a ginkgo leaf."""

from __future__ import annotations

import io
import math

from PIL import Image, ImageDraw, ImageFilter

WIDE, HIGH = 960, 480  # pixels
FINER = 2  # times as large while it is drawn, so that edges come out smooth


def leaf() -> bytes:
    """Draw a ginkgo's leaf on paper; returns a JPEG, as a camera would give one."""
    wide, high = WIDE * FINER, HIGH * FINER
    paper = Image.linear_gradient("L").resize((wide, high))
    picture = Image.composite(
        Image.new("RGB", (wide, high), "#d9d2c3"), Image.new("RGB", (wide, high), "#f4efe4"), paper
    )
    shape = [*_fan(wide, high)]
    shadow = Image.new("L", (wide, high), 0)
    ImageDraw.Draw(shadow).polygon([(x + 22, y + 30) for x, y in shape], fill=120)
    shade = Image.new("RGB", (wide, high), "#8b8272")
    picture.paste(shade, mask=shadow.filter(ImageFilter.GaussianBlur(26)))
    draw = ImageDraw.Draw(picture)
    foot = (wide * 0.5, high * 0.76)
    draw.line([foot, (wide * 0.52, high * 0.86), (wide * 0.56, high * 0.95)], fill="#a9963a", width=14, joint="curve")
    draw.polygon(shape, fill="#d8b72f")
    for x, y in shape[2:-2:3]:  # a ginkgo's veins fork, and never meet again
        draw.line([foot, (foot[0] + (x - foot[0]) * 0.93, foot[1] + (y - foot[1]) * 0.93)], fill="#c19f1f", width=3)
    file = io.BytesIO()
    picture.resize((WIDE, HIGH), Image.Resampling.LANCZOS).save(file, "JPEG", quality=88)
    return file.getvalue()


def _fan(wide: int, high: int) -> list[tuple[float, float]]:
    foot, reach = (wide * 0.5, high * 0.76), high * 0.66
    edge = [(foot[0] - 9, foot[1])]
    for step in range(181):
        turn = math.radians(200 + step * 140 / 180)
        notch = 1 - 0.3 * math.exp(-(((step - 90) / 7) ** 2))
        wave = 1 + 0.018 * math.sin(step / 4) + 0.01 * math.sin(step / 1.7)
        edge.append((foot[0] + reach * notch * wave * math.cos(turn), foot[1] + reach * notch * wave * math.sin(turn)))
    return [*edge, (foot[0] + 9, foot[1])]
