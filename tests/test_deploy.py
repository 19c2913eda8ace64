"""What deploy/ holds is read by the programs that it is for, or by their linters, where they can be had."""

from __future__ import annotations

import configparser
import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import crossplane
import pytest
import yaml

from quart_chat.cli import main
from tests.ports import free_port

REPOSITORY = Path(__file__).resolve().parents[1]
DEPLOY = REPOSITORY / "deploy"


def read(name: str) -> str:
    return (DEPLOY / name).read_text(encoding="utf-8")


def settings() -> set[str]:
    """Give the names of all settings."""
    sources = ((REPOSITORY / "quart_chat" / name).read_text("utf-8") for name in ("config.py", "branding.py"))
    return {name for source in sources for name in re.findall(r"QUART_CHAT_[A-Z_]+", source)}


def test_every_setting_that_is_named_is_one() -> None:
    for file in (path for path in DEPLOY.rglob("*") if path.is_file()):
        assert set(re.findall(r"QUART_CHAT_[A-Z_]+", file.read_text("utf-8"))) <= settings(), file.name


def test_every_setting_is_told_in_the_readme() -> None:
    readme = (REPOSITORY / "README.md").read_text("utf-8")
    for name in settings():
        assert f"| `{name}` |" in readme, name


def test_the_dockerfile_is_sound() -> None:
    text = read("Dockerfile")
    for line in re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.MULTILINE):
        for source in line.split():
            assert (REPOSITORY / source).exists(), source
    last = text.rpartition("\nFROM ")[2]
    assert re.search(r"^USER (?!root)", last, re.MULTILINE)
    assert "HEALTHCHECK" in last
    command = json.loads(re.findall(r"^CMD (\[.+\])$", last, re.MULTILINE)[-1])
    main.make_context("quart-chat", list(command))
    linter = shutil.which("hadolint", path=str(REPOSITORY / ".venv" / "bin")) or shutil.which("hadolint")
    if linter is not None:  # its wheel is for Linux on x86-64
        done = subprocess.run([linter, str(DEPLOY / "Dockerfile")], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


def test_the_compose_file_fits_together() -> None:
    whole: dict[str, Any] = yaml.safe_load(read("compose.yaml"))
    services = whole["services"]
    chats = {name: one for name, one in services.items() if "build" in one}
    assert len(chats) == 2
    for one in chats.values():
        build = one["build"]
        assert (DEPLOY / build["context"] / build["dockerfile"]).resolve() == DEPLOY / "Dockerfile"
        main.make_context("quart-chat", list(one["command"]))
        assert set(one["depends_on"]) <= set(services)
        host = re.fullmatch(r"redis://(\w+):6379/0", one["environment"]["REDIS_URL"])
        assert host is not None
        assert host[1] in services
        assert one["environment"]["QUART_CHAT_TRUSTED_HOPS"] == "1"
        assert one["read_only"]
    proxy = services["proxy"]
    for upstream in proxy["environment"]["CHAT_SERVERS"].split():
        assert upstream.removesuffix(":8000") in chats
    for name, service in services.items():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert source in whole["volumes"] or (DEPLOY / source).exists(), name


def test_the_units_say_what_the_command_takes() -> None:
    units = {}
    for name in ("quart-chat.service", "quart-chat.socket"):
        parser = configparser.ConfigParser(strict=False, interpolation=None, delimiters=("=",))
        parser.optionxform = str  # type: ignore[assignment,method-assign]
        parser.read_string(read(name))
        units[name] = parser
    service = units["quart-chat.service"]["Service"]
    program, *arguments = shlex.split(service["ExecStart"])
    assert Path(program).name == "quart-chat"
    main.make_context("quart-chat", arguments)
    assert service["NoNewPrivileges"] == "yes"
    assert "quart-chat.socket" in units["quart-chat.service"]["Unit"]["Requires"]
    assert units["quart-chat.socket"]["Socket"]["ListenStream"] == "127.0.0.1:8000"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd on this machine")
def test_systemd_takes_the_units(tmp_path: Path) -> None:
    for name in ("quart-chat.service", "quart-chat.socket"):
        text = read(name).replace("/opt/quart-chat/bin/quart-chat", shutil.which("true") or "/bin/true")
        (tmp_path / name).write_text(text)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(tmp_path / "quart-chat.service")],
        capture_output=True,
        text=True,
        check=False,
    )
    complaints = [line for line in done.stderr.splitlines() if "quart-chat" in line]
    assert not complaints, done.stderr


def test_nginx_s_file_is_one(tmp_path: Path) -> None:
    whole = tmp_path / "nginx.conf"
    http = f"http {{ access_log off; include {DEPLOY}/nginx.conf; }}"
    whole.write_text(f"pid {tmp_path}/pid; error_log {tmp_path}/log; events {{}} {http}")
    parsed = crossplane.parse(str(whole), catch_errors=True)
    assert parsed["status"] == "ok", parsed["errors"]
    nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if nginx is not None:
        text = whole.read_text().replace(f"{DEPLOY}/nginx.conf", str(tmp_path / "chat.conf"))
        (tmp_path / "chat.conf").write_text(
            read("nginx.conf").replace("listen 80;", f"listen 127.0.0.1:{free_port()};")
        )
        whole.write_text(text)
        done = subprocess.run([nginx, "-t", "-c", str(whole)], capture_output=True, text=True, check=False)
        assert "syntax is ok" in done.stderr, done.stderr


def test_caddy_s_file_is_whole() -> None:
    text = re.sub(r"#.*", "", read("Caddyfile"))
    assert text.count("{") == text.count("}")
    for name in ("CHAT_SITE", "CHAT_SERVERS"):
        assert name in read("compose.yaml")
        assert f"{{${name}:" in text
    caddy = shutil.which("caddy")
    if caddy is not None:
        command = [caddy, "validate", "--adapter", "caddyfile", "--config", str(DEPLOY / "Caddyfile")]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
