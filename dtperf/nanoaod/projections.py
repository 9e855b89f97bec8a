"""One name for a column in every layout of an RNTuple.

CMSSW writes a table as one collection, ``muon`` with ``pt`` in it, whose own offsets are the
counts; so does uproot with records of awkward arrays. ROOT's converter, and newer CMSSW, add what
the format calls projections: ``muon_pt`` at the top that has no bytes of its own. Here uproot gets
those that a file lacks, and counters ``nmuon``, so that nobody else has to know of layouts.
https://github.com/root-project/root/blob/master/tree/ntuple/doc/BinaryFormatSpecification.md
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from uproot.const import RNTupleFieldFlags, RNTupleFieldRole
from uproot.models import RNTuple as uproot_model

from dtperf.nanoaod.branches import branch_table, collection_of, known_collections

__all__ = ["field_records", "subfields"]

_COUNT = "ROOT::RNTupleCardinality<std::uint32_t>"


class _Fields:
    """The fields of an RNTuple as they are stored."""

    def __init__(self, records: Sequence[Any]) -> None:
        self.records = records
        self.children: dict[int, list[int]] = defaultdict(list)
        self.top: dict[str, int] = {}
        for number, record in enumerate(records):
            if record.parent_field_id > number:
                raise ValueError(f"field {record.field_name} is in one that comes behind it")
            if record.parent_field_id == number:
                self.top[record.field_name] = number
            else:
                self.children[record.parent_field_id].append(number)

    def tables(self) -> Iterator[tuple[str, int, bool, list[int]]]:
        """Yield the collections and records without a type: name, number, which, columns."""
        for name, number in self.top.items():
            record = self.records[number]
            is_list = record.struct_role == RNTupleFieldRole.COLLECTION
            inner = self.children[number] if is_list else [number]
            # what ROOT converts from a TTree has its projections already
            if record.type_name or len(inner) != 1 or name.startswith("_collection"):
                continue
            if self.records[inner[0]].struct_role == RNTupleFieldRole.RECORD:
                yield name, number, is_list, [*filter(self._is_number, self.children[inner[0]])]

    def is_projection(self, name: str, source: int) -> bool:
        """Return whether there is a field at the top that projects from another one."""
        return name in self.top and self.records[self.top[name]].source_field_id == source

    def _is_number(self, number: int) -> bool:
        record = self.records[number]
        return record.struct_role == RNTupleFieldRole.LEAF and not record.repetition


def _projected(stored: Sequence[Any]) -> list[Any]:
    """Put the fields that are missing behind those that are stored.

    An ntuple that is not of muon DPG NANO stays as it is.
    """
    fields = _Fields(stored)
    records = [*stored]
    if not any(_is_known(name) for name in fields.top):
        return records
    names = {*fields.top}

    def add(name: str, kind: str, source: int, item: int | None = None) -> None:
        """Project one number an event, or lists: where they begin, and what is in them."""
        if name in names:
            return
        names.add(name)
        parent, what = len(records), stored[source if item is None else item].field_desc
        if item is None:
            records.append(_record(name, kind, parent, RNTupleFieldRole.LEAF, source, what))
        else:
            role, typed = RNTupleFieldRole.COLLECTION, f"std::vector<{kind}>"
            records.append(_record(name, typed, parent, role, source, what))
            records.append(_record("_0", kind, parent, RNTupleFieldRole.LEAF, item, ""))

    for table, number, is_list, columns in fields.tables():
        is_one = table in _one_row_tables() or not is_list
        for column in columns:
            name, kind = f"{table}_{stored[column].field_name}", stored[column].type_name
            if not is_one:
                add(name, kind, number, column)
            elif fields.is_projection(name, number):
                # CMSSW's own makes lists of length one of them
                leaf = (fields.top[name], RNTupleFieldRole.LEAF, column, "")
                records[fields.top[name]] = _record(name, kind, *leaf)
            else:
                add(name, kind, column)
        if not is_one:
            add(f"n{table}", _COUNT, number)
    for name, number in fields.top.items():
        is_list = stored[number].struct_role == RNTupleFieldRole.COLLECTION
        collection = collection_of(name, known_collections()) if is_list else ""
        if collection and collection != name:
            source = stored[number].source_field_id
            add(f"n{collection}", _COUNT, number if source is None else source)
    return records


def _is_known(name: str) -> bool:
    return name in known_collections() or bool(collection_of(name, known_collections()))


@cache
def _one_row_tables() -> frozenset[str]:
    """Name the tables that have one row an event."""
    scalars = (n for n, branch in branch_table("B").items() if not branch.collection)
    return frozenset(name.partition("_")[0] for name in scalars if "_" in name)


def _record(
    name: str, kind: str, parent: int, role: RNTupleFieldRole, source: int, what: str
) -> Any:
    return uproot_model.MetaData(
        "FieldRecordFrame",
        field_version=0,
        type_version=0,
        parent_field_id=parent,
        struct_role=role,
        flags=RNTupleFieldFlags.PROJECTED,
        field_name=name,
        type_name=kind,
        type_alias="",
        field_desc=what,
        repetition=0,
        source_field_id=source,
        checksum=None,
    )


def field_records(self: Any) -> list[Any]:
    """Return the stored fields, and behind them those that are projected here."""
    if self._field_records is None:
        stored = [*self.header.field_records, *self.footer.extension_links.field_records]
        self._field_records = _projected(stored)
    records: list[Any] = self._field_records
    return records


def subfields(self: Any) -> list[Any]:
    """Return what is in a field; uproot looks at all fields of the file, and does so for each."""
    if self._fields is None:
        ntuple = self.ntuple
        found: list[Any] = []
        for number in ntuple._related_ids.get(self.field_id, ()):
            field = ntuple.all_fields[number]
            found += field.fields if field.is_anonymous else [field]
        self._fields = found
    fields: list[Any] = self._fields
    return fields
