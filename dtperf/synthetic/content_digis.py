"""Draw the digis of the DT."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np

from dtperf.detector.cells import layer_cells
from dtperf.detector.numbering import chamber_codes, raw_ids, sectors, stations, wheels
from dtperf.detector.superlayers import SUPERLAYER_BIT
from dtperf.synthetic.content_cells import LAYER, SUPERLAYER, LayerLines, has_view
from dtperf.synthetic.content_hits import PEDESTAL_NS, TDC_NS, LayerHits
from dtperf.synthetic.readout import Readout, place_of
from dtperf.synthetic.stages import DrawnSegments
from dtperf.typing import I16, I64, AnyArray, Bools

__all__ = ["digis"]

LONGEST_TIME_NS = 1250.0
NS = 1e-9


class _AllCells(NamedTuple):
    """All cells of the DT in the order of CMS's numbers of layers, and wires."""

    columns: dict[str, I16]
    start: I64
    """Index of each layer's first cell, as `layer_cells`."""


@cache
def _all_cells() -> _AllCells:
    first, number = layer_cells()[:2]
    code, superlayer, layer = np.nonzero(number)
    order = np.argsort(raw_ids()[code] + ((superlayer + 1) << SUPERLAYER_BIT) + layer)
    code, superlayer, layer = code[order], superlayer[order], layer[order]
    counts = number[code, superlayer, layer]
    start = np.zeros(number.shape, dtype=np.int64)
    start[code, superlayer, layer] = np.cumsum(counts) - counts
    wire = np.arange(counts.sum()) - np.repeat(start[code, superlayer, layer], counts)
    columns: dict[str, Any] = {
        "wheel": wheels()[code],
        "sector": sectors()[code],
        "station": stations()[code],
        "superLayer": superlayer + 1,
        "layer": layer + 1,
    }
    short = {name: np.repeat(c, counts).astype(np.int16) for name, c in columns.items()}
    short["wire"] = (wire + np.repeat(first[code, superlayer, layer], counts)).astype(np.int16)
    return _AllCells(short, start)


def digis(
    rng: np.random.Generator,
    events: int,
    segments: DrawnSegments,
    cells: LayerLines,
    hits: LayerHits,
    segment_event: I64,
    readout: Readout,
) -> tuple[I64, dict[str, AnyArray]]:
    """Draw the digis: of hits, of crossed cells without one, and some scattered over all cells.

    A cell that is crossed has no hit when something else reached the wire first, so that its digi
    comes early.

    Returns:
        Event of each digi and its columns, by event, layer, and wire.
    """
    all_cells = _all_cells()
    missed = has_view(segments) & cells.is_inside & ~hits.is_hit & ~hits.is_lost & ~hits.is_repeated
    missed &= rng.random(missed.shape) < readout.digi_without_hit
    hit = hits.is_hit & ~hits.is_repeated
    early = PEDESTAL_NS + (hits.time[missed] - PEDESTAL_NS) * rng.random(np.count_nonzero(missed))
    n = rng.poisson(readout.noise_digis * events)
    cell, event = [], []
    for chosen in (hit, missed):
        segment, layer = np.nonzero(chosen)
        start = all_cells.start[segments.code[segment], SUPERLAYER[layer] - 1, LAYER[layer] - 1]
        cell.append(start + hits.wire[chosen] - cells.first[chosen])
        event.append(segment_event[segment])
    n_cells = len(all_cells.columns["wire"])
    cell.append(rng.integers(n_cells, size=n))
    event.append(rng.integers(events, size=n))
    times = [hits.time[hit], early, rng.uniform(0, LONGEST_TIME_NS, n)]
    for noisy in readout.noisy_cells:
        at = place_of(noisy.cell)
        own = int(rng.poisson(noisy.rate_hz * LONGEST_TIME_NS * NS * events))
        from_first = at[3] - layer_cells().first[at[:3]]
        cell.append(np.full(own, all_cells.start[at[:3]] + from_first))
        event.append(rng.integers(events, size=own))
        times.append(rng.uniform(0, LONGEST_TIME_NS, own))
    time = np.concatenate(times)
    key = np.concatenate(event) * n_cells + np.concatenate(cell)
    order = np.argsort(key, kind="stable")
    of_event, of_cell = np.divmod(key[order], n_cells)
    columns: dict[str, AnyArray] = {
        name: column[of_cell] for name, column in all_cells.columns.items()
    }
    columns["time"] = TDC_NS * np.rint(time[order] / TDC_NS)
    if readout.dead_cells:
        living = ~_is_dead(readout, all_cells)[of_cell]
        of_event = of_event[living]
        columns = {name: column[living] for name, column in columns.items()}
    return of_event, columns


def _is_dead(readout: Readout, all_cells: _AllCells) -> Bools:
    columns = all_cells.columns
    code = chamber_codes(columns["wheel"], columns["sector"], columns["station"])
    place = code, columns["superLayer"] - 1, columns["layer"] - 1, columns["wire"]
    return np.asarray(readout.is_dead[place])
