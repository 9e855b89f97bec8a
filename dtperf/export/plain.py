"""Formats that need no ROOT to read: JSON and CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from types import MappingProxyType

import uhi.io.json as uhi_json

from dtperf.errors import InputError
from dtperf.measurements.declaration import Histogram
from dtperf.measurements.histograms import presented
from dtperf.summary import by_chamber

__all__ = ["csv_table", "json_file"]

HEADER = ("wheel", "sector", "station", "passed", "total", "efficiency", "low", "high")


def json_file(
    counts: Mapping[str, Histogram], extra: Mapping[str, Histogram] = MappingProxyType({})
) -> bytes:
    """Write all histograms as UHI JSON, which hist and boost-histogram read.

    Args:
        counts: Histograms of integers by the measurement's name.
        extra: Others, which are written as they are.

    Returns:
        One JSON object of histograms by name; a profile has a mean and a spread in each bin.
    """
    shown = {name: presented(histogram) for name, histogram in counts.items()} | dict(extra)
    return (json.dumps(shown, default=uhi_json.default) + "\n").encode()


def csv_table(counts: Mapping[str, Histogram]) -> bytes:
    """Write the fiducial efficiency of the 250 chambers as a table.

    Args:
        counts: Histograms of integers by the measurement's name.

    Returns:
        One row a chamber. Numbers read back as the same numbers; the efficiency of a chamber
        without entries is nan.

    Raises:
        InputError: 'by_chamber' was not measured.
    """
    if "by_chamber" not in counts:
        raise InputError(
            "this result has no 'by_chamber', which the table of chambers is made of: "
            "measure it (is it in measurements.skip?), or choose another format"
        )
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER)
    for chamber, efficiency in by_chamber(counts):
        numbers = (efficiency.value, efficiency.low, efficiency.high)
        place = (chamber.wheel, chamber.sector, chamber.station)
        writer.writerow((*place, efficiency.passed, efficiency.total, *map(repr, numbers)))
    return text.getvalue().encode()
