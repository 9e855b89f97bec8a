"""Servers that do not answer: the time that is waited for them, and the cause that is told."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fsspec_xrootd")

TIMEOUT_S = 2
# XRootD's settings are those of a process, and a connection keeps those it was made with
PROGRAM = """
import json, os, sys, time
from coffea.processor.executor import WorkItem
from dtperf.execution.chunk_meta import ChunkMeta
from dtperf.errors import InputError
from dtperf.nanoaod import ColumnFilter, open_tree
from dtperf.execution.chunks import read_events
import fsspec_xrootd  # which may take as long as an answer
from XRootD import client

url, timeout_s = sys.argv[1], int(sys.argv[2])
said = ChunkMeta(source=url, timeout_s=timeout_s)
place = ("/nano.root", "Events", 0, 5, bytes(16))
item = WorkItem("events", *place, usermeta=said, preload=ColumnFilter.of(["run"]))

def attempt(action):
    begin = time.monotonic()
    try:
        action()
    except InputError as error:
        return error.cause, str(error), time.monotonic() - begin

def enter():
    with open_tree(url, timeout_s=timeout_s):
        pass

told = [attempt(enter), attempt(lambda: read_events(item))]
print(json.dumps([*told, client.EnvGetInt("RequestTimeout")]), flush=True)
os._exit(0)
"""


def attempts(address: str, **environment: str) -> list[Any]:
    """Open a file twice, and tell cause, message and seconds; and the client's timeout."""
    command = [sys.executable, "-c", PROGRAM, f"root://{address}//store/f.root", str(TIMEOUT_S)]
    environ = {k: v for k, v in os.environ.items() if not k.startswith("XRD_")} | environment
    root = Path(__file__).parents[2]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=120, cwd=root, env=environ, check=False
    )
    assert done.returncode == 0, done.stderr
    told: list[Any] = json.loads(done.stdout.splitlines()[-1])
    return told


@pytest.fixture
def port() -> Iterator[socket.socket]:
    """Give a port of this machine, at which nobody listens yet."""
    with socket.socket() as own:
        own.bind(("127.0.0.1", 0))
        yield own


def address(port: socket.socket) -> str:
    return f"127.0.0.1:{port.getsockname()[1]}"


def test_nobody_listens(port: socket.socket) -> None:
    *tries, _ = attempts(address(port))
    for cause, message, seconds in tries:
        assert cause == "unreachable", message
        assert seconds < TIMEOUT_S + 10
        assert f"Is {address(port)} reachable" in message


def test_a_server_that_takes_the_call_and_says_nothing(port: socket.socket) -> None:
    port.listen(20)
    *tries, timeout_s = attempts(address(port))
    assert timeout_s == TIMEOUT_S
    for cause, message, seconds in tries:
        assert cause == "timeout", message
        # by itself the client would wait for at least 15 s, and mostly for minutes
        assert seconds < TIMEOUT_S + 10


def test_settings_of_the_user_stay(port: socket.socket) -> None:
    *_, timeout_s = attempts(address(port), XRD_REQUESTTIMEOUT="77")
    assert timeout_s == 77
