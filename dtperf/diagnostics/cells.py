"""Find cells that are dead, weak or noisy: ``dtperf.cells.find(result)``."""

from __future__ import annotations

import csv
import io
from typing import Literal, NamedTuple

import numpy as np
import scipy  # its parts take 0.1 s to import, and come when they are used

from dtperf.detector import Chamber, chambers, layer_cells, of_chambers
from dtperf.errors import InputError
from dtperf.results.result import Result
from dtperf.results.row_columns import Columns, field_columns, place_columns
from dtperf.results.table import Table
from dtperf.statistics import probability, special
from dtperf.typing import F64, AnyArray, Bools

__all__ = ["NEEDED", "CellFlag", "CellSurvey", "cells_of_chambers", "find", "to_csv"]

FALSE_ALARMS = 0.01
"""Probability that any healthy cell of the detector is named, of each kind."""
MOST = 3.0
"""A healthy cell has at most this many times the background of its superlayer."""
LEAST = 1 / 3
"""A healthy cell has at least this part of the digis of its neighbours."""
NEIGHBOURS = 8
"""Wires on either side, in all layers of the superlayer."""
NOISY_HZ = 200.0
"""noisyCellDef of DQM/DTMonitorClient/python/dtNoiseAnalysis_cfi.py in cms-sw/cmssw."""
NS = 1e-9
NEEDED = ("cell_occupancy", "cell_noise", "chamber_has_segment")

Kind = Literal["dead", "weak", "noisy"]


class CellFlag(NamedTuple):
    """A cell that is not as its neighbours, or fires by itself."""

    place: Chamber
    superlayer: int
    layer: int
    wire: int
    kind: Kind
    """Dead: no digi; weak: less than a third of what its neighbours have; noisy."""
    digis: int
    """Of a noisy cell those before all signals."""
    expected: float
    """What its neighbours have; of a noisy cell what the limit allows."""
    p_value: float
    """Probability of so few, or so many, in a cell at the limit; not corrected for their number."""

    @property
    def name(self) -> str:
        """Return the cell in the field's usual form."""
        return f"{self.place.name} SL{self.superlayer} L{self.layer} wire {self.wire}"

    def cells(self) -> list[tuple[str, str]]:
        """Return what a table shows of it."""
        return [
            ("cell", self.name),
            ("kind", self.kind),
            ("digis", f"{self.digis:,}"),
            ("expected", f"{self.expected:,.1f}"),
            ("p-value", probability(self.p_value)),
        ]

    @classmethod
    def columns(cls) -> Columns:
        """Return the columns of a data frame."""
        names = ("superlayer", "layer", "wire", "kind", "digis", "expected", "p_value")
        return {**place_columns(), **field_columns(cls, *names)}


class CellSurvey(NamedTuple):
    """What a result tells of all cells."""

    flags: Table[CellFlag]
    """Dead, weak and noisy cells, in order of chamber, layer and wire."""
    cells: int
    """Cells of the detector."""
    undecided: int
    """Cells without a digi whose neighbours have too few to tell."""
    quiet: int
    """Cells that could not be named noisy: their chamber was without a segment for too short."""


def find(result: Result, max_rate_hz: float = NOISY_HZ) -> CellSurvey:
    """Find dead, weak and noisy cells.

    Whether a cell is dead or weak is a Poisson test against a third of the median of its
    neighbours. Whether it is noisy, one against the rate that is allowed and three times the
    background of its superlayer, which beams make, in the time before signals of the events in
    which its chamber has no segment. All healthy cells together give a false alarm of each kind
    with a probability of 1 % at most (Bonferroni).

    Args:
        result: With the measurements of the group 'cells'.
        max_rate_hz: How often a cell may fire without beam.

    Raises:
        InputError: The result does not have them.
    """
    lacking = [name for name in NEEDED if name not in result]
    if lacking:
        raise InputError(
            f"the result has no {', '.join(lacking)}: run with measurements.groups=[cells]"
        )
    digis, noise = (of_chambers(result[name].values()) for name in ("cell_occupancy", "cell_noise"))
    exists = _exists()
    n_cells = int(exists.sum())
    limit = FALSE_ALARMS / n_cells
    usual = _of_neighbours(digis, exists)
    low = special.pdtr(digis, LEAST * usual)
    is_low = exists & (low < limit) & (usual > 0)
    seconds = _seconds_without_segment(result)[:, None, None, None]
    limits = max_rate_hz * seconds + MOST * _background(noise, exists)
    allowed = np.broadcast_to(limits, noise.shape)
    high = special.pdtrc(noise - 1, allowed)
    is_noisy = exists & (noise > 0) & (high < limit) & (allowed > 0)
    flags = [
        *_flags(is_low & (digis == 0), "dead", digis, usual, low),
        *_flags(is_low & (digis > 0), "weak", digis, usual, low),
        *_flags(is_noisy, "noisy", noise, allowed, high),
    ]
    return CellSurvey(
        Table(sorted(flags, key=lambda each: each[:4]), "no dead, weak or noisy cells"),
        n_cells,
        int((exists & (digis == 0) & ~is_low).sum()),
        int((exists & (allowed < 1)).sum()),
    )


