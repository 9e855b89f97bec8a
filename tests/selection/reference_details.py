"""Find primitives, segments and layers in slow, plain loops: the oracle of their fast kernels.

Written from the description of the columns, and from no code of dtperf but its table of cells.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from statistics import mean, median

import numpy as np

from dtperf.detector import Chamber
from tests.helpers.reference_loop import Crossed, Cuts, crossings
from tests.selection.detail_branches import (
    OF_EVENTS,
    PLACE,
    PRIMITIVES,
    THETA_PRIMITIVES,
    Event,
    Row,
    entries,
    exists,
)
from tests.selection.detail_cells import cells_of
from tests.selection.reference_digis import digis, mean_timers, rpc_crossings
from tests.selection.reference_muons import (
    is_good_theta,
    of_muons,
    of_probe,
    t0_differences,
    theta_trigger,
    to_track,
)
from tests.selection.reference_trigger import is_good, trigger

__all__ = ["Details", "LayerCuts", "details"]

BY_STATION = ("station", "wheel", "sector")
ALL_LAYERS = (1, 2, 3, 4)
CELL_CM = 4.2
GOOD_CHI2 = 3.84


@dataclass(frozen=True)
class LayerCuts:
    """Hold the cuts on segments and layers, and when a digi is in time, ns."""

    min_phi_hits: int = 7
    min_other_phi_layers: int = 7
    min_theta_hits: int = 3
    min_other_theta_layers: int = 3
    max_abs_dir_x: float = 0.7
    time_window_ns: tuple[float, float] | None = None
    noise_window_ns: tuple[float, float] = (0.0, 150.0)
    before_pedestal_ns: float = 20.0
    after_pedestal_ns: float = 420.0


@dataclass
class Details:
    """Hold the rows of each table, and how often what no detector writes was met."""

    crossings: list[Row]
    segments: list[Row]
    layers: list[Row]
    mean_timers: list[Row]
    digis: list[Row]
    rpc_crossings: list[Row]
    bad_primitives: dict[str, int]
    bad_digis: int = 0
    bad_hit_ranges: int = 0
    bad_extr_ranges: int = 0


def details(
    events: Iterable[Event],
    cuts: Cuts | None = None,
    layer_cuts: LayerCuts | None = None,
    dead_cells: Collection[tuple[int, ...]] = (),
) -> Details:
    """Run over events and return all rows.

    Dead cells are given by station, wheel, sector, superlayer, layer, wire.
    """
    found = Details([], [], [], [], [], [], dict.fromkeys((*PRIMITIVES, *THETA_PRIMITIVES), 0))
    layer_cuts = layer_cuts or LayerCuts()
    for event in events:
        for name, collection in PRIMITIVES.items():
            bad = [each for each in entries(event, collection) if not is_good(each, name)]
            found.bad_primitives[name] += len(bad)
        for name, collection in THETA_PRIMITIVES.items():
            bad = [each for each in entries(event, collection) if not is_good_theta(each, name)]
            found.bad_primitives[name] += len(bad)
        crossed = crossings(event, cuts or Cuts())
        found.crossings += _crossings(event, crossed)
        rows = _segments(event, {each.segment for each in crossed if each.is_counted})
        found.segments += rows
        for row in rows:
            layers = _layers(found, event, row, layer_cuts)
            for layer in layers:
                place = (layer[name] for name in (*BY_STATION, "superlayer", "layer", "wire"))
                layer["is_living"] = (*place,) not in dead_cells
            found.layers += layers
            found.mean_timers += mean_timers(layers)
        of_event, bad_digis = digis(event, rows, layer_cuts.noise_window_ns)
        found.digis += of_event
        found.bad_digis += bad_digis
        found.rpc_crossings += rpc_crossings(event)
    return found


def _crossings(event: Event, crossed: list[Crossed]) -> list[Row]:
    """Return the rows of an event's crossings."""
    segments = [None if each.segment is None else _segment(event, each.segment) for each in crossed]
    t0s = [segment["t0"] if segment else math.nan for segment in segments]
    rows = []
    for each, segment, difference in zip(
        crossed, segments, t0_differences(crossed, t0s), strict=True
    ):
        place = each.match and (each.match.wheel, each.match.sector, each.match.station)
        rows.append(
            {
                "station": each.station,
                "wheel": place[0] if place else -99,
                "sector": place[1] if place else -99,
                "is_counted": each.is_counted,
                "segment_angle": segment["angle"] if segment else math.nan,
                "segment_mid_x": segment["mid_x"] if segment else math.nan,
                "segment_has_theta": bool(segment and segment["has_theta"]),
                "t0_difference": difference,
                **trigger(event, place, each.station, segment),
                **theta_trigger(event, place),
                **of_probe(event, each),
                **to_track(event, each, segment),
            }
        )
    return rows


