"""The field outside the coil, from a published map (see data/README.md)."""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files
from typing import Literal

import numpy as np

from dtperf.typing import F64

__all__ = ["Part", "yoke_field"]

Part = Literal["gap_mb1", "tail_catcher", "shell_1", "shell_2", "shell_3"]


@cache
def _columns() -> dict[str, F64]:
    text = files("dtperf.field").joinpath("data/yoke_field.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    return {name: np.asarray([float(row[name]) for row in rows]) for name in rows[0]}


def yoke_field(part: Part, z_cm: F64) -> F64:
    """Give the absolute value of the field.

    Args:
        part: Where.
        z_cm: Places along the beam, cm, any shape; beyond 660 cm the last value holds.

    Returns:
        Field in T, of the same shape.
    """
    columns = _columns()
    return np.interp(np.abs(z_cm), columns["abs_z_cm"], columns[part])
