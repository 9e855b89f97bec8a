"""What an attempt says of the time that it took."""

from __future__ import annotations

import threading
import time
from typing import Any

import numba
import pytest
from coffea.processor.executor import WorkItem

import dtperf
from dtperf.config import AnalysisConfig
from dtperf.execution import pools
from dtperf.execution.attempt import Outcome, run_chunk
from dtperf.kernel_clock import spent_compiling
from dtperf.results.result import Result
from tests.helpers.golden import GOLDEN

ITEM = WorkItem("events", "f.root", "tree", 0, 1, b"0" * 16)


def compiling_and_waiting(_: Any) -> dict[str, Any]:
    @numba.njit  # type: ignore[untyped-decorator]
    def one(x: int) -> int:
        return x + 1

    @numba.njit  # type: ignore[untyped-decorator]
    def two(x: int) -> int:
        return int(one(x) + one(x))

    assert two(1) == 4
    time.sleep(0.2)
    return {"out": None, "bytes": 0}


def test_compiling_is_no_part_of_measuring() -> None:
    run_chunk(compiling_and_waiting, ITEM)  # numba sets itself up when it is first used
    begin = time.perf_counter()
    _, outcome = run_chunk(compiling_and_waiting, ITEM)
    whole = time.perf_counter() - begin
    assert 0 < outcome.compiling_seconds < whole
    # what the inner function took is part of the outer one's, and not counted twice
    assert 0.2 <= outcome.seconds <= whole - outcome.compiling_seconds
    assert outcome.cpu_seconds < 0.2
    _, again = run_chunk(lambda _: {"out": None, "bytes": 0}, ITEM)
    assert again.compiling_seconds == 0


def test_each_thread_has_its_own() -> None:
    before = spent_compiling()
    other = threading.Thread(target=run_chunk, args=(compiling_and_waiting, ITEM))
    other.start()
    other.join()
    assert spent_compiling() == before


def test_a_result_tells_of_the_worker_that_compiled_longest(
    reference_config: AnalysisConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    took = iter([3.0, 2.0, 4.0])
    run = reference_config.run.model_copy(update={"chunksize": 1500})
    config = reference_config.model_copy(update={"run": run})

    def told(*arguments: Any) -> tuple[Any, Outcome]:
        output, outcome = run_chunk(*arguments)
        seconds = next(took)
        return output, outcome._replace(compiling_seconds=seconds, worker=str(seconds > 3))

    monkeypatch.setattr(pools, "run_chunk", told)
    result: Result = dtperf.run(config, GOLDEN)
    assert result.jobs[0]["seconds_compiling"] == 5.0
