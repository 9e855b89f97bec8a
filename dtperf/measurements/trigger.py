"""Measurements of the local trigger: primitives where probes and segments are.

Definitions: a) DTTnPLocaltrigEff.C and DTTnPLocalTrigRes.C of vrbouza/DTTagAndProbe, branch
L1TP_withTriggerRes: what the fiducial efficiency counts, and a primitive of the chamber at BX 0,
wherever it points. b) CMS DP-2016/074: segments of global muons in both views, with two other
stations that trigger. Out of time: CMS DP-2017/047.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

import numpy as np

from dtperf.measurements.declaration import Axis, Integer, Measurement, Regular
from dtperf.measurements.standard import (
    CHARGE,
    FIDUCIAL,
    INST_LUMI,
    LOCAL_X,
    LOCAL_Y,
    MATCHED,
    PI,
    PILEUP,
    RUN,
    SECTOR,
    STATION,
    WHEEL,
)
from dtperf.measurements.trigger_theta import THETA_TRIGGER
from dtperf.typing import AnyArray

__all__ = ["SOURCES", "TRIGGER", "in_right_crossing"]

SOURCES = {
    "twinmux_in": "TwinMux input",
    "twinmux_out": "TwinMux output",
    "bmtf_in": "BMTF input",
}
"""Kinds of primitives, by the names in measurements and columns."""

CHAMBER = (STATION, WHEEL, SECTOR)
ETA = Regular(name="probe_eta", bins=80, start=-1.2, stop=1.2, label=r"probe $\eta$")
PHI = Regular(name="probe_phi", bins=80, start=-PI, stop=PI, label=r"probe $\phi$")
PT = Regular(name="probe_pt", bins=50, start=0, stop=200, label=r"probe $p_T$ [GeV]")
T0 = Regular(name="t0", bins=100, start=-25, stop=25, label=r"$t_0$ of the segment [ns]")
ANGLE = Regular(
    name="angle", column="segment_angle", bins=60, start=-60, stop=60, label="angle [degrees]"
)
PHI_HITS = Integer(name="phi_hits", first=3, last=8, label=r"$\phi$ hits of the segment")
OF_SEGMENTS = ("is_of_global_muon", "has_all_views", "has_4_phi_hits")


def _efficiency(name: str, what: str, *axes: Axis, rows: tuple[str, ...] = FIDUCIAL) -> Measurement:
    title = f"trigger efficiency, {SOURCES[name]}, {what}"
    return Measurement(
        title=title, table="crossings", rows=rows, axes=axes, passed=f"{name}_passing"
    )


def _of(name: str) -> Iterator[tuple[str, Measurement]]:
    """List the measurements of one kind of primitives."""
    source = SOURCES[name]
    triggering = (*FIDUCIAL, f"{name}_passing")
    yield f"trigger_{name}_by_chamber", _efficiency(name, "of each chamber", *CHAMBER)
    yield (
        f"trigger_{name}_by_chamber_and_run",
        _efficiency(name, "of each chamber against run", *CHAMBER, RUN),
    )
    yield (
        f"trigger_{name}_with_segment_by_chamber",
        _efficiency(name, "of each chamber, given a segment", *CHAMBER, rows=MATCHED),
    )
    for key, text, axes in (
        ("vs_eta", "against eta", (ETA,)),
        ("vs_phi", "against phi", (CHARGE, PHI)),
        ("map", "in (phi, eta)", (PHI, ETA)),
        ("vs_pt", "against pT", (PT,)),
        ("vs_lumi", "against instantaneous luminosity", (INST_LUMI,)),
        ("vs_pileup", "against pile-up", (PILEUP,)),
        ("vs_run", "against run", (RUN,)),
        ("inside_chambers", "inside the chambers", (LOCAL_X, LOCAL_Y)),
    ):
        yield f"trigger_{name}_{key}", _efficiency(name, text, STATION, *axes)
    for key, text, axis in (
        ("vs_t0", "against t0 of the segment", T0),
        ("vs_angle", "against the angle of the segment", ANGLE),
        ("vs_phi_hits", "against the phi hits of the segment", PHI_HITS),
    ):
        yield f"trigger_{name}_{key}", _efficiency(name, text, STATION, axis, rows=MATCHED)
    yield (
        f"trigger_{name}_of_segments_by_chamber",
        Measurement(
            title=f"trigger efficiency, {source}, for segments of global muons",
            table="segments",
            rows=(*OF_SEGMENTS, f"{name}_has_other_stations"),
            axes=CHAMBER,
            passed=f"{name}_passing",
        ),
    )
    yield (
        f"bx_{name}_by_chamber",
        Measurement(
            title=f"bunch crossing of the best primitive, {source}, of each chamber",
            table="crossings",
            rows=FIDUCIAL,
            axes=(
                *CHAMBER,
                Integer(name="bx", column=f"{name}_bx", first=-5, last=5, label="bunch crossing"),
            ),
        ),
    )
    yield (
        f"out_of_time_{name}_by_chamber",
        Measurement(
            title=f"primitives at BX 0 after another of their chamber, {source}, of each chamber",
            table="crossings",
            rows=triggering,
            axes=CHAMBER,
            passed=f"{name}_is_preceded",
        ),
    )
    quality = Integer(
        name="quality", column=f"{name}_bx0_quality", first=0, last=6, label="quality"
    )
    yield (
        f"quality_{name}",
        Measurement(
            title=f"quality of the best primitive at BX 0, {source}",
            table="crossings",
            rows=triggering,
            axes=(STATION, WHEEL, quality),
        ),
    )
    for key, column, unit in (("position", "dx", "cm"), ("direction", "dangle", "degrees")):
        axis = Regular(
            name=key,
            column=f"{name}_{column}",
            bins=401,
            start=-10.025,
            stop=10.025,
            label=f"primitive - segment [{unit}]",
        )
        yield (
            f"{key}_{name}",
            Measurement(
                title=f"{key} of the primitive at BX 0 minus the segment's, {source}",
                table="crossings",
                rows=(*MATCHED, f"{name}_passing"),
                axes=(STATION, axis),
            ),
        )


def _rpc_gain() -> Iterator[tuple[str, Measurement]]:
    """List what TwinMux makes of the DT's primitives and the RPCs' hits."""
    before = Integer(
        name="in",
        column="twinmux_in_passing",
        first=0,
        last=1,
        label="TwinMux input: 0 no primitive at BX 0, 1 one",
    )
    for key, text, axes in (
        ("by_chamber", "of each chamber", CHAMBER),
        ("by_chamber_and_run", "of each chamber against run", (*CHAMBER, RUN)),
        ("vs_eta", "against eta", (STATION, ETA)),
        ("vs_lumi", "against instantaneous luminosity", (STATION, INST_LUMI)),
    ):
        yield (
            f"trigger_gain_by_rpc_{key}",
            _efficiency("twinmux_out", f"by what the input had, {text}", *axes, before),
        )
    axis = Integer(
        name="rpc_bit",
        column="twinmux_out_rpc_bit",
        first=0,
        last=2,
        label="0 DT, 1 DT and RPC, 2 RPC",
    )
    yield (
        "rpc_bit_twinmux_out_by_chamber",
        Measurement(
            title="what the best primitive at BX 0 is made of, TwinMux output, of each chamber",
            table="crossings",
            rows=(*FIDUCIAL, "twinmux_out_passing"),
            axes=(*CHAMBER, axis),
        ),
    )


def in_right_crossing(counts: AnyArray) -> AnyArray:
    """Return counts by bunch crossing, -5 to 5, as those beside and those at BX 0.

    Args:
        counts: Of a measurement `bx_…`, shape (…, 11).

    Returns:
        As of an efficiency: failed and passed, shape (…, 2).
    """
    passed = counts[..., counts.shape[-1] // 2]
    return np.stack([counts.sum(axis=-1) - passed, passed], axis=-1)


TRIGGER: Mapping[str, Measurement] = MappingProxyType(
    {
        **{key: each for name in SOURCES for key, each in _of(name)},
        **dict(_rpc_gain()),
        **THETA_TRIGGER,
    }
)
"""By name."""
