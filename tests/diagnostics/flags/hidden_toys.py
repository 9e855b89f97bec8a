"""Results with probes drawn as they spread in CMS, without events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from dtperf import detector
from dtperf.detector import Place
from dtperf.results.result import Result
from tests.helpers.ledgers import row
from tests.helpers.made_results import config, made

__all__ = ["HALF", "RUNS", "hidden_toy"]

RUNS = [370_000 + 7 * number for number in range(12)]
HALF = RUNS[6]
SPREAD, SPREAD_SEED = 0.05, 1
"""Of healthy chambers; the same in all toys."""
BETWEEN_RUNS = 0.005
ELIGIBLE = np.array(
    [[0.83, 0.98, 0.88], [0.79, 0.97, 0.90], [0.87, 0.93, 0.98], [0.95, 0.88, 0.99]]
)
"""By station, in wheels 2, 1, 0: as in synthetic samples with the chambers of CMS."""
DENSITY = np.array([[0.77, 1.08, 1.0], [0.76, 1.06, 1.0], [0.91, 1.04, 1.12], [1.08, 0.98, 1.12]])
"""Probes for their acceptance, by station, in wheels 2, 1, 0: as in CMS data."""
AT_CHIMNEYS = ((-1, 3), (1, 4), (1, 13))
LESS_THERE = np.array([0.0, 0.0, 0.12, 0.2])
"""Of the eligible fraction, by station."""


def hidden_toy(
    seed: int,
    probes: float = 150,
    *,
    eligible: Mapping[Place, float] | None = None,
    fewer: Mapping[Place, float] | None = None,
    from_run: int = 0,
    efficiency: Mapping[Place, float] | None = None,
) -> Result:
    """Draw probes of muons that cross all stations of a sector, run by run.

    Args:
        seed: Of the random numbers.
        probes: About the mean number in a chamber and run.
        eligible: Factors on the eligible fraction of places.
        fewer: Factors on the number of probes of places.
        from_run: First run in which these factors hold.
        efficiency: Of places, 0.99 elsewhere.
    """
    rng, truths = np.random.default_rng(seed), np.random.default_rng(SPREAD_SEED)
    active = config().measurements.active()
    counts = {
        name: active[name].empty({"run": RUNS})
        for name in ("by_chamber", "eligible_by_sector_and_run")
    }
    cuts = config().selection.station
    acceptance = detector.fiducial_acceptances(cuts.max_abs_eta, cuts.border_x, cuts.border_y)
    usual = np.nanmean(acceptance)
    shift = rng.normal(0, BETWEEN_RUNS, len(RUNS))
    later = np.array(RUNS) >= from_run
    # the muons of a sector, of which each station sees some: its counts are correlated
    muons = {
        (wheel, sector): rng.poisson(3 * probes, len(RUNS))
        for wheel in range(-2, 3)
        for sector in range(1, 15)
    }
    for chamber in detector.chambers():
        wheel, sector, station = chamber
        part = acceptance[chamber.code] / usual / 3 * DENSITY[station - 1, 2 - abs(wheel)]
        part *= 1 + truths.normal(0, SPREAD)
        fraction = ELIGIBLE[station - 1, 2 - abs(wheel)] + truths.normal(0, 0.01)
        if (wheel, sector) in AT_CHIMNEYS:
            fraction -= LESS_THERE[station - 1]
        n = np.full(len(RUNS), part)
        seen = np.clip(fraction + shift, 0, 1)
        n, seen = (
            np.where(later, values * _factor(factors, chamber), values)
            for values, factors in ((n, fewer), (seen, eligible))
        )
        total = rng.binomial(muons[wheel, sector], n)
        kept = rng.binomial(total, seen)
        at = station - 1, wheel + 2, sector - 1
        pairs = np.stack([total - kept, kept], axis=-1)
        counts["eligible_by_sector_and_run"].view()[at] = pairs
        true = next(
            (v for place, v in (efficiency or {}).items() if chamber in place.chambers), 0.99
        )
        passed = rng.binomial(kept.sum(), true)
        counts["by_chamber"].view(flow=True)[at] = kept.sum() - passed, passed
    return replace(made([row(f"file{seed}", 0, 10)]), counts=counts)


def _factor(factors: Mapping[Place, float] | None, chamber: detector.Chamber) -> float:
    mine = [factor for place, factor in (factors or {}).items() if chamber in place.chambers]
    return float(np.prod(mine))
