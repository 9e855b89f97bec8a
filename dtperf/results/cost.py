"""What a result has cost: CPU time, and the energy that it took by a stated assumption."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dtperf.config.model import Run

if TYPE_CHECKING:
    from dtperf.results.result import Result

__all__ = ["Cost", "cost_of"]

JOULES_PER_KWH = 3.6e6
SECONDS_PER_HOUR = 3600


class Cost(NamedTuple):
    """CPU time, and what a busy core is assumed to take."""

    cpu_seconds: float
    """Of the chunks that were read, at their last attempt."""
    watts_per_core: float
    """`run.watts_per_core` of the config."""

    @property
    def energy_kwh(self) -> float:
        """Energy of busy cores: not of those that wait, nor of servers and networks."""
        return self.cpu_seconds * self.watts_per_core / JOULES_PER_KWH

    @property
    def words(self) -> str:
        """Both, with the assumption."""
        hours = self.cpu_seconds / SECONDS_PER_HOUR
        return (
            f"{hours:,.3g} CPU hours, {self.energy_kwh:,.2g} kWh if a busy core takes "
            f"{self.watts_per_core:g} W (run.watts_per_core)"
        )


def cost_of(result: Result | None) -> Cost:
    """Return what the chunks of a result have cost; nothing without a result."""
    if result is None:
        return Cost(0.0, Run().watts_per_core)
    read = (row for row in result.ledger if row.status == "read")
    return Cost(sum(row.cpu_seconds for row in read), result.config.run.watts_per_core)
