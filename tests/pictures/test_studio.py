"""Pictures come out with nothing but what one sees, and whatever poses as one harms nothing."""

from __future__ import annotations

import io
import os
import tempfile
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from quart_chat.errors import BadFile
from quart_chat.pictures import studio
from quart_chat.pictures.studio import Studio
from quart_chat.room.attachments import in_page
from tests.pictures.drawings import (
    SECRET,
    bomb,
    drawn,
    gif_that_is_a_script,
    moving,
    png_that_is_a_zip,
    told,
    zipped,
)


async def made(content: bytes) -> tuple[bytes, Image.Image, Image.Image, tuple[str, int, int, int]]:
    """Make one anew; gives its bytes, it, the small one, and what was said of it."""
    with tempfile.TemporaryFile() as source:
        source.write(content)
        source.flush()
        async with Studio(None).remade(source, "a picture") as done:
            done.content.seek(0)
            done.small.seek(0)
            whole, small = done.content.read(), done.small.read()
    said = (done.media, done.width, done.height, done.frames)
    return whole, Image.open(io.BytesIO(whole)), Image.open(io.BytesIO(small)), said


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
async def test_what_a_picture_tells_of_itself_is_gone_and_it_stands_upright(kind: str) -> None:
    source = told(kind)
    assert SECRET.encode() in source
    whole, picture, small, said = await made(source)
    for one in (whole, small.fp.read() if small.fp else b""):
        assert SECRET.encode() not in one
        assert b"52.52" not in one
    assert not set(picture.info) & {"exif", "icc_profile", "comment", "xmp", "Comment", "XML:com.adobe.xmp"}
    assert not picture.getexif()
    assert said == (f"image/{kind.lower()}", 40, 60, 1)
    red = picture.convert("RGB").getpixel((38, 2))  # it was turned by a quarter
    assert isinstance(red, tuple)
    assert red[0] > 200
    assert red[2] < 60
    assert small.size == (40, 60)
    assert small.format == "WEBP"


async def test_a_gif_loses_its_comments() -> None:
    source = drawn("GIF", comment=SECRET.encode())
    assert SECRET.encode() in source
    whole, _, _, said = await made(source)
    assert SECRET.encode() not in whole
    assert said == ("image/gif", 60, 40, 1)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16"])
async def test_every_kind_of_png_comes_out_as_one(mode: str) -> None:
    _, picture, _, said = await made(drawn("PNG", mode="L" if mode == "I;16" else mode))
    assert (picture.size, said[0]) == ((60, 40), "image/png")


async def test_a_palette_keeps_what_is_clear(tmp_path: Path) -> None:
    picture = Image.new("P", (8, 8))
    picture.putpalette([255, 0, 0, 0, 255, 0])
    out = io.BytesIO()
    picture.save(out, "PNG", transparency=0)
    _, found, _, _ = await made(out.getvalue())
    assert found.convert("RGBA").getpixel((0, 0)) == (255, 0, 0, 0)


async def test_a_printers_colours_become_a_screens() -> None:
    _, picture, _, said = await made(drawn("JPEG", mode="CMYK"))
    assert (picture.mode, said[0]) == ("RGB", "image/jpeg")


async def test_avif_becomes_what_more_programs_read() -> None:
    _, picture, _, said = await made(drawn("AVIF"))
    assert (picture.format, said) == ("WEBP", ("image/webp", 60, 40, 1))


@pytest.mark.parametrize("kind", ["GIF", "WEBP"])
async def test_what_moves_goes_on_moving(kind: str) -> None:
    _, picture, small, said = await made(moving(kind))
    assert said == (f"image/{kind.lower()}", 40, 30, 5)
    assert getattr(picture, "n_frames", 1) == 5
    assert picture.info["loop"] == 0
    picture.seek(1)
    picture.load()
    assert picture.info["duration"] == 70
    assert getattr(small, "n_frames", 1) == 1


async def test_a_large_one_gets_a_small_one() -> None:
    _, picture, small, _ = await made(drawn("JPEG", size=(3000, 1500)))
    assert (picture.size, small.size) == ((3000, 1500), (640, 320))
    assert (small.width / small.height) == 2


