"""Write the truth beside the data: ``truth_chambers.csv``, ``truth.json``, a table of crossings."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from dtperf.geometry import chambers
from dtperf.synthetic.stages import Events
from dtperf.synthetic.truth import EFFICIENCY_UNIT, ChamberTruth, TruthCrossings
from dtperf.typing import I64

__all__ = ["CROSSINGS_SCHEMA", "crossings_table", "read_truth", "write_truth"]

CHAMBERS_FILE = "truth_chambers.csv"
HEADER_FILE = "truth.json"
COLUMNS = ("chamber", "wheel", "sector", "station", "probes", "efficiency", "reconstructed")

CROSSINGS_SCHEMA = pa.schema(
    {
        "run": pa.uint32(),
        "event": pa.uint64(),
        "muon": pa.int32(),
        "chamber": pa.dictionary(pa.int16(), pa.string()),
        "x_cm": pa.float64(),
        "y_cm": pa.float64(),
        "efficiency": pa.float64(),
        "reconstructed": pa.bool_(),
    }
)
"""One row a true crossing; for a `pyarrow.parquet.ParquetWriter`."""


def write_truth(
    directory: Path,
    truth: ChamberTruth,
    *,
    seed: int,
    settings: Mapping[str, Any],
    content: Mapping[str, Any] | None = None,
) -> None:
    """Write the truth of each chamber, and how it was made.

    Args:
        directory: Where; it must exist.
        truth: Sums over all events.
        seed: Of the random numbers.
        settings: What else the data depend on, as JSON can hold it.
        content: What was put into the collections beside the segments, if they are filled.
    """
    mean = truth.efficiency
    with (directory / CHAMBERS_FILE).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for chamber in chambers():
            probes = int(truth.probes[chamber.code])
            writer.writerow(
                (
                    chamber.name,
                    *chamber,
                    probes,
                    repr(float(mean[chamber.code])) if probes else "",
                    int(truth.reconstructed[chamber.code]),
                )
            )
    totals = {
        "probes": int(truth.probes.sum()),
        "reconstructed": int(truth.reconstructed.sum()),
        "chambers": int(np.count_nonzero(truth.probes)),
    }
    header = {"seed": seed, "totals": totals, "settings": dict(settings)}
    if content:
        header["content"] = dict(content)
    text = json.dumps(header, indent=2, ensure_ascii=False)
    (directory / HEADER_FILE).write_text(text + "\n", encoding="utf-8")


def read_truth(directory: Path) -> tuple[ChamberTruth, dict[str, Any]]:
    """Read what `write_truth` wrote.

    Args:
        directory: Where.

    Returns:
        The truth of each chamber, exact below four million probes each; and the header with
        'seed', 'totals', 'settings' and, if all collections are filled, 'content'.
    """
    truth = ChamberTruth.empty()
    codes = {chamber.name: chamber.code for chamber in chambers()}
    with (directory / CHAMBERS_FILE).open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            code, probes = codes[row["chamber"]], int(row["probes"])
            mean = float(row["efficiency"] or 0)
            truth.probes[code] = probes
            truth.efficiency_sum[code] = round(mean * probes / EFFICIENCY_UNIT)
            truth.reconstructed[code] = int(row["reconstructed"])
    header: dict[str, Any] = json.loads((directory / HEADER_FILE).read_text(encoding="utf-8"))
    return truth, header


def crossings_table(
    truth: TruthCrossings,
    muon_offsets: I64,
    events: Events,
    selected: slice = slice(None),
) -> pa.Table:
    """Make a table of the crossings, with the numbers that the events have in the data.

    Args:
        truth: Crossings of a block.
        muon_offsets: Which muons of the block belong to which event, shape (events + 1,).
        events: The events of the block.
        selected: Which of them to take.

    Returns:
        Table of CROSSINGS_SCHEMA; `muon` counts from 0 in each event.
    """
    start, stop, _ = selected.indices(len(muon_offsets) - 1)
    rows = np.flatnonzero((truth.event >= start) & (truth.event < stop))
    event = truth.event[rows]
    names = [chamber.name for chamber in chambers()]
    place = np.searchsorted([chamber.code for chamber in chambers()], truth.code[rows])
    return pa.table(
        {
            "run": events.run[event],
            "event": events.event[event],
            "muon": (truth.muon[rows] - muon_offsets[event]).astype(np.int32),
            "chamber": pa.DictionaryArray.from_arrays(place.astype(np.int16), names),
            "x_cm": truth.x[rows],
            "y_cm": truth.y[rows],
            "efficiency": truth.efficiency[rows],
            "reconstructed": truth.reconstructed[rows],
        },
        schema=CROSSINGS_SCHEMA,
    )
