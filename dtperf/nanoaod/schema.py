"""How coffea reads muon DPG NANO: ``NanoEventsFactory.from_root(f, schemaclass=MuonDPGSchema)``."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from coffea.nanoevents import transforms
from coffea.nanoevents.schemas.base import BaseSchema, listarray_form
from coffea.nanoevents.util import concat, quote

from dtperf.nanoaod.behaviors import behavior
from dtperf.nanoaod.branches import collection_of, known_collections
from dtperf.nanoaod.links import LINKS

__all__ = ["MuonDPGSchema"]

Form = dict[str, Any]

_LINK_NAMES = {(link.source, link.name) for link in LINKS}
_FOUR_VECTOR = {"pt", "eta", "phi", "mass", "charge"}


class MuonDPGSchema(BaseSchema):  # type: ignore[misc]  # coffea has no type hints
    """NanoEvents with the collections of muon DPG NANO.

    Every list branch becomes a column of the collection with the longest matching name:
    ``muon_trk_dz`` is ``events.muon.trk_dz``, ``muon_matches_x`` is
    ``events.muon_matches.x``. Scalar branches, counters among them, keep their names. A
    collection's lengths come from its counter, or from its first branch where the counter is
    not read. Columns whose name ends in ``G`` are those without, counted over all events. A
    branch whose name a collection or a link has taken gets an underscore at its end.

    Muons are charged four-vectors if ``pt, eta, phi, mass, charge`` are all read. What hangs
    on muons and segments is in `dtperf.nanoaod.behaviors`.
    """

    __dask_capable__ = True

    def __init__(self, base_form: Form, *_: Any) -> None:
        """Build the form of the events.

        Args:
            base_form: coffea's form of the file, or of the branches chosen from it.
            *_: Not used: in dask mode coffea passes a version, which these files lack.
        """
        super().__init__(base_form)
        branches = _columns(dict(zip(base_form["fields"], base_form["contents"], strict=True)))
        fields = _events_fields(branches)
        self._form["fields"], self._form["contents"] = list(fields), list(fields.values())

    @classmethod
    def behavior(cls) -> dict[Any, Any]:
        """Return the behaviors of the events and their objects."""
        return behavior


def _columns(branches: dict[str, Form]) -> dict[str, Form]:
    """Leave out the collections of an RNTuple, of which every column is there by itself."""
    whole = {name for name, form in branches.items() if _is_table(form)}
    return {n: form for n, form in branches.items() if n.partition(".")[0] not in whole}


def _is_table(form: Form) -> bool:
    return "Record" in (form["content"] if _is_list(form) else form)["class"]


def _events_fields(branches: dict[str, Form]) -> dict[str, Form]:
    """Return the fields of an event: scalars, collections, and lists that belong to none."""
    collections = known_collections() | {
        name[1:] for name, form in branches.items() if name[:1] == "n" and not _is_list(form)
    }
    grouped: dict[str, dict[str, Form]] = defaultdict(dict)
    plain: dict[str, Form] = {}
    for name, form in branches.items():
        collection = collection_of(name, collections) if _is_list(form) else ""
        if collection and collection != name:
            grouped[collection][_column_name(name, collection)] = form
        else:
            plain[name] = form
    offsets = {name: _offsets(name, columns, plain) for name, columns in grouped.items()}
    _add_global_indices(grouped, offsets)
    fields = {name: _collection(name, grouped[name], offsets[name]) for name in grouped}
    # As with links, both stay reachable where a branch bears the name of a collection.
    return {f"{k}_" if k in fields else k: form for k, form in plain.items()} | fields


def _column_name(branch: str, collection: str) -> str:
    """Return the name of a branch within its collection, apart from those of the links."""
    name = branch.removeprefix(f"{collection}_")
    return f"{name}_" if (collection, name) in _LINK_NAMES else name


def _is_list(form: Form) -> bool:
    return bool(form["class"].startswith("ListOffset"))


def _offsets(collection: str, columns: dict[str, Form], scalars: dict[str, Form]) -> Form:
    """Return the form of a collection's offsets."""
    counter = scalars.get(f"n{collection}")
    if counter is not None:
        form: Form = transforms.counts2offsets_form(counter)
        return form
    first = next(iter(columns.values()))
    return {
        "class": "NumpyArray",
        "primitive": "int64",
        "parameters": {},
        "form_key": concat(first["form_key"], "!offsets"),
    }


def _add_global_indices(grouped: dict[str, dict[str, Form]], offsets: dict[str, Form]) -> None:
    """Add the columns, counted over all events, with which sliced objects find their targets."""
    for link in LINKS:
        _add_global_index(grouped.get(link.source, {}), link.begin, offsets.get(link.target))
        if link.index:
            _add_global_index(grouped.get(link.target, {}), link.index, offsets.get(link.pointee))


def _add_global_index(columns: dict[str, Form], name: str, offsets: Form | None) -> None:
    if name in columns and offsets is not None:
        columns[f"{name}G"] = transforms.local2global_form(columns[name], offsets)


def _collection(name: str, columns: dict[str, Form], offsets: Form) -> Form:
    """Return the form of a list of records."""
    record = {
        "class": "RecordArray",
        "fields": list(columns),
        "contents": [form["content"] for form in columns.values()],
        "parameters": {"__record__": _record_name(name, columns), "collection_name": name},
        "form_key": quote(f"!invalid,{name}"),
    }
    form: Form = listarray_form(record, offsets)
    return form


def _record_name(collection: str, columns: dict[str, Form]) -> str:
    """Return the name of the methods class of a collection's records."""
    if collection == "muon":
        return "Muon" if columns.keys() >= _FOUR_VECTOR else "LinkedMuon"
    return "DTSegment" if collection == "dtSegment" else "NanoCollection"
