"""From synthetic files to flags: every chamber that was made ill is found, and no other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import dtperf
from dtperf.diagnostics.flags import Flag, flag
from dtperf.results.result import Result
from dtperf.synthetic import Detector, Settings, generate
from dtperf.synthetic.detector import InefficientRegion

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

LOW = {"MB2 W-2 S12": 0.90, "MB3 W0 S8": 0.80, "MB1 W+1 S3": 0.0}
DROPS, HAS_HOLE = "MB4 W+2 S5", "MB1 W0 S6"
HOLE = (-60.0, 0.0, 20.0, 80.0)
EVENTS, RUNS = 150_000, 8


def half(number: int, seed: int, **detector: object) -> Settings:
    """The earlier or the later runs."""
    return Settings.model_validate(
        {
            "seed": seed + number,
            "events": EVENTS,
            "runs": RUNS,
            "first_run": 370_000 + 1_000 * number,
            # those of CMS data have ill ones of their own
            "detector": Detector.model_validate({"efficiency": 0.995, **detector}),
        }
    )


def measured(folder: Path, halves: list[Settings]) -> Result:
    config = dtperf.load_config("reference_2023")
    files = [generate(each, folder / str(at)).directory for at, each in enumerate(halves)]
    return dtperf.run(config, files)


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Result:
    halves = [half(number, 100) for number in range(2)]
    return measured(tmp_path_factory.mktemp("healthy"), halves)


@pytest.fixture(scope="module")
def ill(tmp_path_factory: pytest.TempPathFactory) -> Result:
    hole = InefficientRegion(chamber=HAS_HOLE, x=HOLE[:2], y=HOLE[2:])
    halves = [
        half(number, 200, chambers={**LOW, **({DROPS: 0.85} if number else {})}, regions=(hole,))
        for number in range(2)
    ]
    return measured(tmp_path_factory.mktemp("ill"), halves)


@pytest.fixture(scope="module")
def flags(ill: Result, reference: Result) -> tuple[Flag, ...]:
    return flag(ill, reference)


def of(flags: tuple[Flag, ...], kind: str) -> dict[str, Flag]:
    return {each.place.name: each for each in flags if each.kind == kind}


def test_low_ones(flags: tuple[Flag, ...]) -> None:
    assert LOW.keys() <= of(flags, "low").keys() <= {*LOW, DROPS, HAS_HOLE}


def test_those_that_dropped(flags: tuple[Flag, ...]) -> None:
    assert {*LOW, DROPS, HAS_HOLE} == of(flags, "dropped").keys()


def test_the_run_of_the_drop_within_one(ill: Result, flags: tuple[Flag, ...]) -> None:
    found = of(flags, "drifting")
    assert found.keys() == {DROPS}
    runs = sorted(ill["by_chamber_and_run"].axes["run"])
    assert len(runs) == 2 * RUNS
    told = found[DROPS]
    assert abs(runs.index(told.run) - RUNS) <= 1
    assert told.runs is not None
    assert told.runs[0] <= runs[RUNS] <= told.runs[1]


def test_the_dead_region(flags: tuple[Flag, ...]) -> None:
    found = of(flags, "dead region")
    assert found.keys() == {HAS_HOLE}
    assert np.allclose(found[HAS_HOLE].region or (), HOLE, atol=20)


def test_the_healthy_ones(reference: Result) -> None:
    assert flag(reference) == ()
