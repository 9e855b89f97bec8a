"""Histograms by name: those of the reference program, or readable ones of any measurement."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

from dtperf.measurements.declaration import Histogram, Measurement
from dtperf.results.export.cells import HistogramCells, to_tlatex
from dtperf.results.export.root_objects import ReferenceObject, to_object
from dtperf.results.export.tables import in_one_row, sector_by_wheel, side_by_side, within_sectors

__all__ = ["ROWS", "NamingRow", "extra_objects", "readable_objects", "reference_objects"]

ONE_PLOT_EACH = ("station", "probe_charge", "tag_charge")
"""Axes that nobody wants to see beside another one in the same plot."""


def readable_objects(
    counts: Mapping[str, Histogram], measurements: Mapping[str, Measurement]
) -> dict[str, ReferenceObject]:
    """Turn counts into objects of one or two axes, a directory for each measurement.

    Args:
        counts: Histograms of integers by the measurement's name.
        measurements: Their declarations, for titles; those without one are titled by their name.

    Returns:
        Objects by path, such as ``acceptance_map/MB1_plus``. A histogram that is not taken apart
        needs no directory; an efficiency that is not is called ``name/all``.
    """
    objects = {}
    for name, histogram in counts.items():
        cells = HistogramCells.of(histogram)
        declared = measurements.get(name)
        title = to_tlatex(declared.title if declared else name)
        value = _value_title(cells, declared)
        for labels, piece in _by_label(cells):
            path = _path(name, labels, cells)
            objects[path] = to_object(piece, ", ".join((title, *labels)), value)
    return objects


def extra_objects(histograms: Mapping[str, Histogram]) -> dict[str, ReferenceObject]:
    """Turn a processor's own histograms into objects of one or two axes.

    Args:
        histograms: Integers, floats or weights, by path.
    """
    objects = {}
    for name, histogram in histograms.items():
        cells = HistogramCells.plain(histogram)
        value = _value_title(cells, None)
        for labels, piece in _by_label(cells):
            title = ", ".join((to_tlatex(name), *labels))
            objects[_path(name, labels, cells)] = to_object(piece, title, value)
    return objects


def _path(name: str, labels: tuple[str, ...], cells: HistogramCells) -> str:
    if labels:
        return f"{name}/{'_'.join(labels)}"
    # an efficiency is several objects: in a directory their names cannot meet another measurement's
    return f"{name}/all" if cells.kind == "efficiency" else name


def _value_title(cells: HistogramCells, declared: Measurement | None) -> str:
    match cells.kind:
        case "efficiency":
            return "efficiency"
        case "profile":
            return f"mean {declared.mean_of}" if declared else "mean"
        case "weighted":
            return "sum of weights"
    return "entries"


def _by_label(cells: HistogramCells) -> Iterator[tuple[tuple[str, ...], HistogramCells]]:
    """Split the cells until a plot can show each piece."""
    name = _next_to_split(cells)
    if name is None:
        yield (), cells
        return
    for label, part in cells.split(name):
        for labels, piece in _by_label(part):
            yield (label, *labels), piece


def _next_to_split(cells: HistogramCells) -> str | None:
    names = [axis.name for axis in cells.axes]
    if len(names) > 1:
        for name in names:
            if name in ONE_PLOT_EACH:
                return name
    shown = 1 if cells.kind == "profile" else 2
    return names[0] if len(names) > shown else None


def _as_filled(cells: HistogramCells) -> HistogramCells:
    return cells


def _all_stations(cells: HistogramCells) -> HistogramCells:
    return cells.summed("station")


class NamingRow(NamedTuple):
    """One or several objects that a measurement gives."""

    name: str
    """With {station}: one object each, MB1 to MB4. With {charge}: two objects, Plus and Minus."""
    measurement: str
    titles: str
    """Title, axes and what a bin holds, with semicolons between, as in ROOT."""
    arrange: Callable[[HistogramCells], HistogramCells] = _as_filled
    """Turns the measurement's axes into those of the object, {station} and {charge} left aside."""


MAP = "segment efficiency sector vs wheel"
ACCEPTANCE = "segment efficiency x acceptance"
EFFICIENCY = "segment efficiency"

