"""Take a collection of NanoEvents as flat columns: ``collection(events, "dtSegment", dtypes)``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from dtperf.detector import chamber_codes
from dtperf.errors import InputError
from dtperf.typing import I16, I64, AnyArray

__all__ = ["Collection", "codes", "collection", "events_of", "has_columns"]


class Collection(NamedTuple):
    """Lists of records, one list an event."""

    offsets: I64
    """Records offsets[i] to offsets[i + 1] belong to event i, shape (events + 1,)."""
    columns: dict[str, AnyArray]
    """Each of shape (records,)."""

    def in_order(self, kind: Any) -> tuple[AnyArray, ...]:
        """Return offsets and columns in the order of a named tuple."""
        return (self.offsets, *(self.columns[name] for name in kind._fields[1:]))


def events_of(offsets: AnyArray) -> I64:
    """Return the event of each record, shape (records,).

    Args:
        offsets: Records offsets[i] to offsets[i + 1] belong to event i, shape (events + 1,).
    """
    return np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))


def has_columns(events: Any, name: str, columns: Mapping[str, Any]) -> bool:
    """Return whether the events have a collection with these columns."""
    return name in events.fields and columns.keys() <= set(events[name].fields)


def collection(
    events: Any, name: str, dtypes: Mapping[str, Any], optional: tuple[str, ...] = ()
) -> Collection:
    """Return columns of one collection, flat and in the types that are asked for.

    Args:
        events: NanoEvents made with `dtperf.nanoaod.MuonDPGSchema`, or a slice of them.
        name: The collection.
        dtypes: Its columns, and the type of each.
        optional: Further columns, taken as float32 where they are there.

    Raises:
        InputError: A column is not there.
    """
    records: Any = events[name] if name in events.fields else None
    present = set() if records is None else set(records.fields)
    missing = dtypes.keys() - present
    if missing:
        named = ", ".join(sorted(f"{name}_{field}" for field in missing))
        msg = f"the events have no {named}: is this a muon DPG NANO file?"
        raise InputError(msg, "missing-branch")
    import awkward as ak  # not needed where a skim has flat columns

    fields = [*dtypes, *(field for field in optional if field in present)]
    layout = records.layout
    if not _is_plain(layout):  # a slice
        layout = ak.to_packed(records[fields]).layout
    offsets = np.asarray(ak.to_numpy(layout.offsets.data), dtype=np.int64)
    its = slice(offsets[0], offsets[-1])
    columns = {
        field: _as_type(_numbers(layout.content, field)[its], np.dtype(dtypes.get(field, "f4")))
        for field in fields
    }
    return Collection(offsets - offsets[0] if offsets[0] else offsets, columns)


def _numbers(records: Any, field: str) -> AnyArray:
    """Return one column of a layout of records."""
    import awkward as ak  # as above

    numbers = records.contents[records.field_to_index(field)]
    data = getattr(numbers, "data", None)
    # awkward takes fifty times as long to tell that it has nothing to do
    return data if isinstance(data, np.ndarray) else ak.to_numpy(numbers)


def codes(columns: Mapping[str, AnyArray]) -> I16:
    """Return the chamber of each record by its wheel, sector and station, -1 if it has none."""
    return chamber_codes(columns["wheel"], columns["sector"], columns["station"])


def _as_type(values: AnyArray, dtype: np.dtype[Any]) -> AnyArray:
    """Return numbers of another width; one that does not fit becomes the largest one."""
    if values.dtype == dtype:
        return values
    if values.dtype.kind in "iu" and dtype.kind in "iu" and not np.can_cast(values.dtype, dtype):
        limits = np.iinfo(dtype)
        fits = (values >= limits.min) & (values <= limits.max)
        values = np.where(fits, values, limits.max)
    with np.errstate(over="ignore"):  # what is not finite is dealt with where it matters
        return values.astype(dtype, copy=False)


def _is_plain(layout: Any) -> bool:
    """Return whether the lists of a collection are stored one after the other."""
    from awkward import contents

    return isinstance(layout, contents.ListOffsetArray) and isinstance(
        layout.content, contents.RecordArray
    )
