"""Fit how well hits are measured: ``resolutions(result)``, one row a station and superlayer."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from dtperf.errors import InputError
from dtperf.results.result import Result, ResultSource
from dtperf.results.row_columns import Column, Columns, at, field_columns
from dtperf.results.table import Table
from dtperf.statistics import special
from dtperf.typing import F64, AnyArray

__all__ = ["Peak", "Resolution", "fit_peak", "resolutions"]

FIRST_WINDOW, WINDOW = 1.2, 1.1
"""Half widths: of the first fit in RMS about the mode, of the second in sigmas of the first."""
FEWEST = 100
"""Hits in the window of a fit."""
FEWEST_BINS = 4
UM_PER_CM = 1e4


class Peak(NamedTuple):
    """A Gaussian in the middle of a distribution, in its unit."""

    mean: float
    sigma: float
    error: float
    """Of sigma."""
    low: float
    """Where the fit begins."""
    high: float
    """Where it ends."""
    entries: float
    """The whole Gaussian, as it was fitted to the hits in that window."""


class Resolution(NamedTuple):
    """The resolution of the hits of a superlayer in all chambers of a station."""

    station: int
    superlayer: int
    hits: int
    peak: Peak | None
    """In cm; None: too few hits, or no peak."""

    @property
    def sigma_um(self) -> float | None:
        """Of the Gaussian, micrometres."""
        return None if self.peak is None else UM_PER_CM * self.peak.sigma

    @property
    def error_um(self) -> float | None:
        """Of `sigma_um`."""
        return None if self.peak is None else UM_PER_CM * self.peak.error

    @property
    def mean_um(self) -> float | None:
        """Of the Gaussian, micrometres."""
        return None if self.peak is None else UM_PER_CM * self.peak.mean

    @property
    def in_words(self) -> str:
        """The resolution with its uncertainty."""
        if self.peak is None:
            return "too few hits" if self.hits < FEWEST else "no peak"
        return f"{self.sigma_um:.0f} ± {max(self.error_um or 0, 1):.0f} µm"

    def cells(self) -> list[tuple[str, str]]:
        """Return what a table shows of it."""
        name = f"MB{self.station} SL{self.superlayer}"
        mean = "" if self.mean_um is None else f"{self.mean_um:+.0f} µm"
        return [
            ("superlayer", name),
            ("resolution", self.in_words),
            ("mean", mean),
            ("hits", f"{self.hits:,}"),
        ]

    @classmethod
    def columns(cls) -> Columns:
        """Return the columns of a data frame."""
        found = {
            name: Column(at(name), float | None) for name in ("mean_um", "sigma_um", "error_um")
        }
        return {**field_columns(cls, "station", "superlayer", "hits"), **found}


def resolutions(result: ResultSource, measurement: str = "hit_residual") -> Table[Resolution]:
    """Fit the residuals of the hits of each superlayer.

    Args:
        result: With the group 'residuals', or its directory.
        measurement: 'hit_residual', or 'hit_residual_unbiased', which is of fits without the hit.

    Returns:
        A row for each superlayer of MB1 to MB4 that has hits; MB4 has no superlayer 2.

    Raises:
        InputError: It was not measured.

    Source: computeResidual of DTNtupleSegmentAnalyzer.C, battibass/DTSliceTestOfflineAnalysis.
    """
    result = Result.load(result)
    if measurement not in result.counts:
        raise InputError(
            f"the result lacks '{measurement}': run with measurements.groups=[residuals]"
        )
    counts: Any = result.counts[measurement].project("station", "superlayer", "residual")
    edges = np.asarray(counts.axes["residual"].edges, dtype=np.float64)
    view = np.asarray(counts.view(), dtype=np.int64)
    rows = [
        Resolution(station + 1, superlayer + 1, int(hits.sum()), fit_peak(edges, hits))
        for station, superlayers in enumerate(view)
        for superlayer, hits in enumerate(superlayers)
        if hits.any()
    ]
    return Table(rows, "no hits", Resolution)


def fit_peak(edges: F64, entries: AnyArray) -> Peak | None:
    """Fit a Gaussian within 1.2 RMS of the mode, then within 1.1 of its own sigmas.

    Args:
        edges: Of the bins, shape (n + 1,).
        entries: Counts, shape (n,).

    Returns:
        The second fit, by maximum likelihood; None: with few entries or without a peak.
    """
    middles = (edges[1:] + edges[:-1]) / 2
    total = entries.sum()
    if total < FEWEST:
        return None
    mode = float(middles[np.argmax(entries)])
    mean = float((middles * entries).sum() / total)
    rms = float(np.sqrt(((middles - mean) ** 2 * entries).sum() / total))
    first = _fit(edges, entries, mode, rms, FIRST_WINDOW * rms)
    if first is None:
        return None
    return _fit(edges, entries, first.mean, first.sigma, WINDOW * first.sigma)


def _fit(edges: F64, entries: AnyArray, mean: float, sigma: float, reach: float) -> Peak | None:
    """Fit what lies within some reach of a mean, the Gaussian cut off where the bins are."""
    from iminuit import Minuit  # type: ignore[import-untyped]
    from iminuit.cost import BinnedNLL  # type: ignore[import-untyped]  # takes 0.2 s to import

    inside = np.flatnonzero((edges >= mean - reach) & (edges <= mean + reach))
    if len(inside) <= FEWEST_BINS:
        return None
    first, last = int(inside[0]), int(inside[-1])
    within, counted = edges[first : last + 1], entries[first:last]
    if counted.sum() < FEWEST:
        return None

    def cumulative(x: F64, mean: float, sigma: float) -> F64:
        part = special.ndtr((x - mean) / sigma)
        ends = special.ndtr((within[[0, -1]] - mean) / sigma)
        return np.asarray((part - ends[0]) / (ends[1] - ends[0]))

    minuit = Minuit(BinnedNLL(counted, within, cumulative), mean=mean, sigma=sigma)
    width = within[-1] - within[0]
    minuit.limits["mean"] = (within[0], within[-1])
    # what is wider than its window by so much is flat there: no peak
    minuit.limits["sigma"] = (1e-3 * width, 10 * width)
    minuit.migrad().hesse()
    if not minuit.valid:
        return None
    found, spread = (float(minuit.values[name]) for name in ("mean", "sigma"))
    low, high = float(within[0]), float(within[-1])
    covered = float(special.ndtr((high - found) / spread) - special.ndtr((low - found) / spread))
    error = float(minuit.errors["sigma"])
    return Peak(found, spread, error, low, high, float(counted.sum()) / covered)
