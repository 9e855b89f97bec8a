"""Where the events of a result come from: data, simulation or our generator, and which runs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Self

import numpy as np
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from dtperf.compiled import compiled
from dtperf.kernel_arrays import empty
from dtperf.nanoaod.marks import Mark
from dtperf.results.event_sample import SIMULATION
from dtperf.selection.cuts import join_blocks
from dtperf.typing import U32, U64

__all__ = ["Blocks", "EventOrigin", "StoredOrigin"]

Blocks = tuple[tuple[int, int], ...]
"""Ranges of luminosity blocks: the first and the last of each."""
NOUNS: Mapping[str, str] = {
    "data": "data",
    "simulation": "simulation",
    "synthetic": "synthetic events",
}
ADJECTIVES = {"simulation": "simulated ", "synthetic": "synthetic "}

RANGE = re.compile(r"([0-9]{1,10})(?:-([0-9]{1,10}))?")
SEEN_BITS = 16
"""Of the places at which keys are remembered: a chunk of data has tens of keys, and one of a few
events of each of many blocks thousands."""
MAX_RANGES = 1 << 19
"""That are stored at most: a year has fewer luminosity blocks with stable beams. Of more, each run
is stored from its first block to its last."""


def _blocks_of(text: str) -> Blocks:
    """Read what `_text_of` has written."""
    ranges = []
    for part in filter(None, text.split(",")):
        if not (found := RANGE.fullmatch(part)) or int(found[1]) > int(found[2] or found[1]):
            raise ValueError(f"{part[:30]!r} is no range of luminosity blocks")
        ranges.append((int(found[1]), int(found[2] or found[1])))
    return join_blocks(ranges)


def _text_of(blocks: Blocks) -> str:
    """Write ranges such as '1-50,52': as lists they would take ten times the space."""
    return ",".join(f"{a}-{b}" if a != b else f"{a}" for a, b in blocks)


class StoredOrigin(BaseModel):
    """An `EventOrigin` as a result keeps it; of an older one, which has none, nothing is known."""

    model_config = ConfigDict(extra="forbid")

    events: dict[
        Annotated[str, Field(pattern=f"^({'|'.join(NOUNS)})$")], Annotated[int, Field(ge=0)]
    ] = Field(default_factory=dict)
    blocks: dict[
        Annotated[str, Field(pattern=r"^[0-9]{1,10}$")], Annotated[str, AfterValidator(_blocks_of)]
    ] = Field(default_factory=dict)


@dataclass(frozen=True)
class EventOrigin:
    """How many events are of which kind, and in which luminosity blocks all of them are."""

    events: Mapping[str, int] = field(default_factory=dict)
    """By 'data', 'simulation' and 'synthetic'; events of which nothing is known are in none."""
    blocks: Mapping[int, Blocks] = field(default_factory=dict)
    """Of each run the luminosity blocks with events that were read, whatever the luminosity mask:
    the first and the last of each range. Those of run 1, which is simulated, tell nothing, and are
    not kept: they may be millions."""

    def __post_init__(self) -> None:
        """Put both into one order, whatever they were added up from."""
        events = {kind: self.events[kind] for kind in NOUNS if self.events.get(kind)}
        object.__setattr__(self, "events", events)
        object.__setattr__(self, "blocks", dict(sorted(self.blocks.items())))

    @classmethod
    def of(cls, mark: Mark, events: int, numbers: Mapping[str, Any] | None) -> Self:
        """Return the origin of events of one file.

        Args:
            mark: What the file says of them. If it says nothing, run 1 is simulation, as CMS
                numbers it, and all other runs are data.
            events: How many there are.
            numbers: Integers of shape (events,) by the names 'run' and 'luminosityBlock'; None:
                the file has none.
        """
        if numbers is None:
            return cls({mark: events} if mark else {})
        run, block = (
            np.asarray(numbers[name]).astype(np.uint32, copy=False)
            for name in ("run", "luminosityBlock")
        )
        blocks = _ranges(run, block)
        if mark:
            return cls({mark: events}, blocks)
        simulated = int((run == SIMULATION).sum()) if SIMULATION in blocks else 0
        return cls({"data": events - simulated, "simulation": simulated}, blocks)

    def of_part(self, events: int, run: U32, block: U32) -> EventOrigin:
        """Return the origin of some of its events.

        Args:
            events: How many; where they are of several kinds, it is not known how many of each.
            run: Those of the events' luminosity blocks, shape (blocks,).
            block: The numbers of these, of the same shape.
        """
        kinds = dict.fromkeys(self.events, events) if len(self.events) == 1 else self.events
        return EventOrigin(kinds, _ranges(run, block))

    def __add__(self, other: EventOrigin) -> EventOrigin:
        """Return the origin of the events of both."""
        if not isinstance(other, EventOrigin):
            return NotImplemented
        kinds = {name: self.events.get(name, 0) + other.events.get(name, 0) for name in NOUNS}
        # a year has thousands of runs, and a chunk few of them
        both = self.blocks.keys() & other.blocks.keys()
        joined = {
            run: join_blocks((*self.blocks[run], *other.blocks[run]))
            for run in both
            if self.blocks[run] != other.blocks[run]
        }
        return replace(self, events=kinds, blocks={**self.blocks, **other.blocks, **joined})

    @property
    def words(self) -> str:
        """What they are, such as 'data' or 'data and simulation'; empty: it is not known."""
        return " and ".join(NOUNS[kind] for kind in self.events)

    @property
    def noun(self) -> str:
        """What to call the events, such as 'events' of data or 'simulated events'."""
        if len(self.events) > 1:
            return f"events of {self.words}"
        return ADJECTIVES.get(next(iter(self.events), ""), "") + "events"

    @property
    def runs(self) -> tuple[int, ...]:
        """Runs with events, in order."""
        return tuple(self.blocks)

    def stored(self) -> dict[str, Any]:
        """Return it as `StoredOrigin` reads it."""
        blocks = self.blocks
        if sum(map(len, blocks.values())) > MAX_RANGES:
            blocks = {run: ((each[0][0], each[-1][1]),) for run, each in blocks.items() if each}
        return {
            "events": dict(self.events),
            "blocks": {str(run): _text_of(each) for run, each in blocks.items()},
        }

    @classmethod
    def load(cls, stored: StoredOrigin) -> Self:
        """Return what was stored."""
        blocks: Any = stored.blocks  # the validator has made ranges of them
        return cls(stored.events, {int(run): each for run, each in blocks.items()})


def _ranges(run: U32, block: U32) -> dict[int, Blocks]:
    """Return the ranges of luminosity blocks of each run, of any number of events in any order."""
    keys = np.unique(_few_keys(run, block))
    if not len(keys):
        return {}
    run, block = keys >> np.uint64(32), keys & np.uint64(0xFFFFFFFF)
    is_new_run = run[1:] != run[:-1]
    begins = np.insert(np.flatnonzero(is_new_run | (keys[1:] - keys[:-1] > 1)) + 1, 0, 0)
    firsts, lasts = block[begins].tolist(), block[np.append(begins[1:], len(keys)) - 1].tolist()
    runs = np.insert(np.flatnonzero(run[begins][1:] != run[begins][:-1]) + 1, 0, 0).tolist()
    return {
        number: tuple(zip(firsts[at:end], lasts[at:end], strict=True)) * (number != SIMULATION)
        for number, at, end in zip(
            run[begins][runs].tolist(), runs, [*runs[1:], len(begins)], strict=True
        )
    }


@compiled
def _few_keys(run: U32, block: U32) -> U64:
    """Return run << 32 | block of each event, without most of those that were there before.

    Of simulation, which may have millions of them, block 0 stands for all.
    """
    keys = empty(len(run), np.uint64)
    n = np.uint64(0)
    # what was there lately, each key at a place that it decides
    seen = empty(1 << SEEN_BITS, np.uint64)
    seen[:] = 0
    for i in range(len(run)):
        its_block = np.uint64(block[i]) if run[i] != SIMULATION else np.uint64(0)
        key = np.uint64(run[i]) << np.uint64(32) | its_block
        # Knuth's multiplicative hashing, by the golden ratio
        place = (key * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(64 - SEEN_BITS)
        # nothing was seen where there is 0, which is a key, too: that of run 0 and block 0
        if seen[place] != key or not key:
            seen[place] = key
            keys[n] = key
            n += np.uint64(1)
    return keys[:n]
