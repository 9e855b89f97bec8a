"""Real XRootD servers on this machine, that can be killed and started again."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from tests.helpers.ports import free_port

__all__ = ["CACHE", "Server", "until"]

CONFIG = """
all.export /data r/o
oss.localroot {folder}
all.adminpath {folder}/run
all.pidpath {folder}/run
xrd.network nodnr
if exec xrootd
  xrd.port {port}
fi
"""
CLUSTER = """
all.role {role}
all.manager 127.0.0.1 {port}
cms.delay startup 3 servers 1
cms.space min 1k
"""
CACHE = """
all.export /root:/ r/o
oss.localroot {folder}/cache
ofs.osslib libXrdPss.so
pss.cachelib libXrdPfc.so
pss.origin =
pfc.ram 1g
"""
"""An XCache that forwards."""
UNPRIVILEGED = "nobody"
STARTS = 3


def until(happened: Callable[[], object], patience_s: float = 240) -> bool:
    """Wait until something happens; tell whether it has."""
    deadline = time.monotonic() + patience_s
    while not (done := happened()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return bool(done)


class Server:
    """Serves the files in `data` as ``url(name)``."""

    def __init__(self, role: str | None = None, manager: int = 0, more: str = "") -> None:
        """Make its directory.

        Args:
            role: In a cluster 'manager', whose server redirects, or 'server'.
            manager: In a cluster, the port at which its manager listens to the servers.
            more: Further lines of its configuration.
        """
        self.more = more
        self.cluster = CLUSTER.format(role=role, port=manager) if role else ""
        # a directory of our own: pytest's are closed to the server's user
        self.folder = Path(tempfile.mkdtemp(prefix="dtperf-xrootd-"))
        self.folder.chmod(0o755)
        self.data, self.run = self.folder / "data", self.folder / "run"
        # what a cache keeps needs a directory of its own: it falls over what else it finds
        for path in (self.data, self.run, self.folder / "cache"):
            path.mkdir()
            path.chmod(0o755 if path == self.data else 0o777)
        self.port = free_port()
        self.processes: list[subprocess.Popen[bytes]] = []

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def url(self, name: str = "") -> str:
        """Give the URL of a file, or of the directory of all."""
        return f"root://{self.address}//data/{name}"

    def add(self, *files: Path) -> None:
        """Take copies of files."""
        for file in files:
            (self.data / file.name).parent.mkdir(exist_ok=True)
            shutil.copyfile(file, self.data / file.name)
            (self.data / file.name).chmod(0o644)

    def replace(self, name: str, content: bytes) -> None:
        """Put another file in a file's place."""
        new = self.data / f".{name}.new"
        new.write_bytes(content)
        new.chmod(0o644)
        new.replace(self.data / name)

    def start(self) -> None:
        """Start the server, and wait until it listens."""
        config = (CONFIG + self.more).format(folder=self.folder, port=self.port) + self.cluster
        (self.folder / "config").write_text(config)
        # Once in hundreds of starts xrootd ends at once and says nothing.
        for _ in range(STARTS):
            self.processes = [*map(self._start, ["cmsd", "xrootd"] if self.cluster else ["xrootd"])]
            ready = until(lambda: self._listens() or not self._runs())
            assert ready, "the server does not listen"
            if self._runs():
                return
            ended = [process.poll() for process in self.processes]
            self.kill()
        pytest.fail(f"no server after {STARTS} starts, exit codes {ended}:\n{self.log()}")

    def kill(self) -> None:
        """End the server at once."""
        for process in self.processes:
            process.kill()
            process.wait()
        self.processes = []

    def log(self) -> str:
        """Give what the server has to say."""
        logs = [*self.run.glob("*/*.log"), *self.run.glob("*.output")]
        return "".join(path.read_text(errors="replace") for path in logs)

    def _start(self, daemon: str) -> subprocess.Popen[bytes]:
        # neither runs as root
        user = ["-R", UNPRIVILEGED] if os.geteuid() == 0 else []
        places = ["-c", str(self.folder / "config"), "-l", str(self.run / f"{daemon}.log")]
        # what it says before it has its log
        with (self.run / f"{daemon}.output").open("ab") as output:
            return subprocess.Popen(
                [daemon, *user, *places, "-n", "test"],
                cwd=self.run,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )

    def _runs(self) -> bool:
        return all(process.poll() is None for process in self.processes)

    def _listens(self) -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            return True
        return False

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()
        shutil.rmtree(self.folder)