async def test_what_is_hidden_behind_a_picture_is_gone() -> None:
    source = png_that_is_a_zip()
    assert zipfile.is_zipfile(io.BytesIO(source))
    whole, _, _, _ = await made(source)
    assert not zipfile.is_zipfile(io.BytesIO(whole))
    assert b"polyglot" not in whole


async def test_a_picture_that_is_a_script_too_is_one_no_more() -> None:
    source = gif_that_is_a_script()
    assert source.startswith(b"GIF89a/*")
    whole, _, _, _ = await made(source)
    assert b"alert" not in whole
    assert not whole.startswith(b"GIF89a/*")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"GIF89a/*" + b"x" * 100 + b"*/=1;alert(1)",
        b"\x89PNG\r\n\x1a\n",
        drawn("PNG")[:80],
        drawn("JPEG")[:300],
        moving("WEBP")[:200],
        zipped(),
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        drawn("TIFF"),
        drawn("BMP"),
    ],
)
async def test_what_is_no_whole_picture_is_refused(content: bytes) -> None:
    with pytest.raises(BadFile, match="“a picture” could not be read as a picture"):
        await made(content)


async def test_a_bomb_is_refused_by_its_size_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(studio, "WITHIN", 10.0)
    assert len(bomb()) < 50_000
    with pytest.raises(BadFile, match="too many pixels"):
        await made(bomb())


async def test_too_many_frames_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(studio, "FRAMES", 4)
    with pytest.raises(BadFile, match="too many pixels"):
        await made(moving(frames=5))


async def test_a_process_that_burns_its_time_is_ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    busy = tmp_path / "busy.py"
    busy.write_text("import resource\nresource.setrlimit(resource.RLIMIT_CPU, (1, 1))\nwhile True: pass")
    monkeypatch.setattr(studio, "PROCESS", busy)
    with pytest.raises(BadFile, match=r"could not be read|too long"):
        await made(drawn())


async def test_a_process_that_takes_too_long_is_ended_and_the_next_is_served(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    hanging = tmp_path / "hanging.py"
    hanging.write_text("import time; time.sleep(600)")
    with monkeypatch.context() as patched:
        patched.setattr(studio, "PROCESS", hanging)
        patched.setattr(studio, "WITHIN", 0.3)
        with pytest.raises(BadFile, match="too long"):
            await made(drawn())
    assert (await made(drawn()))[3][0] == "image/png"


@pytest.mark.parametrize("end", ["os.kill(os.getpid(), 9)", "sys.exit(3)", "b'x' * (4 << 30)"])
async def test_a_process_that_dies_harms_nothing(end: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    dying = tmp_path / "dying.py"
    source = studio.PROCESS.read_text(encoding="utf-8")
    dying.write_text(f"import os, sys\n{source}".replace("def _remake(", f"def _remake(*_):\n    {end}\ndef _other("))
    monkeypatch.setattr(studio, "PROCESS", dying)
    with pytest.raises(BadFile):
        await made(drawn())


async def test_it_knows_nothing_of_this_process(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("QUART_CHAT_SECRET_KEY", "this must stay here")
    spying = tmp_path / "spying.py"
    spying.write_text("import os, json; open(1, 'w').write(json.dumps({'refused': ' '.join(os.environ)}))")
    monkeypatch.setattr(studio, "PROCESS", spying)
    seen: list[str] = []
    monkeypatch.setattr(studio, "_refused", lambda why, name: seen.append(why) or BadFile(why))
    with pytest.raises(BadFile):
        await made(drawn())
    assert not any("QUART" in one or "AWS" in one for one in seen)
    assert os.environ["QUART_CHAT_SECRET_KEY"]


@pytest.mark.parametrize("size", [(1000, 333), (333, 1000), (321, 280), (4000, 3), (7, 7)])
async def test_a_small_one_has_the_ratio_that_the_page_tells(size: tuple[int, int]) -> None:
    _, _, small, _ = await made(drawn("PNG", size=size))
    width, height = in_page(*size)
    assert small.size in ((width, height), (2 * width, 2 * height))
