"""Make the branches that the analysis reads of a block of events."""

from __future__ import annotations

from typing import Any

import numpy as np

from dtperf.detector.edges import edge_distances
from dtperf.detector.frames import direction_to_global, to_global
from dtperf.detector.numbering import sectors, stations, wheels
from dtperf.detector.superlayers import superlayer_table
from dtperf.synthetic.blocks import EventBlock
from dtperf.synthetic.hits import NO_FIT
from dtperf.synthetic.rows import EventRows, counts_to_offsets
from dtperf.synthetic.stages import DrawnCrossings, DrawnSegments, DrawnTracks
from dtperf.typing import I16, I64, AnyArray

__all__ = ["lean_rows", "local_ranges"]

Columns = dict[str, AnyArray]

NO_VALUE = np.float32(-999.0)


def lean_rows(block: EventBlock) -> EventRows:
    """Make all columns of generation B of the events, muons, their matches and the DT segments.

    The ranges into `dtSegment_hits` and `dtSegment_extr` are empty, as these are.
    """
    muons, segments = block.muons, block.segments
    is_standalone = block.identity["muon_isStandalone"]
    own_counts = np.where(is_standalone, np.diff(block.muon_segments.offsets), 0)
    own = counts_to_offsets(own_counts)
    matches = np.searchsorted(block.matches.track, np.arange(muons.offsets[-1] + 1))
    groups = {
        "muon": {
            **_track_columns(block.tracks),
            **_ranges("matches", muons.offsets, matches),
            **_ranges("staMatches", muons.offsets, own),
            "nMatches": np.diff(matches).astype(np.int32),
        },
        "muon_matches": _matches(block.matches),
        "muon_staMatches": {
            "MuSegIdx": block.muon_segments.segment[
                np.repeat(is_standalone, np.diff(block.muon_segments.offsets))
            ]
        },
        "dtSegment": _segments(segments),
    }
    values: dict[str, AnyArray] = {**block.events._asdict(), **block.identity}
    for group, columns in groups.items():
        values |= {f"{group}_{name}": column for name, column in columns.items()}
    offsets = {
        "muon": muons.offsets,
        "muon_matches": matches[muons.offsets],
        "muon_staMatches": own[muons.offsets],
        "dtSegment": segments.offsets,
    }
    return EventRows(offsets, values)


def local_ranges(parent_offsets: I64, offsets: I64) -> tuple[AnyArray, AnyArray]:
    """Return begin and end of each parent's entries, counted from the first of its event; uint32.

    Args:
        parent_offsets: First parent of each event, shape (events + 1,).
        offsets: First entry of each parent, shape (parents + 1,).
    """
    first = np.repeat(offsets[parent_offsets[:-1]], np.diff(parent_offsets))
    begin, end = offsets[:-1] - first, offsets[1:] - first
    return begin.astype(np.uint32), end.astype(np.uint32)


def _ranges(name: str, parent_offsets: I64, offsets: I64) -> Columns:
    begin, end = local_ranges(parent_offsets, offsets)
    return {f"{name}_begin": begin, f"{name}_end": end}


def _track_columns(tracks: DrawnTracks) -> Columns:
    return {
        "pt": tracks.pt,
        "eta": tracks.eta,
        "phi": tracks.phi,
        "charge": tracks.charge,
        "trk_dxy": tracks.dxy,
        "trk_dz": tracks.dz,
    }


def _chamber(code: I16) -> Columns:
    return {"wheel": wheels()[code], "sector": sectors()[code], "station": stations()[code]}


def _direction_of(x: Any, y: Any, z: Any) -> tuple[AnyArray, AnyArray]:
    """Return eta and phi of vectors; CMS stores those of matches and segments unrounded."""
    eta, phi = np.arcsinh(z / np.hypot(x, y)), np.arctan2(y, x)
    return eta.astype(np.float32), phi.astype(np.float32)


def _matches(matches: DrawnCrossings) -> Columns:
    x, y = matches.x.astype(np.float32), matches.y.astype(np.float32)
    eta, phi = _direction_of(*to_global(matches.code, x, y, np.zeros_like(x)))
    edge_x, edge_y = edge_distances(matches.code, x, y)
    return {
        **_chamber(matches.code),
        "x": x,
        "y": y,
        "eta": eta,
        "phi": phi,
        "dXdZ": matches.dxdz.astype(np.float32),
        "dYdZ": matches.dydz.astype(np.float32),
        "edgeX": edge_x,
        "edgeY": edge_y,
    }


def _segments(segments: DrawnSegments) -> Columns:
    code, has_phi = segments.code, segments.has_phi
    # outwards, which is against the local z axis
    in_plane = np.zeros_like(segments.x)
    norm = np.float32(-1) / np.sqrt(1 + segments.dxdz**2 + segments.dydz**2)
    direction = (segments.dxdz * norm, segments.dydz * norm, norm)
    position_eta, position_phi = _direction_of(*to_global(code, segments.x, segments.y, in_plane))
    dir_eta, dir_phi = _direction_of(*direction_to_global(code, *direction))
    nothing = np.zeros(len(code), dtype=np.uint32)
    return {
        **_chamber(code),
        "seg4D_hasPhi": has_phi,
        "seg4D_hasZed": segments.has_zed,
        "seg2D_phi_nHits": segments.phi_hits,
        "seg2D_z_nHits": segments.z_hits,
        "seg2D_phi_normChi2": segments.phi_chi2,
        "seg2D_z_normChi2": segments.z_chi2,
        "seg2D_phi_t0": segments.phi_t0,
        "seg2D_z_t0": segments.z_t0,
        "seg2D_phi_vDrift": np.where(has_phi, np.float32(0), np.float32(NO_FIT)),
        **dict(zip(("seg4D_dirLoc_x", "seg4D_dirLoc_y", "seg4D_dirLoc_z"), direction, strict=True)),
        "seg4D_posLoc_x": segments.x,
        "seg4D_posLoc_y": segments.y,
        "seg4D_posLoc_z": in_plane,
        "seg4D_posGlb_eta": position_eta,
        "seg4D_posGlb_phi": position_phi,
        "seg4D_dirGlb_eta": dir_eta,
        "seg4D_dirGlb_phi": dir_phi,
        **_positions_at_superlayers(segments),
        **{
            f"{name}_{limit}": nothing
            for name in ("seg2D_hits", "seg4D_extr")
            for limit in ("begin", "end")
        },
    }


def _positions_at_superlayers(segments: DrawnSegments) -> Columns:
    """Extend the segments to the phi superlayers, and to halfway between them; local x, cm."""
    z = superlayer_table()[segments.code, :, 1]
    planes = {"SL1": z[:, 0], "SL3": z[:, 2], "midPlane": (z[:, 0] + z[:, 2]) / 2}
    return {
        f"seg4D_posLoc_x_{name}": np.where(
            segments.has_phi, (segments.x + segments.dxdz * z_cm).astype(np.float32), NO_VALUE
        )
        for name, z_cm in planes.items()
    }
