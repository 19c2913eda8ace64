"""QR codes, as pictures that stand in a page: no address of a picture holds what they say."""

from __future__ import annotations

import segno
from markupsafe import Markup


def qr(text: str) -> Markup:
    """Draw a text, such as a link. The stylesheet gives it its size; it stays dark on light in any theme."""
    code = segno.make_qr(text, error="m")
    return Markup(code.svg_inline(border=3, omitsize=True, dark="#000", light="#fff", svgclass="qr", lineclass=None))  # noqa: S704 - drawn here, with no text in it
