"""Statistics of efficiencies: intervals, and whether two of them differ."""

from __future__ import annotations

from dtperf.lazy_import import listed
from dtperf.statistics.differences import exact_test, false_discovery, student
from dtperf.statistics.intervals import ONE_SIGMA, bayesian, clopper_pearson, probability, wilson
from dtperf.statistics.ratios import efficiency, efficiency_ratio
from dtperf.statistics.stratified import Differences, Strata
from dtperf.statistics.trends import slope_interval, trend_in_sigmas

__all__ = [
    "ONE_SIGMA",
    "Differences",
    "Strata",
    "bayesian",
    "clopper_pearson",
    "efficiency",
    "efficiency_ratio",
    "exact_test",
    "false_discovery",
    "probability",
    "slope_interval",
    "student",
    "trend_in_sigmas",
    "wilson",
]
__dir__ = listed(__name__)
