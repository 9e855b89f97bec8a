"""Processors as users write them, as files of their own, and what they must find."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from tests.helpers.golden import GOLDEN
from tests.nanoaod.files import read_arrays

__all__ = ["STATIONS", "assert_counted", "write_processor"]

STATIONS = """\
import awkward as ak
import hist

HEAVY = 0.25
SIDES = {-1: "minus", 0: "centre", 1: "plus"}


class Stations:
    columns = {"dtSegment_station", "dtSegment_wheel"}

    def __init__(self, config):
        self.seen = 0

    def process(self, events):
        self.seen += len(events)
        station, wheel = (ak.flatten(events.dtSegment[name]) for name in ("station", "wheel"))
        counts = hist.Hist.new.Int(1, 5, name="station", label="station").Int64()
        weights = hist.Hist.new.Reg(5, -2.5, 2.5, name="wheel").Weight()
        named = hist.Hist.new.StrCat([], growth=True, name="side").Double()
        named.fill([SIDES[(number > 0) - (number < 0)] for number in wheel.tolist()])
        return {
            "segments": {
                "by_station": counts.fill(station),
                "weighted": weights.fill(wheel, weight=HEAVY),
                "by_side": named,
            },
            "seen": self.seen,
            "half": 0.5 * len(events),
        }
"""


def write_processor(folder: Path, text: str = STATIONS, name: str = "mine.py") -> Path:
    """Write a file of processors."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(text)
    return path


def _by_station(path: Path = GOLDEN) -> dict[str, Any]:
    """Count the segments of a file without awkward arrays or hist."""
    arrays = read_arrays(path)
    stations = [s for event in arrays["dtSegment_station"].tolist() for s in event]
    wheels = [w for event in arrays["dtSegment_wheel"].tolist() for w in event]
    return {
        "station": [stations.count(number) for number in range(1, 5)],
        "wheel": np.array([wheels.count(number) for number in range(-2, 3)]),
        "side": {
            "centre": sum(w == 0 for w in wheels),
            "minus": sum(w < 0 for w in wheels),
            "plus": sum(w > 0 for w in wheels),
        },
    }


def assert_counted(extra: Any) -> None:
    """Compare what `Stations` has counted in the golden events, however they were cut up."""
    truth = _by_station()
    assert extra["segments/by_station"].values().tolist() == truth["station"]
    weighted = extra["segments/weighted"]
    assert weighted.values().tolist() == (0.25 * truth["wheel"]).tolist()
    assert weighted.variances().tolist() == (0.25**2 * truth["wheel"]).tolist()
    sides = extra["segments/by_side"]
    assert dict(zip(sides.axes[0], sides.values(), strict=True)) == truth["side"]
    assert list(sides.axes[0]) == sorted(sides.axes[0])
    assert (extra["seen"], extra["half"]) == (4000, 2000)
