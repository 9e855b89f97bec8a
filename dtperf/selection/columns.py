"""The columns of the two tables: what a measurement can cut on, bin and average."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from dtperf.detector import sectors, sensitive_edge_distances, stations, wheels
from dtperf.selection.flatten import FlatEvents
from dtperf.selection.fourvector import FOUR_VECTOR, STORED, vector_etas, vector_phis, vector_pts
from dtperf.selection.ragged import take
from dtperf.selection.segments import Decisions, StationLimits, decide
from dtperf.selection.tables import LookedUp, Table
from dtperf.typing import F32, I16, AnyArray, Intp

if TYPE_CHECKING:
    from dtperf.selection.arrays import Matches
    from dtperf.selection.crossings import Crossings
    from dtperf.selection.cuts import Compatibility, TagAndProbe
    from dtperf.selection.extrapolation import ProbeMatches
    from dtperf.selection.pairs import Candidates

__all__ = [
    "CROSSING_COLUMNS",
    "PAIR_COLUMNS",
    "border_distances",
    "chamber_columns",
    "crossing_columns",
    "event_columns",
    "kinematics",
    "pair_columns",
    "station_limits",
]

Make = dict[str, Callable[[Table], AnyArray]]

MUON_COLUMNS = {
    "pt": ("pt", "transverse momentum, GeV"),
    "eta": ("eta", "pseudorapidity"),
    "phi": ("phi", "azimuth, rad"),
    "charge": ("charge", "charge"),
    "iso": ("pfIso04", "isolation relative to pT, by particle flow"),
    "orig_algo": ("trk_origAlgo", "first tracking step of the inner track"),
    "pixel_hits": ("trk_numberOfValidPixelHits", "valid pixel hits"),
    "tracker_layers": ("trk_numberOfValidTrackerLayers", "tracker layers with a valid hit"),
}
EVENT_COLUMNS = {
    "run": ("run", "run number"),
    "luminosity_block": ("luminosityBlock", "luminosity block"),
    "inst_lumi": ("inst_lumi", "instantaneous luminosity, as in lumi_instLumi, if it is there"),
    "pileup": ("pileup", "average pile-up, as in lumi_avgPileUp, if it is there"),
}
PAIR_COLUMNS = {
    "mass": "invariant mass, GeV",
    "dr": "distance of tag and probe in (eta, phi)",
    "dz": "dz of the tag minus dz of the probe, cm",
    "is_probe": "the probe cuts hold",
    "selected": "the probe cuts and the pair cuts hold",
    **{f"tag_{name}": f"tag: {text}" for name, (_, text) in MUON_COLUMNS.items()},
    **{f"probe_{name}": f"probe: {text}" for name, (_, text) in MUON_COLUMNS.items()},
    **{
        f"probe_vector_{name}": f"probe: {text} that comes back of a four-vector; see compatibility"
        for name, text in (("pt", "pT, GeV,"), ("eta", "eta"), ("phi", "phi, rad,"))
    },
    "tag_tracker_iso": "tag: isolation relative to pT, by tracks",
    "probe_tracker_iso": "probe: isolation relative to pT, by tracks",
    "probe_rpc_layers": "probe: matched RPC layers, 0 unless it is an RPC muon",
    "probe_is_tight": "probe: passes the tight identification",
    "probe_q_over_pt": "probe: charge over pT, 1/GeV",
    **{name: text for name, (_, text) in EVENT_COLUMNS.items()},
}
CROSSING_COLUMNS = {
    "station": "1 to 4",
    "wheel": "-2 to 2; the station is not crossed: -99",
    "sector": "1 to 14, where 13 and 14 are the second MB4 chambers of 4 and 10; or -99",
    "chamber": "code of the chamber, dtperf.detector.Chamber.code, or -1",
    "local_x": "crossing, local x, cm; NaN without crossing",
    "local_y": "crossing, local y, cm; NaN without crossing",
    "edge_x": "distance from the chamber's edge in x, negative inside, cm; NaN without crossing",
    "edge_y": "distance from the chamber's edge in y, negative inside, cm; NaN without crossing",
    "sigma_x": "uncertainty of local x from scattering, cm; NaN unless extrapolation: helix",
    "sigma_y": "uncertainty of local y from scattering, cm; NaN unless extrapolation: helix",
    "dx": "|x(crossing) - x(best segment of the chamber)|, cm; NaN without segment",
    "dy": "|y(crossing) - y(best segment)|, cm; of use with a theta view only, so not in MB4",
    "dr": "their distance in the chamber plane, cm, with dy as it is; NaN without segment",
    "phi_hits": "phi hits of that segment, if it has a phi view, else 0",
    "t0": "t0 of its phi view, ns; NaN without segment",
    "passing": "that segment exists and has a phi view",
    "station_dx": "dx to the nearest best segment of the station",
    "station_dy": "dy to that segment",
    "station_dr": "dr to that segment",
    "station_passing": "that segment exists and has a phi view",
    "n_other_stations": "other muon stations with segments matched to the probe",
    "is_first": "first row of this pair and station",
    "is_eligible": "enough other stations or RPC layers",
    "is_in_eta": "|eta| of the probe is within the station's limit",
    "is_fiducial": "crossed far enough from the edges, of what `selection.station.border` says",
    "is_in_time": "|t0| is at most 12.5 ns",
    **{name: text for name, text in PAIR_COLUMNS.items() if name not in ("dr", "is_probe")},
}

IN_TIME_NS = 12.5
NOWHERE = -99


def station_limits(config: TagAndProbe) -> StationLimits:
    """Round the cuts on crossings to the width they are compared in."""
    cuts = config.selection.station
    return StationLimits(
        min_other=cuts.min_other_stations,
        min_rpc_layers=np.inf if cuts.min_rpc_layers is None else float(cuts.min_rpc_layers),
        max_abs_eta=np.asarray((0, *cuts.max_abs_eta), dtype=np.float32),
        border_x=np.float32(cuts.border_x),
        border_y=np.float32(cuts.border_y),
        of_superlayers=cuts.border == "superlayers",
        kinematics=kinematics(config.compatibility),
    )


def kinematics(compatibility: Compatibility) -> int:
    """Return which pT and eta are cut on, as the kernels take it."""
    return FOUR_VECTOR if compatibility.four_vector_rounding else STORED


def border_distances(matches: Matches, limits: StationLimits) -> tuple[F32, F32]:
    """Return the distances from the edges that the fiducial border is measured from.

    Args:
        matches: Where inner tracks cross chambers.
        limits: Of which `of_superlayers` says from which edges.

    Returns:
        In x and in y, cm, negative inside, each of shape (matches,).
    """
    if limits.of_superlayers:
        return sensitive_edge_distances(matches.code, matches.x, matches.y)
    return matches.edgeX, matches.edgeY


def chamber_columns(code: I16) -> Make:
    """Return how the columns of a row's chamber are made, of its code, shape (rows,)."""
    tables = {"station": stations(), "wheel": wheels(), "sector": sectors()}
    make: Make = {name: LookedUp(table, "chamber", NOWHERE) for name, table in tables.items()}
    return {"chamber": lambda _: code, **make}


