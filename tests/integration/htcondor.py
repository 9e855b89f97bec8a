"""An HTCondor of our own on this machine: a pool of an ordinary user; all on loopback."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

__all__ = ["AS_USER", "HTCondor", "htcondor"]

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
INSTALLED = CACHE / "dtperf/htcondor"
"""As .ci/condor makes it."""
WHO = pwd.getpwnam("daemon") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
"""Root may not submit jobs: it takes the name of another, and keeps its rights to files."""
AS_USER = ("unshare", "--user", f"--map-user={WHO.pw_uid}", f"--map-group={WHO.pw_gid}")
ALONE = ("--pid", "--fork", "--kill-child", "--mount-proc")
"""All that it starts ends with it, and a killed test ends it."""
CONFIG = """\
RELEASE_DIR = {installed}/usr
BIN = $(RELEASE_DIR)/bin
SBIN = $(RELEASE_DIR)/sbin
LIB = $(RELEASE_DIR)/lib/condor
LIBEXEC = $(RELEASE_DIR)/libexec/condor
LOCAL_DIR = {folder}
LOG = $(LOCAL_DIR)/log
RUN = $(LOCAL_DIR)/run
LOCK = $(LOCAL_DIR)/lock
SPOOL = $(LOCAL_DIR)/spool
EXECUTE = $(LOCAL_DIR)/execute
DAEMON_LIST = MASTER, COLLECTOR, NEGOTIATOR, SCHEDD, STARTD
CONDOR_HOST = 127.0.0.1
NETWORK_INTERFACE = 127.0.0.1
BIND_ALL_INTERFACES = False
COLLECTOR_HOST = 127.0.0.1:0
COLLECTOR_ADDRESS_FILE = $(LOG)/.collector_address
USE_SHARED_PORT = False
SEC_DEFAULT_AUTHENTICATION = REQUIRED
SEC_DEFAULT_AUTHENTICATION_METHODS = FS
SEC_CLIENT_AUTHENTICATION_METHODS = FS
ALLOW_READ = *
ALLOW_WRITE = *
ALLOW_DAEMON = *
ALLOW_NEGOTIATOR = *
ALLOW_ADMINISTRATOR = *
NUM_CPUS = 4
MEMORY = 12000
SLOT_TYPE_1 = 100%
SLOT_TYPE_1_PARTITIONABLE = True
NUM_SLOTS_TYPE_1 = 1
FILETRANSFER_PLUGINS = $(LIBEXEC)/curl_plugin
START = True
SUSPEND = False
PREEMPT = False
KILL = False
RUNBENCHMARKS = False
UPDATE_INTERVAL = 5
NEGOTIATOR_INTERVAL = 2
NEGOTIATOR_CYCLE_DELAY = 1
SCHEDD_INTERVAL = 2
SCHEDD_MIN_INTERVAL = 1
"""
WORKER = "dtperf.execution.clusters.worker"


class HTCondor:
    """Runs as long as the fixture lives."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = folder / "condor_config"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def environment(self) -> dict[str, str]:
        path = f"{INSTALLED}/commands{os.pathsep}{os.environ['PATH']}"
        return {**os.environ, "CONDOR_CONFIG": str(self.config), "PATH": path}

    def start(self) -> None:
        for name in ("log", "run", "lock", "spool", "execute"):
            (self.folder / name).mkdir(mode=0o755)
        self.config.write_text(CONFIG.format(installed=INSTALLED, folder=self.folder))
        master = [*AS_USER, *ALONE, INSTALLED / "usr/sbin/condor_master", "-f"]
        with (self.folder / "log/master.out").open("wb") as log:
            self._process = subprocess.Popen(
                master, stdout=log, stderr=subprocess.STDOUT, env=self.environment
            )
        self.wait_until(lambda: "Unclaimed" in self.ask("condor_status", "-af", "State"))
        self.wait_until(lambda: "daemon" in self.ask("condor_q", "-totals"))

    def ask(self, *command: str) -> str:
        done = subprocess.run(
            [*AS_USER, *command],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        return done.stdout

    def jobs(self, status: int | None = None) -> list[str]:
        """Ids of the jobs that are in the queue, or of those with some JobStatus."""
        told = self.ask("condor_q", "-json", "-attributes", "ClusterId,JobStatus")
        return [
            str(job["ClusterId"])
            for job in json.loads(told or "[]")
            if status in (None, job["JobStatus"])
        ]

    def workers(self) -> list[str]:
        """Command lines of the workers that jobs have started."""
        found = []
        for process in psutil.Process(self._process.pid).children(recursive=True):
            try:
                found.append(" ".join(process.cmdline()))
            except psutil.Error:
                continue
        return [line for line in found if WORKER in line]

    def wait_until(self, ready: Callable[[], object], patience_s: float = 240) -> None:
        deadline = time.monotonic() + patience_s
        while not ready():
            if self._process.poll() is not None:
                raise TimeoutError("HTCondor has ended: see its logs")
            if time.monotonic() > deadline:
                raise TimeoutError("HTCondor is not as far as it should be: see its logs")
            time.sleep(0.2)

    def stop(self) -> None:
        if self._process is None:
            return
        with suppress(psutil.NoSuchProcess):
            for master in psutil.Process(self._process.pid).children():
                master.kill()
        self._process.wait(20)


@contextmanager
def htcondor() -> Iterator[HTCondor]:
    """Start HTCondor, and stop it afterwards; skips where it is not installed."""
    if not (INSTALLED / "commands/condor_submit").exists():
        pytest.skip("no HTCondor: .ci/servers installs it")
    folder = Path(tempfile.mkdtemp(prefix="dtperf-htcondor-"))
    started = HTCondor(folder)
    try:
        started.start()
        yield started
    except TimeoutError as error:
        for path in sorted(folder.glob("log/*")):
            error.add_note(f"{path}:\n{path.read_text(errors='replace')[-2000:]}")
        raise
    finally:
        started.stop()
        shutil.rmtree(folder, ignore_errors=True)
