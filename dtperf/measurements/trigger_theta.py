"""Measurements of the theta view of the local trigger, which MB4 does not have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from dtperf.measurements.declaration import Integer, Measurement
from dtperf.measurements.standard import FIDUCIAL, INST_LUMI, MATCHED, RUN, SECTOR, STATION, WHEEL

__all__ = ["THETA_TRIGGER"]

SOURCES = {"theta_twinmux_in": "TwinMux input", "theta_bmtf_in": "BMTF input"}
# rows of MB4 have no bin
INNER = STATION.model_copy(update={"last": 3})
CHAMBER = (INNER, WHEEL, SECTOR)


def _of(name: str) -> Iterator[tuple[str, Measurement]]:
    """List the measurements of one kind of primitives."""
    efficiency = f"trigger efficiency, theta view, {SOURCES[name]}"
    for key, text, axes, rows in (
        ("by_chamber", "of each chamber", CHAMBER, FIDUCIAL),
        ("by_chamber_and_run", "of each chamber against run", (*CHAMBER, RUN), FIDUCIAL),
        ("vs_lumi", "against instantaneous luminosity", (INNER, INST_LUMI), FIDUCIAL),
        (
            "with_segment_by_chamber",
            "of each chamber, given a segment in both views",
            CHAMBER,
            (*MATCHED, "segment_has_theta"),
        ),
    ):
        yield (
            f"trigger_{name}_{key}",
            Measurement(
                title=f"{efficiency}, {text}",
                table="crossings",
                rows=rows,
                axes=axes,
                passed=f"{name}_passing",
            ),
        )
    for key, text, axis in (
        (
            "bx",
            "bunch crossing of the theta primitive with the most groups of cells",
            Integer(name="bx", column=f"{name}_bx", first=-5, last=5, label="bunch crossing"),
        ),
        (
            "groups",
            "groups of cells in the theta primitive at BX 0",
            Integer(name="groups", column=f"{name}_groups", first=1, last=7, label="groups"),
        ),
    ):
        yield (
            f"{key}_{name}_by_chamber",
            Measurement(
                title=f"{text}, {SOURCES[name]}, of each chamber",
                table="crossings",
                rows=FIDUCIAL,
                axes=(*CHAMBER, axis),
            ),
        )


THETA_TRIGGER: Mapping[str, Measurement] = MappingProxyType(
    dict(each for name in SOURCES for each in _of(name))
)
"""By name."""
