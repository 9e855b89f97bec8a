"""Arrays that kernels make, functions that only kernels call, and what numba loads for them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dtperf.compiled import called
from dtperf.kernel_arrays import empty
from dtperf.kernel_cache import dispatcher_of

ALONE = """
import sys
import dtperf
from dtperf.detector.numbering import Chamber
from dtperf.detector.numbering import codes_of_raw_ids
import numpy as np

assert codes_of_raw_ids(np.array([Chamber(-1, 12, 2).raw_id])) == 95
print({"awkward", "vector"} & {*sys.modules})

import awkward as ak
import numba

@numba.njit
def total(lists):
    found = 0
    for each in lists:
        for number in each:
            found += number
    return found

print(total(ak.Array([[1, 2], [], [3]])))
"""


@pytest.mark.parametrize("length", [0, 3, np.uint64(3), np.int32(2)])
def test_arrays_of_any_kind_of_length(length: Any) -> None:
    def make(length: Any) -> Any:
        flat, square = empty(length, np.int16), empty((length, 4), np.float32)
        for i in range(len(flat)):
            flat[i] = i
            square[i, 3] = 0.5
        return flat, square

    for made in (make, dispatcher_of(make, {}, keep=False)):
        flat, square = made(length)
        assert (flat.dtype, square.dtype) == (np.int16, np.float32)
        assert (flat.shape, square.shape) == ((length,), (length, 4))
        assert (flat.tolist(), {*square[:, 3]}) == (
            [*range(int(length))],
            {0.5} if length else set(),
        )
        assert not np.shares_memory(flat, square)


@called
def _doubled(number: Any) -> Any:
    return 2 * number


def test_what_only_kernels_call_runs_as_python_elsewhere() -> None:
    def call(number: Any) -> Any:
        return _doubled(number) + 1

    compiled: Any = dispatcher_of(call, {}, keep=False)
    assert (compiled(3), compiled(1.5)) == (7, 4.0)
    # there is no code that Python could call: that would end the process
    assert _doubled("ab") == "abab"


@pytest.mark.slow
def test_kernels_do_without_what_other_libraries_teach_numba(tmp_path: Path) -> None:
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    command = [sys.executable, "-c", ALONE]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split("\n") == ["set()", "6", ""]
