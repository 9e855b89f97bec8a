"""A run that is a process of its own, with something that kills at random."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import NamedTuple

import psutil

__all__ = ["Chance", "Kills", "run"]

DTPERF = Path(sys.executable).with_name("dtperf")
WORKER = "spawn_main"
"""In the command line of what multiprocessing has started, as Dask's nannies do."""
LOOK_S = 0.2
STUCK_S = 600.0
"""A run that has saved nothing for so long, and lost no worker, hangs."""


class Kills(NamedTuple):
    """How many processes were killed."""

    workers: int = 0
    clients: int = 0


class Chance:
    """When to kill next: after times that know nothing of each other."""

    def __init__(self, rng: Random, mean_s: float, until: float) -> None:
        """Take how long the mean time between two kills is, in seconds, and when to stop.

        Args:
            rng: What is drawn from.
            mean_s: Mean time between two kills, in seconds.
            until: Of `time.monotonic`.
        """
        self._rng = rng
        self._mean_s = mean_s
        self._until = until
        self._next = time.monotonic()
        self._draw()

    def has_come(self) -> bool:
        """Return whether it is time, once each time."""
        now = time.monotonic()
        if now < self._next or now > self._until:
            return False
        self._draw()
        return True

    def choose(self, found: Sequence[psutil.Process]) -> psutil.Process:
        """Choose whom to kill."""
        return self._rng.choice(found)

    def _draw(self) -> None:
        self._next = time.monotonic() + self._rng.expovariate(1 / self._mean_s)


def run(
    arguments: Sequence[str], out: Path, log: Path, workers: Chance, client: Chance
) -> tuple[int, Kills]:
    """Run `dtperf`, kill its workers, and perhaps itself.

    Args:
        arguments: Of the command.
        out: Directory of its result.
        log: File to which what it prints is added.
        workers: When to kill one of its workers.
        client: When to kill the command itself.

    Returns:
        Its exit code, and what was killed; only processes that it has started.

    Raises:
        TimeoutError: It hangs; it is ended then.
    """
    killed, alive = Kills(), time.time()
    with log.open("ab") as stream:
        command = subprocess.Popen([DTPERF, *arguments], stdout=stream, stderr=stream)
    its = psutil.Process(command.pid)
    while command.poll() is None:
        time.sleep(LOOK_S)
        if client.has_come():
            command.kill()
            killed = killed._replace(clients=killed.clients + 1)
        elif workers.has_come() and (found := _workers(its)):
            with suppress(psutil.NoSuchProcess):
                workers.choose(found).kill()
                killed, alive = killed._replace(workers=killed.workers + 1), time.time()
        elif time.time() - max(alive, _saved(out)) > STUCK_S:
            command.kill()
            raise TimeoutError(f"the run has saved nothing for {STUCK_S:.0f} s: {log.read_text()}")
    return command.returncode, killed


def _saved(out: Path) -> float:
    """Return when a run has saved something last."""
    with suppress(OSError):
        return (out / "partial").stat().st_mtime
    return 0.0


def _workers(command: psutil.Process) -> list[psutil.Process]:
    found = []
    with suppress(psutil.NoSuchProcess):
        for process in command.children(recursive=True):
            with suppress(psutil.Error):
                if WORKER in " ".join(process.cmdline()):
                    found.append(process)
    return found
