"""Results made by hand, without a run."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

import dtperf
from dtperf.config import AnalysisConfig
from dtperf.results.ledger import Ledger, LedgerRow
from dtperf.results.result import Result
from tests.helpers.profiles import moments_of

__all__ = ["config", "made"]

NAMES = ("by_chamber", "efficiency_vs_run", "pair_mass", "t0_profile")


@cache
def config() -> AnalysisConfig:
    """The config of all of them."""
    return dtperf.load_config("reference_2023")


def made(rows: Iterable[LedgerRow], *, code: str = "0.1+abc", begin: str = "2026-01-01") -> Result:
    """A result whose counts tell which events it has."""
    ledger = Ledger(rows)
    read = [event for row in ledger if row.status == "read" for event in range(*row[2:4])]
    # the first job to see a run gives its bin: the order of adding must not show
    runs = list(dict.fromkeys(367_000 + event // 10 for event in reversed(read)))
    counts = {}
    for name in NAMES:
        counts[name] = config().measurements.active()[name].empty({"run": runs})
        flat = counts[name].view(flow=True).reshape(-1, order="A", copy=False)
        if name == "efficiency_vs_run":
            for event in read:
                counts[name].view(flow=True)[event % 4, runs.index(367_000 + event // 10), 1] += 1
        else:
            for event in read:
                flat[(7 * event) % flat.size] += event % 5
    if read:
        sums = [1, -(2**30) * len(read), 2**24]
        counts["t0_profile"].view(flow=True)[0, 0, 0] = moments_of(sums)
    return Result(
        config=config(),
        counts=counts,
        totals={"events": len(read), "pairs": len(read) // 2, "crossings": sum(read)},
        anomalies={"unknown": len(read)},
        ledger=ledger,
        jobs=({"begin": begin, "seconds_measuring": 2.0, "workers": 2, "cpus": 4},),
        code=code,
    )
