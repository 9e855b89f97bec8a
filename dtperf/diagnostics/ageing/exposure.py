"""How much luminosity the detector had seen at each run, and when that was."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from dtperf.errors import InputError
from dtperf.selection.brilcalc import LuminosityTable, first_runs, read_luminosity
from dtperf.typing import F64, I64

__all__ = ["Against", "Exposure", "exposure"]

Against = Literal["luminosity", "time"]
DAY = 86_400.0
YEAR = 365.25 * DAY


class Exposure(NamedTuple):
    """The runs of tables of luminosity in the order of time, arrays of shape (runs,)."""

    run: I64
    per_fb: F64
    """Delivered until the middle of the run, 1/fb: what has aged the detector, recorded or not."""
    begin: F64
    """Seconds since 1970, UTC."""
    total: float
    """Delivered at the end of the last run, 1/fb."""
    files: tuple[str, ...]

    def at(self, runs: I64, against: Against) -> F64:
        """Return the position of runs: 1/fb, or years since 1970; NaN where a run is not there.

        Args:
            runs: Their numbers, shape (n,).
            against: Which of both.
        """
        order = np.argsort(self.run)
        known = self.run[order]
        place = np.minimum(np.searchsorted(known, runs), len(known) - 1)
        values = self.per_fb if against == "luminosity" else self.begin / YEAR
        found: F64 = np.where(known[place] == runs, values[order][place], np.nan)
        return found


def exposure(files: Sequence[str | Path], before: float = 0.0) -> Exposure:
    """Read tables of luminosity, such as one a year, and add up what was delivered.

    Args:
        files: Written by brilcalc, by run or by luminosity block.
        before: Delivered before the first of them, 1/fb.

    Raises:
        InputError: One cannot be read, or a run is in two of them.
    """
    names = tuple(str(file) for file in files)
    by_run = [_by_run(read_luminosity(file)) for file in files]
    seen: dict[int, str] = {}
    for name, (runs, *_) in zip(names, by_run, strict=True):
        if both := [run for run in runs.tolist() if run in seen]:
            raise InputError(
                f"{name}: {first_runs(both)} {'is' if len(both) == 1 else 'are'} in "
                f"{seen[both[0]]}, too, and would count twice: give each run in one table only"
            )
        seen |= dict.fromkeys(runs.tolist(), name)
    run, delivered, begin = (np.concatenate(columns) for columns in zip(*by_run, strict=True))
    order = np.lexsort((run, begin))
    run, delivered, begin = run[order], delivered[order], begin[order]
    end = before + np.cumsum(delivered)
    return Exposure(run, end - delivered / 2, begin, float(end[-1]), names)


def _by_run(table: LuminosityTable) -> tuple[I64, F64, F64]:
    """Return runs, what was delivered in each, and when it began."""
    runs, which = np.unique(table.run.astype(np.int64), return_inverse=True)
    begin = np.full(len(runs), np.inf)
    np.minimum.at(begin, which, table.begin)
    delivered: F64 = np.bincount(which, table.delivered, len(runs)).astype(np.float64)
    return runs, delivered, begin
