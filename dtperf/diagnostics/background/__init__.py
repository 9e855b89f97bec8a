"""Estimate the bias of efficiencies by background under the Z: ``biases(result)``."""

from __future__ import annotations

from dtperf.diagnostics.background.mass_fit import fit
from dtperf.diagnostics.background.mass_spectrum import Bias, Estimate, Fit, masses
from dtperf.diagnostics.background.sideband import sideband
from dtperf.lazy_import import listed
from dtperf.results.result import Result, ResultSource
from dtperf.results.summary import Efficiency
from dtperf.results.table import Table
from dtperf.statistics import clopper_pearson
from dtperf.typing import AnyArray

__all__ = ["WINDOW_GEV", "Bias", "Estimate", "Fit", "biases"]
__dir__ = listed(__name__)

WINDOW_GEV = (81.0, 101.0)
"""Mass window that the reference program takes for the signal."""


def biases(result: ResultSource, window: tuple[float, float] = WINDOW_GEV) -> Table[Bias]:
    """Compare the counted efficiency of each station with that of the Z alone, by two methods.

    Args:
        result: A result or its directory, with 'efficiency_vs_mass', selected within a wider
            window than the signal's.
        window: Lowest and highest mass of the signal, GeV, edges of bins.

    Returns:
        MB1 to MB4.

    Raises:
        ConfigError: The window is not made of whole bins.
        InputError: The masses were not measured, or not on both sides of the window.
    """
    found = masses(Result.load(result), window)
    rows = (
        Bias(
            f"MB{station}",
            _counted(counts[found.is_inside]),
            sideband(found, counts),
            fit(found, counts),
        )
        for station, counts in enumerate(found.counts, start=1)
    )
    return Table(rows, row=Bias)


def _counted(counts: AnyArray) -> Efficiency:
    failed, passed = (int(each) for each in counts.sum(axis=0))
    low, high = clopper_pearson(passed, passed + failed)
    return Efficiency(passed, passed + failed, float(low), float(high))
