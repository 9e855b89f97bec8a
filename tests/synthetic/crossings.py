"""Muons and crossings made by hand, for tests of what the chambers make of them."""

from __future__ import annotations

import numpy as np

from dtperf.detector import chambers, lengths_cm, widths_cm
from dtperf.synthetic.stages import DrawnCrossings, MuonOrigin, TrueMuons

ALL_CODES = np.array([chamber.code for chamber in chambers()], dtype=np.int16)


def code_of(name):
    return next(chamber.code for chamber in chambers() if chamber.name == name)


def muons_by_event(counts):
    return np.concatenate(([0], np.cumsum(counts))).astype(np.int64)


def true_muons(offsets, **columns):
    n = int(offsets[-1])
    values = {
        "kind": np.full(n, MuonOrigin.Z),
        "pt": np.full(n, 40.0),
        "eta": np.zeros(n),
        "charge": np.ones(n),
    } | columns
    types = TrueMuons.__annotations__
    zeros = {name: np.zeros(n) for name in types if name not in ("offsets", *values)}
    table = {name: np.asarray(column) for name, column in (values | zeros).items()}
    table["kind"], table["charge"] = table["kind"].astype(np.int8), table["charge"].astype(np.int32)
    return TrueMuons(offsets=offsets, **table)


def crossings_at(track, code, x, y, dxdz=0.1, dydz=-0.2):
    n = len(track)
    return DrawnCrossings(
        np.asarray(track, dtype=np.int64),
        np.broadcast_to(np.asarray(code, dtype=np.int16), n).copy(),
        *(np.broadcast_to(np.asarray(v, dtype=np.float64), n).copy() for v in (x, y, dxdz, dydz)),
    )


def scattered(rng, n, codes=ALL_CODES, border=0.0):
    """One muon an event, one crossing a muon, in any of the chambers; border in cm."""
    code = rng.choice(np.asarray(codes, dtype=np.int16), n)
    x = rng.uniform(-1, 1, n) * (widths_cm()[code] / 2 - border)
    y = rng.uniform(-1, 1, n) * (lengths_cm()[code] / 2 - border)
    slopes = 0.2 * rng.standard_normal((2, n))
    return muons_by_event(np.ones(n, dtype=np.int64)), crossings_at(
        np.arange(n), code, x, y, *slopes
    )
