"""Measurements of the barrel's RPCs, with segments of the Drift Tubes as probes."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from dtperf.measurements.declaration import Integer, Measurement, Regular
from dtperf.measurements.standard import RUN, STATION, WHEEL

__all__ = ["RPC"]

SECTOR = Integer(name="sector", first=1, last=12, label="sector")
LAYER = Integer(name="layer", first=1, last=2, label="layer")
SUBSECTOR = Integer(name="subsector", first=1, last=4, label="subsector")
ROLL = Integer(name="roll", first=1, last=3, label="roll")

RPC: Mapping[str, Measurement] = MappingProxyType(
    {
        "rpc_efficiency_by_roll": Measurement(
            title="efficiency of RPC rolls that DT segments cross",
            table="rpc_crossings",
            axes=(STATION, WHEEL, SECTOR, LAYER, SUBSECTOR, ROLL),
            passed="has_hit",
        ),
        "rpc_efficiency_by_station_and_run": Measurement(
            title="efficiency of RPC rolls that DT segments cross, against run",
            table="rpc_crossings",
            axes=(STATION, WHEEL, LAYER, RUN),
            passed="has_hit",
        ),
        "rpc_residual": Measurement(
            title="nearest RPC hit at BX 0 minus where the segment points",
            table="rpc_crossings",
            axes=(
                *(STATION, LAYER),
                Regular(name="dx", bins=100, start=-20, stop=20, label="hit - segment [cm]"),
            ),
        ),
        "rpc_cluster_size": Measurement(
            title="strips of the RPC hits",
            table="rpc_crossings",
            rows=("has_hit",),
            axes=(
                *(STATION, LAYER),
                Integer(name="cluster_size", first=1, last=20, label="strips"),
            ),
        ),
    }
)
"""By name."""
