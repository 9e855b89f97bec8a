"""The page of systematic uncertainties."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from dtperf.diagnostics.systematics.places import STATIONS
from dtperf.pages.report.html import fill
from dtperf.pages.report.words import percent, signed
from dtperf.results.colours import SURE, is_few
from dtperf.results.html import UNTITLED

if TYPE_CHECKING:
    from dtperf.diagnostics.systematics import Systematics, Total, Varied

__all__ = ["render_systematics"]

NONE_SEEN = "none beyond chance"


def render_systematics(found: Systematics) -> str:
    """Make the page of systematic uncertainties.

    Args:
        found: All of them.

    Returns:
        The page as HTML.
    """
    chambers = found.by_chamber()
    few = is_few([row.efficiency.total for row in chambers])
    rows = [_row(row, is_pale) for row, is_pale in zip(chambers, few.tolist(), strict=True)]
    title = found.about.get("title") or UNTITLED
    return fill(
        "systematics.html",
        {"rows": rows, "kind": "uncertainty"},
        title=f"{title}: systematic uncertainties",
        about=found.about,
        declared=found.declared,
        left_out=found.left_out,
        verdict=_verdict(found),
        stations=found.by_station(),
        variations=[*_variations(found)],
        chambers=chambers,
        none_seen=NONE_SEEN,
        sure=SURE,
    )


def _row(row: Total, is_pale: bool) -> dict[str, Any]:
    """Return a chamber as `drawMap` wants it."""
    (chamber,) = row.place.chambers
    place = {"name": chamber.name, **chamber._asdict()}
    if not row.efficiency.total:
        return place | {"value": None, "note": "no probes"}
    largest = f"{row.dominating} {100 * row.dominating_size:.3f}" if row.dominating else NONE_SEEN
    note = f"of {percent(row.efficiency)}; largest: {largest}"
    return place | {"value": row.systematic, "note": note, "few": is_pale}


def _verdict(found: Systematics) -> str:
    parts = [
        f"{row.place.name} ± {100 * row.systematic:.3f} ({row.dominating or NONE_SEEN})"
        for row in found.by_station()[1:]
    ]
    return f"In points of percent, and what dominates: {', '.join(parts)}."


def _variations(found: Systematics) -> Iterator[dict[str, Any]]:
    names: set[str] = set()
    for each in found.varied:
        declared = found.declared.variations[each.variation]
        yield {
            "name": each.variation,
            "is_first": each.variation not in names,
            "text": declared.text,
            "group": declared.group,
            "change": _change(each),
            "places": [_shift(each, at) for at in (*range(*STATIONS.indices(5)), 0)],
            "sigmas": _sigmas(each, 0),
        }
        names.add(each.variation)


def _change(each: Varied) -> str:
    """Write what was changed, such as 'max_dx 10'."""
    texts = (f"{key.rpartition('.')[2]} {_value(value)}" for key, value in each.change.cuts.items())
    return ", ".join(texts) or "estimate"


def _value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _shift(each: Varied, at: int) -> dict[str, Any]:
    value, error = (float(part[at]) for part in each.shift)
    if math.isnan(value):
        return {"text": "–", "is_sure": False}
    text = f"{signed(value, 3)} ± {100 * error:.3f}" if value or error else "0"
    return {"text": text, "is_sure": _sigmas(each, at) >= SURE}


def _sigmas(each: Varied, at: int) -> float:
    value, error = (float(part[at]) for part in each.shift)
    return abs(value / error) if error > 0 else 0.0
