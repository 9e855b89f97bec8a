"""Differences of filesets, against sets."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from hypothesis import given

from dtperf.filesets import InputFile, diff
from tests.filesets.made import file, filesets, many


def uuids(files: list[InputFile]) -> set[UUID | None]:
    return {each.uuid for each in files}


@given(a=filesets(), b=filesets())
def test_against_sets(a: list[InputFile], b: list[InputFile]) -> None:
    found = diff(a, b)
    assert uuids(found.only_a) == uuids(a) - uuids(b)
    assert uuids(found.only_b) == uuids(b) - uuids(a)
    assert not found.moved
    both = {each.uuid: each for each in b}
    changed = [each for each in a if each.uuid in both and both[each.uuid] != each]
    assert [each.a for each in found.changed] == changed
    assert all([*each.values] == ["ranges"] for each in found.changed)
    assert found.is_equal == (set(a) == set(b))


@given(a=filesets(), b=filesets())
def test_both_ways(a: list[InputFile], b: list[InputFile]) -> None:
    there, back = diff(a, b), diff(b, a)
    assert (there.only_a, there.only_b) == (back.only_b, back.only_a)
    assert {(c.b, c.a) for c in there.changed} == {(c.a, c.b) for c in back.changed}
    assert diff(a, a[::-1]).is_equal


def test_moved_files() -> None:
    moved = file(1, path="/new/1.root")
    found = diff(many(3), [file(0), moved, file(2)])
    assert found.moved == [(file(1), moved)]
    assert not found.changed
    assert not found.is_equal
    # two that have changed places
    swapped = [file(0, path=file(1).path), file(1, path=file(0).path)]
    found = diff(many(2), swapped)
    assert found.moved == list(zip(many(2), swapped, strict=True))
    assert not any([found.only_a, found.only_b, found.changed])


@pytest.mark.parametrize(
    "values",
    [
        {"uuid": UUID(int=99)},
        {"uuid": None},
        {"entries": 11},
        {"bytes": 1},
        {"bytes": None},
        {"tree": "Runs"},
        {"dataset": "other"},
    ],
)
def test_changed_files(values: dict[str, Any]) -> None:
    other = file(1, **values)
    found = diff(many(3), [file(2), other, file(0)])
    [changed] = found.changed
    assert changed[:2] == (file(1), other)
    assert changed.values.keys() - {"ranges"} == values.keys()
    [[name, value]] = values.items()
    assert changed.values[name] == (getattr(file(1), name), value)
    assert not any([found.only_a, found.only_b, found.moved])


def test_a_copy_is_one_file_more() -> None:
    copy = file(1, path="/copy.root")
    found = diff([file(1)], [copy, file(1)])
    assert found.only_b == [copy]
    assert not any([found.only_a, found.moved, found.changed])
    assert diff([file(1)], [file(1)] * 2).only_b == [file(1)]


def test_replicas_make_no_difference() -> None:
    assert diff([file(1)], [file(1, replicas=("root://s//1.root",))]).is_equal


def test_files_that_nobody_has_opened() -> None:
    bare = [InputFile(f"/{name}.root", "Events") for name in "ab"]
    found = diff(bare[:1], bare[1:])
    assert (found.only_a, found.only_b) == (bare[:1], bare[1:])
    assert not any([found.moved, found.changed])
    assert diff(bare, bare[::-1]).is_equal


def test_the_order_of_the_first_fileset() -> None:
    # by path, by UUID, and by path and UUID
    a = [file(0), file(1), file(2)]
    b = [file(2, bytes=1), file(1, path="/new.root", bytes=1), file(0, uuid=UUID(int=99))]
    assert [each.a for each in diff(a, b).changed] == a


def test_as_a_data_frame() -> None:
    moved, changed = file(1, path="/new/1.root"), file(2, bytes=1, ranges=((0, 5), (8, 9)))
    frame = diff([file(0), file(1), file(2)], [moved, changed, file(7)]).to_pandas()
    found = frame.set_index("difference")
    assert [*found.index] == ["only in a", "only in b", "moved", "bytes", "ranges"]
    assert found.loc["only in a", "path_a"] == file(0).path
    assert found.loc["moved", "path_b"] == "/new/1.root"
    assert found.loc["bytes", "b"] == "1"
    assert found.loc["ranges", "b"] == "0 to 5; 8 to 9"
    assert [*diff([], []).to_pandas()] == [*frame]
