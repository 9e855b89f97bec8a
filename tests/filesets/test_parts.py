"""Parts of filesets have every event once; samples are a part."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from dtperf.errors import ConfigError
from dtperf.filesets import InputFile, join, sample, split
from tests.filesets.made import events, file, filesets, known, many


def by_path(files: list[InputFile]) -> list[InputFile]:
    return sorted(files, key=lambda each: each.path)


@given(files=filesets(), parts=st.integers(1, 6))
def test_whole_files(files: list[InputFile], parts: int) -> None:
    assume(parts <= len(files))
    shares = split(files, parts=parts)
    assert len(shares) == parts
    assert all(shares)
    assert by_path([each for share in shares for each in share]) == by_path(files)
    # greedy: taking one file from the fullest would make it the emptiest
    loads = [sum(each.events for each in share) for share in shares]
    fullest = max(zip(loads, shares, strict=True), key=lambda pair: pair[0])
    assert fullest[0] - min(each.events for each in fullest[1]) <= min(loads)


@given(files=filesets(), most=st.integers(1, 60))
def test_cut_files(files: list[InputFile], most: int) -> None:
    shares = split(files, max_events=most)
    total = sum(events(files).values())
    assert len(shares) == max(1, -(-total // most))
    assert max(sum(each.events for each in share) for share in shares) <= most
    assert sum((events(share) for share in shares), Counter()) == events(files)
    assert known(each for share in shares for each in share) == known(files)


@given(files=filesets(), most=st.integers(1, 60), order=st.randoms())
def test_joined_parts_are_the_whole(
    files: list[InputFile], most: int, order: random.Random
) -> None:
    shares = split(files, max_events=most)
    order.shuffle(shares)
    assert by_path(join(*shares)) == by_path(files)
    if files:
        assert by_path(join(*split(files, parts=len(files)))) == by_path(files)


def test_one_large_file() -> None:
    [share] = split([file(0, 10)], max_events=10)
    assert share == [file(0, 10)]
    first, second = split([file(0, 11), file(1, 0)], max_events=10)
    assert first == [file(0, 11).only([(0, 5)])]
    assert second == [file(0, 11).only([(5, 11)]), file(1, 0)]


def test_files_that_nobody_has_opened() -> None:
    unknown = [InputFile(f"/{n}.root", "Events") for n in range(4)]
    shares = split([*unknown, *many(2, entries=100)], parts=3)
    assert [len(share) for share in shares] == [2, 2, 2]
    with pytest.raises(ConfigError, match=r"/0\.root: its number of events is not known"):
        split(unknown, max_events=5)


@pytest.mark.parametrize("how", [{}, {"parts": 2, "max_events": 2}])
def test_one_way_is_to_be_named(how: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match="number of parts, or"):
        split(many(3), **how)


@pytest.mark.parametrize("how", [{"parts": 0}, {"parts": 4}, {"max_events": 0}])
def test_what_cannot_be(how: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match="split: "):
        split(many(3), **how)


def test_too_many_parts() -> None:
    with pytest.raises(ConfigError, match="30,000 parts"):
        split(many(3, entries=10_000), max_events=1)


@given(files=filesets(most=12), n_files=st.integers(1, 12), seed=st.integers())
def test_a_sample(files: list[InputFile], n_files: int, seed: int) -> None:
    assume(n_files <= len(files))
    drawn = sample(files, n_files, seed=seed)
    assert len(drawn) == n_files
    assert drawn == [each for each in files if each in drawn]
    assert by_path(sample(files[::-1], n_files, seed=seed)) == by_path(drawn)
    datasets = {each.dataset for each in files}
    assert len({each.dataset for each in drawn}) == min(n_files, len(datasets))


@given(files=filesets(), n_events=st.integers(1, 60), seed=st.integers())
def test_a_sample_of_events(files: list[InputFile], n_events: int, seed: int) -> None:
    assume(n_events <= sum(each.events for each in files))
    drawn = sample(files, n_events=n_events, seed=seed)
    assert drawn == [each for each in files if each in drawn]
    # enough, but no file more than that
    got = sum(each.events for each in drawn)
    assert got >= n_events > got - max(each.events for each in drawn)


def test_seeds_and_shares() -> None:
    # 30 files of one dataset, 60 of another
    files = [file(n, dataset="a" if n % 3 == 0 else "b") for n in range(90)]
    drawn = [sample(files, 9, seed=seed) for seed in range(20)]
    assert all(Counter(each.dataset for each in some) == {"a": 3, "b": 6} for some in drawn)
    assert len({tuple(some) for some in drawn}) == 20
    # each file has the same chance: 20 x 9 of 90 leave few that were never drawn
    assert len({each for some in drawn for each in some}) > 60


@pytest.mark.parametrize("how", [{}, {"n_files": 1, "n_events": 1}, {"n_files": 0}])
def test_samples_that_cannot_be(how: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match="sample: "):
        sample(many(3), **how)


@pytest.mark.parametrize("how", [{"n_files": 4}, {"n_events": 31}])
def test_more_than_there_is(how: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match="of 3"):
        sample(many(3), **how)
