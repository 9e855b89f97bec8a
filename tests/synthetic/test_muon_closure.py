"""What the generator says of muons and of the alignment is what the measurements find."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import hist
import numpy as np
import pytest

import dtperf
from dtperf.detector import Chamber, chambers
from dtperf.measurements.groups import GROUPS, KNOWN
from dtperf.results.result import Result

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

IDS = {"standalone_efficiency": 0.9, "global_efficiency": 0.8, "tight_efficiency": 0.7}
USED = {"all": 0.9, "MB2": 0.8, "MB1 W0 S4": 0.4}
SHIFTED = {"MB3 W+1 S8": 15.0, "MB1 W-2 S2": -14.0}
"""mm, along local x."""


def measured(out: Path, **more: Any) -> Result:
    detector = {"efficiency": 1.0, "second_segment": 0, "noise_segments": 0}
    settings = {"events": 30_000, **more, "detector": {**detector, **more.get("detector", {})}}
    dtperf.synthetic.generate(settings, out, progress=False)
    needs_hits = [name for name in GROUPS["residuals"] if KNOWN[name].table == "layers"]
    groups = {"groups": ["muon", "residuals"], "skip": needs_hits}
    return dtperf.run({"measurements": groups}, out, progress=False)


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Result:
    muons = {**IDS, "segment_in_standalone": USED}
    detector = {"shift_x_mm": SHIFTED}
    return measured(tmp_path_factory.mktemp("ill"), muons=muons, detector=detector)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Result:
    """Give a result in which muons miss an id only for what they lack."""
    return measured(tmp_path_factory.mktemp("whole"), muons=dict.fromkeys(IDS, 1.0))


def of(result: Result, name: str) -> tuple[int, int]:
    failed, passed = result[f"muon_{name}_vs_eta"].project("passed").values()
    return int(passed), int(passed + failed)


def test_ids(result: Result, whole: Result) -> None:
    expected = 1.0
    for name, efficiency in zip(("standalone", "global", "tight"), IDS.values(), strict=True):
        expected *= efficiency
        could, of_all = of(whole, name)
        passed, n = of(result, name)
        allowed = expected * could / of_all
        # both samples have their own tags and probes
        error = np.sqrt(allowed * (1 - allowed) / n + expected**2 * could / of_all**2)
        assert abs(passed / n - allowed) < 4 * error, name


def place(chamber: Chamber) -> dict[str, Any]:
    numbers = {name: getattr(chamber, name) for name in ("station", "wheel", "sector")}
    return {name: hist.loc(number) for name, number in numbers.items()}


def test_segments_of_standalone_tracks_in_each_chamber(result: Result) -> None:
    pulls = []
    for chamber in chambers():
        failed, passed = result["segment_in_standalone_by_chamber"][place(chamber)].values()
        n = passed + failed
        p = USED.get(chamber.name, USED.get(chamber.name[:3], USED["all"]))
        pulls.append((passed / n - p) / np.sqrt(p * (1 - p) / n))
    assert abs(np.mean(pulls)) < 3.5 / np.sqrt(len(pulls))
    assert np.std(pulls) == pytest.approx(1, abs=0.15)


def test_a_shifted_chamber_is_found_and_no_other(result: Result) -> None:
    of_runs = result["track_dx_by_chamber_and_run"]
    pulls = []
    for chamber in chambers():
        content = of_runs[place(chamber)].view()
        n = content["count"].sum()
        mean = (content["count"] * content["value"]).sum() / n
        about = content["count"] * (content["value"] - mean) ** 2
        variance = (content["_sum_of_deltas_squared"] + about).sum() / (n - 1)
        error_cm = np.sqrt(variance / n)
        shift_cm = SHIFTED.get(chamber.name, 0.0) / 10
        pulls.append((mean - shift_cm) / error_cm)
        assert (abs(mean) > 4.5 * error_cm) == (chamber.name in SHIFTED)
    assert abs(np.mean(pulls)) < 3.5 / np.sqrt(len(pulls))
    assert np.std(pulls) == pytest.approx(1, abs=0.15)
