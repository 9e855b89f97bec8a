"""Measurements of single cells: how efficient layers are, and how well their hits fit.

Definitions: measureEfficiency and computeResidual of DTNtupleSegmentAnalyzer.C
(battibass/DTSliceTestOfflineAnalysis), EfficiencyMonitorRun.C (cmsdtoffline/DTTrendMonitoring).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from dtperf.measurements.declaration import Axis, Integer, Measurement, Regular
from dtperf.measurements.standard import INST_LUMI, MATCHED, PILEUP, RUN, SECTOR, STATION, WHEEL

__all__ = ["CELLS", "RESIDUALS"]

SUPERLAYER = Integer(name="superlayer", first=1, last=3, label="superlayer")
LAYER = Integer(name="layer", first=1, last=4, label="layer")
WIRE = Integer(name="wire", first=1, last=96, label="wire")
CHAMBER = (STATION, WHEEL, SECTOR)
LAYERS = (*CHAMBER, SUPERLAYER, LAYER)
# rows of other stations have no bin
MB4 = STATION.model_copy(update={"first": 4})
COUNTED = ("is_counted",)
OF_PROBES = ("is_counted", "is_of_probe")


def _efficiency(
    title: str, *axes: Axis, rows: tuple[str, ...] = COUNTED, passed: str = "detected"
) -> Measurement:
    return Measurement(title=title, table="layers", rows=rows, axes=axes, passed=passed)


CELLS: Mapping[str, Measurement] = MappingProxyType(
    {
        "layer_efficiency": _efficiency("efficiency of layers, hit or digi, all segments", *LAYERS),
        "layer_efficiency_associated": _efficiency(
            "efficiency of layers, hits of the segment, all segments", *LAYERS, passed="associated"
        ),
        "layer_efficiency_of_probes": _efficiency(
            "efficiency of layers, hit or digi, segments of probes", *LAYERS, rows=OF_PROBES
        ),
        "layer_efficiency_of_probes_associated": _efficiency(
            "efficiency of layers, hits of the segment, segments of probes",
            *LAYERS,
            rows=OF_PROBES,
            passed="associated",
        ),
        "layer_efficiency_without_dead_cells": _efficiency(
            "efficiency of layers, hit or digi, all segments, without known dead cells",
            *LAYERS,
            rows=("is_counted", "is_living"),
        ),
        "cell_efficiency": _efficiency(
            "efficiency of cells, hit or digi, all segments", *LAYERS, WIRE
        ),
        "cell_efficiency_associated": _efficiency(
            "efficiency of cells, hits of the segment, all segments",
            *(*LAYERS, WIRE),
            passed="associated",
        ),
        "cell_efficiency_of_probes": _efficiency(
            "efficiency of cells, hit or digi, segments of probes", *LAYERS, WIRE, rows=OF_PROBES
        ),
        "layer_efficiency_by_chamber_and_run": _efficiency(
            "efficiency of layers of each chamber against run",
            *(STATION, WHEEL, SECTOR, SUPERLAYER, RUN),
        ),
        "layer_efficiency_vs_lumi": _efficiency(
            "efficiency of layers against instantaneous luminosity",
            *(STATION, WHEEL, SUPERLAYER, INST_LUMI),
        ),
        "layer_efficiency_of_mb4_vs_lumi": _efficiency(
            "efficiency of layers of MB4 against instantaneous luminosity, top and bottom apart",
            *(MB4, WHEEL, SECTOR, INST_LUMI),
        ),
        "cell_occupancy": Measurement(
            title="digis of each cell", table="digis", axes=(*LAYERS, WIRE)
        ),
        "cell_noise": Measurement(
            title="digis before all signals in chambers without a segment, of each cell",
            table="digis",
            rows=("is_noise",),
            axes=(*LAYERS, WIRE),
        ),
        "chamber_has_segment": Measurement(
            title="events in which a chamber has a segment",
            table="segments",
            rows=("is_first_in_chamber",),
            axes=CHAMBER,
        ),
        "digi_time": Measurement(
            title="times of digis, with pedestal",
            table="digis",
            axes=(
                *(STATION, WHEEL, SECTOR, SUPERLAYER),
                Regular(name="time", bins=250, start=0, stop=1250, label="TDC time [ns]"),
            ),
        ),
        "layer_efficiency_vs_pileup": _efficiency(
            "efficiency of layers against pile-up", *(STATION, WHEEL, SUPERLAYER, PILEUP)
        ),
    }
)
"""By name."""

GOOD_FIT = ("associated", "is_of_good_fit")


def _residual(column: str, bins: int, limit: float, label: str) -> Regular:
    return Regular(name=column, bins=bins, start=-limit, stop=limit, label=label)


RESIDUAL = _residual("residual", 250, 0.8, "hit - segment, along the drift [cm]")


def _hits(title: str, *axes: Axis) -> Measurement:
    return Measurement(title=title, table="layers", rows=GOOD_FIT, axes=axes)


Q_OVER_PT = Regular(
    name="probe_q_over_pt", bins=50, start=-0.05, stop=0.05, label=r"$q / p_T$ [1/GeV]"
)
ALIGNED = {
    "dx": ("x", "cm", 2.0),
    "dy": ("y", "cm", 10.0),
    "dxdz": ("slope in x", "", 0.05),
    "dydz": ("slope in y", "", 0.2),
}


def _alignment() -> Iterator[tuple[str, Measurement]]:
    """List segment minus track: widths by chamber, and means against run."""
    for name, (what, unit, limit) in ALIGNED.items():
        label = f"segment - track, {what}" + (f" [{unit}]" if unit else "")
        column = f"signed_{name}"
        yield (
            f"track_{name}_by_chamber",
            Measurement(
                title=f"{what} of segment minus track, of each chamber",
                table="crossings",
                rows=MATCHED,
                axes=(*CHAMBER, _residual(column, 100, limit, label)),
            ),
        )
        yield (
            f"track_{name}_by_chamber_and_run",
            Measurement(
                title=f"mean {what} of segment minus track, of each chamber against run",
                table="crossings",
                rows=MATCHED,
                axes=(*CHAMBER, RUN),
                mean_of=column,
            ),
        )
        yield (
            f"track_{name}_vs_q_over_pt",
            Measurement(
                title=f"{what} of segment minus track against charge over pT",
                table="crossings",
                rows=MATCHED,
                axes=(STATION, Q_OVER_PT, _residual(column, 100, limit, label)),
            ),
        )


RESIDUALS: Mapping[str, Measurement] = MappingProxyType(
    {
        **dict(_alignment()),
        "hit_residual": _hits(
            "residual of hits that are in the segment's fit", STATION, SUPERLAYER, RESIDUAL
        ),
        "hit_residual_unbiased": _hits(
            "residual of hits to the segment without them",
            *(STATION, SUPERLAYER),
            RESIDUAL.model_copy(update={"column": "unbiased_residual"}),
        ),
        "hit_residual_by_chamber": _hits(
            "residual of hits in each chamber",
            *(STATION, WHEEL, SECTOR, SUPERLAYER),
            RESIDUAL.model_copy(update={"bins": 50, "start": -0.2, "stop": 0.2}),
        ),
        "hit_residual_by_layer": _hits(
            "residual of hits by layer", STATION, SUPERLAYER, LAYER, RESIDUAL
        ),
        "hit_residual_vs_distance": _hits(
            "residual of hits against their distance from the wire",
            *(STATION, SUPERLAYER),
            Regular(
                name="distance", bins=100, start=0, stop=2.5, label="distance from the wire [cm]"
            ),
            RESIDUAL.model_copy(update={"bins": 50}),
        ),
        "hit_pull": _hits(
            "residual of hits over its expected width",
            *(STATION, SUPERLAYER),
            _residual("pull", 100, 5, "pull"),
        ),
    }
)
"""By name."""
