"""What a processor has counted beside the measurements: added up, written, read with suspicion."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import hist
import uhi.io.json as uhi_json
from pydantic import BaseModel, Field, FiniteFloat

from dtperf.errors import InputError
from dtperf.measurements.declaration import Histogram
from dtperf.measurements.histograms import sort_categories
from dtperf.results.histogram_json import real_from_uhi
from dtperf.validation import validated

__all__ = [
    "Extra",
    "exported",
    "extra_from_json",
    "extra_to_json",
    "histograms_of",
    "in_order",
    "of_one_kind",
    "sum_extra",
]

Extra: TypeAlias = "Histogram | int | float"

Path_ = Annotated[str, Field(min_length=1, max_length=200)]


class _Content(BaseModel):
    numbers: dict[Path_, int | FiniteFloat]
    histograms: dict[Path_, Any]


def in_order(value: Extra) -> Extra:
    """Put the categories of a histogram in order; a number stays as it is."""
    return sort_categories(value) if isinstance(value, hist.Hist) else value


def of_one_kind(a: Any, b: Any) -> bool:
    """Return whether both are histograms of one storage, or both are numbers.

    A number and a histogram would add up, bin by bin.
    """
    kinds = (each.storage_type if isinstance(each, hist.Hist) else None for each in (a, b))
    return len({*kinds}) == 1


def sum_extra(a: Mapping[str, Extra], b: Mapping[str, Extra]) -> dict[str, Extra]:
    """Add up by name.

    Raises:
        InputError: Two histograms of a name have different axes, or one is a number.
    """
    both: dict[str, Extra] = {**a, **b}
    for name in a.keys() & b.keys():
        message = f"extra: {name}: of both results does not add up"
        if not of_one_kind(a[name], b[name]):
            raise InputError(f"{message}: they are of different kinds")
        try:
            both[name] = in_order(a[name] + b[name])
        except ValueError as error:
            raise InputError(f"{message}: {error}") from error
    return both


def histograms_of(extra: Mapping[str, Extra]) -> dict[str, Histogram]:
    """Return the histograms by their path below 'extra/', as they are drawn and exported."""
    return {f"extra/{n}": value for n, value in extra.items() if isinstance(value, hist.Hist)}


def exported(extra: Mapping[str, Extra]) -> dict[str, Histogram]:
    """Return the histograms, and all numbers as the bins of another one, 'extra_numbers'."""
    found = histograms_of(extra)
    numbers = {n: value for n, value in extra.items() if not isinstance(value, hist.Hist)}
    if numbers:
        axis = hist.axis.StrCategory([*numbers], name="number", label="", flow=False)
        found["extra_numbers"] = hist.Hist(axis, storage=hist.storage.Double())
        found["extra_numbers"].view()[...] = [*numbers.values()]
    return found


def extra_to_json(extra: Mapping[str, Extra]) -> bytes:
    """Write numbers and histograms as JSON, the latter as UHI has them."""
    histograms = {n: value for n, value in extra.items() if isinstance(value, hist.Hist)}
    numbers = {n: value for n, value in extra.items() if n not in histograms}
    content = {"numbers": numbers, "histograms": histograms}
    return json.dumps(content, default=uhi_json.default, allow_nan=False).encode()


def extra_from_json(content: Any, path: Path) -> dict[str, Extra]:
    """Make numbers and histograms of what was read from a file; none of it runs.

    Raises:
        InputError: It is something else.
    """
    stored = validated(_Content, content, path)
    if twice := stored.numbers.keys() & stored.histograms.keys():
        raise InputError(f"{path}: {min(twice)}: is both number and histogram", "corrupt")
    return {**stored.numbers, **real_from_uhi(stored.histograms, str(path))}
