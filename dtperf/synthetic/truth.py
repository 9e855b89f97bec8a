"""Count the truth of a sample, write it and read it again."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
import pyarrow as pa

from dtperf.detector import N_CODES, chambers, lengths_cm, stations, widths_cm
from dtperf.synthetic.stages import Events, MuonOrigin, TrueMuons
from dtperf.typing import F64, I16, I64, Bools

__all__ = [
    "CROSSINGS_SCHEMA",
    "EFFICIENCY_UNIT",
    "ChamberTruth",
    "TruthCrossings",
    "chamber_truth",
    "crossings_table",
    "read_truth",
    "write_truth",
]

EFFICIENCY_UNIT = 2.0**-30
"""Unit of a sum of efficiencies: whole numbers add up to the same total in any order."""

MIN_PT_GEV = 20.0
MAX_ABS_ETA = np.array([1.2, 1.05, 0.9, 0.75])
"""By station."""
BORDER_CM = 15.0


class TruthCrossings(NamedTuple):
    """Every true crossing of a muon with a chamber; all of shape (crossings,)."""

    event: I64
    """Index of the event in its block."""
    muon: I64
    """Index into the block's muons."""
    code: I16
    x: F64
    """Local, cm."""
    y: F64
    efficiency: F64
    """Probability that a phi view was made: 0 outside of the sensitive region."""
    reconstructed: Bools
    """Whether it was."""


@dataclass(frozen=True, eq=False)
class ChamberTruth:
    """What a perfect tag-and-probe would find; all of shape (N_CODES,).

    Its sums are whole numbers and do not depend on the order of addition.
    """

    probes: I64
    efficiency_sum: I64
    """Sum of the probes' true efficiencies, in units of EFFICIENCY_UNIT."""
    reconstructed: I64

    @classmethod
    def empty(cls) -> Self:
        """Return counts of zero."""
        return cls(*(np.zeros(N_CODES, dtype=np.int64) for _ in range(3)))

    def __add__(self, other: Self) -> Self:
        """Return the sum with the counts of other events."""
        return type(self)(
            self.probes + other.probes,
            self.efficiency_sum + other.efficiency_sum,
            self.reconstructed + other.reconstructed,
        )

    @property
    def efficiency(self) -> F64:
        """Mean true efficiency of the probes, shape (N_CODES,); NaN without probes."""
        probes = np.where(self.probes > 0, self.probes, np.nan)
        mean: F64 = self.efficiency_sum * EFFICIENCY_UNIT / probes
        return mean


def chamber_truth(
    truth: TruthCrossings, muons: TrueMuons, events: slice = slice(None)
) -> ChamberTruth:
    """Count the probes that cross each chamber in its fiducial region.

    A probe is a real muon of a Z or of the continuum with pT above 20 GeV, |eta| below the
    station's limit of 1.2, 1.05, 0.9 or 0.75, and both edge distances below -15 cm. Only the
    given events of the block are counted.
    """
    start, stop, _ = events.indices(len(muons.offsets) - 1)
    code, muon = truth.code, truth.muon
    is_probe = (
        (truth.event >= start)
        & (truth.event < stop)
        & (muons.kind[muon] <= MuonOrigin.CONTINUUM)
        & (muons.pt[muon] > MIN_PT_GEV)
        & (np.abs(muons.eta[muon]) < MAX_ABS_ETA[stations()[code] - 1])
        & (np.abs(truth.x) - widths_cm()[code] / 2 < -BORDER_CM)
        & (np.abs(truth.y) - lengths_cm()[code] / 2 < -BORDER_CM)
    )
    probe_code = code[is_probe]
    # whole numbers below 2^53 are exact as floats
    units = np.rint(truth.efficiency[is_probe] / EFFICIENCY_UNIT)
    return ChamberTruth(
        _count(probe_code),
        np.bincount(probe_code, units, N_CODES).astype(np.int64),
        _count(probe_code[truth.reconstructed[is_probe]]),
    )


def _count(code: I16) -> I64:
    return np.bincount(code, minlength=N_CODES).astype(np.int64)


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
    """Return a table of CROSSINGS_SCHEMA, with the numbers that the events have in the data.

    `muon` counts from 0 in each event; only the selected events of the block are there.
    """
    start, stop, _ = selected.indices(len(muon_offsets) - 1)
    rows = np.flatnonzero((truth.event >= start) & (truth.event < stop))
    event = truth.event[rows]
    names = [chamber.name for chamber in chambers()]
    chamber_index = np.searchsorted([chamber.code for chamber in chambers()], truth.code[rows])
    return pa.table(
        {
            "run": events.run[event],
            "event": events.event[event],
            "muon": (truth.muon[rows] - muon_offsets[event]).astype(np.int32),
            "chamber": pa.DictionaryArray.from_arrays(chamber_index.astype(np.int16), names),
            "x_cm": truth.x[rows],
            "y_cm": truth.y[rows],
            "efficiency": truth.efficiency[rows],
            "reconstructed": truth.reconstructed[rows],
        },
        schema=CROSSINGS_SCHEMA,
    )
