"""Ctrl-C and SIGTERM come through, also where Python swallows an exception."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell
from pydantic import BaseModel, field_serializer

import dtperf
from dtperf.config import AnalysisConfig
from dtperf.errors import Stopped
from dtperf.execution.runner import Progress
from dtperf.process import AGAIN_S, raise_if_interrupted, signals_as_interrupt, stoppable
from dtperf.results.result import Result
from tests.helpers.golden import GOLDEN
from tests.helpers.runs import assert_same, with_run


class Swallows:
    """Is told to end where nobody can be told."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __del__(self) -> None:
        os.kill(os.getpid(), self.number)
        for _ in range(1000):  # the handler runs between two steps of this
            pass


@pytest.fixture(autouse=True)
def usual_handlers() -> Iterator[None]:
    """Take signals as Python does: dask_jobqueue, when it is imported, ends programs by SIGINT."""
    usual = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL}
    before = {number: signal.signal(number, handler) for number, handler in usual.items()}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_ends_although_python_swallowed_it(
    number: int, tmp_path: Path, reference_config: AnalysisConfig, golden_result: Result
) -> None:
    told = []

    def swallow(progress: Progress) -> None:
        told.append(progress)
        if progress.done == 1000:
            Swallows(number)

    config = with_run(reference_config, chunksize=500)
    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt), signals_as_interrupt():
        dtperf.run(config, GOLDEN, out=out, on_progress=swallow)
    assert told[-1].done == 1000
    assert_same(dtperf.run(config, GOLDEN, out=out, resume=True), golden_result)


def send_and_go_on(number: int = signal.SIGTERM) -> None:
    os.kill(os.getpid(), number)
    for _ in range(10_000):
        pass
    pytest.fail("nothing came")


def test_it_comes_at_once_and_is_forgotten_afterwards() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt), signals_as_interrupt():
        send_and_go_on()
    assert signal.getsignal(signal.SIGTERM) is before
    raise_if_interrupted()


def swallow_and_go_on() -> None:
    Swallows(signal.SIGINT)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        pass
    pytest.fail("nothing came")


def test_what_a_destructor_swallows_comes_again() -> None:
    """Without anybody who asks for it, as in the middle of a chunk."""
    with pytest.raises(KeyboardInterrupt), signals_as_interrupt():
        swallow_and_go_on()
    time.sleep(5 * AGAIN_S)  # nor does it come once more


def test_what_has_come_through_does_not_come_again() -> None:
    ended = []

    def swallow_and_ask() -> None:
        try:
            Swallows(signal.SIGINT)
            # where this takes long it has come again, which is as good
            raise_if_interrupted()
        finally:
            time.sleep(5 * AGAIN_S)  # workers are ended, which must not be interrupted
            ended.append(True)

    with pytest.raises(KeyboardInterrupt), signals_as_interrupt():
        swallow_and_ask()
    assert ended


def test_somebodys_own_handler_is_left_alone() -> None:
    came: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: came.append(number))
    try:
        with signals_as_interrupt():
            signal.raise_signal(signal.SIGINT)
        assert came == [signal.SIGINT]
    finally:
        signal.signal(signal.SIGINT, before)


def test_the_handler_of_dask_jobqueue_is_nobodys_own() -> None:
    """Somebody imports it to have workers of Slurm: Ctrl-C still says what was stopped."""
    code = """
import signal, dask_jobqueue
from dtperf.process import stoppable
assert getattr(signal.getsignal(signal.SIGINT), "__module__", "") == "dask_jobqueue.runner"
with stoppable("here"):
    signal.raise_signal(signal.SIGINT)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "Stopped here" in done.stderr
    assert done.returncode != 0


def test_another_thread_than_the_main_one_has_no_signals() -> None:
    done = []

    def work() -> None:
        with signals_as_interrupt():
            done.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done


def test_stop_says_what_was_stopped() -> None:
    with pytest.raises(Stopped, match="Stopped while it was read"), stoppable("while it was read"):
        send_and_go_on(signal.SIGINT)


class Stopping(BaseModel):
    """One whose serialization is stopped, which pydantic tells in words of its own."""

    value: int = 0

    @field_serializer("value")
    def _stop(self, value: int) -> int:
        send_and_go_on(signal.SIGINT)
        return value


def test_a_stop_that_a_library_wraps_is_one() -> None:
    with (
        pytest.raises(Stopped, match="Stopped while it was written"),
        stoppable("while it was written"),
    ):
        Stopping().model_dump()
    with pytest.raises(ValueError, match="no stop"), stoppable("there"):
        raise ValueError("no stop")


def test_a_notebook_shows_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    shell = InteractiveShell()
    shell.run_cell("import dtperf.errors\nraise dtperf.errors.Stopped('Stopped at 1 of 2 events')")
    assert capsys.readouterr().out == "Stopped at 1 of 2 events\n"
