"""Measurements of all segments: how many, how good, of which muons.

Ghosts, hits and chi2 are those of DTNtupleSegmentAnalyzer.C (battibass/DTSliceTestOfflineAnalysis).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from dtperf.measurements.declaration import Axis, Integer, Measurement, Regular
from dtperf.measurements.standard import INST_LUMI, PILEUP, RUN, SECTOR, STATION, WHEEL

__all__ = ["SEGMENTS"]

CHAMBER = (STATION, WHEEL, SECTOR)
PHI_HITS = Integer(name="phi_hits", first=0, last=8, label=r"$\phi$ hits")
THETA_HITS = Integer(name="theta_hits", first=0, last=4, label=r"$\theta$ hits")
IN_CHAMBER = Integer(name="in_chamber", first=1, last=10, label="segments of the chamber")


def _count(title: str, *axes: Axis, rows: tuple[str, ...] = ()) -> Measurement:
    return Measurement(title=title, table="segments", rows=rows, axes=axes)


def _part(title: str, passed: str, *axes: Axis, rows: tuple[str, ...] = ()) -> Measurement:
    return Measurement(title=title, table="segments", rows=rows, axes=axes, passed=passed)


def _of_any_muon() -> dict[str, Measurement]:
    """List how many segments a muon has: the others are of background."""
    return {
        f"segments_of_any_muon_{key}": _part(
            f"segments in all views that a standalone track has, {text}",
            "is_of_muon",
            *axes,
            rows=("has_all_views",),
        )
        for key, text, axes in (
            ("by_chamber", "of each chamber", CHAMBER),
            ("vs_lumi", "against instantaneous luminosity", (STATION, WHEEL, INST_LUMI)),
            ("vs_pileup", "against pile-up", (STATION, WHEEL, PILEUP)),
        )
    }


def _chi2(view: str) -> Regular:
    return Regular(
        name="chi2",
        column=f"{view}_chi2",
        bins=100,
        start=0,
        stop=50,
        label=rf"$\chi^2$ / (hits - 2), $\{view}$ view",
    )


SEGMENTS: Mapping[str, Measurement] = MappingProxyType(
    {
        "segments_by_chamber_and_run": _count(
            "segments of each chamber against run", *CHAMBER, RUN
        ),
        "segment_phi_hits": _count(
            "phi hits of the segments", STATION, WHEEL, PHI_HITS, rows=("has_phi",)
        ),
        "segment_theta_hits": _count(
            "theta hits of the segments", STATION, WHEEL, THETA_HITS, rows=("has_theta",)
        ),
        "segment_phi_chi2": _count(
            "chi2 of the phi view of the segments", STATION, WHEEL, _chi2("phi"), rows=("has_phi",)
        ),
        "segment_theta_chi2": _count(
            "chi2 of the theta view of the segments",
            *(STATION, WHEEL, _chi2("theta")),
            rows=("has_theta",),
        ),
        "segment_phi_probability": _count(
            "chance of a larger chi2 of the phi view, of segments with 8 phi hits",
            *(STATION, WHEEL),
            Regular(name="phi_probability", bins=50, start=0, stop=1, label=r"P($\chi^2$, 6)"),
            rows=("has_8_phi_hits",),
        ),
        "segment_angle": _count(
            "angle of the segments in the phi view",
            *(STATION, WHEEL),
            Regular(name="angle", bins=90, start=-90, stop=90, label="angle [degrees]"),
            rows=("has_phi",),
        ),
        "segments_in_chamber": _count("segments of one chamber", STATION, WHEEL, IN_CHAMBER),
        "segment_ghosts_by_chamber": _part(
            "second segments among those with more than 3 phi hits, of each chamber",
            "is_ghost",
            *CHAMBER,
            rows=("has_4_phi_hits",),
        ),
        "segment_ghosts_vs_lumi": _part(
            "second segments among those with more than 3 phi hits, against luminosity",
            "is_ghost",
            *(STATION, WHEEL, INST_LUMI),
            rows=("has_4_phi_hits",),
        ),
        **_of_any_muon(),
        "segments_of_muons_by_chamber": _part(
            "segments that a global muon has, of each chamber", "is_of_global_muon", *CHAMBER
        ),
        "segments_of_muons_vs_lumi": _part(
            "segments that a global muon has, against instantaneous luminosity",
            "is_of_global_muon",
            *(STATION, WHEEL, INST_LUMI),
        ),
        "segments_of_muons_vs_pileup": _part(
            "segments that a global muon has, against pile-up",
            "is_of_global_muon",
            *(STATION, WHEEL, PILEUP),
        ),
    }
)
"""By name."""
