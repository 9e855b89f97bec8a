"""Find where the columns of an RNTuple lie: ``fields, columns = layout_of(ntuple, selected)``."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Literal, NamedTuple

import numpy as np
import uproot
from uproot.const import RNTupleFieldRole, rntuple_index_types

from dtperf.nanoaod.baskets import overlapping
from dtperf.nanoaod.columns import numbers_in
from dtperf.nanoaod.rntuple_checks import CHECKSUM_BYTES
from dtperf.nanoaod.rntuple_lists import Pages, pages_of
from dtperf.typing import I64, Bools

__all__ = ["Column", "Field", "columns_of", "layout_of", "stored_bytes", "unpacked_bytes"]

_KINDS = {
    **dict.fromkeys(("int8", "uint8", "int16", "uint16", "int32", "uint32"), "number"),
    **dict.fromkeys(("int64", "uint64", "float32", "float64"), "number"),
    "bit": "bit",
}


class Column(NamedTuple):
    """Numbers of an RNTuple, cluster by cluster, each in pages."""

    number: int
    stored: np.dtype[Any]
    """Of one number; of a bit, bool."""
    is_bit: bool
    is_split: bool
    """Whether the first bytes of all numbers come first, then the second ones."""
    is_zigzag: bool
    is_delta: bool
    """Whether numbers but the first of a page are differences."""
    clusters: I64
    """First number of each cluster, and how many there are; shape (clusters + 1,)."""
    edges: I64
    """First number of each page, and how many there are; shape (pages + 1,)."""
    starts: I64
    """First byte of each page."""
    sizes: I64
    """Bytes of each page, without its checksum."""
    checked: Bools
    """Whether a checksum stands behind the page."""

    @property
    def is_plain(self) -> bool:
        """Whether numbers are stored as they are in memory."""
        return not (self.is_bit or self.is_split or self.is_zigzag or self.is_delta)

    def pages(self, start: int, stop: int) -> range:
        """Number the pages that hold some of these numbers."""
        return overlapping(self.edges, start, stop)

    def ranges(self, pages: range) -> tuple[list[int], list[int]]:
        """Return first byte and size of pages, the checksum behind each included."""
        its = slice(pages.start, pages.stop)
        sizes = self.sizes[its] + CHECKSUM_BYTES * self.checked[its]
        return self.starts[its].tolist(), sizes.tolist()


class Field(NamedTuple):
    """One column as `dtperf.nanoaod.columns` names it."""

    name: str
    kind: Literal["one", "list", "count"]
    content: int
    """Column of the numbers; -1 for counts, which the lists have."""
    lists: int
    """Column of the collection's lists, of which it has one number each; -1: it is in none."""


def layout_of(
    ntuple: Any, selected: Callable[[Any], bool]
) -> tuple[list[Field], list[Column]] | None:
    """Return the selected fields of an RNTuple, and the columns that they name by number.

    It is None if one is stored in a way that NanoAOD never is; uproot has to read those.
    """
    fields = []
    for each in ntuple.fields:
        if selected(each):
            found = _field(ntuple, each)
            if found is None:
                return None
            fields.append(found)
    numbers = {n for each in fields for n in (each.content, each.lists)} - {-1}
    columns = [_column(ntuple, number) for number in sorted(numbers)]
    known = [each for each in columns if each is not None]
    return (fields, known) if len(known) == len(columns) else None


def columns_of(ntuple: Any, fields: list[Any]) -> dict[int, Any]:
    """Return the records of the columns of fields, of all in them and around them, by number."""
    field_ids = {field.field_id for field in fields}
    records = ntuple.field_records
    for number, record in enumerate(records):  # parents come before children
        if record.parent_field_id in field_ids:
            field_ids.add(number)
    pending = [*field_ids]
    while pending:
        record = records[pending.pop()]
        new = {record.parent_field_id, record.source_field_id} - {None, *field_ids}
        field_ids |= new
        pending += new
    columns = enumerate(ntuple.column_records)
    return {number: record for number, record in columns if record.field_id in field_ids}


