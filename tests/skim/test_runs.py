"""Axes of runs have the same runs after a second pass, whatever is known of their events."""

from __future__ import annotations

from pathlib import Path

import awkward as ak
import numpy as np

import dtperf
from dtperf.skim import skim
from tests.helpers.golden import GOLDEN
from tests.nanoaod.files import read_arrays, write_like
from tests.skim.samples import assert_same

RUN = {"type": "category", "name": "run"}
MEANS = {
    "t0_by_run": {"axes": [RUN], "rows": ["is_fiducial"], "mean_of": "t0"},
    "dx_by_run": {"axes": [{"type": "integer", "name": "station", "first": 2, "last": 3}, RUN]}
    | {"mean_of": "dx"},
}
T0 = "dtSegment_seg2D_phi_t0"


def test_runs_of_which_no_row_has_a_value(tmp_path: Path) -> None:
    arrays = read_arrays(GOLDEN, 90)
    arrays["run"] = np.arange(90, dtype=np.uint32) // 2 + 370_000
    t0 = ak.where(np.arange(90) % 6 < 3, arrays[T0], ak.full_like(arrays[T0], 1e30))
    file = write_like(arrays | {T0: t0}, tmp_path / "file.root")
    add = {name: {"title": "", "table": "crossings", **each} for name, each in MEANS.items()}
    config = dtperf.load_config({"measurements": {"add": add}})
    whole = dtperf.run(config, file)
    entries = whole.counts["t0_by_run"].view()[:, 0]
    assert 0 < np.count_nonzero(entries) < len(entries)
    skim(config, file, out=tmp_path / "skim")
    assert_same(dtperf.run(config, tmp_path / "skim"), whole)
