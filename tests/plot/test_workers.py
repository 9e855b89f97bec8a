"""Work on several processes: all of it is done, whatever becomes of them."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from functools import partial

import pytest

from dtperf.plot.workers import WORTH_A_PROCESS, each_done
from dtperf.process import can_be_copied

NAMES = [f"t{number}" for number in range(2 * WORTH_A_PROCESS)]


@pytest.fixture(autouse=True, params=[True, False], ids=["copies", "new"])
def two_cores(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    monkeypatch.setattr("dtperf.plot.workers.cores", lambda: 2)
    monkeypatch.setattr("dtperf.plot.workers.can_be_copied", lambda: request.param)


def process(_name: str) -> int:
    return os.getpid()


def dying(parent: int, name: str) -> str:
    if os.getpid() != parent:
        os._exit(1)
    return name


def failing(parent: int, name: str) -> str:
    if os.getpid() != parent:
        raise ValueError("no picture")
    return name


def test_each_is_done_once_by_two_processes() -> None:
    done = [*each_done(process, NAMES)]
    assert sorted(name for name, _ in done) == sorted(NAMES)
    assert len({number for _, number in done}) > 1


def test_a_process_that_dies_leaves_nothing_undone() -> None:
    done = dict(each_done(partial(dying, os.getpid()), NAMES))
    assert done == {name: name for name in NAMES}


def test_what_fails_in_another_process_is_named() -> None:
    with pytest.raises(ValueError, match="no picture") as caught:
        [*each_done(partial(failing, os.getpid()), NAMES)]
    [note] = caught.value.__notes__
    assert note in {f"This was plot '{name}'." for name in NAMES}


def test_few_are_done_here() -> None:
    few = NAMES[: WORTH_A_PROCESS - 1]
    assert {number for _, number in each_done(process, few)} == {os.getpid()}


def test_a_process_with_threads_of_others_is_not_copied() -> None:
    end = threading.Event()
    other = threading.Thread(target=end.wait)
    other.start()
    try:
        assert not can_be_copied()
    finally:
        end.set()
        other.join()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere libraries are not used to it")
def test_what_sees_to_a_lost_interrupt_does_not_hinder_copies() -> None:
    code = (
        "from dtperf.process import can_be_copied, signals_as_interrupt\n"
        "with signals_as_interrupt():\n"
        "    assert can_be_copied()"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
