"""The files of the load test, and what is true of each."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random
from typing import NamedTuple
from uuid import UUID

from benchmarks.books.breaking import Way, ways
from benchmarks.books.servers import Addresses
from benchmarks.books.templates import BASKET, Template, uuid_of
from dtperf.errors import Cause
from dtperf.filesets import InputFile

__all__ = ["INTACT", "Made", "Maker"]

INTACT = Way("intact", None, None, opens=True)


class Made(NamedTuple):
    """A file and the truth."""

    path: str
    """Or a URL."""
    number: int
    template: int
    """Whose events it has."""
    events: int
    """That it should have, and has unless it is odd."""
    size: int
    """Bytes, when the fileset was made."""
    way: Way
    damaged: tuple[int, int] | None
    """The range of events that is damaged, if not all is."""

    def cause(self, *, is_known: bool) -> Cause | None:
        """Return why it cannot be used, or not as a whole; None if it can."""
        return self.way.known if is_known else self.way.listed

    def as_known(self) -> InputFile:
        """Describe it as a fileset does that was built when all was well."""
        return InputFile(self.path, "Events", uuid=self.uuid, entries=self.events, bytes=self.size)

    @property
    def uuid(self) -> UUID:
        """Its own, when the fileset was made."""
        return uuid_of(1 + self.number)


class Maker:
    """Writes files, whole and broken."""

    def __init__(
        self,
        templates: Sequence[Template],
        oddities: Mapping[str, bytes],
        addresses: Addresses,
        rng: Random,
    ) -> None:
        """Take what files are made of.

        Args:
            templates: What most are made of.
            oddities: What some are made of instead.
            addresses: Of the servers.
            rng: What is drawn from.
        """
        self._templates = templates
        self._oddities = oddities
        self._addresses = addresses
        self._rng = rng
        # what no damage could be seen in has none
        self._checked = [n for n, template in enumerate(templates) if template.baskets]

    def make(self, folder: Path, number: int, broken: int) -> list[Made]:
        """Write the files.

        Args:
            folder: Where to; it must be empty.
            number: How many files there are.
            broken: How many of them are broken or odd, in all ways in turn, at random places.
        """
        places = self._rng.sample(range(number), broken)
        all_ways = ways()
        by_number = {each: all_ways[n % len(all_ways)] for n, each in enumerate(places)}
        return [self._make(folder, n, by_number.get(n, INTACT)) for n in range(number)]

    def _make(self, folder: Path, number: int, way: Way) -> Made:
        template = number % len(self._templates)
        if way is not INTACT:
            template = self._rng.choice(self._checked)
        its = self._templates[template]
        whole, events = its.file(number), its.events
        if way.oddity:
            uuids = (uuid_of(each).bytes for each in (0, 1 + number))
            whole = self._oddities[way.oddity].replace(*uuids)
            events = {"typed": BASKET, "none": 0}.get(way.oddity, events)
        path, basket, left = str(folder / f"{number:05d}.root"), None, whole
        if way.url:
            path = self._addresses.url(way.url, f"{number:05d}.root")
        else:
            left, basket = way.damage(whole, its, self._rng)
            way.put(Path(path), left)
        damaged = basket and (basket.start, min(basket.start + BASKET, events))
        path = path if way.url else os.path.realpath(path)  # as ledgers name it
        size = len(whole if way.is_later else left)
        return Made(path, number, template, events, size, way, damaged)
