"""The golden numbers of every layout of an RNTuple, whichever way they are measured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dtperf
from dtperf.config import AnalysisConfig
from dtperf.results.result import Result
from dtperf.skim.analysis import Explorer
from dtperf.skim.cuts import MEASURED
from tests.helpers.golden import EXPECTED, as_reference, golden_differences
from tests.helpers.reference_loop import differences
from tests.helpers.runs import assert_same, with_run
from tests.nanoaod.layouts import arrays_with_lumi, layout

NAMES = ("cmssw", "cmssw, projected", "lumi as collection", "lumi as record")
CUTS = {"selection.probe.min_pt": 30.0, "selection.station.border_x": 5.0}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    arrays, folder = arrays_with_lumi(), tmp_path_factory.mktemp("layouts")
    return {name: layout(name, folder, arrays) for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_golden(name: str, files: dict[str, Path], reference_config: AnalysisConfig) -> None:
    result = dtperf.run(with_run(reference_config, chunksize=1700), files[name])
    assert golden_differences(result.counts) == []
    assert result.totals["chunks"] >= 3
    # of which the golden file has nothing
    assert ("efficiency_vs_lumi" in result.counts) is name.startswith("lumi")


@pytest.mark.parametrize("executor", ["futures", "dask"])
def test_all_of_them_together_elsewhere(
    executor: str, files: dict[str, Path], reference_config: AnalysisConfig, golden_result: Result
) -> None:
    config = with_run(
        reference_config, executor=executor, workers=2, chunksize=1700, doubled_events="allow"
    )
    result = dtperf.run(config, [*files.values()])
    for name, counts in golden_result.counts.items():
        assert result.counts[name].axes == counts.axes
        views = (np.asarray(h.view(flow=True)) for h in (result.counts[name], counts))
        together, alone = views
        np.testing.assert_array_equal(together, len(NAMES) * alone, err_msg=name)


@pytest.mark.parametrize("name", NAMES)
def test_golden_through_a_skim_and_with_other_cuts(
    name: str, files: dict[str, Path], reference_config: AnalysisConfig, tmp_path: Path
) -> None:
    dtperf.skim.skim(reference_config, files[name], out=tmp_path / "skim")
    result = dtperf.run(reference_config, tmp_path / "skim")
    assert golden_differences(result.counts) == []
    tighter = dtperf.load_config(reference_config, [f"{key}={cut}" for key, cut in CUTS.items()])
    assert_same(dtperf.run(tighter, tmp_path / "skim"), dtperf.run(tighter, files[name]))


@pytest.mark.parametrize("name", NAMES)
def test_golden_while_exploring(
    name: str, files: dict[str, Path], reference_config: AnalysisConfig, golden_result: Result
) -> None:
    explorer = Explorer(files[name], reference_config)
    found = explorer.measure()
    known = as_reference({**golden_result.counts, **found.counts})
    assert differences(known, EXPECTED) == []
    assert {*found} == {*MEASURED}
    tighter = dtperf.load_config(reference_config, [f"{key}={cut}" for key, cut in CUTS.items()])
    run = dtperf.run(tighter, files[name])
    moved = explorer.measure(CUTS)
    assert all(moved.counts[each] == run.counts[each] for each in MEASURED)


@pytest.mark.parametrize("name", NAMES)
def test_golden_lazily(
    name: str, files: dict[str, Path], reference_config: AnalysisConfig, golden_result: Result
) -> None:
    pytest.importorskip("dask_awkward")
    import dask

    from dtperf.execution import lazy

    config = with_run(reference_config, chunksize=1700)
    with dask.config.set({"awkward.optimization.on-fail": "raise", "scheduler": "synchronous"}):
        tables = lazy.tables(lazy.events(files[name], config), config)
        (found,) = dask.compute(lazy.histograms(tables, config))
    # profiles are shown as mean and spread
    counts: dict[str, Any] = {n: h for n, h in found.items() if h.kind.name != "MEAN"}
    assert golden_differences({**golden_result.counts, **counts}) == []
    assert len(counts) > 25
