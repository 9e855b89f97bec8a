"""Results drawn from known efficiencies by chamber and run: many of them in a second."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from dtperf.detector import Chamber, chambers
from dtperf.results.result import Result
from tests.helpers.ledgers import row
from tests.helpers.made_results import config, made

__all__ = ["Loss", "drawn", "one", "station"]

EFFICIENCY = np.array([0.9966, 0.9970, 0.9904, 0.9979])
BETWEEN_CHAMBERS, CHAMBERS_SEED = 0.0015, 1

Loss = Callable[[Chamber], float]


def station(number: int, loss: float) -> Loss:
    """All chambers of a station lose as much."""
    return lambda chamber: loss * (chamber.station == number)


def one(name: str, loss: float) -> Loss:
    """One chamber loses something."""
    return lambda chamber: loss * (chamber.name == name)


def drawn(
    seed: int,
    *losses: Loss,
    runs: int = 20,
    probes: float | np.ndarray = 100.0,
    together: float = 0.0,
    by_station: float = 0.0,
    first_run: int = 0,
) -> Result:
    """Draw counts of chambers that differ from one another, but not from one toy to the next.

    Args:
        seed: Of this toy.
        losses: Of efficiency, by chamber.
        runs: How many.
        probes: Mean of a chamber in a run, or of each chamber, shape (250, 1), or run, (1, runs).
        together: Standard deviation by which all chambers vary from run to run.
        by_station: The same for each station on its own.
        first_run: Added to the numbers of the runs.
    """
    rng, usual = np.random.default_rng(seed), np.random.default_rng(CHAMBERS_SEED)
    at = np.array([each.station - 1 for each in chambers()])
    true = np.minimum(usual.normal(EFFICIENCY[at], BETWEEN_CHAMBERS), 1.0)
    true -= [sum(loss(chamber) for loss in losses) for chamber in chambers()]
    in_run = true[:, np.newaxis] + together * rng.normal(size=runs)
    in_run += by_station * rng.normal(size=(4, runs))[at]
    total = rng.poisson(probes, (len(at), runs))
    passed = rng.binomial(total, np.clip(in_run, 0, 1))
    cells = np.stack([total - passed, passed], axis=-1)
    numbers = [370_000 + first_run + 7 * number for number in range(runs)]
    active = config().measurements.active()
    counts = {
        name: active[name].empty({"run": numbers}) for name in ("by_chamber", "by_chamber_and_run")
    }
    for each, mine in zip(chambers(), cells, strict=True):
        place = each.station - 1, each.wheel + 2, each.sector - 1
        counts["by_chamber_and_run"].view()[place] = mine
        counts["by_chamber"].view()[place] = mine.sum(axis=0)
    return replace(made([row(f"file{seed}-{first_run}", 0, 10)]), counts=counts)
