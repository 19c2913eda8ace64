"""Files that messages carry: how they are called, and which are taken. Their bytes decide, not what they claim."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Any, NamedTuple

from quart_chat.errors import BadFile
from quart_chat.room.characters import has_surrogate, one_line

MB = 1_000_000  # bytes
MOST_FILES = 10  # of a message
MAX_NAME = 100  # code points, and
MAX_NAME_BYTES = 200  # as UTF-8, for a file system takes 255
EXCERPT = 140  # code points of a quote, as `markup.EXCERPT`
BOX = (320, 280)  # px that a picture takes in a page at most; twice that on dense screens
HEAD = 64 * 1024  # bytes of a file that are looked at

PNG, JPEG, GIF, WEBP, AVIF = "image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"
SHOWN = {PNG: (".png",), JPEG: (".jpg", ".jpeg", ".jfif"), GIF: (".gif",), WEBP: (".webp",)}
"""What pictures become (AVIF becomes WebP), and the endings that their names may have."""

_CLAIMS = {PNG, JPEG, GIF, WEBP, AVIF, "image/jpg", "image/pjpeg", "image/apng"}
_ENDINGS = {*(ending for endings in SHOWN.values() for ending in endings), ".avif", ".apng"}
_DRAWINGS = {".svg", ".svgz"}
_PAGES = {".html", ".htm", ".xhtml", ".xht", ".shtml", ".mht", ".mhtml"}
# what a double click runs, on one system or another
_PROGRAMS = set(
    """
    .app .bat .cmd .com .command .cpl .desktop .exe .hta .jar .js .jse .lnk .mjs .msi .msp .pif .ps1 .reg .scf .scr
    .url .vbe .vbs .wsf .wsh
    """.split()
)
# What browsers take for a page (https://mimesniff.spec.whatwg.org/#identifying-a-resource-with-an-unknown-mime-type).
_TAG = re.compile(rb"<(?:!doctype\s+html|html|head|script|iframe|h1|div|font|table|a|style|title|b|body|br|p)[\s>/]")
_PAGE = re.compile(rb"<(?:!doctype\s+html|html|script|iframe)[\s>/]|www\.w3\.org/1999/xhtml")
_SVG = re.compile(rb"<(?:[a-z0-9_]+:)?svg[\s>/]|www\.w3\.org/2000/svg")
_BLANK = b"\xef\xbb\xbf\xfe\xff \t\r\n\x0c"  # marks of byte order, and white space

_DIGEST = re.compile(r"[0-9a-f]{64}")
_FORBIDDEN = re.compile(r'[<>:"|?*\\/]')  # by Windows in a name; the slashes lead elsewhere on every system
_DEVICE = re.compile(r"(?i)(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(\.|$)")


class Attached(NamedTuple):
    """A file of a message.

    name: as `clean_file_name` left it. digest: SHA-256 of its bytes, as 64 hex digits. size: bytes.
    media: of SHOWN; "" for what is only to be downloaded. width, height: of a picture, px; frames: 1 where it stands
    still, more where it moves. All three are 0 for what is none.
    """

    name: str
    digest: str
    size: int
    media: str = ""
    width: int = 0
    height: int = 0
    frames: int = 0


def in_page(width: int, height: int) -> tuple[int, int]:
    """Tell how large a picture stands in a page, px."""
    scale = min(1.0, BOX[0] / width, BOX[1] / height)
    return max(1, round(scale * width)), max(1, round(scale * height))


def most_bytes(megabytes: int) -> int:
    """Tell how many bytes all files of a message may have; megabytes: that one may."""
    return MOST_FILES * megabytes * MB


def is_digest(text: object) -> bool:
    """Tell whether text can be a file's digest."""
    return isinstance(text, str) and _DIGEST.fullmatch(text) is not None


def read_attached(fields: Any) -> tuple[Attached, ...]:
    """Read what a message holds of its files; what a later version adds at the end is passed over.

    Raises:
        ValueError, TypeError: it is something else.
    """
    return tuple(map(_attached, fields))


