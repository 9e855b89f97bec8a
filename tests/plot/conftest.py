"""Results made by hand, with numbers that are the same everywhere."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from dtperf.config import AnalysisConfig
from dtperf.measurements import KNOWN
from dtperf.measurements.declaration import Histogram
from dtperf.plot import style
from dtperf.results.ledger import Ledger
from dtperf.results.result import Result
from tests.helpers.profiles import moments_of

RUNS = tuple(range(367_080, 367_104, 3))
ILL = (2, 0, 7)
"""Station, wheel and sector of MB3 W-2 S8, in bins."""


@pytest.fixture(autouse=True)
def bundled_font(monkeypatch: pytest.MonkeyPatch) -> None:
    """Matplotlib brings this one along, so that letters look the same everywhere."""
    monkeypatch.setitem(style.RC, "font.family", ["DejaVu Sans"])
    monkeypatch.setitem(style.RC, "mathtext.fontset", "dejavusans")


def result_of(counts: dict[str, Histogram], title: str = "made by hand") -> Result:
    return Result(AnalysisConfig(title=title), counts, totals={}, anomalies={}, ledger=Ledger(()))


def made(name: str, seed: int = 1, runs: Sequence[int] = RUNS) -> Histogram:
    """A measurement with some thousand entries; in an efficiency one bin of eleven is empty."""
    counts = KNOWN[name].empty({"run": runs})
    view = counts.view(flow=True)
    is_profile = counts.axes[-1].name == "moment"
    shape = (*view.shape[:-1], 3) if is_profile else view.shape
    place = np.arange(np.prod(shape), dtype=np.int64).reshape(shape)
    noise = (place * 7919 * seed + seed) % 1009
    if not is_profile:
        view[...] = noise % 40
    if counts.axes[-1].name == "passed":
        number = place[..., 0] // 2
        total = np.where(number % 11 == 5, 0, 60 + noise[..., 0] % 300)
        view[..., 0] = total * (noise[..., 1] % 30) // 1000
        view[..., 1] = total - view[..., 0]
        if name == "efficiency_vs_pt":
            view[:, :5] = 0  # no probe below 20 GeV
        if "wheel" in counts.axes.name:
            view[ILL] = view[ILL][..., ::-1]
    if is_profile:
        entries = noise[..., 0] % 40
        sums = (noise[..., 1] - 504) * 2**21 * entries
        view[...] = moments_of(np.stack([entries, sums, entries * 2**26], axis=-1))
    return counts


@pytest.fixture(scope="session")
def whole() -> Result:
    """Everything measured."""
    return result_of({name: made(name) for name in AnalysisConfig().measurements.active()})


@pytest.fixture(scope="session")
def other() -> Result:
    """Everything measured once more, with other numbers."""
    return result_of({name: made(name, 3) for name in AnalysisConfig().measurements.active()})
