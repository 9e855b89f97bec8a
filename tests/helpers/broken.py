"""Files that lack something."""

from __future__ import annotations

from pathlib import Path

from tests.helpers.golden import GOLDEN
from tests.nanoaod.files import read_arrays, write_like


def missing_branch(path: Path) -> None:
    arrays = read_arrays(GOLDEN, 20)
    del arrays["muon_pfIso04"]
    write_like(arrays, path)
