"""Runs that are compared."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dtperf.config import AnalysisConfig
from dtperf.results.result import Result
from tests.nanoaod.files import read_arrays, write_like

N_EVENTS = 4000


def with_run(config: AnalysisConfig, **run: Any) -> AnalysisConfig:
    return config.model_copy(update={"run": config.run.model_copy(update=run)})


def assert_same(result: Result, expected: Result) -> None:
    assert result.counts.keys() == expected.counts.keys()
    different = [name for name in expected.counts if result.counts[name] != expected.counts[name]]
    assert not different
    counted = ("events", "certified", "pairs", "crossings")
    assert [result.totals[n] for n in counted] == [expected.totals[n] for n in counted]
    assert result.anomalies == expected.anomalies


def pieces(path: Path, directory: Path, starts: Sequence[int]) -> list[Path]:
    """Write the events of a file into several files."""
    arrays = read_arrays(path)
    stops = [*starts[1:], N_EVENTS]
    return [
        write_like({k: v[start:stop] for k, v in arrays.items()}, directory / f"{start}.root")
        for start, stop in zip(starts, stops, strict=True)
    ]