def event_columns(flat: FlatEvents) -> Make:
    """Return how columns of events are made for a table with a column `event`."""
    return {
        name: _indexed(flat.events[column], "event")
        for name, (column, _) in EVENT_COLUMNS.items()
        if column in flat.events
    }


def _indexed(source: AnyArray, index: str) -> Callable[[Table], AnyArray]:
    # of a muon or an event, which every pair has
    return lambda table: take(source, table[index])


def pair_columns(flat: FlatEvents, candidates: Candidates) -> Make:
    """Return how each column of the table of pairs is made."""
    muons = flat.muons
    make: Make = {
        name: partial(lambda column, _: column, column)
        for name, column in candidates._asdict().items()
    }
    for who in ("tag", "probe"):
        for name, (column, _) in MUON_COLUMNS.items():
            make[f"{who}_{name}"] = _indexed(getattr(muons, column), who)
        if flat.tracker_iso is not None:
            make[f"{who}_tracker_iso"] = _indexed(flat.tracker_iso, who)
    rpc_layers = muons.rpcMu_numberOfMatchedRPCLayers * muons.isRPC
    make["probe_rpc_layers"] = _indexed(rpc_layers, "probe")
    make["probe_is_tight"] = _indexed(muons.isTight, "probe")
    make["probe_q_over_pt"] = _q_over_pt
    make["probe_vector_pt"] = lambda t: vector_pts(t["probe_pt"], t["probe_phi"])
    make["probe_vector_eta"] = lambda t: vector_etas(t["probe_pt"], t["probe_eta"], t["probe_phi"])
    make["probe_vector_phi"] = lambda t: vector_phis(t["probe_pt"], t["probe_phi"])
    return make | event_columns(flat)


