"""Branches that are read only where a measurement uses them: primitives, hits, digis.

They are most of a file. Each column of the tables that needs any of them is listed with them here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

import numpy as np

from dtperf.selection.cuts import TableName

__all__ = [
    "BRANCHES_OF_TABLE",
    "DETAIL_ANOMALIES",
    "DIGI_ANOMALY",
    "DIGI_DTYPES",
    "EXPECTED_DTYPES",
    "HIT_DTYPES",
    "LAYER_ANOMALIES",
    "MUON_ID_DTYPES",
    "NOT_OF_GENERATION_A",
    "PRIMITIVES",
    "RANGE_DTYPES",
    "RPC_BIT",
    "RPC_HIT_DTYPES",
    "RPC_POINT_DTYPES",
    "STANDALONE",
    "STORED",
    "THETA_DTYPES",
    "THETA_PRIMITIVES",
    "TRACK_SLOPES",
    "PrimitiveSource",
    "StoredColumn",
    "ThetaSource",
    "detail_anomalies",
    "detail_branches",
    "is_of_details",
]


class Measured(Protocol):
    """What is known of a measurement here; `dtperf.measurements.Measurement` is one."""

    @property
    def table(self) -> TableName:
        """Table whose rows are counted."""

    @property
    def columns(self) -> frozenset[str]:
        """The columns of the table that are used."""


class PrimitiveSource(NamedTuple):
    """Where primitives of the phi view are read."""

    collection: str
    first_sector: int
    """Number of the first sector: BMTF counts from 0."""
    has_rpc_bit: bool = False

    @property
    def dtypes(self) -> dict[str, Any]:
        """Columns, and the type of each."""
        return PRIMITIVE_DTYPES | ({RPC_BIT: np.int16} if self.has_rpc_bit else {})

    @property
    def anomalies(self) -> tuple[str, str]:
        """Kinds of what no trigger sends: in no chamber, of no quality."""
        return f"{self.collection}_in_unknown_chamber", f"{self.collection}_of_unknown_quality"


RPC_BIT = "rpcBit"
PRIMITIVE_DTYPES = {
    **dict.fromkeys(("wheel", "sector", "station", "bx", "quality"), np.int16),
    **dict.fromkeys(("posLoc_x", "dirLoc_phi"), np.float32),
}
PRIMITIVES = MappingProxyType(
    {
        "twinmux_in": PrimitiveSource("ltTwinMuxIn", 1),
        "twinmux_out": PrimitiveSource("ltTwinMuxOut", 1, has_rpc_bit=True),
        "bmtf_in": PrimitiveSource("ltBmtfIn", 0),
    }
)
"""By the name that columns and measurements begin with."""


class ThetaSource(NamedTuple):
    """Where primitives of the theta view are read."""

    collection: str
    first_sector: int
    """Number of the first sector: BMTF counts from 0."""

    @property
    def anomalies(self) -> tuple[str, str]:
        """Kinds of what no trigger sends: in no chamber, of no groups of cells."""
        return f"{self.collection}_in_unknown_chamber", f"{self.collection}_of_unknown_groups"


THETA_DTYPES: Mapping[str, Any] = {
    **dict.fromkeys(("wheel", "sector", "station", "bx"), np.int16),
    "hitMap": np.uint32,
}
THETA_PRIMITIVES = MappingProxyType(
    {
        "theta_twinmux_in": ThetaSource("ltTwinMuxInTh", 1),
        "theta_bmtf_in": ThetaSource("ltBmtfInTh", 0),
    }
)
"""By the name that columns and measurements begin with."""

RANGES = ("seg2D_hits_begin", "seg2D_hits_end", "seg4D_extr_begin", "seg4D_extr_end")
RANGE_DTYPES: Mapping[str, Any] = dict.fromkeys(RANGES, np.uint32)
HIT_DTYPES: Mapping[str, Any] = {
    **dict.fromkeys(("superLayer", "layer"), np.int16),
    **dict.fromkeys(("time", "timeCali"), np.float32),
}
EXPECTED_DTYPES: Mapping[str, Any] = {"ExpWire": np.int16}
DIGI_DTYPES: Mapping[str, Any] = {
    **dict.fromkeys(("wheel", "sector", "station", "superLayer", "layer", "wire"), np.int16),
    "time": np.float32,
}
RPC_POINT_DTYPES = {
    **dict.fromkeys(("ring", "sector", "station", "layer", "subsector", "roll"), np.int16),
    **dict.fromkeys(("coordX", "coordY"), np.float32),
    "rawId": np.uint32,
}
RPC_HIT_DTYPES = {
    "rawId": np.uint32,
    "bx": np.int32,
    "coordX": np.float32,
    "clusterSize": np.int16,
}


def _names(dtypes: Mapping[str, Mapping[str, Any]]) -> frozenset[str]:
    return frozenset(f"{name}_{column}" for name, columns in dtypes.items() for column in columns)


LAYER_ANOMALIES = ("segment_hits_range_outside_event", "segment_extr_range_of_other_length")
DIGI_ANOMALY = "digi_in_unknown_cell"
DETAIL_ANOMALIES = frozenset(
    (
        *LAYER_ANOMALIES,
        DIGI_ANOMALY,
        *(kind for source in PRIMITIVES.values() for kind in source.anomalies),
        *(kind for source in THETA_PRIMITIVES.values() for kind in source.anomalies),
    )
)
"""Kinds that are counted only where hits, digis or primitives are read."""

DIGI_BRANCHES = _names({"dtDigi": DIGI_DTYPES})
RPC_BRANCHES = _names({"dtToRpc": RPC_POINT_DTYPES, "rpcRecHit": RPC_HIT_DTYPES})
LAYER_BRANCHES = _names(
    {
        "dtSegment": RANGE_DTYPES,
        "dtSegment_hits": HIT_DTYPES,
        "dtSegment_extr": EXPECTED_DTYPES,
    }
)
"""What any column of layers needs, beside the branches of segments that are always read."""


class StoredColumn(NamedTuple):
    """A column of segments as a branch has it."""

    branch: str
    text: str
    nothing: float | None = None
    """What stands for a value that is not there, and becomes NaN."""


STORED = MappingProxyType(
    {
        "theta_t0": StoredColumn("seg2D_z_t0", "t0 of its theta view, ns; or NaN", -999),
        "phi_chi2": StoredColumn(
            "seg2D_phi_normChi2", "chi2 of its phi view over hits - 2; or NaN", -1
        ),
        "theta_chi2": StoredColumn(
            "seg2D_z_normChi2", "chi2 of its theta view over hits - 2; or NaN", -1
        ),
        "drift_velocity_change": StoredColumn(
            "seg2D_phi_vDrift", "relative correction of the drift velocity; 0: not fitted", -1
        ),
        "dir_x": StoredColumn("seg4D_dirLoc_x", "direction, unit vector in the chamber's frame"),
        "dir_y": StoredColumn("seg4D_dirLoc_y", "the same, y"),
        "dir_z": StoredColumn("seg4D_dirLoc_z", "the same, z: outwards is negative"),
        "mid_x": StoredColumn(
            "seg4D_posLoc_x_midPlane", "local x between its phi superlayers, cm; or NaN", -999
        ),
    }
)
"""Columns of segments that are read where a measurement uses them."""

RESIDUAL = ("dtSegment_hits_pos", "dtSegment_hits_side", "dtSegment_extr_ExpPos")
ANGLE = ("dtSegment_seg4D_dirLoc_x", "dtSegment_seg4D_dirLoc_z")
POSITION = ("dtSegment_seg4D_posLoc_x_midPlane",)

MUON_ID_DTYPES: Mapping[str, Any] = {
    **dict.fromkeys(("isStandalone", "isGlobal"), np.bool_),
    "staMu_nMatchSeg": np.int32,
}
STANDALONE = tuple(f"muon_staMatches_{name}" for name in ("begin", "end", "MuSegIdx"))
PHI_CHI2 = "dtSegment_seg2D_phi_normChi2"

OF_PAIRS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "probe_is_standalone": ("muon_isStandalone",),
        "probe_is_global": ("muon_isGlobal",),
        "probe_standalone_segments": ("muon_staMu_nMatchSeg",),
    }
)

OF_SEGMENTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        **{name: (f"dtSegment_{each.branch}",) for name, each in STORED.items()},
        "angle": ANGLE,
        "is_of_global_muon": (*STANDALONE, "muon_isGlobal"),
        "is_of_muon": STANDALONE,
        "phi_probability": (PHI_CHI2,),
        "has_drift_velocity": ("dtSegment_seg2D_phi_vDrift",),
    }
)
OF_LAYERS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "residual": RESIDUAL,
        "unbiased_residual": RESIDUAL,
        "pull": (*RESIDUAL, "dtSegment_hits_posErr"),
        "distance": ("dtSegment_hits_pos", "dtSegment_hits_wire"),
        "side": ("dtSegment_hits_side",),
        "is_counted": ("dtSegment_seg4D_dirLoc_x",),
        "detected": tuple(DIGI_BRANCHES),
        "is_of_good_fit": (PHI_CHI2, "dtSegment_seg2D_z_normChi2"),
    }
)
TRACK_SLOPES = MappingProxyType({"x": "dXdZ", "y": "dYdZ"})
"""Slopes of the extrapolated track, by coordinate."""

OF_CROSSINGS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "signed_dxdz": (*ANGLE, "muon_matches_dXdZ"),
        "signed_dydz": (
            *("dtSegment_seg4D_dirLoc_y", "dtSegment_seg4D_dirLoc_z"),
            "muon_matches_dYdZ",
        ),
        # made of branches that are always read
        **dict.fromkeys(("signed_dx", "signed_dy", "segment_has_theta", "t0_difference"), ()),
        "segment_angle": ANGLE,
        "segment_mid_x": POSITION,
        "is_in_standalone": STANDALONE,
        **{f"{name}_dx": POSITION for name in PRIMITIVES},
        **{f"{name}_dangle": ANGLE for name in PRIMITIVES},
    }
)


def _of_pairs(columns: Iterable[str]) -> frozenset[str]:
    return frozenset(branch for column in columns for branch in OF_PAIRS.get(column, ()))


def _of_crossings(columns: Iterable[str]) -> frozenset[str]:
    wanted = [*columns]
    needed = {branch for column in wanted for branch in OF_CROSSINGS.get(column, ())}
    for name, source in PRIMITIVES.items():
        if any(column.startswith(f"{name}_") for column in wanted):
            needed |= {f"{source.collection}_{column}" for column in source.dtypes}
    for name, theta in THETA_PRIMITIVES.items():
        if any(column.startswith(f"{name}_") for column in wanted):
            needed |= {f"{theta.collection}_{column}" for column in THETA_DTYPES}
    return _of_pairs(wanted) | needed


def _of_segments(columns: Iterable[str]) -> frozenset[str]:
    wanted = [*columns]
    needed = {branch for column in wanted for branch in OF_SEGMENTS.get(column, ())}
    return _of_crossings(wanted) | needed


def _of_layers(columns: Iterable[str]) -> frozenset[str]:
    wanted = [*columns]
    needed = {branch for column in wanted for branch in OF_LAYERS.get(column, ())}
    return _of_segments(wanted) | needed | (LAYER_BRANCHES if wanted else frozenset())


def _of_mean_timers(columns: Iterable[str]) -> frozenset[str]:
    wanted = [*columns]
    return _of_layers([*wanted, "side"]) if wanted else frozenset()


def _of_digis(columns: Iterable[str]) -> frozenset[str]:
    return DIGI_BRANCHES if [*columns] else frozenset()


def _of_rpc_crossings(columns: Iterable[str]) -> frozenset[str]:
    return RPC_BRANCHES if [*columns] else frozenset()


BRANCHES_OF_TABLE: Mapping[TableName, Callable[[Iterable[str]], frozenset[str]]] = MappingProxyType(
    {
        "pairs": _of_pairs,
        "crossings": _of_crossings,
        "segments": _of_segments,
        "layers": _of_layers,
        "mean_timers": _of_mean_timers,
        "digis": _of_digis,
        "rpc_crossings": _of_rpc_crossings,
    }
)
"""What columns of a table need beside the branches that are always read."""
NOT_OF_GENERATION_A: frozenset[TableName] = frozenset(["rpc_crossings"])
"""Tables of what only newer files have: a run on others leaves out their measurements."""


def is_of_details(measurement: Measured) -> bool:
    """Return whether a measurement uses more than pairs and crossings alone can tell."""
    if measurement.table not in ("pairs", "crossings"):
        return True
    of_primitives = tuple(f"{name}_" for name in (*PRIMITIVES, *THETA_PRIMITIVES))
    return any(
        name in OF_PAIRS or name in OF_CROSSINGS or name.startswith(of_primitives)
        for name in measurement.columns
    )


def detail_branches(columns: Mapping[TableName, Iterable[str]]) -> frozenset[str]:
    """Return the branches of primitives, segments, hits and digis that columns need, by table."""
    found = (branches(columns.get(table, ())) for table, branches in BRANCHES_OF_TABLE.items())
    return frozenset().union(*found)


def detail_anomalies(columns: Mapping[TableName, Iterable[str]]) -> frozenset[str]:
    """Return the kinds of anomalies that are counted when these columns are used, by table."""
    read = detail_branches(columns)
    sources: tuple[PrimitiveSource | ThetaSource, ...]
    sources = (*PRIMITIVES.values(), *THETA_PRIMITIVES.values())
    used = (source for source in sources if f"{source.collection}_bx" in read)
    kinds = {kind for source in used for kind in source.anomalies}
    if read >= LAYER_BRANCHES:
        kinds |= {*LAYER_ANOMALIES}
    if [*columns.get("digis", ())]:
        kinds.add(DIGI_ANOMALY)
    return frozenset(kinds)
