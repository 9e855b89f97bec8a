"""Which muons are matched to a trigger object."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from dtperf.synthetic.stages import Kind, TrueMuons
from dtperf.typing import F64, Bools

__all__ = ["TURN_ONS", "TurnOn", "isolated_trigger", "single_trigger"]


MAX_ETA = 2.4
MAX_ISO = 0.2


class TurnOn(NamedTuple):
    """Efficiency of a trigger: a plateau above a threshold that is smeared by a Gaussian."""

    threshold_gev: float
    width_gev: float
    plateau: float


TURN_ONS = {"isolated": TurnOn(24.0, 0.7, 0.92), "single": TurnOn(55.0, 1.5, 0.90)}


def _fires(rng: np.random.Generator, muons: TrueMuons, turn_on: TurnOn) -> Bools:
    n = len(muons.pt)
    reachable = (muons.kind != Kind.FAKE) & (np.abs(muons.eta) < MAX_ETA)
    threshold = turn_on.threshold_gev + turn_on.width_gev * rng.standard_normal(n, dtype=np.float32)
    is_seen = rng.random(n, dtype=np.float32) < turn_on.plateau
    return np.asarray(reachable & is_seen & (muons.pt > threshold))


def isolated_trigger(rng: np.random.Generator, muons: TrueMuons, iso: F64) -> Bools:
    """Draw which muons fire HLT_IsoMu2*: 92 % above 24 GeV, real, with pfIso04 below 0.2."""
    return _fires(rng, muons, TURN_ONS["isolated"]) & (iso < MAX_ISO)


def single_trigger(rng: np.random.Generator, muons: TrueMuons) -> Bools:
    """Draw which muons fire HLT_Mu55*: 90 % above 55 GeV, real, isolated or not."""
    return _fires(rng, muons, TURN_ONS["single"])
