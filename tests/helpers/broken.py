"""Files that lack something."""

from __future__ import annotations

from pathlib import Path

from tests.helpers.golden import GOLDEN
from tests.nanoaod.files import read_arrays, write_like


def missing_branch(path: Path, events: int = 20) -> None:
    arrays = {name: values[:events] for name, values in read_arrays(GOLDEN, 20).items()}
    del arrays["muon_pfIso04"]
    write_like(arrays, path)
