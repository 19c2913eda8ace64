"""Node's ws, in memory."""

from __future__ import annotations

import json
import shutil
import subprocess

from benchmarks.servers.peer import PROGRAMS, Peer
from benchmarks.servers.server import BENCHMARKS, Missing

PACKAGE = BENCHMARKS / "node_modules" / "ws" / "package.json"


class NodePeer(Peer):
    """ws on one Node process."""

    name = "node-ws"

    @classmethod
    def check(cls) -> None:
        """See whether Node and ws are here."""
        if shutil.which("node") is None or not PACKAGE.exists():
            raise Missing("node-ws: Node.js or its package ws is not installed (make -C benchmarks)")

    def start(self) -> None:
        """Start it."""
        self.run([shutil.which("node") or "node", PROGRAMS / "ws_room.mjs", str(self.port)])

    def version(self) -> str:
        """Name ws and Node."""
        node = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout.strip()
        return f"ws {json.loads(PACKAGE.read_text())['version']}, Node {node.removeprefix('v')}"
