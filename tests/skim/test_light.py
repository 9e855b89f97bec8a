"""A skim is measured without what reads ROOT files, and its numbers come out of Arrow's memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import dtperf
from dtperf.skim import skim
from dtperf.skim.columns import numbers
from tests.helpers.golden import GOLDEN

MEASURE = """
import sys, dtperf
result = dtperf.run("reference_2023", sys.argv[1])
print(result.totals["pairs"], {"coffea", "awkward", "uproot", "pandas", "dask"} & {*sys.modules})
"""


def test_measuring_a_skim_loads_nothing_that_reads_files(tmp_path: Path) -> None:
    made = skim(dtperf.load_config("reference_2023"), GOLDEN, out=tmp_path / "skim")
    command = [sys.executable, "-c", MEASURE, str(tmp_path / "skim")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.split(maxsplit=1) == [str(made.totals["pairs"]), "set()\n"]


KINDS = ("bool", "int8", "uint32", "int64", "float32", "float64")


@given(st.sampled_from(KINDS), st.lists(st.integers(0, 100), max_size=40), st.data())
def test_numbers_are_those_that_arrow_gives(
    kind: str, values: list[int], data: st.DataObject
) -> None:
    array = pa.array(np.array(values).astype(kind))
    first = data.draw(st.integers(0, len(values)))
    part = array.slice(first, data.draw(st.integers(0, len(values) - first)))
    found, expected = numbers(part), part.to_numpy(zero_copy_only=False)
    assert found.dtype == expected.dtype
    assert found.tolist() == expected.tolist()


def test_numbers_are_not_copied_and_cannot_be_changed() -> None:
    array = pa.array(np.arange(5.0))
    found = numbers(array)
    assert found.ctypes.data == array.buffers()[1].address
    assert not found.flags.writeable


@pytest.mark.parametrize("values", [[1, None], ["a", "b"]])
def test_what_is_missing_or_no_number_is_refused(values: list[object]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # NumPy words the second
        numbers(pa.array(values))
