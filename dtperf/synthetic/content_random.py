"""Draw the collections of the endcaps, by a table of rules."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np

from dtperf.nanoaod.branches import branch_table
from dtperf.synthetic.content_rolls import pack_roll
from dtperf.synthetic.content_rpc import Made
from dtperf.synthetic.rows import EventRows
from dtperf.typing import AnyArray

__all__ = ["RULES", "ContentRule", "random_collections", "rule_of"]

Draw = Callable[[np.random.Generator, int], AnyArray]


class ContentRule(NamedTuple):
    """Mean number of entries in an event, and the distribution of each column."""

    mean: float
    draws: dict[str, Draw]
    """By regular expression of the column's name; the first that fits counts."""


def _whole(low: int, high: int) -> Draw:
    return lambda rng, n: rng.integers(low, high, n, endpoint=True)


def _either(*values: int) -> Draw:
    return lambda rng, n: rng.choice(values, n)


def _normal(mean: float, width: float) -> Draw:
    return lambda rng, n: rng.normal(mean, width, n)


def _between(low: float, high: float) -> Draw:
    return lambda rng, n: rng.uniform(low, high, n)


def _falling(mean: float) -> Draw:
    return lambda rng, n: rng.exponential(mean, n)


_GEM = {
    "region": _either(-1, 1),
    "station|ring": _either(1),
    "chamber": _whole(1, 36),
    "layer": _whole(1, 2),
    "roll": _whole(1, 8),
    "bx": _either(0),
}
_DIRECTION = {".*dir.*_z": _normal(0.95, 0.02), ".*dir.*_[xy]": _normal(0, 0.2)}
_GLOBAL = {
    "(g|pos.*|.*dir.*)_phi": _between(-np.pi, np.pi),
    ".*_eta": _between(1.55, 2.18),
    "(g|posGlb)_z": _normal(566, 4),
    "g_r": _between(130, 250),
}

RULES = {
    "gemDigi": ContentRule(110, {**_GEM, "strip": _whole(0, 383)}),
    "gemRecHit": ContentRule(
        14,
        {
            **_GEM,
            "clusterSize": _whole(1, 6),
            "firstClusterStrip": _whole(0, 378),
            "loc_phi": _between(-0.09, 0.09),
            "loc_[xy]": _normal(0, 12),
            "loc_z": _between(0, 0),
            **_GLOBAL,
        },
    ),
    "gemSegment": ContentRule(
        2, {**_GEM, "chi2": _whole(0, 5), **_DIRECTION, "posLoc_[xyz]": _normal(0, 12), **_GLOBAL}
    ),
    "gemOHStatus": ContentRule(
        4,
        {
            **_GEM,
            "errors|warnings": _either(0, 0, 0, 1),
            "chamberType": _either(11, 12),
            "missingVFATs": _either(0),
            "vfatMask|zsMask": _whole(0, 2**24 - 1),
        },
    ),
    "cscTnP": ContentRule(
        1.0,
        {
            "muonTrigger": _either(0, 1),
            ".*Charge": _either(-1, 1),
            ".*TrkHits": _whole(8, 20),
            "chamberEndcap": _whole(1, 2),
            "chamberRing.": _whole(1, 4),
            "chamberChamber.": _whole(1, 36),
            "chamberLayer.": _whole(0, 6),
            ".*PtError": _falling(0.8),
            ".*(Phi|Eta)Error": _falling(2e-4),
            "(muon|track)(Pt|P)": _falling(40),
            ".*Phi": _between(-np.pi, np.pi),
            ".*Eta.?": _between(-2.4, 2.4),
            ".*(DXY|DZ)": _normal(0, 0.01),
            ".*(Chi2|Iso)": _falling(1),
            "zMass": _normal(91, 3),
            "dRTrackMuon": _between(1, 4),
            "numberOfPrimaryVertidies": _whole(10, 70),
            ".*(LocalError|LocalW|LocalS).*": _falling(0.5),
            ".*Residual.*": _normal(0, 2),
            ".*Local[XY].": _normal(0, 40),
            "ttDist.*": _between(-60, 5),
        },
    ),
    "muon_propagated": ContentRule(
        0,
        {
            "propagated_nME.hits": _whole(0, 6),
            "propagated_layer": _whole(1, 2),
            "propagated_chamber": _whole(1, 36),
            "propagated_etaP": _whole(1, 8),
            "propagated_is(incoming|insideout)": _either(0),
            ".*[pP]hi(Max|Min)?": _between(-np.pi, np.pi),
            ".*_(rMax|rMin|r)": _between(130, 250),
            ".*(Loc_|center)[xyXY]": _normal(0, 12),
            ".*Loc_z": _between(0, 0),
            ".*dir[XYZ]": _normal(0, 0.5),
            ".*(err[XY]|rerr|phierr)": _falling(0.5),
            ".*Glb_z": _normal(566, 4),
        },
    ),
    "cscToRpc": ContentRule(
        1.5,
        {
            "region": _either(-1, 1),
            "ring": _whole(2, 3),
            "station": _whole(1, 4),
            "layer": _either(1),
            "sector|subsector": _whole(1, 6),
            "roll": _whole(1, 3),
            "coordX": _between(-40, 40),
            "coordY": _between(-60, 60),
            "coordZ": _between(0, 0),
        },
    ),
}

