"""Find primitives, segments and layers in slow, plain loops: the oracle of their fast kernels.

Written from the description of the columns, and from no code of dtperf but its table of cells.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import mean, median
from typing import Any

import numpy as np

from dtperf.detector import Chamber
from dtperf.detector.cells import layer_cells
from tests.helpers.reference_loop import Cuts, crossings

__all__ = [
    "BRANCHES",
    "OF_EVENTS",
    "PLACE",
    "PRIMITIVES",
    "Details",
    "LayerCuts",
    "cells_of",
    "details",
    "exists",
]

PLACE = ("wheel", "sector", "station")
PRIMITIVES = {"twinmux_in": "ltTwinMuxIn", "twinmux_out": "ltTwinMuxOut", "bmtf_in": "ltBmtfIn"}
FIRST_SECTOR = {"twinmux_in": 1, "twinmux_out": 1, "bmtf_in": 0}
PRIMITIVE = (*PLACE, "bx", "quality", "posLoc_x", "dirLoc_phi")
BRANCHES: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(PRIMITIVES.values(), PRIMITIVE),
    "ltTwinMuxOut": (*PRIMITIVE, "rpcBit"),
    "muon": ("isGlobal", "staMatches_begin", "staMatches_end"),
    "muon_staMatches": ("MuSegIdx",),
    "dtSegment": (
        *PLACE,
        *("seg4D_posLoc_x", "seg4D_posLoc_y", "seg4D_posLoc_x_midPlane"),
        *("seg4D_hasPhi", "seg4D_hasZed", "seg2D_phi_nHits", "seg2D_z_nHits"),
        *("seg2D_phi_t0", "seg2D_z_t0", "seg2D_phi_normChi2", "seg2D_z_normChi2"),
        *("seg2D_phi_vDrift", "seg4D_dirLoc_x", "seg4D_dirLoc_y", "seg4D_dirLoc_z"),
        *("seg2D_hits_begin", "seg2D_hits_end", "seg4D_extr_begin", "seg4D_extr_end"),
    ),
    "dtSegment_hits": (
        *("superLayer", "layer", "wire", "side", "pos", "posErr", "time", "timeCali"),
    ),
    "dtSegment_extr": ("ExpWire", "ExpPos"),
    "dtDigi": (*PLACE, "superLayer", "layer", "wire", "time"),
}
"""What the loops read, by collection, beside the branches of the crossings."""

OF_EVENTS = {
    "run": "run",
    "luminosity_block": "luminosityBlock",
    "inst_lumi": "lumi_instLumi",
    "pileup": "lumi_avgPileUp",
}
ALL_LAYERS = (1, 2, 3, 4)
CELL_CM = 4.2
GOOD_CHI2 = 3.84

Row = dict[str, Any]
Event = Mapping[str, Any]


@dataclass(frozen=True)
class LayerCuts:
    """Hold the cuts on segments and layers, and when a digi is in time, ns."""

    min_phi_hits: int = 7
    min_other_phi_layers: int = 7
    min_theta_hits: int = 3
    min_other_theta_layers: int = 3
    max_abs_dir_x: float = 0.7
    time_window_ns: tuple[float, float] | None = None
    before_pedestal_ns: float = 20.0
    after_pedestal_ns: float = 420.0


@dataclass
class Details:
    """Hold the rows of each table, and how often what no detector writes was met."""

    crossings: list[Row]
    segments: list[Row]
    layers: list[Row]
    bad_primitives: dict[str, int]
    bad_hit_ranges: int = 0
    bad_extr_ranges: int = 0


def details(
    events: Iterable[Event], cuts: Cuts | None = None, layer_cuts: LayerCuts | None = None
) -> Details:
    """Run over events and return all rows."""
    found = Details([], [], [], dict.fromkeys(PRIMITIVES, 0))
    for event in events:
        for name, collection in PRIMITIVES.items():
            bad = [each for each in _entries(event, collection) if not _is_good(each, name)]
            found.bad_primitives[name] += len(bad)
        crossed = crossings(event, cuts or Cuts())
        for each in crossed:
            place = each.match and (each.match.wheel, each.match.sector, each.match.station)
            segment = None if each.segment is None else _segment(event, each.segment)
            found.crossings.append(
                {
                    "station": each.station,
                    "wheel": place[0] if place else -99,
                    "sector": place[1] if place else -99,
                    "is_counted": each.is_counted,
                    "segment_angle": segment["angle"] if segment else math.nan,
                    "segment_mid_x": segment["mid_x"] if segment else math.nan,
                    **_trigger(event, place, each.station, segment),
                }
            )
        rows = _segments(event, {each.segment for each in crossed if each.is_counted})
        found.segments += rows
        for row in rows:
            _add_layers(found, event, row, layer_cuts or LayerCuts())
    return found


def _entries(event: Event, collection: str) -> list[Row]:
    """Turn the lists of a collection into one dict an entry."""
    names = BRANCHES[collection]
    columns = [event[f"{collection}_{name}"] for name in names]
    return [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]


def exists(wheel: int, sector: int, station: int) -> bool:
    """Tell whether there is such a chamber."""
    last = 14 if station == 4 else 12
    return 1 <= station <= 4 and -2 <= wheel <= 2 and 1 <= sector <= last


# --- primitives ---


def _is_good(primitive: Row, name: str) -> bool:
    """Tell whether a primitive is of a chamber of the trigger, which has twelve sectors."""
    sector = primitive["sector"] - FIRST_SECTOR[name] + 1
    is_somewhere = sector <= 12 and exists(primitive["wheel"], sector, primitive["station"])
    return is_somewhere and 0 <= primitive["quality"] <= 6


def _trigger(
    event: Event, place: tuple[int, int, int] | None, station: int, segment: Row | None
) -> Row:
    """Return the columns about all kinds of primitives of a chamber."""
    columns: Row = {}
    for name, collection in PRIMITIVES.items():
        good = [each for each in _entries(event, collection) if _is_good(each, name)]
        here = [each for each in good if place and _is_of(each, name, place)]
        best, now = _best(here), _best([each for each in here if each["bx"] == 0])
        others = {each["station"] for each in good} - {station}
        angle = math.degrees(now["dirLoc_phi"]) if now else math.nan
        columns |= {
            f"{name}_bx": best["bx"] if best else -99,
            f"{name}_quality": best["quality"] if best else -1,
            f"{name}_passing": now is not None,
            f"{name}_any_passing": best is not None,
            f"{name}_bx0_quality": now["quality"] if now else -1,
            f"{name}_x": now["posLoc_x"] if now else math.nan,
            f"{name}_angle": now["dirLoc_phi"] if now else math.nan,
            f"{name}_is_preceded": now is not None and any(each["bx"] < 0 for each in here),
            f"{name}_other_stations": len(others),
            f"{name}_has_other_stations": len(others) >= 2,
            f"{name}_dx": now["posLoc_x"] - segment["mid_x"] if now and segment else math.nan,
            f"{name}_dangle": angle - segment["angle"] if segment else math.nan,
        }
        if collection == "ltTwinMuxOut":
            columns[f"{name}_rpc_bit"] = now["rpcBit"] if now else -1
    return columns


def _is_of(primitive: Row, name: str, place: tuple[int, int, int]) -> bool:
    """Tell whether a primitive is of a chamber; the second MB4 count to the first."""
    wheel, sector, station = place
    sector = {13: 4, 14: 10}.get(sector, sector)
    sector += FIRST_SECTOR[name] - 1
    return (primitive["wheel"], primitive["sector"], primitive["station"]) == (
        wheel,
        sector,
        station,
    )


def _best(primitives: list[Row]) -> Row | None:
    """Return the first of those of the highest quality."""
    best = None
    for each in primitives:
        if best is None or each["quality"] > best["quality"]:
            best = each
    return best


# --- segments ---


def _segment(event: Event, number: int) -> Row:
    """Return what the branches say of one segment; its number in the event is kept."""
    stored = _entries(event, "dtSegment")[number]
    has_phi, has_theta = bool(stored["seg4D_hasPhi"]), bool(stored["seg4D_hasZed"])
    place = stored["wheel"], stored["sector"], stored["station"]
    phi_hits = stored["seg2D_phi_nHits"] if has_phi else 0
    dir_x, dir_z = stored["seg4D_dirLoc_x"], stored["seg4D_dirLoc_z"]
    return {
        "number": number,
        "place": place,
        "stored": stored,
        "station": stored["station"],
        "wheel": stored["wheel"],
        "sector": stored["sector"],
        "chamber": Chamber(*place).code if exists(*place) else -1,
        "local_x": stored["seg4D_posLoc_x"],
        "local_y": stored["seg4D_posLoc_y"],
        "phi_hits": phi_hits,
        "theta_hits": stored["seg2D_z_nHits"] if has_theta else 0,
        "t0": _unless(stored["seg2D_phi_t0"], -999),
        "has_phi": has_phi,
        "has_theta": has_theta,
        "has_all_views": has_phi and (has_theta or stored["station"] == 4),
        "has_4_phi_hits": phi_hits >= 4,
        "angle": math.degrees(math.atan(dir_x / dir_z)) if has_phi and dir_z else math.nan,
        "theta_t0": _unless(stored["seg2D_z_t0"], -999),
        "phi_chi2": _unless(stored["seg2D_phi_normChi2"], -1),
        "theta_chi2": _unless(stored["seg2D_z_normChi2"], -1),
        "drift_velocity_change": _unless(stored["seg2D_phi_vDrift"], -1),
        "dir_x": dir_x,
        "dir_y": stored["seg4D_dirLoc_y"],
        "dir_z": dir_z,
        "mid_x": _unless(stored["seg4D_posLoc_x_midPlane"], -999),
    }


def _unless(value: float, nothing: float) -> float:
    return math.nan if value == nothing else value


def _segments(event: Event, of_probes: set[int | None]) -> list[Row]:
    """Return the rows of the segments of chambers, in the file's order."""
    numbers = range(len(event["dtSegment_wheel"]))
    good = [row for row in (_segment(event, number) for number in numbers) if _is_usable(row)]
    of_global = _of_global_muons(event)
    for row in good:
        of_chamber = [each for each in good if each["place"] == row["place"]]
        long = [each["number"] for each in of_chamber if each["phi_hits"] > 3]
        row |= {
            "in_chamber": len(of_chamber),
            "is_ghost": row["number"] in long[1:],
            "is_of_probe": row["has_phi"] and row["number"] in of_probes,
            "is_of_global_muon": row["number"] in of_global,
            **{column: event[branch] for column, branch in OF_EVENTS.items()},
            **_trigger(event, row["place"], row["station"], row),
        }
    return good


