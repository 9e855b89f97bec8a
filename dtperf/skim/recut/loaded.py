"""Events of files or of a skim, in memory."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field

from dtperf.config import AnalysisConfig
from dtperf.filesets import InputFile
from dtperf.results.event_sample import EventSample
from dtperf.results.ledger import Ledger
from dtperf.results.origin import EventOrigin
from dtperf.skim.recut.block import Block
from dtperf.skim.recut.inputs import ExploreInputs
from dtperf.skim.tally import LuminosityTally

__all__ = ["LoadedEvents", "OnEvents", "threads"]

OnEvents = Callable[[int, int], None]
"""Called with the number of events that are read so far, and with all."""


@dataclass(frozen=True)
class LoadedEvents:
    """Events in memory, and their origin."""

    config: AnalysisConfig
    origin: ExploreInputs
    files: list[InputFile]
    blocks: list[Block]
    tally: LuminosityTally
    ledger: Ledger
    n_files: int
    """Of the input."""
    input_events: int | None
    """Of the input; None if not all files were opened."""
    code: str = ""
    """Of what was made of it; empty: the code that is here."""
    event_sample: EventSample = field(default_factory=EventSample)
    """Of all events that were read; of none, where their numbers are not known."""
    event_origin: EventOrigin = field(default_factory=EventOrigin)

    @property
    def is_whole(self) -> bool:
        """Whether no event of the input was left out."""
        return self.ledger.events("read") == self.input_events

    def describe(self, nbytes: int) -> str:
        """Return what part of the input takes so many bytes."""
        events = self.ledger.events("read")
        of_all = f"{self.n_files:,} file{'s' if self.n_files > 1 else ''}"
        memory = f"({nbytes / 1e6:,.0f} MB in memory)"
        if self.is_whole:
            return f"all {events:,} {self.event_origin.noun} of {of_all} {memory}"
        known = "" if self.input_events is None else f" of {self.input_events:,}"
        part = f"{len({row.identity for row in self.ledger if row.events}):,} of {of_all}"
        return f"only the first {events:,}{known} {self.event_origin.noun}, from {part} {memory}"


def threads() -> int:
    """Return how many threads can work at once: the kernels do not hold Python's lock."""
    return os.cpu_count() or 1
