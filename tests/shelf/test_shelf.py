from __future__ import annotations

import io
import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from quart_chat.errors import ShelfAway
from quart_chat.shelf import shelf as module
from quart_chat.shelf.shelf import PIECE, Shelf

ONE, TWO = "1" * 64, "2" * 64


async def whole(shelf: Shelf, room: str, digest: str, size: int) -> bytes | None:
    pieces = await shelf.read(room, digest, size)
    return None if pieces is None else b"".join([piece async for piece in pieces])


@pytest.mark.parametrize("size", [1, PIECE, PIECE + 1, 6_000_000])
async def test_what_is_kept_comes_back(shelf: Shelf, size: int) -> None:
    content = os.urandom(size)
    await shelf.put("room", ONE, io.BytesIO(content))
    assert await whole(shelf, "room", ONE, size) == content
    assert await whole(shelf, "other", ONE, size) is None
    await shelf.delete("room", [ONE])


async def test_small_pictures_go_with_theirs(shelf: Shelf) -> None:
    await shelf.put("room", ONE, io.BytesIO(b"whole"))
    assert await shelf.read_small("room", ONE) is None
    await shelf.put("room", ONE, io.BytesIO(b"small"), small=True)
    assert await shelf.read_small("room", ONE) == b"small"
    await shelf.delete("room", [ONE, TWO])
    assert await shelf.read_small("room", ONE) is None
    assert await whole(shelf, "room", ONE, 5) is None
    assert await shelf.listed(10) == []


async def test_lists_go_on_from_where_they_were(shelf: Shelf) -> None:
    for room in ("b", "a"):
        for digest in (TWO, ONE):
            await shelf.put(room, digest, io.BytesIO(b"x"))
    found = await shelf.listed(3)
    found += await shelf.listed(3, after=found[-1].path)
    assert [(one.room, one.digest) for one in found] == [("a", ONE), ("a", TWO), ("b", ONE), ("b", TWO)]
    assert all(-5 < one.age < 60 for one in found)
    assert [one.room for one in await shelf.listed(9, room="b")] == ["b", "b"]
    for room in ("a", "b"):
        await shelf.delete(room, [ONE, TWO])


async def test_a_check_leaves_nothing(shelf: Shelf, tmp_path: Path) -> None:
    assert await shelf.check() in ("s3://bucket/some/prefix", str(tmp_path / "files"))
    assert await shelf.listed(10) == []


async def test_a_bucket_that_is_not_there_is_said(in_s3: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(ShelfAway, match="NoSuchBucket"):
        await Shelf("s3://nowhere", tmp_path).check()
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    away = Shelf("s3://bucket", tmp_path)
    with pytest.raises(ShelfAway, match="files cannot be kept or had"):
        await away.put("room", ONE, io.BytesIO(b"x"))
    assert away.has_room(10**15)


async def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "files").write_text("in the way")
    with pytest.raises(ShelfAway):
        await Shelf(None, tmp_path / "files").put("room", ONE, io.BytesIO(b"x"))


async def test_a_folder_is_this_users_alone_and_empty_rooms_go(tmp_path: Path) -> None:
    shelf = Shelf(None, tmp_path / "files")
    assert await shelf.listed(10) == []
    assert not (tmp_path / "files").exists()
    await shelf.put("room", ONE, io.BytesIO(b"x"))
    assert (tmp_path / "files").stat().st_mode & 0o777 == 0o700
    await shelf.delete("room", [ONE])
    assert list((tmp_path / "files").iterdir()) == []


async def test_what_a_crash_left_half_written_goes_after_a_day(tmp_path: Path) -> None:
    shelf = Shelf(None, tmp_path / "files")
    await shelf.put("room", ONE, io.BytesIO(b"x"))
    old, new = (tmp_path / "files" / "room" / f"{TWO}#{number}" for number in (1, 2))
    for path in (old, new):
        path.write_bytes(b"half")
    day = time.time() - 25 * 3600
    os.utime(old, (day, day))
    assert [one.digest for one in await shelf.listed(10)] == [ONE]
    assert (old.exists(), new.exists()) == (False, True)


async def test_a_full_disk_takes_no_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = Shelf(None, tmp_path / "not" / "yet")
    assert shelf.has_room(1)
    assert not shelf.has_room(10**15)
    monkeypatch.setattr(module, "LEAST_FREE", 10**15)
    assert not shelf.has_room(1)


def test_a_process_that_ends_right_after_an_upload_ends_in_order(tmp_path: Path) -> None:
    """obstore's coroutines abort it then; 12 MB are what it happened with in every other run."""
    code = f"""
        import asyncio, io
        from pathlib import Path
        from quart_chat.shelf.shelf import Shelf
        async def main():
            shelf = Shelf(None, Path({str(tmp_path)!r}))
            for _ in range(3):
                await shelf.put("room", "1" * 64, io.BytesIO(b"x" * 12_000_000))
            shelf.close()
        asyncio.run(main())
    """
    for _ in range(3):
        subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=True, timeout=60)