ROWS = (
    NamingRow("probeNPixelHits", "probe_pixel_hits", "probe pixel hits;pixel hits;entries"),
    NamingRow(
        "probeNTrkLayers", "probe_tracker_layers", "probe tracker layers;tracker layers;entries"
    ),
    NamingRow("probeNRPCLayers", "probe_rpc_layers", "probe RPC layers;RPC layers;entries"),
    NamingRow("probeOrigAlgo", "probe_orig_algo", "probe original algo;original algo;entries"),
    NamingRow("probeReliso", "probe_iso", "probe relative PF iso;isolation;entries"),
    NamingRow("pairMass", "pair_mass", "tag and probe mass;mass [GeV];entries"),
    NamingRow("pairDz", "pair_dz", "tag and probe dZ;dZ(tag, probe) [cm];entries"),
    NamingRow("probePtVsPairDr", "pair_dr_vs_probe_pt", "tag and probe dR vs p_{T};p_{T} [GeV];dR"),
    NamingRow(
        "nOtherMatchedChVsEta",
        "other_stations_vs_eta",
        "other matched stations vs #eta;probe #eta;matched stations",
        _all_stations,
    ),
    NamingRow("probePt{station}", "probe_pt", "probe p_{T};p_{T} [GeV];entries"),
    NamingRow("probeEta{station}", "probe_eta", "probe #eta;#eta;entries"),
    NamingRow("probePhi{station}", "probe_phi", "probe #phi;#phi;entries"),
    NamingRow("probeDrVsPt{station}", "residual_dr_vs_pt", "dR vs p_{T};p_{T} [GeV];dR [cm]"),
    NamingRow("probeDxVsPt{station}", "residual_dx_vs_pt", "dX vs p_{T};p_{T} [GeV];dX [cm]"),
    NamingRow("probeDyVsPt{station}", "residual_dy_vs_pt", "dY vs p_{T};p_{T} [GeV];dY [cm]"),
    NamingRow(
        "effAccVsEta{station}", "acceptance_vs_eta", f"{ACCEPTANCE} vs #eta;probe #eta;efficiency"
    ),
    NamingRow(
        "effAccPhiVsEta{charge}{station}",
        "acceptance_map",
        f"{ACCEPTANCE} #phi vs #eta;probe #phi;probe #eta",
    ),
    NamingRow(
        "effAccVsPhi{charge}{station}",
        "acceptance_vs_phi",
        f"{ACCEPTANCE} vs #phi;probe #phi;efficiency",
    ),
    NamingRow(
        "effAccVsPt{station}",
        "acceptance_vs_pt",
        f"{ACCEPTANCE} vs p_{{T}};probe p_{{T}} [GeV];efficiency",
    ),
    NamingRow(
        "effVsPt{station}",
        "efficiency_vs_pt",
        f"{EFFICIENCY} vs p_{{T}};probe p_{{T}} [GeV];efficiency",
    ),
    NamingRow(
        "effVsNHitsPhi{station}",
        "efficiency_vs_phi_hits",
        f"{EFFICIENCY} vs #phi hits;#phi hits, at least;efficiency",
    ),
    NamingRow("effVsRun{station}", "efficiency_vs_run", f"{EFFICIENCY} vs run;run;efficiency"),
    NamingRow(
        "effVsLumi{station}",
        "efficiency_vs_lumi",
        f"{EFFICIENCY} vs inst. lumi.;inst. lumi. [Hz/#mub];efficiency",
    ),
    NamingRow(
        "effVsVtx{station}",
        "efficiency_vs_pileup",
        f"{EFFICIENCY} vs pile-up;average pile-up;efficiency",
    ),
    NamingRow("effSecVsWh{station}", "by_chamber", f"{MAP};sector;wheel", sector_by_wheel),
    NamingRow("effSecVsWhAllOne", "by_chamber", f"{MAP};sector;wheel", within_sectors),
    NamingRow("effSecVsWhAllTwo", "by_chamber", f"{MAP};wheel/station;sector", side_by_side),
    NamingRow("t0{station}", "t0", "t0;wheel and sector;t0 [ns]", in_one_row),
    NamingRow(
        "t0Profile{station}", "t0_profile", "t0 profile;wheel and sector;t0 [ns]", in_one_row
    ),
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
            cells = row.arrange(HistogramCells.of(counts[row.measurement]))
            for name, piece in _pieces(row.name, cells):
                objects[name] = _titled(piece, row.titles)
    return objects


def _pieces(pattern: str, cells: HistogramCells) -> Iterator[tuple[str, HistogramCells]]:
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


def _titled(cells: HistogramCells, titles: str) -> ReferenceObject:
    title, *labels = titles.split(";")
    axes = tuple(
        replace(axis, title=label) for axis, label in zip(cells.axes, labels, strict=False)
    )
    value = labels[len(axes)] if len(labels) > len(axes) else "entries"
    return to_object(cells, title, value, axes)
