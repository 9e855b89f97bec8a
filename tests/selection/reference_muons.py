"""Find what standalone tracks, theta primitives and other stations say, in slow, plain loops.

Written from the description of the columns, and from no code of dtperf.
"""

from __future__ import annotations

import math

from tests.helpers.reference_loop import Crossed
from tests.selection.detail_branches import (
    FIRST_SECTOR,
    THETA_PRIMITIVES,
    Event,
    Row,
    entries,
    exists,
)

__all__ = ["is_good_theta", "of_muons", "of_probe", "t0_differences", "theta_trigger", "to_track"]


def of_muons(event: Event, *, only_global: bool) -> set[int]:
    """Return the numbers of the segments that muons have in their standalone tracks."""
    found: set[int] = set()
    for number, muon in enumerate(entries(event, "muon")):
        if muon["isGlobal"] or not only_global:
            found |= _of_muon(event, number)
    return found


def _of_muon(event: Event, number: int) -> set[int]:
    linked = event["muon_staMatches_MuSegIdx"]
    muon = entries(event, "muon")[number]
    begin, end = muon["staMatches_begin"], muon["staMatches_end"]
    return set(linked[begin:end]) if begin <= end <= len(linked) else set()


def of_probe(event: Event, crossed: Crossed) -> Row:
    """Return the columns about the probe, and whether its standalone track has the segment."""
    muon = entries(event, "muon")[crossed.probe]
    pt = event["muon_pt"][crossed.probe]
    return {
        "probe_is_standalone": muon["isStandalone"],
        "probe_is_global": muon["isGlobal"],
        "probe_is_tight": event["muon_isTight"][crossed.probe],
        "probe_standalone_segments": muon["staMu_nMatchSeg"],
        "probe_q_over_pt": event["muon_charge"][crossed.probe] / pt if pt else math.nan,
        "is_in_standalone": crossed.segment in _of_muon(event, crossed.probe),
    }


def to_track(event: Event, crossed: Crossed, segment: Row | None) -> Row:
    """Return the segment minus the track: in x and its slope with a phi view, in y with a theta."""
    names = ("signed_dx", "signed_dy", "signed_dxdz", "signed_dydz")
    row = dict.fromkeys(names, math.nan)
    if segment is None or crossed.match is None or crossed.match_number is None:
        return row
    track = entries(event, "muon_matches")[crossed.match_number]
    for view, axis in (("phi", "x"), ("theta", "y")):
        if segment[f"has_{view}"]:
            row[f"signed_d{axis}"] = segment[f"local_{axis}"] - getattr(crossed.match, axis)
            if segment["dir_z"]:
                slope = segment[f"dir_{axis}"] / segment["dir_z"]
                row[f"signed_d{axis}dz"] = slope - track[f"d{axis.upper()}dZ"]
    return row


def t0_differences(crossed: list[Crossed], t0s: list[float]) -> list[float]:
    """Return t0 of each minus that of the first with one in the next station of the pair inwards.

    `t0s` are NaN where there is no segment, or none with a t0.
    """
    differences = []
    for each, t0 in zip(crossed, t0s, strict=True):
        inner = [
            other_t0
            for other, other_t0 in zip(crossed, t0s, strict=True)
            if other.pair == each.pair
            and other.station == each.station - 1
            and not math.isnan(other_t0)
        ]
        differences.append(t0 - inner[0] if inner else math.nan)
    return differences


def theta_trigger(event: Event, place: tuple[int, int, int] | None) -> Row:
    """Return the columns about all kinds of theta primitives of a chamber."""
    row: Row = {}
    for name, collection in THETA_PRIMITIVES.items():
        here = [
            each
            for each in entries(event, collection)
            if is_good_theta(each, name) and _place(each, name) == place
        ]
        best, now = _best(here), _best([each for each in here if each["bx"] == 0])
        row |= {
            f"{name}_bx": best["bx"] if best else -99,
            f"{name}_any_passing": best is not None,
            f"{name}_passing": now is not None,
            f"{name}_groups": _groups(now) if now else 0,
        }
    return row


def is_good_theta(primitive: Row, name: str) -> bool:
    """Tell whether there is such a chamber with a theta view, and groups of cells that fired."""
    wheel, sector, station = _place(primitive, name)
    return exists(wheel, sector, station) and station < 4 and 1 <= primitive["hitMap"] <= 127


def _place(primitive: Row, name: str) -> tuple[int, int, int]:
    sector = primitive["sector"] - FIRST_SECTOR[name] + 1
    return primitive["wheel"], sector, primitive["station"]


def _best(primitives: list[Row]) -> Row | None:
    """Return the first of those with the most groups."""
    return max(primitives, key=_groups, default=None)


def _groups(primitive: Row) -> int:
    return int(primitive["hitMap"]).bit_count()
