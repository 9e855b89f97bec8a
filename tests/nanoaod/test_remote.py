"""When the server's file is closed, and when it is not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import fsspec
import pytest

from dtperf.nanoaod.open import open_file
from tests.nanoaod.files import GOLDEN

URL = "memory://remote/golden.root"


@pytest.fixture
def closed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Which files were closed on the server."""
    paths: list[str] = []
    server = fsspec.filesystem("memory")
    server.pipe_file("/remote/golden.root", GOLDEN["ttree"].read_bytes())
    monkeypatch.setattr(type(server), "invalidate_cache", lambda _, path: paths.append(path))
    return paths


def test_it_is_closed_once(closed: list[str]) -> None:
    first = open_file(URL)
    assert not closed
    first.close()
    assert closed == ["/remote/golden.root"]
    # uproot closes again what it deletes; by then another may read the server's file
    second = open_file(URL)
    first.close()
    del first
    assert len(closed) == 1
    second.close()
    assert len(closed) == 2


def test_it_is_closed_when_reading_fails(
    closed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_file(URL) as file:

        def fail(*_: Any, **__: Any) -> None:
            raise OSError("lost")

        monkeypatch.setattr(type(fsspec.filesystem("memory")), "cat_file", fail)
        with pytest.raises(OSError, match="lost"):
            file.file.source.chunk(0, 100)
        assert len(closed) == 1


PROGRAM = f"""
import sys, threading
import fsspec
from dtperf.nanoaod.open import open_file

server = fsspec.filesystem("memory")
server.pipe_file("/remote/golden.root", open(sys.argv[1], "rb").read())
# as fsspec does when its thread has ended; a function of this module would keep the module alive
wait = eval("lambda *_: wait()", {{"wait": threading.Event().wait}})
type(server).invalidate_cache = wait

class Last:
    file = open_file({URL!r})
    def __del__(self):
        print("close", flush=True)
        self.file.close()

last = Last()
print("end", flush=True)
"""


def test_nobody_is_waited_for_when_python_ends() -> None:
    command = [sys.executable, "-c", PROGRAM, str(GOLDEN["ttree"])]
    root = Path(__file__).parents[2]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=240, cwd=root, check=False
    )
    assert (done.returncode, done.stdout) == (0, "end\nclose\n"), done.stderr
