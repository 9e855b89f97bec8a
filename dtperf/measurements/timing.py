"""Measurements of times: t0 and mean timers against run, chamber and place; the shape of drift."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from dtperf.measurements.cells import SUPERLAYER
from dtperf.measurements.declaration import Axis, Measurement, PictureHints, Regular
from dtperf.measurements.standard import MATCHED, RUN, SECTOR, STATION, WHEEL

__all__ = ["TIMING"]

CHAMBER = (STATION, WHEEL, SECTOR)
SUPERLAYERS = (*CHAMBER, SUPERLAYER)
ALONG_X = Regular(name="local_x", bins=20, start=-200, stop=200, label="local x [cm]")
IN_TIME = (*MATCHED, "is_in_time")
HIT = ("associated",)


def _t0(title: str, *axes: Axis) -> Measurement:
    return Measurement(
        title=f"mean t0 of the matched segments within 12.5 ns, {title}",
        table="crossings",
        rows=IN_TIME,
        axes=axes,
        mean_of="t0",
    )


TIMING: Mapping[str, Measurement] = MappingProxyType(
    {
        "t0_by_chamber_and_run": _t0("of each chamber against run", *CHAMBER, RUN),
        "t0_vs_local_x": _t0("against local x", STATION, WHEEL, ALONG_X),
        "t0_between_stations": Measurement(
            title="t0 of a segment minus that of the same muon's in the next station inwards",
            table="crossings",
            rows=MATCHED,
            axes=(
                STATION.model_copy(update={"first": 2}),
                WHEEL,
                Regular(
                    name="t0_difference",
                    bins=100,
                    start=-25,
                    stop=25,
                    label=r"$t_0$ - $t_0$ of the next station inwards [ns]",
                ),
            ),
        ),
        "theta_t0": Measurement(
            title="t0 of the theta view of the segments",
            table="segments",
            rows=("has_theta",),
            axes=(
                *CHAMBER,
                Regular(
                    name="theta_t0", bins=50, start=-25, stop=25, label=r"$t_0$, $\theta$ view [ns]"
                ),
            ),
        ),
        "time_box": Measurement(
            title="times of the segments' hits, without pedestal",
            table="layers",
            rows=HIT,
            axes=(
                *SUPERLAYERS,
                Regular(name="time", bins=100, start=-50, stop=450, label="drift time [ns]"),
            ),
        ),
        "mean_timer": Measurement(
            title="mean timers of three layers",
            table="mean_timers",
            axes=(
                *(STATION, WHEEL, SUPERLAYER),
                Regular(name="mean_timer", bins=120, start=300, stop=480, label="mean timer [ns]"),
            ),
        ),
        "mean_timer_by_superlayer_and_run": Measurement(
            title="mean of the mean timers within 40 ns of 387 ns, of each superlayer against run",
            table="mean_timers",
            rows=("is_of_signal",),
            axes=(*SUPERLAYERS, RUN),
            mean_of="mean_timer",
        ),
        "drift_velocity_fitted": Measurement(
            title="segments whose fit corrects the drift velocity; 0 where it was not asked to",
            table="segments",
            rows=("has_phi",),
            axes=(STATION, WHEEL),
            passed="has_drift_velocity",
        ),
        "drift_velocity_correction": Measurement(
            title="correction of the drift velocity by the segments' fit, where it was fitted",
            table="segments",
            rows=("has_drift_velocity",),
            picture=PictureHints(
                empty="not fitted: the reconstruction ran without t0 and drift-velocity correction"
            ),
            axes=(
                STATION,
                WHEEL,
                Regular(
                    name="drift_velocity_change",
                    bins=101,
                    start=-0.101,
                    stop=0.101,
                    label="relative correction",
                ),
            ),
        ),
    }
)
"""By name."""
