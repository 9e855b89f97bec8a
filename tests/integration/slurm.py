"""A Slurm of our own on this machine: controller, one node, munge; all on loopback."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.helpers.ports import free_port

__all__ = ["Slurm", "slurm"]

BINARIES = ("slurmctld", "slurmd", "munged", "sbatch")
CONFIG = """\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller}
SlurmdPort={node}
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/controller.pid
SlurmdPidFile={folder}/node.pid
SlurmctldLogFile={folder}/controller.log
SlurmdLogFile={folder}/node.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
ReturnToService=2
MpiDefault=none
MinJobAge=86400
KillWait=10
SlurmdParameters=config_overrides
NodeName={host} NodeAddr=127.0.0.1 CPUs=4 RealMemory=12000 State=UNKNOWN
PartitionName=debug Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""


class Slurm:
    """Runs as long as the fixture lives."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = folder / "slurm.conf"
        self._processes: list[subprocess.Popen[bytes]] = []

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "SLURM_CONF": str(self.config)}

    def start(self) -> None:
        for name in ("state", "spool", "munge"):
            (self.folder / name).mkdir(mode=0o755)
        host = socket.gethostname().split(".")[0]
        ports = {"controller": free_port(), "node": free_port()}
        self.config.write_text(CONFIG.format(host=host, folder=self.folder, **ports))
        key = self.folder / "munge/key"
        key.write_bytes(os.urandom(1024))
        for path in (key.parent, key):
            shutil.chown(path, "munge", "munge")
        key.chmod(0o400)
        files = [
            f"--{name}={key.parent / name}"
            for name in ("socket", "pid-file", "log-file", "seed-file")
        ]
        self._run(["munged", "--foreground", f"--key-file={key}", *files], user="munge")
        _wait((key.parent / "socket").exists)
        self._run(["slurmctld", "-D", "-f", self.config])
        self._run(["slurmd", "-D", "-f", self.config, "-N", host])
        _wait(lambda: "idle" in self.ask("sinfo", "-h", "-o", "%T"))

    def _run(self, command: list[str | Path], user: str | None = None) -> None:
        how = {"stderr": subprocess.STDOUT, "user": user, "env": self.environment}
        with (self.folder / f"{command[0]}.out").open("wb") as log:
            self._processes.append(subprocess.Popen(command, stdout=log, **how))

    def ask(self, *command: str) -> str:
        done = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, timeout=240, check=False
        )
        return done.stdout

    def jobs(self) -> list[str]:
        """Ids of the jobs that are queued or run."""
        return self.ask("squeue", "-h", "-o", "%i").split()

    def stop(self) -> None:
        for job in self.jobs():
            self.ask("scancel", job)
        _wait(lambda: not self.jobs(), patience_s=30)
        for process in reversed(self._processes):
            process.terminate()
        for process in self._processes:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()


@contextmanager
def slurm() -> Iterator[Slurm]:
    """Start Slurm, and stop it afterwards; skips where it is not installed."""
    missing = [name for name in BINARIES if shutil.which(name) is None]
    if missing:
        pytest.skip(f"no {', '.join(missing)}: .ci/servers installs them")
    # munge wants all folders above its own to be safe, and readable
    folder = Path(tempfile.mkdtemp(prefix="dtperf-slurm-"))
    folder.chmod(0o755)
    started = Slurm(folder)
    try:
        started.start()
        yield started
    except TimeoutError as error:
        for path in sorted(folder.glob("*.out")):
            error.add_note(f"{path}:\n{path.read_text()}")
        raise
    finally:
        started.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _wait(ready: object, patience_s: float = 240) -> None:
    deadline = time.monotonic() + patience_s
    while not ready():  # type: ignore[operator]
        if time.monotonic() > deadline:
            raise TimeoutError("Slurm is not ready: see its logs")
        time.sleep(0.2)
