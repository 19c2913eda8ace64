"""The process that makes one picture anew and ends: `python -I remake.py OUT SMALL PIXELS SIDE FRAMES WIDTH HEIGHT`.

It reads the picture from standard input, writes it to the descriptor OUT, a small still one to SMALL, and one line of
JSON to standard output. Decoders meet strangers' bytes here, so it knows nothing, no settings or names, and memory,
time and output have bounds. It imports nothing of the chat, so that it begins quickly.
"""

from __future__ import annotations

import contextlib
import errno
import io
import json
import os
import resource
import sys
import warnings
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

from PIL import Image, ImageCms, ImageOps, ImageSequence

MEMORY = 1024 * 1024 * 1024  # bytes of address space; 39 megapixels of PNG take 0.5 GB, of WebP 0.9 GB
SECONDS = 30  # of the processor
GROWTH = 4  # times the size that came in, or
LEAST = 64 * 1024 * 1024  # bytes, may come out
LOSSLESS = 12_000_000  # px of a WebP that may stay without loss: 39 million take 1.8 GB and half a minute
DENSE = 2  # pixels of a small picture for one of the page's

FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "AVIF")
MEDIA = {"PNG": "image/png", "JPEG": "image/jpeg", "GIF": "image/gif", "WEBP": "image/webp"}


class TooMuch(Exception):
    """It has more pixels or frames than it may."""


def main(out: int, small: int, *bounds: int) -> dict[str, Any]:
    """Make the picture on standard input anew; gives what there is to say of it.

    bounds: pixels, pixels of a side, and frames that it may have; width and height that it takes in a page at most.
    """
    size = os.fstat(0).st_size
    _bound(size)
    warnings.simplefilter("ignore")  # of what is odd in a file
    Image.MAX_IMAGE_PIXELS = None  # looked at here, before anything is decoded
    try:
        with os.fdopen(0, "rb") as source, os.fdopen(out, "wb") as whole, os.fdopen(small, "wb") as thumb:
            source.seek(0)
            return _remake(source, whole, thumb, bounds)
    except (TooMuch, MemoryError):
        return {"refused": "pixels"}
    except OSError as error:
        return {"refused": "full" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "broken"}
    except Exception:  # whatever a decoder raises
        return {"refused": "broken"}


def _bound(size: int) -> None:
    most = max(GROWTH * size, LEAST)
    limits = {
        resource.RLIMIT_AS: MEMORY,
        resource.RLIMIT_CPU: SECONDS,
        resource.RLIMIT_FSIZE: most,
        resource.RLIMIT_NOFILE: 32,
        resource.RLIMIT_CORE: 0,
    }
    for limit, value in limits.items():
        with contextlib.suppress(ValueError, OSError):  # a tighter one is there, or the system has none
            resource.setrlimit(limit, (value, value))
    with contextlib.suppress(OSError):
        os.nice(10)  # people's messages come first


def _remake(source: BinaryIO, whole: BinaryIO, thumb: BinaryIO, bounds: Sequence[int]) -> dict[str, Any]:
    lossless = _is_lossless(source)
    with Image.open(source, formats=FORMATS) as picture:
        width, height = picture.size
        pixels, side, frames, *box = bounds
        if width * height > pixels or max(width, height) > side:
            raise TooMuch
        made = "WEBP" if picture.format == "AVIF" else "JPEG" if picture.format == "MPO" else str(picture.format)
        moves = made in ("GIF", "WEBP") and getattr(picture, "is_animated", False)
        if moves:
            count, first = _moving(picture, whole, made, (pixels, frames))
        else:
            count, first = 1, _still(picture, made)
            first.save(whole, made, **_choices(made, lossless and width * height <= LOSSLESS))
        first = first.convert("RGBA" if first.has_transparency_data else "RGB")
        size = first.size
        first = _small(first, box)
        first.info = {}
        first.save(thumb, "WEBP", quality=78, method=4)
    return {"media": MEDIA[made], "width": size[0], "height": size[1], "frames": count}