def _attached(fields: Any) -> Attached:
    name, digest, size, *more = fields
    media, width, height, frames = (*more, *("", 0, 0, 0)[len(more) :])[:4]
    if not isinstance(name, str) or not is_digest(digest):
        raise TypeError("a file has no name or no digest")
    shown = media if media in SHOWN else ""  # nobody else's word makes a page show something
    numbers = tuple(map(int, (size, width, height, frames)))
    if not all(0 <= number < 2**53 for number in numbers):
        raise ValueError("a number of a file is none")
    shown = shown if all(numbers[1:]) else ""
    return Attached(name, digest, numbers[0], shown, *(numbers[1:] if shown else ()))


def named(files: Iterable[Attached]) -> str:
    """Give the names of files as one short text, for what quotes a message that has nothing else."""
    names = ", ".join(f"📎 {one.name}" for one in files)
    return names if len(names) <= EXCERPT else f"{names[: EXCERPT - 1]}…"


# --- names -------------------------------------------------------------------------------------------


def clean_file_name(name: str) -> str:
    """Make a name that every system can keep of what a browser sent: no folders, controls or bidi overrides.

    It is at most MAX_NAME code points long, its ending stays, and it says nothing that Windows takes for a device.
    """
    text = "".join(one for one in name[-4096:] if not has_surrogate(one))
    text = one_line(re.split(r"[/\\]", text)[-1])
    text = _FORBIDDEN.sub("_", text).strip(". ")
    if not any(unicodedata.category(one)[0] in "LN" for one in text):
        return "file"
    if _DEVICE.match(text):
        text = f"_{text}"
    stem, ending = _split(text)
    while len(stem) + len(ending) > MAX_NAME or len((stem + ending).encode()) > MAX_NAME_BYTES:
        stem = stem[:-1]
    return stem.rstrip(". ") + ending


def name_as(name: str, media: str) -> str:
    """Give a picture's name the ending of what it became; name: cleaned."""
    stem, ending = _split(name)
    if ending.lower() in SHOWN[media]:
        return name
    return clean_file_name((stem if ending.lower() in _ENDINGS else name) + SHOWN[media][0])


def _split(name: str) -> tuple[str, str]:
    stem, dot, ending = name.rpartition(".")
    return (stem, f".{ending}") if stem and dot and 0 < len(ending) <= 10 else (name, "")


# --- contents ----------------------------------------------------------------------------------------


def is_picture(name: str, head: bytes, declared: str = "") -> bool:
    """Tell whether a file is to be taken as a picture or as a download.

    name: cleaned; head: its first HEAD bytes; declared: the type that the browser named, which is believed in nothing
    but that it claims a picture.

    Raises:
        BadFile: it is empty, may run somewhere, or claims to be a picture and is none.
    """
    ending = _split(name)[1].lower()
    if not head:
        raise BadFile("“%(name)s” is empty.", name=name)
    start = head.replace(b"\0", b"").lstrip(_BLANK).lower()  # UTF-16 too
    text = start.startswith(b"<")
    if ending in _DRAWINGS or (text and _SVG.search(start)):
        raise BadFile("“%(name)s” is an SVG, which can hold a script. Send it as PNG, or put it into a ZIP.", name=name)
    if ending in _PAGES or (text and (_TAG.match(start) or _PAGE.search(start))):
        raise BadFile("“%(name)s” is a web page, which can hold a script. Put it into a ZIP.", name=name)
    if ending in _PROGRAMS:
        raise BadFile("“%(name)s” is a program or a shortcut. Put it into a ZIP.", name=name)
    if _is_drawn(head):
        return True
    if ending in _ENDINGS or declared.partition(";")[0].strip().lower() in _CLAIMS:
        raise BadFile(
            "“%(name)s” says that it is a picture, and it is none. Save it anew as PNG or JPEG, or put it into a ZIP.",
            name=name,
        )
    return False


def _is_drawn(head: bytes) -> bool:
    """Tell whether bytes begin as a picture does that can be made anew."""
    if head.startswith((b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a")):
        return True
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return True
    return head[4:8] == b"ftyp" and (head[8:12] in (b"avif", b"avis") or b"avif" in head[16:64])
