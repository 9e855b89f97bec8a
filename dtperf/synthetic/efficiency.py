"""Compute the true efficiency of the synthetic chambers, and their sensitive part."""

from __future__ import annotations

import csv
from functools import cache, lru_cache
from importlib.resources import files
from typing import NamedTuple

import numpy as np

from dtperf.detector import N_CODES, Chamber, lengths_cm, stations
from dtperf.detector.superlayers import superlayer_table
from dtperf.synthetic.detector import Detector, codes_named
from dtperf.typing import F64, I16, I64, Bools

__all__ = [
    "CmsTable",
    "chamber_efficiencies",
    "cms_table",
    "is_in_cells",
    "true_efficiency",
]

PHI_SUPERLAYERS = (0, 2)  # numbered 1 and 3 in CMS


class CmsTable(NamedTuple):
    """What CMS measured in each chamber; arrays of shape (N_CODES,), 0 where none exists."""

    passed: I64
    total: I64
    t0_mean_ns: F64
    t0_rms_ns: F64
    """Within 12.5 ns of 0."""


class _Table(NamedTuple):
    """A detector's efficiencies by code."""

    base: F64
    loss: F64
    """Through ageing, from the first to the last run."""
    factor: F64
    """Shape (regions, N_CODES), 1 in chambers that the region leaves alone."""
    box: F64
    """Shape (regions, 4): lowest and highest x, lowest and highest y, cm."""


@cache
def cms_table() -> CmsTable:
    """Read the table of real data that comes with the package; see data/README.md."""
    text = files("dtperf.synthetic").joinpath("data/cms_chambers.csv").read_text(encoding="utf-8")
    counts = np.zeros((2, N_CODES), dtype=np.int64)
    times = np.zeros((2, N_CODES))
    for row in csv.DictReader(text.splitlines()):
        code = Chamber(int(row["wheel"]), int(row["sector"]), int(row["station"])).code
        counts[:, code] = row["passed"], row["total"]
        times[:, code] = row["t0_mean_ns"], row["t0_rms_ns"]
    for table in (counts, times):
        table.setflags(write=False)
    return CmsTable(*counts, *times)


# settings hold dicts and so have no hash; their JSON stands for them
@lru_cache(maxsize=16)
def _table(settings: str) -> _Table:
    detector = Detector.model_validate_json(settings)
    if detector.efficiency == "cms":
        measured = cms_table()
        # the mean of the posterior of a flat prior: no chamber is exactly 1
        base = np.where(measured.total > 0, (measured.passed + 1) / (measured.total + 2), 0.0)
    else:
        base = np.zeros(N_CODES)
        base[list(codes_named("all"))] = detector.efficiency
    for name, efficiency in detector.chambers.items():
        base[list(codes_named(name))] = efficiency
    loss = np.zeros(N_CODES)
    # names that stand for fewer chambers come later and win
    for name in sorted(detector.ageing, key=lambda name: -len(codes_named(name))):
        loss[list(codes_named(name))] = detector.ageing[name]
    factor = np.ones((len(detector.regions), N_CODES))
    box = np.empty((len(detector.regions), 4))
    everywhere = (-np.inf, np.inf)
    for i, region in enumerate(detector.regions):
        factor[i, list(codes_named(region.chamber))] = region.efficiency
        box[i] = (*(region.x or everywhere), *(region.y or everywhere))
    base.setflags(write=False)
    return _Table(base, loss, factor, box)


def chamber_efficiencies(detector: Detector) -> F64:
    """Return the efficiency of chambers in the first run, off the regions; shape (N_CODES,)."""
    return _table(detector.model_dump_json()).base


def true_efficiency(detector: Detector, code: I16, x: F64, y: F64, run_fraction: F64) -> F64:
    """Return the probability of a phi view for muons that cross the sensitive region.

    Args:
        detector: Settings.
        code: Chamber, shape (n,) as all that follows.
        x: Local x of the crossing, cm.
        y: Local y of the crossing, cm.
        run_fraction: Position of the run, 0 for the first and 1 for the last.
    """
    table = _table(detector.model_dump_json())
    efficiency: F64 = table.base[code]
    if table.loss.any():
        efficiency = np.maximum(efficiency - table.loss[code] * run_fraction, 0.0)
    for factor, (x_low, x_high, y_low, y_high) in zip(table.factor, table.box, strict=True):
        inside = (x_low <= x) & (x <= x_high) & (y_low <= y) & (y <= y_high)
        efficiency = np.where(inside, efficiency * factor[code], efficiency)
    return efficiency


def is_in_cells(detector: Detector, code: I16, x: F64, y: F64, dxdz: F64, dydz: F64) -> Bools:
    """Return which crossings pass through cells of one phi superlayer at least.

    Oblique muons cross the two of a chamber at different places, so that near the end of the
    wires one of them may be enough. Chamber, local x and y (cm) and slopes are of shape (n,).
    """
    half_length = lengths_cm()[code] / 2 - detector.frame_y_cm
    frame_x = np.asarray(detector.frame_x_cm)[stations()[code] - 1]
    inside = np.zeros(len(code), dtype=np.bool_)
    for superlayer in PHI_SUPERLAYERS:
        centre_x, z, width, _ = superlayer_table()[code, superlayer].T
        inside_x = np.abs(x + dxdz * z - centre_x) < width / 2 - frame_x
        inside |= inside_x & (np.abs(y + dydz * z) < half_length)
    return inside
