"""Convert the columns of a skim to Arrow and back: narrow types, without copies where possible."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from dtperf.errors import InputError
from dtperf.skim.details import DETAILS
from dtperf.typing import I32, AnyArray

__all__ = ["COLLECTIONS", "Collection", "Columns", "check", "numbers", "to_arrow", "view"]


COLLECTIONS = ("muon", "muon_matches", "dtSegment")
"""Of every skim; the second one unless our own propagation says what is crossed."""
EVENT_COLUMNS: dict[str, tuple[Any, ...]] = {
    **dict.fromkeys(("run", "luminosityBlock"), (np.uint32,)),
    **dict.fromkeys(("lumi_instLumi", "lumi_avgPileUp"), (np.float32, np.float64)),
}
FLOATS = {
    "muon": ("pt", "eta", "phi", "pfIso04", "trkIso03", "trk_dz", "trk_dxy"),
    "muon_matches": ("x", "y", "edgeX", "edgeY"),
    "dtSegment": ("seg4D_posLoc_x", "seg4D_posLoc_y", "seg2D_phi_t0"),
}
FLAGS = {
    "muon": ("isTight", "isTracker", "isRPC", "firesIsoTrig", "firesTrig"),
    "muon_matches": (),
    "dtSegment": ("seg4D_hasPhi", "seg4D_hasZed"),
}
COUNTS: dict[str, dict[str, tuple[Any, ...]]] = {
    "muon": {
        "charge": (np.int8, np.int32),
        **dict.fromkeys(
            (
                *("trk_origAlgo", "trk_numberOfValidPixelHits", "trk_numberOfValidTrackerLayers"),
                "rpcMu_numberOfMatchedRPCLayers",
            ),
            (np.int8, np.int16),
        ),
        "trkMu_stationMask": (np.uint8,),
        **dict.fromkeys(("matches_begin", "matches_end"), (np.uint8, np.uint32)),
    },
    "muon_matches": dict.fromkeys(("wheel", "sector", "station"), (np.int8,)),
    "dtSegment": {
        **dict.fromkeys(("wheel", "sector", "station"), (np.int8,)),
        **dict.fromkeys(("seg2D_phi_nHits", "seg2D_z_nHits"), (np.int8, np.int16)),
    },
}
"""Types that a column of whole numbers may have; the first one unless a value does not fit."""
NARROWED: dict[Any, tuple[Any, ...]] = {
    np.int16: (np.int8, np.int16),
    np.int32: (np.int8, np.int16, np.int32),
    np.uint32: (np.uint8, np.uint16, np.uint32),
}
"""The same, of columns of `DETAILS`."""


class Collection(NamedTuple):
    """Lists of records, one list an event."""

    offsets: I32
    """Records offsets[i] to offsets[i + 1] belong to event i, shape (events + 1,)."""
    columns: Mapping[str, AnyArray]
    """By the name that they have in the collection, each of shape (records,)."""


class Columns(NamedTuple):
    """Columns of events that measurements need."""

    events: Mapping[str, AnyArray]
    """By the branch's name, each of shape (events,)."""
    collections: Mapping[str, Collection]
    """By name; without muon_matches where our own propagation says what is crossed, and with those
    of `DETAILS` that measurements need."""

    def __len__(self) -> int:
        """Return the number of events."""
        return len(self.events["run"])


def to_arrow(columns: Columns) -> pa.RecordBatch:
    """Return an Arrow record batch: a list of structs for each collection, as awkward has them."""
    arrays = {name: pa.array(values) for name, values in columns.events.items()}
    for name, (offsets, content) in columns.collections.items():
        fields = {field: pa.array(_narrow(name, field, v)) for field, v in content.items()}
        kinds = [pa.field(field, values.type, nullable=False) for field, values in fields.items()]
        records = pa.StructArray.from_arrays([*fields.values()], fields=kinds)
        kind = pa.list_(pa.field("item", records.type, nullable=False))
        starts = pa.array(offsets, type=pa.int32())
        arrays[name] = pa.ListArray.from_arrays(starts, records, type=kind)
    kinds = [pa.field(name, values.type, nullable=False) for name, values in arrays.items()]
    return pa.RecordBatch.from_arrays([*arrays.values()], schema=pa.schema(kinds))


def check(batch: pa.RecordBatch, where: str) -> None:
    """Check that a record batch, from whoever it may be, can be viewed.

    Args:
        batch: The record batch.
        where: Its file, for messages.

    Raises:
        InputError: It is not of this form, or its lists leave what they hold.
    """
    try:
        batch.validate(full=True)
        _refuse_missing(batch)
        view(batch)
    except (pa.ArrowException, ValueError, TypeError, KeyError) as error:
        raise InputError(f"{where}: is no part of a skim: {error}", "corrupt") from None


