"""What the sum of two results is made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from dtperf.errors import InputError
from dtperf.measurements.declaration import Histogram
from dtperf.measurements.histograms import sort_categories
from dtperf.results.ledger import Ledger

if TYPE_CHECKING:
    from dtperf.results.result import Result

__all__ = ["refuse_to_mix", "sum_histograms", "sum_numbers", "volume"]


def volume(ledger: Ledger) -> dict[str, int]:
    """Count files, chunks with events, and bytes that were read."""
    read = [row for row in ledger if row.status == "read"]
    return {
        "files": len({row.identity for row in read}),
        "chunks": sum(row.events > 0 for row in read),
        "bytes": sum(row.bytes for row in read),
    }


def refuse_to_mix(a: Result, b: Result) -> None:
    """Check that two results are of one config and one code.

    Raises:
        InputError: They are not.
    """
    if a.config.hash != b.config.hash:
        raise InputError(
            "these results come from different configs "
            f"({a.config.hash[:12]} and {b.config.hash[:12]}): they do not add up"
        )
    if a.code != b.code:
        raise InputError(
            f"these results come from different code (dtperf {a.code or 'unknown'} and "
            f"{b.code or 'unknown'}), which may count differently: measure one of them again"
        )


def sum_histograms(a: Mapping[str, Histogram], b: Mapping[str, Histogram]) -> dict[str, Histogram]:
    """Return the sum of histograms by name; what one has not is taken from the other.

    Raises:
        InputError: Two of one name have different axes.
    """
    both = {}
    for name in a.keys() & b.keys():
        try:
            both[name] = sort_categories(a[name] + b[name])
        except ValueError as error:
            raise InputError(
                f"the histograms '{name}' have different axes: they do not add up"
            ) from error
    return {**a, **b, **both}


def sum_numbers(a: Mapping[str, int], b: Mapping[str, int]) -> dict[str, int]:
    """Return the sum of numbers by name; one that is missing is 0."""
    return {name: a.get(name, 0) + b.get(name, 0) for name in [*a, *b]}
