"""Where events come from: the rule, sums, and what a result keeps of it."""

from __future__ import annotations

import json
from functools import reduce
from itertools import pairwise
from operator import add
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import dtperf
from dtperf.errors import InputError
from dtperf.nanoaod.marks import Mark
from dtperf.results import origin
from dtperf.results.origin import EventOrigin, StoredOrigin
from dtperf.results.result import Result
from tests.nanoaod.files import GOLDEN, read_arrays, write_like

Block = tuple[int, int]
"""Run and luminosity block."""
BLOCKS = st.tuples(st.sampled_from([0, 2, 3, 2**32 - 1]), st.integers(0, 6) | st.just(2**32 - 1))


def of(blocks: list[Block], mark: Mark = "") -> EventOrigin:
    run, block = zip(*blocks, strict=True) if blocks else ((), ())
    numbers = {"run": np.array(run, np.uint32), "luminosityBlock": np.array(block, np.uint32)}
    return EventOrigin.of(mark, len(blocks), numbers)


def single(found: EventOrigin) -> set[Block]:
    return {
        (run, block)
        for run, ranges in found.blocks.items()
        for first, last in ranges
        for block in range(first, last + 1)
    }


@pytest.mark.parametrize(
    ("mark", "runs", "events"),
    [
        ("", [367_080, 367_080], {"data": 2}),
        ("", [1, 1, 1], {"simulation": 3}),
        ("", [1, 367_080], {"data": 1, "simulation": 1}),
        ("simulation", [315_257], {"simulation": 1}),  # run-dependent simulation
        ("synthetic", [367_080, 1], {"synthetic": 2}),
    ],
)
def test_the_mark_of_the_file_comes_before_the_run(
    mark: Mark, runs: list[int], events: dict[str, int]
) -> None:
    assert of([(run, 1) for run in runs], mark).events == events


def test_without_numbers_only_the_mark_tells() -> None:
    assert EventOrigin.of("", 5, None) == EventOrigin()
    assert EventOrigin.of("synthetic", 5, None).events == {"synthetic": 5}
    assert EventOrigin().words == ""


@given(st.lists(BLOCKS, max_size=30))
def test_ranges_hold_the_blocks_that_were_read_and_no_others(blocks: list[Block]) -> None:
    found = of(blocks)
    assert single(found) == {*blocks}
    for ranges in found.blocks.values():
        assert all(last + 1 < first for (_, last), (first, _) in pairwise(ranges))


@given(st.lists(st.lists(BLOCKS, max_size=8), max_size=5))
def test_the_origin_of_a_sum_is_the_sum_of_origins(parts: list[list[Block]]) -> None:
    whole = of([block for part in parts for block in part])
    assert reduce(add, map(of, parts), EventOrigin()) == whole
    assert reduce(add, map(of, reversed(parts)), EventOrigin()) == whole


@given(st.lists(BLOCKS, max_size=30))
def test_what_is_kept_is_what_was(blocks: list[Block]) -> None:
    text = json.dumps(of(blocks).stored())
    assert EventOrigin.load(StoredOrigin.model_validate_json(text, strict=True)) == of(blocks)


def test_blocks_of_simulation_are_not_kept() -> None:
    assert of([(1, block) for block in range(0, 1000, 2)]).blocks == {1: ()}


def test_very_many_ranges_are_kept_as_one_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(origin, "MAX_RANGES", 3)
    found = of([(7, block) for block in (1, 3, 5, 8)])
    assert found.stored()["blocks"] == {"7": "1-8"}


def test_a_mixture_is_called_one() -> None:
    both = of([(367_080, 1)]) + of([(1, 1)])
    assert both.words == "data and simulation"
    assert both.noun == "events of data and simulation"
    assert of([(1, 1)]).noun == "simulated events"


def test_a_run_a_merge_and_a_resumed_run_keep_it(tmp_path: Path) -> None:
    arrays = read_arrays(GOLDEN["ttree"], 600)
    halves = {
        name: {n: a[part] for n, a in arrays.items()}
        for name, part in (("data", slice(300)), ("mc", slice(300, 600)))
    }
    halves["mc"]["run"] = np.ones(300, np.uint32)
    files = {n: write_like(each, tmp_path / f"{n}.root") for n, each in halves.items()}
    data, simulation = (dtperf.run("reference_2023", f, progress=False) for f in files.values())
    assert data.origin.events == {"data": 300}
    assert {*data.runs} == {*np.asarray(halves["data"]["run"]).tolist()}
    merged = (data + simulation).save(tmp_path / "merged")
    assert Result.load(merged).origin.words == "data and simulation"
    out = tmp_path / "resumed"
    dtperf.run("reference_2023", files["data"], out=out, progress=False)
    labelled = dtperf.load_config("reference_2023", {"plot.label": "Preliminary"})
    resumed = dtperf.run(labelled, [*files.values()], out=out, resume=True, progress=False)
    assert resumed.origin == (data + simulation).origin
    assert Result.load(out).config.plot.label == "Preliminary"


def changed(out: Path, content: Any) -> Path:
    head = json.loads((out / "result.json").read_text())
    if content is None:
        del head["origin"]
    else:
        head["origin"] = content
    (out / "result.json").write_text(json.dumps(head))
    return out


def test_an_older_result_has_none(golden_result: Result, tmp_path: Path) -> None:
    loaded = Result.load(changed(golden_result.save(tmp_path / "r"), None))
    assert loaded.origin == EventOrigin()
    assert loaded == golden_result
    axis = golden_result.counts["efficiency_vs_run"].axes["run"]
    assert loaded.runs == tuple(sorted(axis))  # those with probes


@pytest.mark.parametrize(
    "content",
    [
        {"events": {"data": -1}},
        {"events": {"dreams": 1}},
        {"blocks": {"367080": "5-1"}},
        {"blocks": {"367080": "1;2"}},
        {"blocks": {"-1": "1"}},
        {"more": 1},
        [],
    ],
)
def test_what_cannot_be_is_refused(golden_result: Result, tmp_path: Path, content: Any) -> None:
    with pytest.raises(InputError, match=r"result\.json: origin"):
        Result.load(changed(golden_result.save(tmp_path / "r"), content))
