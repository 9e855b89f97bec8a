"""Which events go into which file."""

from __future__ import annotations

from typing import NamedTuple

from dtperf.synthetic.settings import Fault, Settings

__all__ = ["PATTERN", "SampleFile", "plan"]

PATTERN = "nano_[0-9][0-9][0-9][0-9].root"
"""Glob of the names of the files."""


class SampleFile(NamedTuple):
    """One file of a sample, which holds the events from start to before stop."""

    name: str
    start: int
    stop: int
    broken: Fault | None

    @property
    def events(self) -> int:
        """Number of events."""
        return self.stop - self.start


def plan(settings: Settings) -> tuple[SampleFile, ...]:
    """Say which events go into which file, and which of the last files are broken."""
    n = settings.files
    faults = (*((None,) * (n - len(settings.broken))), *settings.broken)
    limits = [settings.events * i // n for i in range(n + 1)]
    return tuple(
        SampleFile(f"nano_{i:04d}.root", limits[i], limits[i + 1], fault)
        for i, fault in enumerate(faults)
    )
