"""Measurements of muons' ids, given a probe: a muon found from its inner track.

The files have no inner tracks but those of muons. The denominator are tracker or RPC muons, so that
these are efficiencies relative to muons, and not to tracks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from dtperf.measurements.declaration import Axis, Integer, Measurement
from dtperf.measurements.standard import (
    CHARGE,
    INST_LUMI,
    MATCHED,
    PILEUP,
    RUN,
    SECTOR,
    STATION,
    VECTOR_PT_WIDENING,
    WHEEL,
)
from dtperf.measurements.trigger import ETA, PHI

__all__ = ["IDS", "MUON"]

IDS = ("standalone", "global", "tight")
CHAMBER = (STATION, WHEEL, SECTOR)
PT = VECTOR_PT_WIDENING.model_copy(update={"column": "probe_pt"})
SEGMENTS = Integer(
    name="segments",
    column="probe_standalone_segments",
    first=0,
    last=15,
    label="segments of the standalone track",
)


def _efficiencies(name: str) -> Iterator[tuple[str, Measurement]]:
    """List the efficiencies of one id."""
    for key, text, axes in (
        ("vs_eta", "against eta", (ETA,)),
        ("vs_phi", "against phi", (CHARGE, PHI)),
        ("map", "in (phi, eta)", (PHI, ETA)),
        ("vs_pt", "against pT", (PT,)),
        ("vs_run", "against run", (RUN,)),
        ("vs_lumi", "against instantaneous luminosity", (INST_LUMI,)),
        ("vs_pileup", "against pile-up", (PILEUP,)),
    ):
        yield (
            f"muon_{name}_{key}",
            Measurement(
                title=f"{name} muons among tracker and RPC muons, {text}",
                table="pairs",
                rows=("selected",),
                axes=axes,
                passed=f"probe_is_{name}",
            ),
        )


def _used(title: str, *axes: Axis) -> Measurement:
    return Measurement(
        title=f"segments that are in the probe's standalone track, {title}",
        table="crossings",
        rows=(*MATCHED, "probe_is_standalone"),
        axes=axes,
        passed="is_in_standalone",
    )


MUON: Mapping[str, Measurement] = MappingProxyType(
    {
        **{name: each for muon in IDS for name, each in _efficiencies(muon)},
        "muon_segments_vs_eta": Measurement(
            title="segments of the standalone tracks of probes, against eta",
            table="pairs",
            rows=("selected", "probe_is_standalone"),
            axes=(ETA, SEGMENTS),
        ),
        "segment_in_standalone_by_chamber": _used("of each chamber", *CHAMBER),
        "segment_in_standalone_by_chamber_and_run": _used(
            "of each chamber against run", *CHAMBER, RUN
        ),
        "segment_in_standalone_vs_pt": _used("against pT", STATION, PT),
    }
)
"""By name."""
