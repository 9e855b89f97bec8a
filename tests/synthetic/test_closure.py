"""What is measured on synthetic events is what was put in, chamber by chamber."""

from __future__ import annotations

import csv
import os
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from scipy import stats

import dtperf
from dtperf.detector import chambers
from dtperf.synthetic import Detector, Settings, generate

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]

EVENTS = 1_000_000
CMS_WITH_ACCEPTANCE = (0.8235, 0.8465, 0.8339, 0.8846)
"""The reference program on real CMS data."""


class Truth(NamedTuple):
    efficiency: float
    probes: int


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("closure")
    settings = Settings(events=EVENTS, files=8, seed=20)
    generate(settings, directory, workers=min(os.cpu_count() or 1, 8))
    return directory


@pytest.fixture(scope="module")
def truth(sample: Path) -> dict[str, Truth]:
    with (sample / "truth_chambers.csv").open() as file:
        rows = list(csv.DictReader(file))
    return {row["chamber"]: Truth(float(row["efficiency"]), int(row["probes"])) for row in rows}


def measure(sample: Path, extrapolation: str, *changes: str) -> dtperf.Result:
    # the reference's rounding to whole centimetres is a bug, which is not to be measured here
    changes += ("compatibility.truncate_extrapolation=false", f"extrapolation={extrapolation}")
    cores = f"run.workers={min(os.cpu_count() or 1, 8)}"
    config = dtperf.load_config("reference_2023", [*changes, "run.executor=futures", cores])
    return dtperf.run(config, sample)


@pytest.fixture(scope="module", params=["ntuple", "helix"])
def result(sample: Path, request: pytest.FixtureRequest) -> dtperf.Result:
    return measure(sample, request.param)


def test_efficiency_is_the_truth_in_all_chambers(
    result: dtperf.Result, truth: dict[str, Truth]
) -> None:
    pulls, worst = [], 0.0
    by_name = {each.chamber.name: each.efficiency for each in result.by_chamber()}
    for chamber in chambers():
        measured, expected = by_name[chamber.name], truth[chamber.name].efficiency
        assert measured.total > 500
        p_value = stats.binomtest(measured.passed, measured.total, expected).pvalue
        worst = max(worst, float(stats.norm.isf(p_value / 2)))
        variance = measured.total * expected * (1 - expected)
        pulls.append((measured.passed - measured.total * expected) / np.sqrt(variance))
    assert len(pulls) == 250
    assert worst < 4.5
    assert stats.chi2.sf(np.sum(np.square(pulls)), 250) > 1e-3


def test_the_bias_of_the_method_is_known(result: dtperf.Result, truth: dict[str, Truth]) -> None:
    """Scattering takes some fiducial probes out of the sensitive region of MB4."""
    for station in (1, 2, 3, 4):
        excess, total = 0.0, 0
        for each in result.by_chamber():
            if each.chamber.station == station:
                expected = truth[each.chamber.name].efficiency * each.efficiency.total
                excess += each.efficiency.passed - expected
                total += each.efficiency.total
        # statistical uncertainty: 1.1e-4 to 1.8e-4
        assert -8e-4 < excess / total < 4e-4


def test_narrow_superlayers_bias_two_sectors_of_mb4(tmp_path: Path) -> None:
    """With the dead border of the other stations, MB4 ends at the fiducial border in S8 and S12.

    CMS data has two to three times the failures of the other sectors there, too. A border that is
    measured from the superlayers has no such bias.
    """
    detector = Detector(efficiency=0.998, frame_x_cm=(3.5, 3.5, 3.5, 3.5))
    settings = Settings(events=400_000, files=4, seed=21, detector=detector)
    generate(settings, tmp_path, workers=min(os.cpu_count() or 1, 4))
    biases = {}
    for border in ("chamber", "superlayers"):
        counts = {True: [0, 0], False: [0, 0]}
        result = measure(tmp_path, "helix", f"selection.station.border={border}")
        for each in result.by_chamber():
            if each.chamber.station == 4:
                of = counts[each.chamber.sector in (8, 12)]
                of[0] += each.efficiency.passed
                of[1] += each.efficiency.total
        biases[border] = [counts[narrow][0] / counts[narrow][1] - 0.998 for narrow in (True, False)]
    # statistical uncertainties: 3.5e-4 and 1.6e-4
    assert biases["chamber"] == [pytest.approx(-2e-3, abs=1e-3), pytest.approx(0, abs=5e-4)]
    assert biases["superlayers"] == [pytest.approx(0, abs=1e-3), pytest.approx(0, abs=5e-4)]
    # of the same probes, so that most of the uncertainty is not in it
    assert biases["superlayers"][0] - biases["chamber"][0] > 7e-4


def test_efficiency_with_acceptance_is_that_of_cms(result: dtperf.Result) -> None:
    for station, cms in zip(result.by_station(), CMS_WITH_ACCEPTANCE, strict=True):
        assert station.with_acceptance is not None
        assert station.with_acceptance.value == pytest.approx(cms, abs=0.03)


def test_nothing_is_lost(result: dtperf.Result) -> None:
    assert result.totals["events"] == EVENTS
    assert not any(result.anomalies.values())