def to_csv(flags: Table[CellFlag], kinds: tuple[Kind, ...] = ("dead",)) -> str:
    """Return cells as `selection.dead_cells` takes them.

    Args:
        flags: Of a survey.
        kinds: Which of them.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["station", "wheel", "sector", "superlayer", "layer", "wire"])
    for each in flags:
        if each.kind in kinds:
            place = each.place
            writer.writerow(
                [place.station, place.wheel, place.sector, each.superlayer, each.layer, each.wire]
            )
    return text.getvalue()


def _exists() -> Bools:
    """Return whether there is a cell, same shape."""
    cells = layer_cells()
    codes = [chamber.code for chamber in chambers()]
    first, number = cells.first[codes][..., None], cells.number[codes][..., None]
    wire = np.arange(1, 97)
    return np.asarray((wire >= first) & (wire < first + number))


def cells_of_chambers() -> dict[Chamber, int]:
    """Return how many cells each chamber has."""
    numbers = _exists().sum(axis=(1, 2, 3)).tolist()
    return dict(zip(chambers(), numbers, strict=True))


def _background(noise: AnyArray, exists: Bools) -> F64:
    """Return the mean of the cells of each superlayer, without the twentieth that fire most."""
    counts = np.where(exists, noise, -1).reshape(*noise.shape[:2], 1, -1)
    ordered = np.sort(counts, axis=-1)
    number = (ordered >= 0).sum(axis=-1, keepdims=True)
    first = ordered.shape[-1] - number
    rank = np.arange(ordered.shape[-1]) - first
    kept = (rank >= 0) & (rank < np.ceil(0.95 * number))
    means = np.where(kept, ordered, 0).sum(axis=-1, keepdims=True) / np.maximum(
        kept.sum(axis=-1, keepdims=True), 1
    )
    return np.asarray(means)


def _of_neighbours(digis: AnyArray, exists: Bools) -> F64:
    """Return the median of a cell's neighbours in its superlayer, itself left out.

    0 where the cell has a third or more of the largest of them: it needs no median.
    """
    size = (1, 1, 7, 2 * NEIGHBOURS + 1)
    few = exists & (digis < LEAST * scipy.ndimage.maximum_filter(digis, size=size, mode="constant"))
    known = np.where(exists, digis, np.nan).astype(np.float64)
    around = ((0, 0), (0, 0), (3, 3), (NEIGHBOURS, NEIGHBOURS))
    padded = np.pad(known, around, constant_values=np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(padded, size[2:], axis=(2, 3))
    around_few = windows[few].reshape(np.count_nonzero(few), size[2] * size[3])
    around_few[:, around_few.shape[1] // 2] = np.nan
    medians = np.zeros(known.shape)
    medians[few] = np.nanmedian(around_few, axis=1)
    return medians


def _seconds_without_segment(result: Result) -> F64:
    """Return how long noise was looked for in each chamber, s."""
    low, high = result.config.selection.layers.noise_window_ns
    events = result.totals["certified"] - of_chambers(result["chamber_has_segment"].values())
    return np.asarray(events * (high - low) * NS)


def _flags(
    named: Bools, kind: Kind, digis: AnyArray, expected: AnyArray, p_value: F64
) -> list[CellFlag]:
    return [
        CellFlag(
            chambers()[chamber],
            int(superlayer) + 1,
            int(layer) + 1,
            int(wire) + 1,
            kind,
            int(digis[chamber, superlayer, layer, wire]),
            float(expected[chamber, superlayer, layer, wire]),
            float(p_value[chamber, superlayer, layer, wire]),
        )
        for chamber, superlayer, layer, wire in zip(*np.nonzero(named), strict=True)
    ]
