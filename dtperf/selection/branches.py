"""Branches that a config needs: ``needed, optional = branches_of(config)``."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

import numpy as np

from dtperf.selection.cuts import Extrapolation, TableName, TagAndProbe
from dtperf.selection.details.branches import BRANCHES_OF_TABLE, NOT_OF_GENERATION_A
from dtperf.typing import F32

__all__ = [
    "EDGES",
    "EVENT_COLUMNS",
    "EXTRAPOLATION_DTYPES",
    "MATCH_DTYPES",
    "MUON_DTYPES",
    "OPTIONAL_EVENT_COLUMNS",
    "PF",
    "SEGMENT_DTYPES",
    "TRACKER_ISO",
    "TRIGGER_COLUMNS",
    "Isolations",
    "branches_of",
    "isolations",
    "needed_branches",
    "optional_branches",
]

EVENT_COLUMNS = ("run", "luminosityBlock")
OPTIONAL_EVENT_COLUMNS = {"inst_lumi": "lumi_instLumi", "pileup": "lumi_avgPileUp"}
EDGES = ("edgeX", "edgeY")

MUON_DTYPES = {
    **dict.fromkeys(("pt", "eta", "phi", "pfIso04", "trk_dz"), np.float32),
    "charge": np.int32,
    **dict.fromkeys(("isTight", "isTracker", "isRPC"), np.bool_),
    **dict.fromkeys(("trk_origAlgo", "trk_numberOfValidPixelHits"), np.int16),
    "trk_numberOfValidTrackerLayers": np.int16,
    "rpcMu_numberOfMatchedRPCLayers": np.int16,
    "trkMu_stationMask": np.uint8,
}
EXTRAPOLATION_DTYPES: dict[Extrapolation, dict[str, Any]] = {
    "ntuple": dict.fromkeys(("matches_begin", "matches_end"), np.uint32),
    "helix": {"trk_dxy": np.float32},
}
MATCH_DTYPES = {
    **dict.fromkeys(("wheel", "sector", "station"), np.int16),
    **dict.fromkeys(("x", "y"), np.float32),
}
SEGMENT_DTYPES = {
    **dict.fromkeys(("wheel", "sector", "station"), np.int16),
    **dict.fromkeys(("seg4D_posLoc_x", "seg4D_posLoc_y", "seg2D_phi_t0"), np.float32),
    **dict.fromkeys(("seg4D_hasPhi", "seg4D_hasZed"), np.bool_),
    **dict.fromkeys(("seg2D_phi_nHits", "seg2D_z_nHits"), np.int16),
}


TRACKER_ISO = "trkIso03"
ISO_COLUMNS = {"pf": "pfIso04", "tracker": TRACKER_ISO}
TRACKER_ISO_COLUMNS = frozenset(("tag_tracker_iso", "probe_tracker_iso"))
TRIGGER_COLUMNS = {"isolated": "firesIsoTrig", "single": "firesTrig", "none": None}


class Isolations(NamedTuple):
    """The isolations that are used."""

    tag: str = "pf"
    """`TagCuts.iso`."""
    probe: str = "pf"
    """`ProbeCuts.iso`."""
    with_tracker: bool = False
    """Whether that of tracks is read though no cut is on it."""

    @property
    def branches(self) -> dict[str, Any]:
        """Columns of the muons that are needed beside those of `MUON_DTYPES`, with their dtypes."""
        is_used = self.with_tracker or "tracker" in (self.tag, self.probe)
        return {TRACKER_ISO: np.float32} if is_used else {}

    def of(self, columns: Mapping[str, F32]) -> dict[str, F32]:
        """Return the isolations that are cut on, by the names of `Muons`."""
        return {
            "tag_iso": columns[ISO_COLUMNS[self.tag]],
            "probe_iso": columns[ISO_COLUMNS[self.probe]],
        }


PF = Isolations()


def isolations(config: TagAndProbe) -> Isolations:
    """Return which isolations a config uses, in cuts and in measurements."""
    wanted = config.filled_columns()
    is_measured = bool(TRACKER_ISO_COLUMNS & (wanted["pairs"] | wanted["crossings"]))
    selection = config.selection
    return Isolations(selection.tag.iso, selection.probe.iso, is_measured)


def needed_branches(
    trigger: str, extrapolation: Extrapolation = "ntuple", isolations: Isolations = PF
) -> frozenset[str]:
    """Return the branches without which nothing can be measured; arguments as in `flatten`."""
    fires, used = TRIGGER_COLUMNS[trigger], EXTRAPOLATION_DTYPES[extrapolation]
    of_muons = (*MUON_DTYPES, *used, *isolations.branches, fires)
    names = [*EVENT_COLUMNS, *(f"muon_{name}" for name in of_muons if name)]
    if extrapolation == "ntuple":
        names += [f"muon_matches_{name}" for name in MATCH_DTYPES]
    names += [f"dtSegment_{name}" for name in SEGMENT_DTYPES]
    return frozenset(names)


def optional_branches(
    columns: Mapping[TableName, Collection[str]], extrapolation: Extrapolation = "ntuple"
) -> frozenset[str]:
    """Return the branches that are read where a file has them.

    Args:
        columns: Columns of the tables that measurements use, by table.
        extrapolation: Whose extrapolation is used, `AnalysisConfig.extrapolation`.
    """
    of_events = frozenset().union(*columns.values()) & OPTIONAL_EVENT_COLUMNS.keys()
    branches = frozenset(OPTIONAL_EVENT_COLUMNS[name] for name in of_events)
    if extrapolation == "ntuple":
        branches |= {f"muon_matches_{name}" for name in EDGES}
    return branches


def branches_of(config: TagAndProbe) -> tuple[frozenset[str], frozenset[str]]:
    """Return the branches that a config needs, and those that are read where a file has them."""
    extrapolation, columns = config.extrapolation, config.filled_columns()
    needed = needed_branches(config.selection.tag.trigger, extrapolation, isolations(config))
    optional = optional_branches(columns, extrapolation)
    for table, branches in BRANCHES_OF_TABLE.items():
        if table in NOT_OF_GENERATION_A:
            optional |= branches(columns[table])
        else:
            needed |= branches(columns[table])
    return needed, optional