# --- segments ---


def _segment(event: Event, number: int) -> Row:
    """Return what the branches say of one segment; its number in the event is kept."""
    stored = entries(event, "dtSegment")[number]
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
        "has_8_phi_hits": phi_hits == 8,
        "angle": math.degrees(math.atan(dir_x / dir_z)) if has_phi and dir_z else math.nan,
        "theta_t0": _unless(stored["seg2D_z_t0"], -999),
        "phi_chi2": _unless(stored["seg2D_phi_normChi2"], -1),
        "theta_chi2": _unless(stored["seg2D_z_normChi2"], -1),
        "phi_probability": _probability(stored["seg2D_phi_normChi2"], phi_hits),
        "drift_velocity_change": _unless(stored["seg2D_phi_vDrift"], -1),
        "has_drift_velocity": has_phi and stored["seg2D_phi_vDrift"] not in (0, -1),
        "dir_x": dir_x,
        "dir_y": stored["seg4D_dirLoc_y"],
        "dir_z": dir_z,
        "mid_x": _unless(stored["seg4D_posLoc_x_midPlane"], -999),
    }


def _unless(value: float, nothing: float) -> float:
    return math.nan if value == nothing else value


def _probability(normalised: float, hits: int) -> float:
    """Return the chance of a larger chi2; for an even number 2k of degrees it is a sum of k terms.

    For odd numbers the same recursion begins with the error function: Abramowitz and Stegun,
    26.4.4 and 26.4.5.
    """
    degrees = hits - 2
    if degrees < 1 or normalised == -1:
        return math.nan
    half = normalised * degrees / 2
    chance = math.erfc(math.sqrt(half)) if degrees % 2 else math.exp(-half)
    a = 0.5 if degrees % 2 else 1.0
    while a < degrees / 2:
        chance += math.exp(a * math.log(half) - half - math.lgamma(a + 1)) if half else 0.0
        a += 1
    return chance


def _segments(event: Event, of_probes: set[int | None]) -> list[Row]:
    """Return the rows of the segments of chambers, in the file's order."""
    numbers = range(len(event["dtSegment_wheel"]))
    good = [row for row in (_segment(event, number) for number in numbers) if _is_usable(row)]
    of_global, of_any = (of_muons(event, only_global=each) for each in (True, False))
    for row in good:
        of_chamber = [each for each in good if each["place"] == row["place"]]
        long = [each["number"] for each in of_chamber if each["phi_hits"] > 3]
        row |= {
            "in_chamber": len(of_chamber),
            "is_first_in_chamber": row is of_chamber[0],
            "is_ghost": row["number"] in long[1:],
            "is_of_probe": row["has_phi"] and row["number"] in of_probes,
            "is_of_global_muon": row["number"] in of_global,
            "is_of_muon": row["number"] in of_any,
            **{column: event[branch] for column, branch in OF_EVENTS.items()},
            **trigger(event, row["place"], row["station"], row),
            **theta_trigger(event, row["place"]),
        }
    return good


def _is_usable(row: Row) -> bool:
    is_finite = math.isfinite(row["local_x"]) and math.isfinite(row["local_y"])
    return row["chamber"] >= 0 and is_finite


# --- layers ---


def _layers(found: Details, event: Event, segment: Row, cuts: LayerCuts) -> list[Row]:
    """Return the rows of a segment's layers."""
    stored, station = segment["stored"], segment["station"]
    hits, expected = entries(event, "dtSegment_hits"), entries(event, "dtSegment_extr")
    begin, end = stored["seg2D_hits_begin"], stored["seg2D_hits_end"]
    first, last = stored["seg4D_extr_begin"], stored["seg4D_extr_end"]
    has_hits = begin <= end <= len(hits)
    has_expected = first <= last <= len(expected) and last - first == (8 if station == 4 else 12)
    found.bad_hit_ranges += not has_hits
    found.bad_extr_ranges += has_hits and not has_expected
    if not (has_hits and has_expected):
        return []
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
    return sorted(rows, key=lambda row: (row["superlayer"], row["layer"]))


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
            for digi in entries(event, "dtDigi")
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