def _q_over_pt(table: Table) -> AnyArray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(table["probe_charge"] / table["probe_pt"], dtype=np.float32)


def _taken(source: AnyArray, index: str, nowhere: Any) -> Callable[[Table], AnyArray]:
    return lambda table: take(source, table[index], source.dtype.type(nowhere))


def _phi_hits(hits: I16, table: Table) -> AnyArray:
    # of the segments that are a row's, not of all
    return take(hits, table["segment"], np.int16(0)) * table["passing"]


def crossing_columns(
    flat: FlatEvents,
    crossed: ProbeMatches,
    crossings: Crossings,
    selected: Intp,
    limits: StationLimits,
) -> Make:
    """Return how each column of the table of crossings is made.

    Args:
        flat: The events.
        crossed: Where the probes cross chambers.
        crossings: Rows found by the kernel.
        selected: Row in the table of pairs of each selected pair, shape (selected pairs,).
        limits: Cut values for the boolean columns.

    Returns:
        Functions by name.
    """
    make: Make = {
        name: partial(lambda column, _: column, column)
        for name, column in crossings._asdict().items()
    }
    make["candidate"] = lambda t: take(selected.astype(np.int32), t["pair"])
    matches, segments = crossed.matches, flat.segments
    make["chamber"] = _taken(matches.code, "match", -1)
    make["wheel"] = LookedUp(wheels(), "chamber", NOWHERE)
    make["sector"] = LookedUp(sectors(), "chamber", NOWHERE)
    for name, column in {
        "local_x": matches.x,
        "local_y": matches.y,
        "edge_x": matches.edgeX,
        "edge_y": matches.edgeY,
        "sigma_x": crossed.sigma_x,
        "sigma_y": crossed.sigma_y,
    }.items():
        make[name] = _taken(column, "match", np.nan)
    make["phi_hits"] = partial(_phi_hits, segments.seg2D_phi_nHits)
    make["t0"] = _taken(segments.seg2D_phi_t0, "segment", np.nan)
    for name in ("dx", "dy", "dr"):
        make[f"station_{name}"] = _taken(getattr(crossings, name), "nearest", np.nan)

    decisions: list[Decisions] = []

    def decided(name: str, table: Table) -> AnyArray:
        if not decisions:  # all are made when the first is asked for
            assert table.parent is not None
            made = decide(
                crossings.pair,
                crossings.station,
                crossings.match,
                crossings.n_other_stations,
                table.parent["probe"][selected],
                flat.muons,
                *border_distances(matches, limits),
                limits,
            )
            decisions.append(made)
        return np.asarray(getattr(decisions[0], name))

    make |= {name: partial(decided, name) for name in Decisions._fields}
    make["is_in_time"] = lambda t: np.abs(t["t0"]) <= IN_TIME_NS
    return make
