"""Masses drawn from a Z and a background of known efficiencies, without events."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

import dtperf
from dtperf.results.result import Result
from dtperf.synthetic.physics_boson import z_masses
from tests.helpers.ledgers import row
from tests.helpers.made_results import made

__all__ = ["WINDOW", "Truth", "toy"]

WINDOW = (81.0, 101.0)
WIDE = [f"selection.pair.{end}" for end in ("min_mass=60", "max_mass=120")]


class Truth(NamedTuple):
    """What one station has."""

    signal: float = 0.97
    """Efficiency of the Z."""
    background: float = 0.6
    """Efficiency of the background."""
    share: float = 0.03
    """Of background, in the window."""
    slope: float = 0.03
    """The background falls as exp(-slope * mass), 1/GeV."""
    z: int = 40_000


def toy(seed: int, *stations: Truth, options: list[str] = WIDE) -> Result:
    """Draw what 'efficiency_vs_mass' would count in MB1 and so on."""
    rng = np.random.default_rng(seed)
    config = dtperf.load_config("reference_2023", options)
    counts = config.measurements.active()["efficiency_vs_mass"].empty({})
    edges = np.asarray(counts.axes["mass"].edges)
    view = counts.view()
    for station, truth in enumerate(stations):
        view[station] = _masses(rng, truth, edges).astype(np.int64)
    result = made([row(f"file{seed}", 0, 10)])
    return replace(result, config=config, counts={"efficiency_vs_mass": counts})


def _masses(rng: np.random.Generator, truth: Truth, edges: np.ndarray) -> np.ndarray:
    """Draw one station, shape (bins, 2): failed and passed.

    The Z are those of the generator, some radiate, and two resolutions are mixed: this is not the
    shape that the fit takes.
    """
    radiated = np.where(rng.random(truth.z) < 0.15, rng.exponential(4.0, truth.z), 0.0)
    resolution = np.where(rng.random(truth.z) < 0.2, 2.4, 1.1)
    z = z_masses(rng, truth.z) - radiated + rng.normal(0, resolution)
    passed = rng.random(truth.z) < truth.signal
    signal = np.stack([np.histogram(z[passed == side], edges)[0] for side in (0, 1)], axis=-1)
    low, high = (np.searchsorted(edges, end) for end in WINDOW)
    shape = -np.diff(np.exp(-truth.slope * edges))
    wanted = truth.share / (1 - truth.share) * signal[low:high].sum()
    background = wanted * shape / shape[low:high].sum()
    parts = [1 - truth.background, truth.background]
    return np.asarray(signal + rng.poisson(np.outer(background, parts)))