def stored_bytes(tree: Any, names: Iterable[str]) -> dict[str, int]:
    """Return the compressed bytes of columns; what several share counts for the first of them.

    Args:
        tree: An uproot TTree or RNTuple.
        names: Those of columns, as `dtperf.nanoaod.columns` has them.
    """
    if isinstance(tree, uproot.TTree):
        return {name: int(tree[name].compressed_bytes) for name in names}
    return _sums(tree, names, lambda pages, _: int(pages.sizes.sum()))


def unpacked_bytes(tree: Any, names: Iterable[str]) -> dict[str, int]:
    """Return the bytes of columns in memory, as `stored_bytes` does the compressed ones."""
    if isinstance(tree, uproot.TTree):
        return {name: int(tree[name].uncompressed_bytes) for name in names}
    return _sums(tree, names, lambda pages, bits: int(pages.numbers.sum()) * bits // 8)


def _sums(tree: Any, names: Iterable[str], size: Callable[[Pages, int], int]) -> dict[str, int]:
    """Add up a size of the pages, of them and the bits of a number, of each column."""
    clusters, seen, sizes = tree.page_link_list, set[int](), {}
    for name in names:
        columns = columns_of(tree, [tree[name]])
        new = {number: column for number, column in columns.items() if number not in seen}
        seen |= new.keys()
        sizes[name] = sum(
            size(pages_of(clusters, number), column.nbits) for number, column in new.items()
        )
    return sizes


def _field(ntuple: Any, field: Any) -> Field | None:
    records = ntuple.field_records
    numbers = numbers_in(field.typename)
    if numbers is None:
        return None
    kind = field.record.struct_role
    source = _source(records, field.field_id)
    if kind == RNTupleFieldRole.COLLECTION and numbers.is_list:
        (item,) = ntuple._related_ids.get(field.field_id, [None])
        columns = _only(ntuple, source), _only(ntuple, _source(records, item))
        if item is None or None in columns:
            return None
        return Field(field.name, "list", columns[1], columns[0])
    column = _only(ntuple, source)
    if kind != RNTupleFieldRole.LEAF or numbers.is_list or column is None:
        return None
    if ntuple.column_records[column].type in rntuple_index_types:
        return Field(field.name, "count", -1, column)
    return Field(field.name, "one", column, _enclosing(ntuple, source))


def _source(records: list[Any], number: int) -> int:
    source = records[number].source_field_id
    return number if source is None else int(source)


def _only(ntuple: Any, field: int) -> Any:
    """Return the column of a field if it has one, in one representation."""
    records = ntuple._column_records_dict.get(field, [])
    return records[0].idx if len(records) == 1 and not records[0].first_element_index else None


def _enclosing(ntuple: Any, field: int) -> int:
    """Return the column of the lists in which a field is."""
    records = ntuple.field_records
    while (parent := records[field].parent_field_id) != field:
        field = parent
        if records[field].struct_role == RNTupleFieldRole.COLLECTION:
            column = _only(ntuple, field)
            return -1 if column is None else int(column)
    return -1


def _column(ntuple: Any, number: int) -> Column | None:
    how = ntuple.get_field_metadata(number)
    is_index = how.dtype_byte in rntuple_index_types
    if not is_index and how.dtype_str not in _KINDS:
        return None
    clusters = ntuple.page_link_list
    if any(number >= len(each) or each.is_suppressed(number) for each in clusters):
        return None
    pages = pages_of(clusters, number)
    edges = np.zeros(len(pages.numbers) + 1, dtype=np.int64)
    np.cumsum(pages.numbers, out=edges[1:])
    return Column(
        number,
        np.dtype(how.dtype),
        how.isbit,
        how.split,
        how.zigzag,
        how.delta,
        edges[pages.of_clusters],
        edges,
        pages.starts.astype(np.int64),
        pages.sizes,
        pages.checked,
    )
