"""What a result has cost: CPU time, and the energy that it took by a stated assumption."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from dtperf.config.model import Run

if TYPE_CHECKING:
    from dtperf.results.result import Result

__all__ = ["Cost", "cost_of"]

JOULES = {"J": 1.0, "Wh": 3600.0, "kWh": 3.6e6, "MWh": 3.6e9}
SECONDS = {"CPU seconds": 1.0, "CPU hours": 3600.0}


class Cost(NamedTuple):
    """CPU time, and what a busy core is assumed to take."""

    cpu_seconds: float
    """Of the chunks that were read, at their last attempt."""
    watts_per_core: float
    """`run.watts_per_core` of the config."""

    @property
    def energy_kwh(self) -> float:
        """Energy of busy cores: not of those that wait, nor of servers and networks."""
        return self.cpu_seconds * self.watts_per_core / JOULES["kWh"]

    @property
    def words(self) -> str:
        """Both, with the assumption."""
        energy = _written(self.cpu_seconds * self.watts_per_core, JOULES)
        assumed = f"{self.watts_per_core:g} W (run.watts_per_core)"
        return f"{_written(self.cpu_seconds, SECONDS)}, {energy} if a busy core takes {assumed}"


def _written(value: float, units: Mapping[str, float]) -> str:
    """Write a value in the largest unit of which it has one at least."""
    unit = [each for each, size in units.items() if value >= size or size == 1][-1]
    return f"{value / units[unit]:,.1f} {unit}"


def cost_of(result: Result | None) -> Cost:
    """Return what the chunks of a result have cost; nothing without a result."""
    if result is None:
        return Cost(0.0, Run().watts_per_core)
    read = (row for row in result.ledger if row.status == "read")
    return Cost(sum(row.cpu_seconds for row in read), result.config.run.watts_per_core)