GEM_ETA = (1.55, 2.18)
GEM_LAYERS = 2


@cache
def rule_of(collection: str) -> dict[str, Draw]:
    """Find the draw of each column of a collection that has rules.

    Raises:
        StopIteration: A column has none.
    """
    names = [
        branch.name.removeprefix(f"{collection}_")
        for branch in branch_table("B").values()
        if branch.collection == collection and not branch.is_counter
    ]
    draws = RULES[collection].draws
    return {
        name: next(draw for pattern, draw in draws.items() if re.fullmatch(pattern, name))
        for name in names
        if name not in LINKED.get(collection, ())
    }


LINKED = {
    "muon_propagated": (
        "propagated_muIdx",
        "propagated_region",
        "propagatedGlb_x",
        "propagatedGlb_y",
        "propagatedLoc_r",
        "propagatedLoc_phi",
    ),
    "cscToRpc": ("rawId",),
    "gemRecHit": ("g_x", "g_y"),
    "gemSegment": ("posGlb_x", "posGlb_y"),
}
"""Columns that follow from the parent of an entry, or from other columns."""


def random_collections(rng: np.random.Generator, rows: EventRows) -> dict[str, Made]:
    """Draw the collections that have rules; those of muons that cross GEMs follow from `rows`."""
    collections: dict[str, Made] = {}
    for collection, rule in RULES.items():
        if collection == "muon_propagated":
            event, columns = _propagated(rows)
        else:
            event = np.repeat(np.arange(rows.events), rng.poisson(rule.mean, rows.events))
            columns = {}
        for name, draw in rule_of(collection).items():
            columns[name] = draw(rng, len(event))
        _link(collection, columns)
        collections[collection] = event, columns
    return collections


def _link(collection: str, columns: dict[str, AnyArray]) -> None:
    """Fill columns that follow from others of the same entries."""
    if collection == "cscToRpc":
        columns["rawId"] = pack_roll(columns)
    elif collection == "gemRecHit":
        columns["g_z"] = columns["g_z"] * columns["region"]
        _cartesian(columns, "g", columns["g_r"], columns["g_phi"])
    elif collection == "gemSegment":
        for name in ("posGlb_z", "posGlb_eta", "dirGlb_eta"):
            columns[name] = columns[name] * columns["region"]
        radius = columns["posGlb_z"] / np.sinh(columns["posGlb_eta"])
        _cartesian(columns, "posGlb", radius, columns["posGlb_phi"])
    elif collection == "muon_propagated":
        columns["propagatedGlb_z"] = columns["propagatedGlb_z"] * columns["propagated_region"]
        _cartesian(
            columns, "propagatedGlb", columns["propagatedGlb_r"], columns["propagatedGlb_phi"]
        )
        x, y = columns["propagatedLoc_x"], columns["propagatedLoc_y"]
        columns["propagatedLoc_r"], columns["propagatedLoc_phi"] = np.hypot(x, y), np.arctan2(y, x)


def _cartesian(columns: dict[str, AnyArray], name: str, radius: AnyArray, phi: AnyArray) -> None:
    columns[f"{name}_x"], columns[f"{name}_y"] = radius * np.cos(phi), radius * np.sin(phi)


def _propagated(rows: EventRows) -> Made:
    """Return the standalone muons that cross GEMs, once a layer."""
    offsets, eta = rows.offsets["muon"], rows.values["muon_eta"]
    event = np.repeat(np.arange(rows.events), np.diff(offsets))
    crosses = (np.abs(eta) > GEM_ETA[0]) & (np.abs(eta) < GEM_ETA[1])
    crosses &= rows.values["muon_isStandalone"]
    muon = np.repeat(np.flatnonzero(crosses), GEM_LAYERS)
    columns = {
        "propagated_muIdx": muon - offsets[event[muon]],
        "propagated_region": np.sign(eta[muon]),
    }
    return event[muon], columns
