"""The truth that is written beside the synthetic data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np

from dtperf.geometry import N_CODES, lengths_cm, stations, widths_cm
from dtperf.synthetic.stages import Kind, TrueMuons
from dtperf.typing import F64, I16, I64, Bools

__all__ = ["EFFICIENCY_UNIT", "ChamberTruth", "TruthCrossings", "chamber_truth"]


EFFICIENCY_UNIT = 2.0**-30
"""Unit of a sum of efficiencies: whole numbers add up to the same total in any order."""

MIN_PT_GEV = 20.0
MAX_ABS_ETA = np.array([1.2, 1.05, 0.9, 0.75])
"""By station."""
BORDER_CM = 15.0


class TruthCrossings(NamedTuple):
    """Every true crossing of a muon with a chamber; all of shape (crossings,)."""

    event: I64
    """Index of the event in its block."""
    muon: I64
    """Index into the block's muons."""
    code: I16
    x: F64
    """Local, cm."""
    y: F64
    efficiency: F64
    """Probability that a phi view was made: 0 outside of the sensitive region."""
    reconstructed: Bools
    """Whether it was."""


@dataclass(frozen=True, eq=False)
class ChamberTruth:
    """What a perfect tag-and-probe would find; all of shape (N_CODES,).

    Its sums are whole numbers and do not depend on the order of addition.
    """

    probes: I64
    efficiency_sum: I64
    """Sum of the probes' true efficiencies, in units of EFFICIENCY_UNIT."""
    reconstructed: I64

    @classmethod
    def empty(cls) -> Self:
        """Start a sum."""
        return cls(*(np.zeros(N_CODES, dtype=np.int64) for _ in range(3)))

    def __add__(self, other: Self) -> Self:
        """Add the probes of other events."""
        return type(self)(
            self.probes + other.probes,
            self.efficiency_sum + other.efficiency_sum,
            self.reconstructed + other.reconstructed,
        )

    @property
    def efficiency(self) -> F64:
        """Mean true efficiency of the probes, shape (N_CODES,); NaN without probes."""
        probes = np.where(self.probes > 0, self.probes, np.nan)
        mean: F64 = self.efficiency_sum * EFFICIENCY_UNIT / probes
        return mean


def chamber_truth(
    truth: TruthCrossings, muons: TrueMuons, events: slice = slice(None)
) -> ChamberTruth:
    """Count the probes that cross each chamber in its fiducial region.

    A probe is a real muon of a Z or of the continuum with pT above 20 GeV, |eta| below the
    station's limit of 1.2, 1.05, 0.9 or 0.75, and both edge distances below -15 cm.

    Args:
        truth: Crossings of a block.
        muons: Its muons.
        events: Which events of the block to count.
    """
    start, stop, _ = events.indices(len(muons.offsets) - 1)
    code, muon = truth.code, truth.muon
    is_probe = (
        (truth.event >= start)
        & (truth.event < stop)
        & (muons.kind[muon] <= Kind.CONTINUUM)
        & (muons.pt[muon] > MIN_PT_GEV)
        & (np.abs(muons.eta[muon]) < MAX_ABS_ETA[stations()[code] - 1])
        & (np.abs(truth.x) - widths_cm()[code] / 2 < -BORDER_CM)
        & (np.abs(truth.y) - lengths_cm()[code] / 2 < -BORDER_CM)
    )
    probe_code = code[is_probe]
    # whole numbers below 2^53 are exact as floats
    units = np.rint(truth.efficiency[is_probe] / EFFICIENCY_UNIT)
    return ChamberTruth(
        _count(probe_code),
        np.bincount(probe_code, units, N_CODES).astype(np.int64),
        _count(probe_code[truth.reconstructed[is_probe]]),
    )


def _count(code: I16) -> I64:
    return np.bincount(code, minlength=N_CODES).astype(np.int64)
