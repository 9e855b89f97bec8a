"""The objects of the reference program, with its names and axes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

from dtperf.export.cells import Cells
from dtperf.export.chambers import in_one_row, sector_by_wheel, side_by_side, within_sectors
from dtperf.export.objects import ReferenceObject, to_object
from dtperf.measurements.declaration import Histogram

__all__ = ["ROWS", "Row", "reference_objects"]


def _as_booked(cells: Cells) -> Cells:
    return cells


def _all_stations(cells: Cells) -> Cells:
    return cells.summed("station")


class Row(NamedTuple):
    """One or several objects that a measurement gives."""

    name: str
    """With {station}: one object each, MB1 to MB4. With {charge}: two objects, Plus and Minus."""
    measurement: str
    titles: str
    """Title, axes and what a bin holds, with semicolons between, as in ROOT."""
    arrange: Callable[[Cells], Cells] = _as_booked
    """Turns the measurement's axes into those of the object, {station} and {charge} left aside."""


MAP = "segment efficiency sector vs wheel"
ACCEPTANCE = "segment efficiency x acceptance"
EFFICIENCY = "segment efficiency"

ROWS = (
    Row("probeNPixelHits", "probe_pixel_hits", "probe pixel hits;pixel hits;entries"),
    Row("probeNTrkLayers", "probe_tracker_layers", "probe tracker layers;tracker layers;entries"),
    Row("probeNRPCLayers", "probe_rpc_layers", "probe RPC layers;RPC layers;entries"),
    Row("probeOrigAlgo", "probe_orig_algo", "probe original algo;original algo;entries"),
    Row("probeReliso", "probe_iso", "probe relative PF iso;isolation;entries"),
    Row("pairMass", "pair_mass", "tag and probe mass;mass [GeV];entries"),
    Row("pairDz", "pair_dz", "tag and probe dZ;dZ(tag, probe) [cm];entries"),
    Row("probePtVsPairDr", "pair_dr_vs_probe_pt", "tag and probe dR vs p_{T};p_{T} [GeV];dR"),
    Row(
        "nOtherMatchedChVsEta",
        "other_stations_vs_eta",
        "other matched stations vs #eta;probe #eta;matched stations",
        _all_stations,
    ),
    Row("probePt{station}", "probe_pt", "probe p_{T};p_{T} [GeV];entries"),
    Row("probeEta{station}", "probe_eta", "probe #eta;#eta;entries"),
    Row("probePhi{station}", "probe_phi", "probe #phi;#phi;entries"),
    Row("probeDrVsPt{station}", "residual_dr_vs_pt", "dR vs p_{T};p_{T} [GeV];dR [cm]"),
    Row("probeDxVsPt{station}", "residual_dx_vs_pt", "dX vs p_{T};p_{T} [GeV];dX [cm]"),
    Row("probeDyVsPt{station}", "residual_dy_vs_pt", "dY vs p_{T};p_{T} [GeV];dY [cm]"),
    Row("effAccVsEta{station}", "acceptance_vs_eta", f"{ACCEPTANCE} vs #eta;probe #eta;efficiency"),
    Row(
        "effAccPhiVsEta{charge}{station}",
        "acceptance_map",
        f"{ACCEPTANCE} #phi vs #eta;probe #phi;probe #eta",
    ),
    Row(
        "effAccVsPhi{charge}{station}",
        "acceptance_vs_phi",
        f"{ACCEPTANCE} vs #phi;probe #phi;efficiency",
    ),
    Row(
        "effAccVsPt{station}",
        "acceptance_vs_pt",
        f"{ACCEPTANCE} vs p_{{T}};probe p_{{T}} [GeV];efficiency",
    ),
    Row(
        "effVsPt{station}",
        "efficiency_vs_pt",
        f"{EFFICIENCY} vs p_{{T}};probe p_{{T}} [GeV];efficiency",
    ),
    Row(
        "effVsNHitsPhi{station}",
        "efficiency_vs_phi_hits",
        f"{EFFICIENCY} vs #phi hits;#phi hits, at least;efficiency",
    ),
    Row("effVsRun{station}", "efficiency_vs_run", f"{EFFICIENCY} vs run;run;efficiency"),
    Row(
        "effVsLumi{station}",
        "efficiency_vs_lumi",
        f"{EFFICIENCY} vs inst. lumi.;inst. lumi. [Hz/#mub];efficiency",
    ),
    Row(
        "effVsVtx{station}",
        "efficiency_vs_pileup",
        f"{EFFICIENCY} vs pile-up;average pile-up;efficiency",
    ),
    Row("effSecVsWh{station}", "by_chamber", f"{MAP};sector;wheel", sector_by_wheel),
    Row("effSecVsWhAllOne", "by_chamber", f"{MAP};sector;wheel", within_sectors),
    Row("effSecVsWhAllTwo", "by_chamber", f"{MAP};wheel/station;sector", side_by_side),
    Row("t0{station}", "t0", "t0;wheel and sector;t0 [ns]", in_one_row),
    Row("t0Profile{station}", "t0_profile", "t0 profile;wheel and sector;t0 [ns]", in_one_row),
)


def reference_objects(counts: Mapping[str, Histogram]) -> dict[str, ReferenceObject]:
    """Turn counts into the objects of the reference program.

    Args:
        counts: Histograms of integers by the measurement's name.

    Returns:
        Objects by the reference's name. Measurements that are not in the counts give none, nor do
        those that the reference does not know.
    """
    objects = {}
    for row in ROWS:
        if row.measurement in counts:
            cells = row.arrange(Cells.of(counts[row.measurement]))
            for name, piece in _pieces(row.name, cells):
                objects[name] = _titled(piece, row.titles)
    return objects


def _pieces(pattern: str, cells: Cells) -> Iterator[tuple[str, Cells]]:
    """Fill in the name, and take the cells that belong to it."""
    if "{charge}" in pattern:
        for label, piece in cells.split("probe_charge"):
            # binned by the user so that a bin holds both charges or none, it has no such name
            if label in ("plus", "minus"):
                yield from _pieces(pattern.replace("{charge}", label.capitalize()), piece)
    elif "{station}" in pattern:
        for label, piece in cells.split("station"):
            yield pattern.replace("{station}", label), piece
    else:
        yield pattern, cells


def _titled(cells: Cells, titles: str) -> ReferenceObject:
    title, *labels = titles.split(";")
    axes = tuple(
        replace(axis, title=label) for axis, label in zip(cells.axes, labels, strict=False)
    )
    value = labels[len(axes)] if len(labels) > len(axes) else "entries"
    return to_object(cells, title, value, axes)
