from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from quart_chat.errors import SettingsError
from quart_chat.server import CannotStart
from quart_chat.server.folder import LONGEST_SOCKET, Folder, lock


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    made = Folder(tmp_path / "data")
    made.make()
    return made


def far_away(tmp_path: Path) -> Folder:
    folder = Folder(tmp_path / ("long" * 30))
    folder.make()
    return folder


def test_it_is_made_for_this_user_alone(folder: Folder) -> None:
    assert [path.stat().st_mode & 0o777 for path in (folder.root, folder.store)] == [0o700, 0o700]


def test_a_folder_that_cannot_be_made_is_a_setting_that_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match="--data"):
        Folder(tmp_path / "file" / "data").make()


def test_only_one_holds_it(folder: Folder) -> None:
    with folder.hold() as crashed:
        assert not crashed
        with (
            pytest.raises(CannotStart, match=rf"in use by another quart-chat \(pid {os.getpid()}\)"),
            folder.hold(),
        ):
            pass
    with folder.hold() as crashed:
        assert not crashed


def test_who_comes_after_a_crash_knows_it(folder: Folder) -> None:
    (folder.root / "lock").write_text("4711\n")
    with folder.hold() as crashed:
        assert crashed


def test_a_short_path_keeps_its_socket_inside(folder: Folder) -> None:
    if len(os.fsencode(folder.store / "valkey.sock")) > LONGEST_SOCKET:
        pytest.skip("the temporary folder itself is far away")
    assert folder.new_socket() == folder.recorded_socket() == folder.store / "valkey.sock"


def test_a_long_path_has_its_socket_elsewhere_and_knows_where(tmp_path: Path) -> None:
    folder = far_away(tmp_path)
    socket = folder.new_socket()
    assert len(os.fsencode(socket)) <= LONGEST_SOCKET
    assert socket.parent.stat().st_mode & 0o777 == 0o700
    assert folder.recorded_socket() == socket
    folder.forget_socket()
    assert not socket.parent.exists()


def test_a_copy_of_a_folder_leaves_the_originals_socket_alone(tmp_path: Path) -> None:
    import socket as sockets

    original, copy = far_away(tmp_path), Folder(tmp_path / ("copy" * 30))
    path = original.new_socket()
    with sockets.socket(sockets.AF_UNIX) as listener:
        listener.bind(os.fspath(path))
        listener.listen()
        shutil.copytree(original.root, copy.root)
        other = copy.new_socket()
        assert other != path
        assert path.exists()
    copy.forget_socket()
    original.forget_socket()
    assert not path.parent.exists()


def test_a_lock_belongs_to_one_opening_of_a_file(tmp_path: Path) -> None:
    first, second = (os.open(tmp_path / "alive", os.O_RDWR | os.O_CREAT) for _ in range(2))
    assert lock(first)
    assert lock(first)
    assert not lock(second)
    os.close(first)
    assert lock(second)
    os.close(second)
