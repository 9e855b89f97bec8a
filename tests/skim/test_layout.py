"""Which standard measurements a second pass counts without making tables."""

from __future__ import annotations

import numpy as np

from dtperf.measurements import STANDARD
from dtperf.skim.recut.layout import CounterLayout


def test_no_standard_measurement_needs_tables() -> None:
    runs = np.array([367_080, 367_090], dtype=np.uint32)
    kinds = {name: CounterLayout(measured, runs, {}).kind for name, measured in STANDARD.items()}
    assert "tables" not in kinds.values()
    assert kinds["eligible_by_sector_and_run"] == "rows"
