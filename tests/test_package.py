"""The package as people get it: built, installed, and started from `/`, where no checkout helps it."""

from __future__ import annotations

import contextlib
import hashlib
import os
import queue
import re
import signal
import subprocess
import sys
import sysconfig
import threading
import time
import venv
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

import httpx
import pytest

from quart_chat.errors import SettingsError
from quart_chat.files import folder

ROOT = Path(__file__).parent.parent
VENDOR = ROOT / "static" / "vendor"

START = 30.0  # seconds until the server has printed its address
STOP = 20.0  # seconds from SIGTERM to the end; above Hypercorn's graceful timeout


def environment() -> dict[str, str]:
    """Return this process's environment without what points to a checkout, a store or other settings."""
    own = ("PYTHONPATH", "PYTHONHOME", "REDIS_URL")
    return {name: value for name, value in os.environ.items() if name not in own and "QUART_CHAT" not in name}


def run(*command: str | Path) -> str:
    """Run a command in `/` to its end; return what it printed to stdout."""
    done = subprocess.run(command, cwd="/", env=environment(), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def build_wheel(source: Path, into: Path) -> Path:
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check")
    run(*pip, "wheel", "--no-index", "--no-deps", "--no-build-isolation", "--wheel-dir", into, source)
    (wheel,) = into.glob("*.whl")
    return wheel


def files_in(wheel: Path) -> set[str]:
    return set(ZipFile(wheel).namelist())


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_wheel(ROOT, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the bin/ of a venv that has the wheel, and the tests' own packages for what it needs."""
    place = tmp_path_factory.mktemp("installed")
    venv.create(place, symlinks=True)
    python = place / "bin" / "python"
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", python)
    run(*pip, "install", "--quiet", "--no-index", "--no-deps", wheel)
    # A folder named in a .pth gives its packages but not its own .pth files: the editable checkout stays out.
    own = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())
    theirs = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (own / "tests.pth").write_text("\n".join(sorted(theirs)))
    return place / "bin"


class Server:
    """A running `quart-chat` and all that it printed."""

    def __init__(self, command: Path, data: Path) -> None:
        self.process = subprocess.Popen(
            [command, "--bind", "127.0.0.1:0", "--data", data],
            cwd="/",
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,  # so that the fixture can end its workers and store with it
        )
        self.printed: list[str] = []
        self._lines: queue.Queue[str | None] = queue.Queue()  # None: it closed its output
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            for line in lines:
                self.printed.append(line)
                self._lines.put(line)
        self._lines.put(None)

    def url(self) -> str:
        """Wait until it prints where it listens, and return that."""
        deadline = time.monotonic() + START
        while True:
            try:
                line = self._lines.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"no address within {START} s; it printed:\n{self.output}") from None
            if line is None:
                raise AssertionError(f"it ended without an address; it printed:\n{self.output}")
            if found := re.search(r"http://127\.0\.0\.1:[1-9]\d*", line):
                return found[0]

    @property
    def output(self) -> str:
        return "".join(self.printed)

    def kill(self) -> None:
        """End whatever is left of it."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self._reader.join()


@pytest.fixture
def server(installed: Path, tmp_path: Path) -> Iterator[Server]:
    server = Server(installed / "quart-chat", tmp_path / "data")
    yield server
    server.kill()


def test_the_wheel_carries_every_file_of_the_package(wheel: Path) -> None:
    package = [path for path in (ROOT / "quart_chat").rglob("*") if "__pycache__" not in path.parts]
    beside = [path for name in ("templates", "static") for path in (ROOT / name).rglob("*")]
    wanted = {path.relative_to(ROOT).as_posix() for path in package if path.is_file()}
    wanted |= {f"quart_chat/{path.relative_to(ROOT).as_posix()}" for path in beside if path.is_file()}
    assert wanted - files_in(wheel) == set()
    assert "quart_chat/py.typed" in wanted


def test_the_wheel_made_from_the_sdist_is_the_same(wheel: Path, tmp_path: Path) -> None:
    made = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "sdist", "--directory", tmp_path],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    (sdist,) = tmp_path.glob("*.tar.gz")
    assert files_in(build_wheel(sdist, tmp_path)) == files_in(wheel)


def test_the_installed_package_finds_its_templates_and_its_static_files_within_itself(
    installed: Path,
) -> None:
    script = (
        "import quart_chat, quart_chat.files as files; print(quart_chat.__file__);"
        "print(files.folder('templates')); print(files.folder('static'))"
    )
    module, templates, static = run(installed / "python", "-c", script).splitlines()
    package = Path(module).parent
    assert package.is_relative_to(installed.parent)
    assert Path(templates) == package / "templates"
    assert Path(static) == package / "static"


def test_the_installed_command_serves_pages_and_ends_on_sigterm(server: Server) -> None:
    url = server.url()
    try:
        # trust_env: a proxy in the environment has no business on the loopback
        with httpx.Client(base_url=url, timeout=20, trust_env=False) as client:
            answers = {path: client.get(path) for path in ("/healthz", "/", "/static/vendor/htmx.min.js")}
        assert {path: answer.status_code for path, answer in answers.items()} == dict.fromkeys(answers, 200)
        assert answers["/static/vendor/htmx.min.js"].content == (VENDOR / "htmx.min.js").read_bytes()
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(STOP) == 0
    except (AssertionError, httpx.HTTPError, subprocess.TimeoutExpired) as error:
        raise AssertionError(f"{error}\nthe server printed:\n{server.output}") from error


def test_a_folder_in_the_package_goes_before_the_one_beside_it(tmp_path: Path) -> None:
    package = tmp_path / "quart_chat"
    package.mkdir()
    (tmp_path / "static").mkdir()
    assert folder("static", package) == tmp_path / "static"
    (package / "static").mkdir()
    assert folder("static", package) == package / "static"


def test_a_missing_folder_is_named_with_the_places_that_were_looked_at(tmp_path: Path) -> None:
    package = tmp_path / "quart_chat"
    with pytest.raises(SettingsError) as raised:
        folder("templates", package)
    assert str(package / "templates") in str(raised.value)
    assert str(tmp_path / "templates") in str(raised.value)


def test_every_vendored_file_is_the_one_that_its_readme_states() -> None:
    rows = re.findall(r"^\| (\S+) \| ([0-9a-f]{64}) \|", (VENDOR / "README.md").read_text(), re.MULTILINE)
    found = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in VENDOR.iterdir()
        if path.name != "README.md"
    }
    assert dict(rows) == found
