"""Hold the columns that the event loop in `reference_loop` reads, entry by entry."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, NamedTuple, TypeVar, get_args, get_type_hints

import numpy as np
import uproot

Row = TypeVar("Row", "Muon", "Match", "Segment")


class Muon(NamedTuple):
    """Hold what is read of a muon, each field with its branch."""

    pt: Annotated[np.float32, "muon_pt"]
    eta: Annotated[np.float32, "muon_eta"]
    phi: Annotated[np.float32, "muon_phi"]
    charge: Annotated[int, "muon_charge"]
    iso: Annotated[np.float32, "muon_pfIso04"]
    tracker_iso: Annotated[np.float32, "muon_trkIso03"]
    dz: Annotated[np.float32, "muon_trk_dz"]
    is_tight: Annotated[bool, "muon_isTight"]
    is_tracker: Annotated[bool, "muon_isTracker"]
    is_rpc: Annotated[bool, "muon_isRPC"]
    fires_iso: Annotated[bool, "muon_firesIsoTrig"]
    fires: Annotated[bool, "muon_firesTrig"]
    algo: Annotated[int, "muon_trk_origAlgo"]
    pixel_hits: Annotated[int, "muon_trk_numberOfValidPixelHits"]
    layers: Annotated[int, "muon_trk_numberOfValidTrackerLayers"]
    rpc_layers: Annotated[int, "muon_rpcMu_numberOfMatchedRPCLayers"]
    station_mask: Annotated[int, "muon_trkMu_stationMask"]
    begin: Annotated[int, "muon_matches_begin"]
    end: Annotated[int, "muon_matches_end"]


class Match(NamedTuple):
    """Hold one crossing of a chamber by the extrapolated track, in cm."""

    wheel: Annotated[int, "muon_matches_wheel"]
    sector: Annotated[int, "muon_matches_sector"]
    station: Annotated[int, "muon_matches_station"]
    x: Annotated[np.float32, "muon_matches_x"]
    y: Annotated[np.float32, "muon_matches_y"]
    edge_x: Annotated[np.float32, "muon_matches_edgeX"]
    edge_y: Annotated[np.float32, "muon_matches_edgeY"]


class Segment(NamedTuple):
    """Hold one reconstructed segment, in cm and ns."""

    wheel: Annotated[int, "dtSegment_wheel"]
    sector: Annotated[int, "dtSegment_sector"]
    station: Annotated[int, "dtSegment_station"]
    x: Annotated[np.float32, "dtSegment_seg4D_posLoc_x"]
    y: Annotated[np.float32, "dtSegment_seg4D_posLoc_y"]
    t0: Annotated[np.float32, "dtSegment_seg2D_phi_t0"]
    has_phi: Annotated[bool, "dtSegment_seg4D_hasPhi"]
    has_zed: Annotated[bool, "dtSegment_seg4D_hasZed"]
    phi_hits: Annotated[int, "dtSegment_seg2D_phi_nHits"]
    z_hits: Annotated[int, "dtSegment_seg2D_z_nHits"]


def _columns(row: type) -> list[tuple[str, type]]:
    """List the branch and the type of each field."""
    hints = get_type_hints(row, include_extras=True)
    return [(branch, kind) for kind, branch in (get_args(hint) for hint in hints.values())]


COLUMNS = {row: _columns(row) for row in (Muon, Match, Segment)}
BRANCHES = tuple(branch for columns in COLUMNS.values() for branch, _ in columns)


def read_events(path: str | Path, tree: str = "Events") -> list[dict[str, Any]]:
    """Read the needed branches of a TTree or an RNTuple as one dict of Python lists per event."""
    with uproot.open(f"{path}:{tree}") as source:
        columns = {name: source[name].array().tolist() for name in BRANCHES}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def rows(event: Mapping[str, Any], row: type[Row]) -> list[Row]:
    """Turn the lists of a collection into one tuple per entry, with every real as float32."""
    # The type is called, because a Python float, int or bool need not have the branch's width.
    columns = [[kind(value) for value in event[branch]] for branch, kind in COLUMNS[row]]
    return [row(*values) for values in zip(*columns, strict=True)]
