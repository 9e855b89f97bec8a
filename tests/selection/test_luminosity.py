"""Luminosity masks in a measurement: as if the other events were not in the file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import dtperf
from dtperf.config import AnalysisConfig
from dtperf.selection.luminosity import is_certified
from tests.helpers.golden import GOLDEN
from tests.helpers.runs import N_EVENTS, assert_same, with_run
from tests.nanoaod.files import read_arrays, write_like


def masked(config: AnalysisConfig, mask: dict[str, Any]) -> AnalysisConfig:
    content = config.model_dump()
    content["selection"]["luminosity_mask"] = mask
    return dtperf.load_config(content)


def is_good(run: int, block: int, mask: dict[str, Any]) -> bool:
    return any(first <= block <= last for first, last in mask.get(str(run), ()))


numbers = st.tuples(st.integers(1, 4), st.integers(1, 30))
ranges = st.lists(st.tuples(st.integers(1, 30), st.integers(0, 5)), max_size=4)


@given(st.lists(numbers, max_size=40), st.dictionaries(st.integers(1, 4).map(str), ranges))
def test_against_a_loop(events: list[tuple[int, int]], mask: dict[str, Any]) -> None:
    mask = {run: [[first, first + more] for first, more in its] for run, its in mask.items()}
    config = dtperf.load_config({"selection": {"luminosity_mask": mask}})
    run, block = (np.array([e[k] for e in events], np.uint32) for k in (0, 1))
    array = ak.zip({"run": run, "luminosityBlock": block})
    assert config.selection.luminosity_mask is not None
    found = is_certified(array, config.selection.luminosity_mask)
    assert found.tolist() == [is_good(*event, mask) for event in events]


@pytest.mark.parametrize("extrapolation", ["ntuple", "helix"])
def test_it_is_as_if_the_others_were_not_there(
    extrapolation: str, tmp_path: Path, reference_config: AnalysisConfig
) -> None:
    arrays = read_arrays(GOLDEN)
    runs = sorted(set(arrays["run"].tolist()))
    blocks = arrays["luminosityBlock"].tolist()
    middle = sorted(blocks)[len(blocks) // 2]
    mask = {str(runs[0]): [[1, middle]], str(runs[-1]): [[middle + 1, 10**6]], "1": [[1, 2]]}
    pairs = zip(arrays["run"].tolist(), blocks, strict=True)
    good = np.array([is_good(run, block, mask) for run, block in pairs])
    assert 100 < good.sum() < N_EVENTS - 100
    content = {name: values[good] for name, values in arrays.items()}
    alone = write_like(content, tmp_path / "good.root")
    config = dtperf.load_config(reference_config, [f"extrapolation={extrapolation}"])
    expected = dtperf.run(config, alone)
    result = dtperf.run(with_run(masked(config, mask), chunksize=300), GOLDEN)
    assert result.totals["events"] == result.ledger.events("read") == N_EVENTS
    assert result.totals["certified"] == good.sum()
    changed = {**result.totals, "events": int(good.sum())}
    object.__setattr__(result, "totals", changed)
    assert_same(result, expected)


def test_no_event_is_good(reference_config: AnalysisConfig) -> None:
    result = dtperf.run(masked(reference_config, {"1": [[1, 2]]}), GOLDEN)
    assert result.totals["events"] == N_EVENTS
    assert result.totals["certified"] == result.totals["pairs"] == 0
    assert not any(each.sum(flow=True) for each in result.counts.values())
