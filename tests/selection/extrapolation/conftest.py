"""A synthetic sample that both ways to extrapolate can be used with."""

from __future__ import annotations

from pathlib import Path

import awkward as ak
import pytest
import uproot

import dtperf
from dtperf.nanoaod import ColumnFilter
from dtperf.results.result import Result
from dtperf.selection import needed_branches, optional_branches
from dtperf.synthetic import Settings, generate
from tests.nanoaod.files import read_arrays, write_like
from tests.selection.extrapolation.common import CONFIGS, DXY, WAYS


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make 5,000 events, and keep the branches that are read."""
    directory = tmp_path_factory.mktemp("sample")
    generate(Settings(events=5000, seed=11, format="rntuple"), directory)
    names = [*needed_branches("isolated"), *optional_branches({}), DXY]
    with uproot.open({str(directory / "nano_0000.root"): "Events"}) as tree:
        arrays = tree.arrays(filter_field=ColumnFilter.of(names), how=dict)
    return write_like(arrays, directory / "sample.root")


@pytest.fixture(scope="session")
def arrays(sample: Path) -> dict[str, ak.Array]:
    return read_arrays(sample)


@pytest.fixture(scope="session")
def results(sample: Path) -> dict[str, Result]:
    return {way: dtperf.run(CONFIGS[way], sample) for way in WAYS}