def _small(picture: Image.Image, box: Sequence[int]) -> Image.Image:
    """Make it small. Its sides have the ratio that the page tells (`attachments.in_page`), so that nothing moves."""
    scale = min(1.0, box[0] / picture.width, box[1] / picture.height)
    if scale == 1:
        return picture
    width, height = (DENSE * max(1, round(scale * side)) for side in picture.size)
    return picture.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3.0)


def _is_lossless(source: BinaryIO) -> bool:
    head = source.read(16)
    source.seek(0)
    return head[12:16] == b"VP8L"


def _choices(made: str, lossless: bool) -> dict[str, Any]:
    """Say how a picture is written. Nothing that came with it is: no profile, no EXIF, no texts."""
    if made == "JPEG":
        return {"quality": 90, "optimize": True, "icc_profile": None, "exif": b"", "comment": b""}
    if made == "WEBP":
        return {"quality": 90, "method": 3, "lossless": lossless, "icc_profile": b"", "exif": b"", "xmp": b""}
    return {"icc_profile": None, "exif": None} if made == "PNG" else {"comment": b""}


def _still(picture: Image.Image, made: str) -> Image.Image:
    """Give the picture as one sees it: upright, in sRGB, and with nothing else."""
    picture.load()
    profile = picture.info.get("icc_profile")
    turned = ImageOps.exif_transpose(picture)
    clear = turned.info.get("transparency")
    turned.info = {} if clear is None else {"transparency": clear}
    if turned.mode.startswith(("I", "F")):  # 16 bits a pixel
        turned = turned.convert("I").point(lambda value: value / 256).convert("L")
    turned = _in_srgb(turned, profile)
    if made in ("JPEG", "WEBP") and turned.mode not in ("L", "RGB"):
        alpha = made == "WEBP" and turned.has_transparency_data
        turned = turned.convert("RGBA" if alpha else "RGB")
    if made == "PNG" and turned.mode not in ("1", "L", "LA", "P", "RGB", "RGBA"):
        turned = turned.convert("RGBA" if turned.has_transparency_data else "RGB")
    return turned


def _in_srgb(picture: Image.Image, profile: bytes | None) -> Image.Image:
    """Take a picture of other colours (a phone's wide ones, a printer's) to those that browsers take for granted."""
    if not profile or picture.mode not in ("RGB", "RGBA", "CMYK"):
        return picture
    with contextlib.suppress(ImageCms.PyCMSError, OSError, ValueError):
        mode = "RGBA" if picture.mode == "RGBA" else "RGB"
        given = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        found = ImageCms.profileToProfile(picture, given, ImageCms.createProfile("sRGB"), outputMode=mode)
        if found is not None:
            found.info = {}
            return found
    return picture


def _moving(picture: Image.Image, whole: BinaryIO, made: str, most: tuple[int, int]) -> tuple[int, Image.Image]:
    """Write what moves, frame by frame; gives how many there were, and the first one."""
    pixels, frames = most
    times: list[int] = []
    loop = int(picture.info.get("loop", 1))

    def each() -> Iterator[Image.Image]:
        for frame in ImageSequence.Iterator(picture):
            if len(times) == frames or (len(times) + 1) * frame.width * frame.height > 4 * pixels:
                raise TooMuch
            frame.load()  # WebP knows a frame's time only then
            times.append(max(20, int(frame.info.get("duration", 0) or 100)))
            clear = frame.info.get("transparency")
            copy = frame.copy() if made == "GIF" else frame.convert("RGBA")
            copy.info = {} if clear is None or made != "GIF" else {"transparency": clear}
            yield copy

    made_frames = list(each())
    first = made_frames[0]
    how: dict[str, Any] = {"comment": b"", "disposal": 2 if first.has_transparency_data else 0}
    if made == "WEBP":
        how = {"quality": 80, "method": 0, "icc_profile": b"", "exif": b"", "xmp": b""}
    if made == "WEBP" or "loop" in picture.info:
        how["loop"] = loop
    first.save(whole, made, save_all=True, append_images=made_frames[1:], duration=times, **how)
    return len(made_frames), first


if __name__ == "__main__":
    print(json.dumps(main(*map(int, sys.argv[1:8]))), flush=True)
