"""Find the trigger primitives of the chambers that probes cross: TwinMux input and output, BMTF.

Definitions: the branch L1TP_withTriggerRes of vrbouza/DTTagAndProbe (DTTnPLocaltrigEff.C) asks for
a primitive of the chamber at BX 0, wherever in the chamber it points, and keeps the one of the
highest quality. Conventions of the branches: MuDTTPGPhiFlatTableProducer.cc of cms-sw/cmssw.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from dtperf.compiled import compiled
from dtperf.detector import N_CODES, chamber_codes, sectors, stations, twelve_sectors, wheels
from dtperf.selection.details.branches import RPC_BIT, PrimitiveSource
from dtperf.selection.flat_collection import collection, has_columns
from dtperf.typing import F32, I16, I32, I64, Bools

__all__ = [
    "BestPrimitives",
    "Primitives",
    "best_primitives",
    "has_primitives",
    "read_primitives",
    "trigger_codes",
]

HIGHEST_QUALITY = 6
"""Of two superlayers with four hits each; 7 stands for no primitive."""

SECTORS = 12
"""The trigger does not know the second MB4 of a sector."""


class Primitives(NamedTuple):
    """Primitives of the phi view of all events."""

    offsets: I64
    """Primitives offsets[i] to offsets[i + 1] belong to event i, shape (events + 1,)."""
    code: I16
    """Chamber, where the second MB4 of a sector counts as the first; -1 if it cannot be used."""
    bx: I16
    """Bunch crossing, 0 is the event's."""
    quality: I16
    """0 to 6."""
    position: F32
    """Local x at the chamber's plane, cm."""
    direction: F32
    """In the chamber's frame, rad; its tangent is dx/dz."""
    rpc_bit: I16
    """0 of DT alone, 1 of both, 2 of RPC alone; 0 where the file does not say."""


class BestPrimitives(NamedTuple):
    """For each crossing its primitives; all of shape (crossings,)."""

    any_bx: I32
    """The one of the highest quality, whatever its bunch crossing; of equals the first; -1: none.
    """
    in_time: I32
    """The same of those at BX 0."""
    is_preceded: Bools
    """Whether there is one at BX 0 and one of the same chamber before it."""


def has_primitives(events: Any, source: PrimitiveSource) -> bool:
    """Return whether the events have what `read_primitives` reads."""
    return has_columns(events, source.collection, source.dtypes)


def read_primitives(events: Any, source: PrimitiveSource) -> tuple[Primitives, dict[str, int]]:
    """Return the primitives of events, and how many of them no trigger sends, by kind.

    Args:
        events: NanoEvents made with `dtperf.nanoaod.MuonDPGSchema`, or a slice of them.
        source: Where they are read.

    Raises:
        InputError: The events do not have them.
    """
    offsets, columns = collection(events, source.collection, source.dtypes)
    sector = columns["sector"] + np.int16(1 - source.first_sector)
    code = chamber_codes(columns["wheel"], sector, columns["station"])
    code[sector > SECTORS] = -1
    unknown = int(np.count_nonzero(code < 0))
    wild = (columns["quality"] < 0) | (columns["quality"] > HIGHEST_QUALITY)
    of_no_quality = int(np.count_nonzero(wild & (code >= 0)))
    anomalies = dict(zip(source.anomalies, (unknown, of_no_quality), strict=True))
    code[wild] = -1
    rpc_bit = columns.get(RPC_BIT, np.zeros(len(code), dtype=np.int16))
    kept = (columns["bx"], columns["quality"], columns["posLoc_x"], columns["dirLoc_phi"])
    return Primitives(offsets, code, *kept, rpc_bit), anomalies


def trigger_codes() -> I16:
    """Return for each chamber the code that its primitives bear, shape (N_CODES + 1,).

    The last element is that of no chamber, so that -1 gives -1.
    """
    shared = twelve_sectors()[sectors()]
    table = np.full(N_CODES + 1, -1, dtype=np.int16)
    table[:-1] = chamber_codes(wheels(), shared, stations())
    return table


@compiled
def best_primitives(event: I64, code: I16, primitives: Primitives) -> BestPrimitives:
    """Find the best primitives of chambers.

    Args:
        event: Event of each crossing, shape (crossings,).
        code: Its chamber as `trigger_codes` has it, -1 for none, same shape.
        primitives: Of all events.
    """
    offsets, codes = primitives.offsets, primitives.code
    bx, quality = primitives.bx, primitives.quality
    any_bx = np.full(len(event), -1, dtype=np.int32)
    in_time = np.full(len(event), -1, dtype=np.int32)
    is_preceded = np.zeros(len(event), dtype=np.bool_)
    for row in range(len(event)):
        chamber = code[row]
        if chamber < 0:
            continue
        best, best_in_time, is_early = -1, -1, False
        for i in range(offsets[event[row]], offsets[event[row] + 1]):
            if codes[i] != chamber:
                continue
            if best < 0 or quality[i] > quality[best]:
                best = i
            if bx[i] == 0 and (best_in_time < 0 or quality[i] > quality[best_in_time]):
                best_in_time = i
            is_early |= bx[i] < 0
        any_bx[row], in_time[row] = best, best_in_time
        is_preceded[row] = is_early and best_in_time >= 0
    return BestPrimitives(any_bx, in_time, is_preceded)
