"""Ctrl-C and SIGTERM come through, also where Python swallows an exception."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

import dtperf
from dtperf.config import AnalysisConfig
from dtperf.execution.runner import Progress
from dtperf.process import raise_if_interrupted, signals_as_interrupt
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


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
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


def send_and_go_on() -> None:
    os.kill(os.getpid(), signal.SIGTERM)
    for _ in range(10_000):
        pass
    pytest.fail("nothing came")


def test_it_comes_at_once_and_is_forgotten_afterwards() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt), signals_as_interrupt():
        send_and_go_on()
    assert signal.getsignal(signal.SIGTERM) is before
    raise_if_interrupted()
