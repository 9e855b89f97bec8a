"""Results with counts drawn from known efficiencies, without events."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from dtperf import detector
from dtperf.results.result import Result
from tests.helpers.ledgers import row
from tests.helpers.made_results import config, made

__all__ = ["EFFICIENCY", "RUNS", "Truth", "toy"]

RUNS = [370_000 + 7 * number for number in range(40)]
EFFICIENCY = (0.9966, 0.9970, 0.9904, 0.9979)
SPREAD, SPREAD_SEED = 0.0015, 1
X, Y = (np.arange(n) * step + low for n, step, low in ((42, 10, -205), (14, 20, -130)))

Truth = Mapping[str, Callable[[int, np.ndarray, np.ndarray], np.ndarray | float]]
"""By a chamber's name: efficiency by number of the run, local x and local y (cm)."""


def toy(seed: int, ill: Truth | None = None, probes: int = 2000) -> Result:
    """Draw `probes` in each chamber, evenly over its face and over the runs.

    Healthy chambers differ from one another, but not from one toy to the next.
    """
    rng, truths = np.random.default_rng(seed), np.random.default_rng(SPREAD_SEED)
    active = config().measurements.active()
    counts = {
        name: active[name].empty({"run": RUNS})
        for name in ("by_chamber", "by_chamber_and_run", "inside_chambers")
    }
    for chamber in detector.chambers():
        at = chamber.station - 1, chamber.wheel + 2, chamber.sector - 1
        run, x, y = _places(rng, chamber, probes)
        true = np.full(probes, min(truths.normal(EFFICIENCY[chamber.station - 1], SPREAD), 1.0))
        if ill and chamber.name in ill:
            true = np.broadcast_to(ill[chamber.name](run, X[x], Y[y]), probes)
        passed = (rng.random(probes) < true).astype(int)
        np.add.at(counts["by_chamber"].view(), (*at, passed), 1)
        np.add.at(counts["by_chamber_and_run"].view(), (*at, run, passed), 1)
        np.add.at(counts["inside_chambers"].view(), (*at, x, y, passed), 1)
    return replace(made([row(f"file{seed}", 0, 10)]), counts=counts)


def _places(
    rng: np.random.Generator, chamber: detector.Chamber, probes: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    width, length = (each()[chamber.code] for each in (detector.widths_cm, detector.lengths_cm))
    x = np.floor((rng.uniform(-width / 2, width / 2, probes) + 210) / 10).astype(int)
    y = np.floor((rng.uniform(-length / 2, length / 2, probes) + 140) / 20).astype(int)
    return rng.integers(len(RUNS), size=probes), x, y