def _is_usable(row: Row) -> bool:
    is_finite = math.isfinite(row["local_x"]) and math.isfinite(row["local_y"])
    return row["chamber"] >= 0 and is_finite


def _of_global_muons(event: Event) -> set[int]:
    """Return the numbers of the segments that global muons have in their standalone tracks."""
    linked = event["muon_staMatches_MuSegIdx"]
    numbers: set[int] = set()
    for muon in _entries(event, "muon"):
        begin, end = muon["staMatches_begin"], muon["staMatches_end"]
        if muon["isGlobal"] and begin <= end <= len(linked):
            numbers |= set(linked[begin:end])
    return numbers


# --- layers ---


def cells_of(place: tuple[int, int, int], superlayer: int, layer: int) -> tuple[int, int, float]:
    """Return first wire, number of wires and z of a layer."""
    cells = layer_cells()
    at = Chamber(*place).code, superlayer - 1, layer - 1
    return int(cells.first[at]), int(cells.number[at]), float(cells.z_cm[at])


def _add_layers(found: Details, event: Event, segment: Row, cuts: LayerCuts) -> None:
    """Add the rows of a segment's layers."""
    stored, station = segment["stored"], segment["station"]
    hits, expected = _entries(event, "dtSegment_hits"), _entries(event, "dtSegment_extr")
    begin, end = stored["seg2D_hits_begin"], stored["seg2D_hits_end"]
    first, last = stored["seg4D_extr_begin"], stored["seg4D_extr_end"]
    has_hits = begin <= end <= len(hits)
    has_expected = first <= last <= len(expected) and last - first == (8 if station == 4 else 12)
    found.bad_hit_ranges += not has_hits
    found.bad_extr_ranges += has_hits and not has_expected
    if not (has_hits and has_expected):
        return
    hits, expected = hits[begin:end], expected[first:last]
    views = [(1, 3)] * segment["has_phi"] + [(2,)] * (segment["has_theta"] and station != 4)
    rows = []
    for view in views:
        hit_of: dict[tuple[int, int], Row] = {}
        for hit in hits:
            if hit["superLayer"] in view and hit["layer"] in ALL_LAYERS:
                hit_of.setdefault((hit["superLayer"], hit["layer"]), hit)
        for superlayer in view:
            pedestal = _pedestal(hits, superlayer, view)
            for layer in ALL_LAYERS:
                entry = expected[_position(superlayer, layer, station)]
                start, number, _ = cells_of(segment["place"], superlayer, layer)
                if start <= entry["ExpWire"] < start + number:
                    here = superlayer, layer
                    rows.append(_layer(event, segment, here, entry, hit_of, pedestal, cuts))
    found.layers += sorted(rows, key=lambda row: (row["superlayer"], row["layer"]))


