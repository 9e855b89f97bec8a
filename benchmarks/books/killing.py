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

__all__ = ["Killer", "Kills", "run"]

DTPERF = Path(sys.executable).with_name("dtperf")
WORKER = "spawn_main"
"""In the command line of what multiprocessing has started, as Dask's nannies do."""
LOOK_S = 0.2
STUCK_S = 600.0
"""A run that has saved nothing for so long, and lost no worker, hangs."""


class Kills(NamedTuple):
    """How many processes were killed."""

    workers: int = 0
    commands: int = 0


class Killer:
    """Kills at random times, that know nothing of each other, from the first worker on."""

    def __init__(self, rng: Random, seconds: float, worker_s: float, command_s: float) -> None:
        """Take how often to kill, in seconds.

        Args:
            rng: What is drawn from.
            seconds: For how long.
            worker_s: Mean time between two workers.
            command_s: Mean time between two commands.
        """
        self.kills = Kills()
        self._rng = rng
        self._seconds = seconds
        self._means = (worker_s, command_s)
        self._until: float | None = None
        self._next = (0.0, 0.0)

    @property
    def is_over(self) -> bool:
        """Whether the time is over."""
        return self._until is not None and time.monotonic() > self._until

    def look(self, command: psutil.Process, *, has_saved: bool) -> None:
        """Kill a worker of a command, or the command itself, if it is time.

        What is due waits until there is a worker, or until the command has saved something.
        """
        workers, now = _workers(command), time.monotonic()
        if self._until is None and workers:
            self._until = now + self._seconds
            self._next = (self._after(now, 0), self._after(now, 1))
        until = self._until or 0.0
        worker_s, command_s = self._next
        with suppress(psutil.NoSuchProcess):
            if workers and worker_s <= min(now, until):
                self._next = (self._after(now, 0), command_s)
                self._rng.choice(workers).kill()
                self.kills = self.kills._replace(workers=self.kills.workers + 1)
            elif has_saved and command_s <= min(now, until):
                self._next = (worker_s, self._after(now, 1))
                command.kill()
                self.kills = self.kills._replace(commands=self.kills.commands + 1)

    def _after(self, now: float, which: int) -> float:
        return now + self._rng.expovariate(1 / self._means[which])


def run(arguments: Sequence[str], out: Path, log: Path, killer: Killer) -> int:
    """Run `dtperf`, while it and its workers may be killed.

    Args:
        arguments: Of the command.
        out: Directory of its result.
        log: File to which what it prints is added.
        killer: Kills only what this command has started, and itself.

    Returns:
        Its exit code.

    Raises:
        TimeoutError: It hangs; it is ended then.
    """
    with log.open("ab") as stream:
        command = subprocess.Popen([DTPERF, *arguments], stdout=stream, stderr=stream)
    its, begin = psutil.Process(command.pid), time.time()
    alive, kills = begin, killer.kills
    while command.poll() is None:
        time.sleep(LOOK_S)
        saved = _saved(out)
        killer.look(its, has_saved=saved > begin)
        if killer.kills != kills:
            alive, kills = time.time(), killer.kills
        if time.time() - max(alive, saved) > STUCK_S:
            command.kill()
            raise TimeoutError(f"the run has saved nothing for {STUCK_S:.0f} s: {log.read_text()}")
    return command.returncode


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
