"""Follow the begin/end ranges of muon DPG NANO: ``follow(events.muon, events, MATCHES)``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import awkward as ak
import numpy as np

from dtperf.typing import I64

__all__ = [
    "EXTRAPOLATIONS",
    "HITS",
    "LINKS",
    "MATCHES",
    "STA_MATCHES",
    "Link",
    "follow",
    "follow_lazily",
]


@dataclass(frozen=True)
class Link:
    """A half-open range, per object of `source`, into the same event's `target`.

    `name` is the property of the objects that follows it. Where `index` is set, it is the
    column of `target` that points into the same event's `pointee`, and it is the pointees
    that the link leads to.
    """

    source: str
    name: str
    begin: str
    end: str
    target: str
    index: str = ""
    pointee: str = ""

    @property
    def columns(self) -> tuple[str, ...]:
        """The branches without which the link cannot be followed."""
        names = [f"{self.source}_{self.begin}", f"{self.source}_{self.end}"]
        if self.index:
            names.append(f"{self.target}_{self.index}")
        return tuple(names)


MATCHES = Link("muon", "matches", "matches_begin", "matches_end", "muon_matches")
STA_MATCHES = Link(
    "muon",
    "staMatches",
    "staMatches_begin",
    "staMatches_end",
    "muon_staMatches",
    "MuSegIdx",
    "dtSegment",
)
HITS = Link("dtSegment", "hits", "seg2D_hits_begin", "seg2D_hits_end", "dtSegment_hits")
EXTRAPOLATIONS = Link("dtSegment", "extr", "seg4D_extr_begin", "seg4D_extr_end", "dtSegment_extr")
LINKS = (MATCHES, STA_MATCHES, HITS, EXTRAPOLATIONS)


def follow(parents: Any, events: Mapping[str, Any], link: Link) -> Any:
    """Return the entries that each object's range holds.

    A range that leaves its event is clipped to it, an entry whose index leaves it is dropped.

    Args:
        parents: Objects of `link.source`, sliced, masked, paired or flattened at will; or one.
        events: The unsliced events, or their collections by name.
        link: Which range to follow.

    Returns:
        An array one dimension deeper than `parents`: lists of records of `link.pointee` if
        set, else of `link.target`.

    Raises:
        LookupError: A column that the link needs was not read.
    """
    _require(parents, events, link)
    targets = [events[name] for name in (link.target, link.pointee) if name]
    return _nest(parents, *targets, link=link)


def follow_lazily(parents: Any, link: Link) -> Any:
    """Return what `follow` does for a dask-awkward array of parents, partition by partition."""
    from dask_awkward import map_partitions  # not every installation has it

    events = parents._events()
    _require(parents, events, link)
    targets = [events[name] for name in (link.target, link.pointee) if name]
    return map_partitions(
        partial(_nest, link=link), parents, *targets, label=f"{link.source}-{link.name}"
    )


def _require(parents: Any, events: Any, link: Link) -> None:
    """Check that the columns of the link were read."""
    collections = {name for name in (link.target, link.pointee) if name}
    if (
        {link.begin, link.end, f"{link.begin}G"} <= set(ak.fields(parents))
        and collections <= set(ak.fields(events))
        and (not link.index or f"{link.index}G" in ak.fields(events[link.target]))
    ):
        return
    needed = f"{', '.join(link.columns)} and a column of {link.pointee or link.target}"
    raise LookupError(f"{link.source}.{link.name} needs {needed}: declare these columns")


def _nest(parents: Any, *targets: Any, link: Link) -> Any:
    """Replace each parent's record by the list of its targets."""
    if isinstance(parents, ak.Record):
        array, at = parents.layout.array, parents.layout.at
        one = ak.Array(array[at : at + 1], behavior=parents.behavior, attrs=parents.attrs)
        return _nest(one, *targets, link=link)[0]

    def descend(layout: Any, **_: Any) -> Any:
        if layout.is_record and link.begin in layout.fields:
            return _lists(layout, [target._getlistarray() for target in targets], link)
        return None

    nested = ak.transform(descend, parents.layout, highlevel=False)
    return ak.Array(nested, behavior=parents.behavior, attrs=parents.attrs)


def _lists(parents: Any, targets: list[Any], link: Link) -> Any:
    """Return one list per parent, as a view of the targets' contents."""
    names = (f"{link.begin}G", link.begin, link.end)
    columns = [parents.content(name) for name in names]
    target = targets[0]
    if parents.backend.name == "typetracer":
        return _traced_lists(columns, targets, link)
    begin_global, begin, end = (np.asarray(ak.to_numpy(column), np.int64) for column in columns)
    starts, stops = _ranges(begin_global, end - begin, np.asarray(target.offsets.data))
    content = target.content
    if link.index:
        index = np.asarray(ak.to_numpy(content.content(f"{link.index}G")), np.int64)
        kept = index >= 0
        position = np.concatenate([[0], np.cumsum(kept)])
        starts, stops = position[starts], position[stops]
        content = ak.contents.IndexedArray(ak.index.Index64(index[kept]), targets[1].content)
    return ak.contents.ListArray(ak.index.Index64(starts), ak.index.Index64(stops), content)


def _ranges(begin: I64, size: I64, offsets: I64) -> tuple[I64, I64]:
    """Return ranges clipped to the events that they begin in.

    Args:
        begin: First entry of each range, counted over all events; -1 if outside its event.
        size: Length of each range; less than one is an empty range.
        offsets: First entry of each event, and the number of all entries last.
    """
    starts = np.maximum(begin, 0)
    event = np.searchsorted(offsets, starts, side="right")
    limits = offsets[np.minimum(event, len(offsets) - 1)]
    stops = np.minimum(starts + size, limits)
    return starts, np.where(begin < 0, starts, np.maximum(starts, stops))


def _traced_lists(columns: list[Any], targets: list[Any], link: Link) -> Any:
    """Return lists without data, and record which columns the real ones are made from."""
    for column in columns:
        column.data.touch_data()
    for target in targets:
        target.offsets.data.touch_data()
    index = ak.index.Index64(columns[0].data)
    content = targets[0].content
    if link.index:
        pointed = content.content(f"{link.index}G").data
        pointed.touch_data()
        content = ak.contents.IndexedArray(ak.index.Index64(pointed), targets[1].content)
    return ak.contents.ListArray(index, index, content)
