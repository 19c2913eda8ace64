"""nginx with nchan, in memory."""

from __future__ import annotations

import getpass
import re
import shutil
import subprocess
from pathlib import Path

from benchmarks.servers.peer import PROGRAMS, Peer
from benchmarks.servers.server import BENCHMARKS, Missing

UNPACKED = BENCHMARKS / ".nginx"
MODULE = Path("usr/lib/nginx/modules/ngx_nchan_module.so")


def _found() -> tuple[Path, Path] | None:
    """Find nginx and the module: those that make has unpacked, else those of the system."""
    for root in (UNPACKED, Path("/")):
        binary, module = root / "usr/sbin/nginx", root / MODULE
        if binary.exists() and module.exists():
            return binary, module
    return None


class NchanPeer(Peer):
    """One worker of nginx with nchan's memory store."""

    name = "nchan"

    @classmethod
    def check(cls) -> None:
        """See whether nginx and the module are here."""
        if _found() is None:
            raise Missing("nchan: no nginx with libnginx-mod-nchan (make -C benchmarks, on Debian or Ubuntu)")

    def start(self) -> None:
        """Start it."""
        found = _found()
        if found is None:
            raise Missing("nchan has gone")
        binary, module = found
        values = {"MODULE": module, "FOLDER": self.folder, "PORT": self.port, "USER": getpass.getuser()}
        text = (PROGRAMS / "nchan.conf").read_text()
        for name, value in values.items():
            text = text.replace(f"@{name}@", str(value))
        config = self.folder / "nginx.conf"
        config.write_text(text)
        self.run([binary, "-c", config, "-e", "stderr"])

    def version(self) -> str:
        """Name nginx, and nchan as its package calls it."""
        found = _found()
        if found is None:
            return "nchan"
        said = subprocess.run([found[0], "-v"], capture_output=True, text=True, check=False).stderr
        nginx = re.search(r"nginx/(\S+)", said)
        return f"nchan {_packaged()}, nginx {nginx.group(1) if nginx else '?'}"


def _packaged() -> str:
    if shutil.which("apt-cache") is None:
        return "of the system"
    shown = subprocess.run(["apt-cache", "show", "libnginx-mod-nchan"], capture_output=True, text=True, check=False)
    found = re.search(r"^Version: (\S+)", shown.stdout, re.MULTILINE)
    return found.group(1) if found else "of the system"
