"""`dtperf` as a process of its own, that can be killed, and what it leaves behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import psutil

__all__ = ["Command", "finished"]

DTPERF = Path(sys.executable).with_name("dtperf")
MARK = "DTPERF_TEST_MARK"


@dataclass
class Command:
    """A running command, in a process group of its own as in a terminal."""

    arguments: list[str | Path]
    mark: str = field(default_factory=lambda: uuid4().hex)
    before: Sequence[str] = ()
    """What runs it, such as `unshare` with its options."""

    def __post_init__(self) -> None:
        self.process = subprocess.Popen(
            [*self.before, DTPERF, *map(str, self.arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, MARK: self.mark, "COLUMNS": "200"},
            start_new_session=True,
        )

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        os.killpg(self.process.pid, signal.SIGINT)

    def kill(self) -> None:
        """Let the client die, and only the client."""
        self.process.kill()

    def wait(self, timeout: float = 120) -> tuple[int, str]:
        """Give exit code and output."""
        text, _ = self.process.communicate(timeout=timeout)
        return self.process.returncode, text

    def strays(self, patience_s: float = 240) -> list[str]:
        """List the processes that outlive the command by more than some time."""
        deadline = time.monotonic() + patience_s
        while (left := self._alive()) and time.monotonic() < deadline:
            time.sleep(0.2)
        return left

    def _alive(self) -> list[str]:
        found = []
        for process in psutil.process_iter():
            try:
                if process.environ().get(MARK) == self.mark and process.pid != self.process.pid:
                    found.append(" ".join(process.cmdline()))
            except psutil.Error:
                continue
        return found


def finished(*arguments: str | Path, timeout: float = 120) -> tuple[int, str]:
    """Run a command to its end; give exit code and output."""
    return Command([*arguments]).wait(timeout)
