"""By what a finished skim is known, without all that reads one."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

__all__ = ["MANIFEST", "has_finished"]

MANIFEST = "skim.json"


def has_finished(inputs: Iterable[Any]) -> bool:
    """Return whether a finished skim is among inputs."""
    local = (Path(each, MANIFEST) for each in inputs if isinstance(each, str | Path))
    return any(os.path.isfile(path) for path in local)  # noqa: PTH113  # some names are too long
