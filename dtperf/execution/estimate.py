"""What a larger sample would need, from rates that were measured."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from dtperf.config import AnalysisConfig, load_config
from dtperf.errors import InputError
from dtperf.filesets import InputFile
from dtperf.results.ledger import LedgerRow
from dtperf.results.result import Result

__all__ = [
    "GOALS",
    "SAMPLE_EVENTS",
    "TALK_HZ_PER_CORE",
    "Goal",
    "Need",
    "Rates",
    "measure_synthetic",
    "needs",
    "rates_of",
    "seconds_needed",
]

TALK_HZ_PER_CORE = 100.0
"""Events a second and core that the talk on the High Throughput Platform reckons with."""
USUAL_HZ_PER_CORE = 20_000.0
"""Events a second of one core that reads some 500 bytes of each at 10 MB/s from a server, which is
what it waits for: from local files it measures ten times as many and more."""
SAMPLE_EVENTS, FULL_EVENTS = 100_000, 2_000


class Goal(NamedTuple):
    """What is to be analysed, and in what time."""

    name: str
    events: float
    seconds: float


GOALS = (
    Goal("1 % in 5 minutes", 0.6e9, 300),
    Goal("10 % in an hour", 6e9, 3600),
    Goal("100 % in 12 hours", 60e9, 12 * 3600),
)
"""Those of that talk for a year of the HL-LHC."""


class Rates(NamedTuple):
    """What was measured."""

    events_per_core_s: float
    """Events a second of one core, from file to histograms."""
    read_bytes: float
    """Compressed bytes that are read of an event."""
    event_bytes: float | None
    """Bytes of an event in its file; None if not known."""
    events: int
    """How many it was measured on: kernels take seconds to load, which few events do not make up
    for."""


class Need(NamedTuple):
    """What a goal takes."""

    goal: Goal
    hz: float
    """Events a second."""
    cores: float
    bytes_per_s: float
    """To be read from storage."""
    cores_of_talk: float
    """At 100 events a second and core."""


def rates_of(rows: Iterable[LedgerRow], files: Iterable[InputFile] = ()) -> Rates:
    """Compute rates from the ledger of a run.

    Args:
        rows: Those that were not read are left out.
        files: With size and number of events, to know how large an event is.

    Raises:
        InputError: Nothing was read, or no time was noted.
    """
    read = [row for row in rows if row.status == "read" and row.events]
    events = sum(row.events for row in read)
    seconds = sum(row.cpu_seconds or row.seconds for row in read)
    if not events or not seconds:
        raise InputError("the result has read no events, or noted no time: no rate to plan with")
    sized = [file for file in files if file.bytes and file.entries]
    entries = sum(file.entries or 0 for file in sized)
    size = sum(file.bytes or 0 for file in sized)
    read_bytes = sum(row.bytes for row in read) / events
    return Rates(events / seconds, read_bytes, size / entries if entries else None, events)


def seconds_needed(events: int, cores: int, rows: Iterable[LedgerRow] = ()) -> float:
    """Guess how long it takes to read and measure events.

    Args:
        events: How many.
        cores: How many chunks are worked on at a time.
        rows: Of a ledger; what was read before, at whatever speed, is read on like that.

    Returns:
        In seconds; without rows at `USUAL_HZ_PER_CORE`.
    """
    read = [row for row in rows if row.status == "read" and row.events]
    seconds = sum(row.seconds for row in read)
    rate = sum(row.events for row in read) / seconds if seconds else USUAL_HZ_PER_CORE
    return events / rate / cores


def measure_synthetic(run: Callable[[AnalysisConfig, Path], Result]) -> Rates:
    """Measure synthetic events, made on the spot, on one core of this machine.

    Args:
        run: `dtperf.run`.
    """
    from dtperf.synthetic import Settings, generate  # which takes longer than all else here

    config = load_config("reference_2023")
    with tempfile.TemporaryDirectory() as folder:
        made = generate(Settings(events=SAMPLE_EVENTS), Path(folder) / "lean")
        full = generate(Settings(events=FULL_EVENTS, content="full"), Path(folder) / "full")
        for _ in range(2):  # kernels are loaded in the first
            result = run(config, made.directory)
    return rates_of(result.ledger)._replace(event_bytes=full.bytes / FULL_EVENTS)


def needs(rates: Rates, goals: Iterable[Goal] = GOALS) -> list[Need]:
    """Return what each goal takes, if nothing but reading and measuring took time."""
    found = []
    for goal in goals:
        hz = goal.events / goal.seconds
        cores = hz / rates.events_per_core_s
        found.append(Need(goal, hz, cores, hz * rates.read_bytes, hz / TALK_HZ_PER_CORE))
    return found