def _position(superlayer: int, layer: int, station: int) -> int:
    """Return the place of a layer among the extrapolations of a segment."""
    if station == 4:
        return 2 * (layer - 1) + (superlayer == 3)
    return 3 * (layer - 1) + superlayer - 1


def _pedestal(hits: list[Row], superlayer: int, view: tuple[int, ...]) -> float:
    """Return the median pedestal of the hits of a superlayer, or of the view's other one."""
    for each in (superlayer, *view):
        of_it = [
            float(np.float32(hit["time"]) - np.float32(hit["timeCali"]))
            for hit in hits
            if hit["superLayer"] == each
        ]
        if of_it:
            return median(of_it)
    return math.nan


def _layer(
    event: Event,
    segment: Row,
    here: tuple[int, int],
    expected: Row,
    hit_of: dict[tuple[int, int], Row],
    pedestal: float,
    cuts: LayerCuts,
) -> Row:
    """Return the row of one layer."""
    superlayer, layer = here
    is_phi = superlayer != 2
    hit = hit_of.get(here)
    others = len(hit_of) - (hit is not None)
    chi2 = segment["phi_chi2" if is_phi else "theta_chi2"]
    low, high = cuts.time_window_ns or (
        pedestal - cuts.before_pedestal_ns,
        pedestal + cuts.after_pedestal_ns,
    )
    if math.isnan(pedestal) and cuts.time_window_ns is None:
        low, high = math.inf, -math.inf
    is_straight = abs(segment["dir_x"]) < np.float32(cuts.max_abs_dir_x)
    is_long = segment["phi_hits"] >= cuts.min_phi_hits and (
        others >= cuts.min_other_phi_layers
        if is_phi
        else segment["theta_hits"] >= cuts.min_theta_hits and others >= cuts.min_other_theta_layers
    )
    return {
        **segment,
        "superlayer": superlayer,
        "layer": layer,
        "wire": expected["ExpWire"],
        "other_layers": others,
        "associated": hit is not None,
        "detected": hit is not None
        or any(
            tuple(digi[name] for name in PLACE) == segment["place"]
            and (digi["superLayer"], digi["layer"]) == here
            and abs(digi["wire"] - expected["ExpWire"]) < 1.1
            and low <= digi["time"] <= high
            for digi in _entries(event, "dtDigi")
        ),
        "is_phi": is_phi,
        "is_of_good_fit": len(hit_of) == (8 if is_phi else 4) and chi2 <= GOOD_CHI2,
        "is_counted": bool(is_straight and is_long),
        **_residuals(segment["place"], here, expected, hit_of),
    }