def view(batch: pa.RecordBatch) -> Columns:
    """View a record batch; flags, which Arrow keeps as bits, are copied."""
    names = batch.schema.names
    collections = {n: _collection(batch.column(n)) for n in names if n not in EVENT_COLUMNS}
    return Columns({n: numbers(batch.column(n)) for n in EVENT_COLUMNS if n in names}, collections)


def _narrow(collection: str, field: str, values: AnyArray) -> AnyArray:
    for kind in _kinds(collection, field):
        if values.dtype.kind not in "iu":
            return values
        limits = np.iinfo(kind)
        if not len(values) or (values.min() >= limits.min and values.max() <= limits.max):
            return values.astype(kind, copy=False)
    return values


def _refuse_missing(batch: pa.RecordBatch) -> None:
    if batch.schema.names[:2] != ["run", "luminosityBlock"]:
        raise ValueError("no run and luminosityBlock")
    for name, field in zip(batch.schema.names, batch.schema, strict=True):
        if name in EVENT_COLUMNS:
            _refuse_type(name, field.type, EVENT_COLUMNS[name])
        elif name in {*COLLECTIONS, *DETAILS} and pa.types.is_list(field.type):
            for inner in field.type.value_type:
                _refuse_type(f"{name}.{inner.name}", inner.type, _kinds(name, inner.name))
        else:
            raise ValueError(f"a column {name[:100]!r}, which is none")
    for name in COLLECTIONS:
        if name == "muon_matches" and name not in batch.schema.names:
            continue
        found = {inner.name for inner in batch.schema.field(name).type.value_type}
        needed = {*FLOATS[name], *FLAGS[name], *COUNTS[name]}
        not_always = {"firesIsoTrig", "firesTrig", "trkIso03", *_ways(batch)}
        lacking = sorted(needed - found - not_always)
        if lacking:
            raise ValueError(f"no {name}.{lacking[0]}")


def _ways(batch: pa.RecordBatch) -> tuple[str, ...]:
    """Return the muon columns of the other extrapolation, which need not be there."""
    is_stored = "muon_matches" in batch.schema.names
    return ("trk_dxy",) if is_stored else ("matches_begin", "matches_end")


def _kinds(collection: str, field: str) -> tuple[Any, ...]:
    if field in FLOATS.get(collection, ()):
        return (np.float32,)
    if field in FLAGS.get(collection, ()):
        return (np.bool_,)
    if field in COUNTS.get(collection, {}):
        return COUNTS[collection][field]
    kind = DETAILS[collection][field]
    return NARROWED.get(kind, (kind,))


def _refuse_type(name: str, found: pa.DataType, allowed: tuple[Any, ...]) -> None:
    if found not in [pa.from_numpy_dtype(np.dtype(kind)) for kind in allowed]:
        raise ValueError(f"{name} is of type {found}")


def _collection(lists: pa.ListArray) -> Collection:
    offsets = numbers(lists.offsets)
    if len(offsets) and offsets[0]:
        raise ValueError("the first list does not begin at 0")
    records = lists.values
    if (
        lists.null_count
        or records.null_count
        or len(records) != (offsets[-1] if len(offsets) else 0)
    ):
        raise ValueError("lists that are missing, or records that belong to none")
    kind = records.type
    content = {kind.field(i).name: numbers(records.field(i)) for i in range(kind.num_fields)}
    return Collection(offsets, content)


def numbers(array: pa.Array) -> AnyArray:
    """View numbers, or copy flags, of which Arrow keeps eight in a byte; shape (n,).

    Arrow's own `to_numpy` imports pandas, which takes 0.3 s.

    Raises:
        ValueError: One is missing, or they are neither numbers nor flags.
    """
    if array.null_count:
        raise ValueError("a value is missing")
    kind = np.dtype(array.type.to_pandas_dtype())  # NumPy's, for all its name
    if not len(array):
        return np.empty(0, dtype=kind)
    stored = array.buffers()[1]
    if kind == np.bool_:
        bits = np.frombuffer(stored, dtype=np.uint8)
        flags = np.unpackbits(bits, count=array.offset + len(array), bitorder="little")
        return flags[array.offset :].astype(np.bool_)
    values = np.frombuffer(stored, kind, len(array), array.offset * kind.itemsize)
    values.flags.writeable = False  # Arrow's memory
    return values
