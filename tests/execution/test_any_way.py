"""However a job is cut up, ordered, interrupted, resumed and merged: the same result."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dtperf
from dtperf.config import AnalysisConfig
from dtperf.results.result import Result
from tests.helpers.golden import GOLDEN
from tests.helpers.runs import assert_same, with_run
from tests.nanoaod.files import read_arrays, write_like

EVENTS = (90, 1, 60)
"""Of each file."""


class Job(NamedTuple):
    pieces: list[tuple[int, int, int]]
    """File, first event, one past the last; in the order of reading."""
    chunksizes: tuple[int, ...]
    """Of the first go and of those that resume it."""
    limits: tuple[int, ...]
    """How many chunks each go but the last one does."""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder, arrays, start = tmp_path_factory.mktemp("files"), read_arrays(GOLDEN), 0
    found = []
    for number, events in enumerate(EVENTS):
        piece = {name: values[start : start + events] for name, values in arrays.items()}
        found.append(write_like(piece, folder / f"{number}.root"))
        start += events
    return found


@pytest.fixture(scope="module")
def whole(files: list[Path], reference_config: AnalysisConfig) -> Result:
    return dtperf.run(reference_config, files)


@st.composite
def all_in_jobs(draw: st.DrawFn) -> list[Job]:
    """Give each event of all files to one of up to three jobs."""
    pieces = []
    for file, events in enumerate(EVENTS):
        inner = draw(st.sets(st.integers(1, max(1, events - 1)), max_size=3))
        edges = sorted({0, events, *(edge for edge in inner if edge < events)})
        pieces += [(file, *edge) for edge in pairwise(edges)]
    pieces = draw(st.permutations(pieces))
    number = draw(st.integers(1, 3))
    owners = [draw(st.integers(0, number - 1)) for _ in pieces]
    jobs = []
    for job in range(number):
        mine = [piece for piece, owner in zip(pieces, owners, strict=True) if owner == job]
        goes = draw(st.integers(1, 3))
        sizes = tuple(draw(st.integers(9, 100)) for _ in range(goes))
        limits = tuple(draw(st.integers(1, 4)) for _ in range(goes - 1))
        jobs += [Job(mine, sizes, limits)] if mine else []
    return jobs


def done(job: Job, files: list[Path], config: AnalysisConfig, out: Path) -> Result:
    """Do a job in several goes."""
    steps: dict[str, Any] = {}
    for file, start, stop in job.pieces:
        entry = steps.setdefault(str(files[file]), {"object_path": "Events", "steps": []})
        entry["steps"].append([start, stop])
    out.mkdir()
    fileset = out / "fileset.json"
    fileset.write_text(json.dumps({"data": {"files": steps}}))
    for chunksize, limit in zip(job.chunksizes, (*job.limits, None), strict=True):
        how = {"out": out / "result", "resume": True, "limit_chunks": limit}
        dtperf.run(with_run(config, chunksize=chunksize), fileset, **how)
    return Result.load(out / "result")


def merged(results: list[Result], numbers: Iterator[int]) -> Result:
    """Add up in the tree that some numbers tell."""
    results = [*results]
    while len(results) > 1:
        a = results.pop(next(numbers) % len(results))
        b = results.pop(next(numbers) % len(results))
        results.append(a + b)
    return results[0]


def check(
    tmp_path_factory: pytest.TempPathFactory,
    files: list[Path],
    whole: Result,
    reference_config: AnalysisConfig,
    jobs: list[Job],
    tree: list[int],
) -> None:
    folder = tmp_path_factory.mktemp("jobs")
    results = [
        done(job, files, reference_config, folder / str(number)) for number, job in enumerate(jobs)
    ]
    total = merged(results, iter(tree))
    assert_same(total, whole)
    assert total.ledger.events("read") == sum(EVENTS)
    assert total.totals["files"] == len(EVENTS)


any_way = given(jobs=all_in_jobs(), tree=st.lists(st.integers(0, 5), min_size=4, max_size=4))
test_the_same_result = settings(max_examples=8)(any_way(check))
many = settings(max_examples=30)(any_way(check))
test_the_same_result_often = pytest.mark.timeout(1800)(pytest.mark.slow(many))