def _residuals(
    place: tuple[int, int, int],
    here: tuple[int, int],
    expected: Row,
    hit_of: dict[tuple[int, int], Row],
) -> Row:
    """Return the columns about the hit of a layer."""
    hit = hit_of.get(here)
    if hit is None:
        names = ("residual", "unbiased_residual", "pull", "distance", "time")
        return {**dict.fromkeys(names, math.nan), "side": 0}
    residual = (hit["pos"] - expected["ExpPos"]) * (1 if hit["side"] == 1 else -1)
    unbiased = pull = math.nan
    if len(hit_of) > 2:  # through two points, a line says nothing about them
        zs = {each: cells_of(place, *each)[2] for each in hit_of}
        middle = mean(zs.values())
        spread = sum((z - middle) ** 2 for z in zs.values())
        free = 1 - (1 / len(zs) + (zs[here] - middle) ** 2 / spread)
        unbiased = residual / free
        if hit["posErr"] > 0:
            pull = residual / math.sqrt(hit["posErr"] * free)
    start, number, _ = cells_of(place, *here)
    wire_cm = (hit["wire"] - start + 0.5 - number / 2) * CELL_CM
    return {
        "residual": residual,
        "unbiased_residual": unbiased,
        "pull": pull,
        "distance": abs(hit["pos"] - wire_cm),
        "time": hit["timeCali"],
        "side": hit["side"],
    }
