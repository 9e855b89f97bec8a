"""Joined filesets, against sets of single events."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dtperf.errors import InputError
from dtperf.filesets import InputFile, join
from tests.filesets.made import events, file, filesets, known

some = filesets()


def counted(files: list[InputFile]) -> tuple[Any, Any]:
    return events(files), known(files)


@given(a=some, b=some, c=some)
def test_union(a: list[InputFile], b: list[InputFile], c: list[InputFile]) -> None:
    joined = join(a, b, c)
    assert set(events(joined)) == {*events(a), *events(b), *events(c)}
    assert max(events(joined).values(), default=1) == 1
    assert known(joined) == known([*a, *b, *c])
    assert len({each.uuid for each in joined}) == len(joined)


@given(a=some, b=some, c=some)
def test_order_does_not_matter(a: list[InputFile], b: list[InputFile], c: list[InputFile]) -> None:
    assert counted(join(a, b)) == counted(join(b, a))
    assert join(join(a, b), c) == join(a, join(b, c)) == join(a, b, c)
    assert join(a, a) == join(a)


# three names that may stand for one file or for several, as the filesets say it
vague = st.lists(
    st.builds(
        InputFile,
        st.sampled_from(["/a", "/b", "/c"]),
        st.just("Events"),
        uuid=st.sampled_from([None, UUID(int=1), UUID(int=2)]),
        entries=st.sampled_from([None, 6]),
        ranges=st.sampled_from([None, ((0, 3),), ((2, 5),)]),
        replicas=st.sampled_from([(), ("/b",), ("/c",)]),
    ),
    max_size=3,
)


def addresses(files: list[InputFile] | None) -> Any:
    if files is None:
        return None
    return {
        (frozenset((each.path, *each.replicas)), each.uuid, each.entries, each.ranges)
        for each in files
    }


def tried(*filesets: list[InputFile] | None) -> list[InputFile] | None:
    try:
        return join(*filesets) if None not in filesets else None
    except InputError:
        return None


@given(a=vague, b=vague, c=vague)
def test_names_that_come_together_only_by_others(
    a: list[InputFile], b: list[InputFile], c: list[InputFile]
) -> None:
    whole = addresses(tried(a, b, c))
    assert addresses(tried(tried(a, b), c)) == whole
    assert addresses(tried(c, tried(b, a))) == whole
    if whole is not None:
        every = [name for names, *_ in whole for name in names]
        assert len(every) == len(set(every))
        uuids = [each for _, each, *_ in whole if each]
        assert len(uuids) == len(set(uuids))


def test_copies_become_replicas() -> None:
    copy = file(1, path="root://s//1.root", replicas=("root://t//1.root",), dataset="other")
    [joined] = join([file(1).only([(0, 3)])], [copy.only([(2, 6)])])
    assert joined == file(1, replicas=("root://s//1.root", "root://t//1.root")).only([(0, 6)])


def test_what_is_known_of_one_is_known_of_both() -> None:
    bare = InputFile(file(1).path, "Events", file(1).dataset)
    assert join([bare], [file(1)]) == join([file(1)], [bare]) == [file(1)]
    # all of a file that nobody has counted, and some of it
    assert join([bare], [bare.only([(0, 5)])]) == [bare]
    assert join([bare.only([(0, 5)])], [file(1).only([(5, 10)])]) == [file(1)]


@pytest.mark.parametrize(
    "other",
    [
        file(1, uuid=UUID(int=99)),
        file(1, entries=11),
        file(1, bytes=3),
        file(1, tree="Runs"),
        file(1, generation="A"),
        file(1, path="/moved.root", entries=11),
    ],
)
def test_one_file_of_which_different_things_are_known(other: InputFile) -> None:
    with pytest.raises(InputError, match=r"/data/1\.root and .*: are one file.*differ in"):
        join([file(0), file(1)], [other])


def test_events_that_the_file_does_not_have() -> None:
    bare = InputFile(file(1).path, "Events", ranges=((5, 12),))
    with pytest.raises(InputError, match=r"1\.root: has 10 events, fewer"):
        join([file(1).only([(0, 5)])], [bare])
