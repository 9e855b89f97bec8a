"""Skims by RDataFrame's Snapshot, whose columns are stored in other ways and widths.

The files hold the first 400 events of the golden input, written by ROOT 6.40. Of the lists, each
fourth was redefined as an RVec of the same type, the next as an RVec of a wider one (double, int,
long, unsigned long; of booleans int, as RVec's && gives), the next as a std::vector of that, the
next not at all.
"""

from __future__ import annotations

from pathlib import Path

import awkward as ak
import dask
import numpy as np
import pytest

import dtperf
from dtperf.filesets import InputFile
from dtperf.nanoaod import open_tree
from dtperf.nanoaod.columns import typenames
from dtperf.results.result import Result
from dtperf.selection.flat_collection import _as_type
from dtperf.skim import skim
from tests.helpers.golden import GOLDEN
from tests.nanoaod.files import read_arrays

EVENTS = 400
DATA = Path(__file__).parents[1] / "data"
FORMATS = ["ttree", "rntuple"]


def snapshot(format: str) -> str:
    return str(DATA / f"snapshot_{format}.root")


@pytest.fixture(scope="module")
def expected() -> Result:
    first = InputFile(str(GOLDEN), "Events", ranges=((0, EVENTS),))
    return dtperf.run(dtperf.load_config("reference_2023"), [first])


def assert_counts(found: Result, expected: Result) -> None:
    assert found.totals["pairs"] == expected.totals["pairs"] > 0
    assert found.totals["crossings"] == expected.totals["crossings"] > 0
    for name, counts in expected.counts.items():
        np.testing.assert_array_equal(found.counts[name].view(flow=True), counts.view(flow=True))


@pytest.mark.parametrize("format", FORMATS)
def test_what_is_in_them(format: str) -> None:
    with open_tree(snapshot(format)) as tree:
        spelled = typenames(tree)
        arrays = tree.arrays(["muon_pt", "muon_eta", "muon_isTight"], library="ak")
    kinds = {name.rpartition("::")[2].partition("<")[0] for name in spelled.values() if "<" in name}
    assert {"RVec", "vector"} <= kinds
    stored = read_arrays(GOLDEN, EVENTS)
    for name in ("muon_pt", "muon_eta", "muon_isTight"):
        assert ak.array_equal(arrays[name], stored[name], dtype_exact=False)


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("chunksize", [1000, 37])
def test_the_counts_are_those_of_the_same_events(
    format: str, chunksize: int, expected: Result
) -> None:
    config = dtperf.load_config("reference_2023", [f"run.chunksize={chunksize}"])
    assert_counts(dtperf.run(config, snapshot(format)), expected)


@pytest.mark.parametrize("format", FORMATS)
def test_they_can_be_skimmed(format: str, tmp_path: Path, expected: Result) -> None:
    config = dtperf.load_config("reference_2023")
    assert_counts(skim(config, snapshot(format), out=tmp_path / "skim"), expected)
    assert_counts(dtperf.run(config, tmp_path / "skim"), expected)


@pytest.mark.parametrize("format", FORMATS)
def test_they_can_be_measured_lazily(format: str, expected: Result) -> None:
    pytest.importorskip("dask_awkward")
    from dtperf.execution import lazy

    config = dtperf.load_config("reference_2023")
    tables = lazy.tables(lazy.events(snapshot(format), config), config)
    (found,) = dask.compute(lazy.histograms(tables, config), scheduler="sync")
    for name, histogram in found.items():
        np.testing.assert_array_equal(
            histogram.view(flow=True), expected[name].view(flow=True), err_msg=name
        )


@pytest.mark.parametrize(
    ("stored", "dtype", "found"),
    [
        (np.array([-32769, -3, 5, 65537], np.int64), np.int16, [32767, -3, 5, 32767]),
        (np.array([2**64 - 1, 7], np.uint64), np.int16, [32767, 7]),
        (np.array([-1, 7], np.int32), np.uint32, [2**32 - 1, 7]),
        (np.array([-1, 7], np.int8), np.int16, [-1, 7]),
        (np.array([0, 1, 2, -1], np.int32), np.bool_, [False, True, True, True]),
        (np.array([0.1, 1e300]), np.float32, [np.float32(0.1), np.inf]),
    ],
)
def test_numbers_that_do_not_fit_are_none_that_matter(stored, dtype, found) -> None:
    converted = _as_type(stored, np.dtype(dtype))
    assert converted.dtype == dtype
    assert converted.tolist() == [np.dtype(dtype).type(each).item() for each in found]
