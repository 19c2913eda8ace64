"""Pictures and what poses as some, made here: tests need no files of others."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from typing import Any

from PIL import Image, ImageDraw
from PIL.PngImagePlugin import PngInfo

SECRET = "52.5200 N 13.4050 E"  # where it was taken, which nobody is to learn


def drawn(kind: str = "PNG", size: tuple[int, int] = (60, 40), mode: str = "RGB", **how: Any) -> bytes:
    """Draw a picture whose left upper corner is red."""
    picture = Image.new("RGB", size, "blue")
    ImageDraw.Draw(picture).rectangle((0, 0, size[0] // 4, size[1] // 4), fill="red")
    out = io.BytesIO()
    picture.convert(mode).save(out, kind, **how)
    return out.getvalue()


def moving(kind: str = "GIF", frames: int = 5, size: tuple[int, int] = (40, 30)) -> bytes:
    made = []
    for number in range(frames):
        frame = Image.new("RGB", size, "navy")
        ImageDraw.Draw(frame).rectangle((number, number, number + 9, number + 9), fill="orange")
        made.append(frame)
    out = io.BytesIO()
    made[0].save(out, kind, save_all=True, append_images=made[1:], duration=70, loop=0)
    return out.getvalue()


def told(kind: str) -> bytes:
    """Draw one that tells all it can of itself: EXIF with a place, texts, a profile; and that lies on its side."""
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    exif[0x010E] = SECRET
    exif.get_ifd(0x8825)[1] = SECRET
    how: dict[str, Any] = {"exif": exif}
    if kind == "PNG":
        texts = PngInfo()
        texts.add_text("Comment", SECRET)
        texts.add_itxt("XML:com.adobe.xmp", f"<x>{SECRET}</x>")
        how["pnginfo"] = texts
    elif kind == "JPEG":
        how |= {"comment": SECRET, "quality": 95}
    elif kind == "WEBP":
        how |= {"xmp": SECRET.encode(), "lossless": True}
    return drawn(kind, **how)


def zipped(name: str = "evil.txt") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(name, "polyglot")
    return out.getvalue()


def png_that_is_a_zip() -> bytes:
    return drawn("PNG") + zipped()


def gif_that_is_a_script() -> bytes:
    """Every byte of its header is one of a comment in JavaScript: GIF89a = the screen's size `/*`."""
    picture = moving(frames=1)
    return picture[:6] + b"/*" + picture[8:] + b"*/=1;alert(document.domain);//"


def bomb(side: int = 60_000) -> bytes:
    """A PNG of some KB that would be side * side pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    rows = zlib.compress(bytes(1000 * (side // 8 + 1)), 9)
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
