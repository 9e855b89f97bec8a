"""`dtperf` as a process that stands still wherever a test wants to change the world."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

__all__ = ["Stepwise"]

# Also: what is set for the XRootD client is set for its whole process
PROGRAM = """
import json, sys, threading
from contextlib import contextmanager
import dtperf.progress
from dtperf.cli import main
from dtperf.filesets.replicas import Replicas

one_after_the_other = threading.Lock()

def tell(*what):
    with one_after_the_other:
        print("STEP", json.dumps(what), flush=True)
        sys.stdin.readline()

@contextmanager
def progress_bar(progress=True, on_progress=None, **_):
    yield on_progress or (lambda state: tell(state.stage, state.done))

failed = Replicas.failed
def telling(self, cause):
    tell("failed", cause)
    return failed(self, cause)

dtperf.progress.progress_bar = progress_bar
Replicas.failed = telling
main()
"""


class Stepwise:
    """A command that waits after each chunk, and after each attempt that fails."""

    def __init__(self, *arguments: str | Path, patience_s: float = 150) -> None:
        environ = {key: value for key, value in os.environ.items() if not key.startswith("XRD_")}
        self._process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=Path(__file__).parents[2],
            env={**environ, "COLUMNS": "200"},
        )
        self._is_held = False
        self._text: list[str] = []
        self.causes: list[str] = []
        """Of the attempts that have failed."""
        # what hangs shall end, with what it has said
        self._watch = threading.Timer(patience_s, self._process.kill)
        self._watch.daemon = True
        self._watch.start()

    def until(self, stage: str, done: int | None = None) -> Any:
        """Let it go on to a stage, and stand still there.

        Args:
            stage: 'checking', 'measuring' or 'failed'.
            done: How many files or events shall be done at least.

        Returns:
            How many are; or the cause of the failure.
        """
        for step, value in self:
            if step == stage and (done is None or value >= done):
                return value
        raise AssertionError(f"it ended before {stage} {done}:\n{self.text}")

    def finish(self) -> tuple[int, str]:
        """Let it go on to its end; give exit code and output."""
        for _ in self:
            pass
        code = self._process.wait()
        self._watch.cancel()
        return code, self.text

    def end(self) -> None:
        """End it, wherever it is."""
        self._watch.cancel()
        self._process.kill()
        self._process.communicate()

    @property
    def text(self) -> str:
        """What it has said."""
        return "".join(self._text)

    def __iter__(self) -> Any:
        return self

    def __next__(self) -> tuple[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        if self._is_held:
            self._process.stdin.write("\n")
            self._process.stdin.flush()
            self._is_held = False
        for line in self._process.stdout:
            if line.startswith("STEP "):
                self._is_held = True
                stage, value = json.loads(line.removeprefix("STEP "))
                if stage == "failed":
                    self.causes.append(value)
                return stage, value
            self._text.append(line)
        raise StopIteration
