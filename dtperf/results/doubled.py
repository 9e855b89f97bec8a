"""Events that are there twice: found before they are added, refused, and told of."""

from __future__ import annotations

from collections.abc import Callable

from dtperf.errors import InputError
from dtperf.results.event_hashes import have_common
from dtperf.results.event_sample import SIMULATION, Doubled, EventSample, words_of
from dtperf.wording import counted

__all__ = ["Gathered", "refusal", "remarks"]


class Gathered:
    """Adds up samples as they come: small ones first, so that each costs little."""

    def __init__(self, sample: EventSample) -> None:
        """Begin with what there is."""
        self._large, self._small = sample, EventSample()

    @property
    def total(self) -> EventSample:
        """The sum."""
        self._large, self._small = self._large + self._small, EventSample()
        return self._large

    def add(self, sample: EventSample) -> None:
        """Add one."""
        self._small += sample
        if len(self._small.entries) > len(self._large.entries) // 8:
            self._large, self._small = self._large + self._small, EventSample()

    def doubled_with(self, sample: EventSample) -> Doubled | None:
        """What of a sample that is not added yet is in it twice, or here already; None: nothing."""
        hashes, *parts = (words_of(s.entries) for s in (sample, self._large, self._small))
        known = any(each.doubled for each in (sample, self._large, self._small))
        if not known and not any(have_common(hashes, part) for part in parts):
            return None
        return (self.total + sample).doubled


def refusal(found: Doubled, path_of: Callable[[str], str]) -> InputError:
    """Return the error that tells of events that are there twice, and what to do.

    Args:
        found: What is there twice.
        path_of: Gives the path of the file of a UUID.
    """
    paths = [path_of(file.uuid) for file in found.files]
    is_one = found.files[0] == found.files[1]
    where = f"twice in {paths[0]}" if is_one else f"in {paths[0]} and in {paths[1]}"
    remedy = "use the files that it was made of" if is_one else "leave one of them out"
    if found.run == SIMULATION and not is_one:
        remedy += " (simulated datasets, which share numbers, need a fileset that names each)"
    return InputError(
        f"{_counted(found)} would count twice, such as run {found.run}, luminosity block "
        f"{found.luminosity_block}, event {found.event}, which is {where}: {remedy}, or allow it "
        "with run.doubled_events: allow, or, of results that are added, allow_doubled_events()"
    )


def _counted(found: Doubled) -> str:
    """Return in words how many events are too many, such as 'about 1,200 events'."""
    about = "" if found.is_exact else "about "
    return f"{about}{counted(found.events, 'event')}"


def remarks(events: int, sample: EventSample) -> list[str]:
    """Return what a user should know of the numbers of events; nothing where all are there once.

    Args:
        events: How many were read.
        sample: Theirs.
    """
    lines = []
    if (found := sample.doubled) is not None:
        lines.append(
            f"{_counted(found)} counted twice, such as run {found.run}, luminosity block "
            f"{found.luminosity_block}, event {found.event}"
        )
    if events > sample.events:
        lines.append(
            f"{events - sample.events:,} events whose numbers are not known: they may be there "
            "twice"
        )
    return lines
