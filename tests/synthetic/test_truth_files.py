from __future__ import annotations

import csv
import json

import numpy as np
import pyarrow.parquet as pq

from dtperf.synthetic.stages import Events
from dtperf.synthetic.truth import (
    CROSSINGS_SCHEMA,
    ChamberTruth,
    TruthCrossings,
    crossings_table,
    read_truth,
    write_truth,
)
from tests.synthetic.crossings import ALL_CODES, code_of, muons_by_event


def some_truth():
    rng = np.random.default_rng(1)
    truth = ChamberTruth.empty()
    truth.probes[ALL_CODES] = rng.integers(1, 3_000_000, len(ALL_CODES))
    truth.efficiency_sum[ALL_CODES] = truth.probes[ALL_CODES] * rng.integers(
        0, 2**30, len(ALL_CODES)
    )
    truth.efficiency_sum[ALL_CODES] += rng.integers(0, 1000, len(ALL_CODES))
    truth.reconstructed[ALL_CODES] = truth.probes[ALL_CODES] // 2
    truth.probes[5] = truth.efficiency_sum[5] = truth.reconstructed[5] = 0
    return truth


def test_the_truth_is_read_as_it_was_written(tmp_path):
    truth = some_truth()
    write_truth(tmp_path, truth, seed=12, settings={"detector": {"efficiency": "cms"}})
    back, header = read_truth(tmp_path)
    assert np.array_equal(back.probes, truth.probes)
    assert np.array_equal(back.efficiency_sum, truth.efficiency_sum)
    assert np.array_equal(back.reconstructed, truth.reconstructed)
    assert header["seed"] == 12
    assert header["settings"] == {"detector": {"efficiency": "cms"}}
    assert header["totals"]["probes"] == truth.probes.sum()
    assert header["totals"]["chambers"] == 249


def test_the_table_has_one_row_a_chamber(tmp_path):
    truth = ChamberTruth.empty()
    code = code_of("MB2 W-1 S12")
    truth.probes[code], truth.efficiency_sum[code], truth.reconstructed[code] = 4, 3 * 2**30, 2
    write_truth(tmp_path, truth, seed=1, settings={})
    with (tmp_path / "truth_chambers.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 250
    assert [row for row in rows if row["probes"] != "0"] == [
        {
            "chamber": "MB2 W-1 S12",
            "wheel": "-1",
            "sector": "12",
            "station": "2",
            "probes": "4",
            "efficiency": "0.75",
            "reconstructed": "2",
        }
    ]
    assert {row["efficiency"] for row in rows} == {"", "0.75"}
    assert json.loads((tmp_path / "truth.json").read_text())["totals"]["reconstructed"] == 2


def test_crossings_carry_the_numbers_of_their_events(tmp_path):
    offsets = muons_by_event([1, 2, 1])
    zeros = np.zeros(3)
    events = Events(
        np.array([7, 7, 8], dtype=np.uint32),
        zeros.astype(np.uint32),
        np.array([100, 101, 2**40], dtype=np.uint64),
        zeros.astype(np.uint32),
        zeros,
        zeros,
    )
    code = [code_of(name) for name in ("MB1 W0 S1", "MB4 W+2 S14", "MB2 W0 S3", "MB1 W0 S1")]
    truth = TruthCrossings(
        np.array([0, 1, 1, 2]),
        np.array([0, 1, 2, 3]),
        np.array(code, dtype=np.int16),
        np.array([1.5, 2, 3, 4]),
        np.array([5.0, 6, 7, 8]),
        np.array([0.9, 0.8, 0.0, 0.6]),
        np.array([True, False, False, True]),
    )
    with pq.ParquetWriter(tmp_path / "truth.parquet", CROSSINGS_SCHEMA) as writer:
        writer.write_table(crossings_table(truth, offsets, events, slice(0, 1)))
        writer.write_table(crossings_table(truth, offsets, events, slice(1, 3)))
    assert pq.read_table(tmp_path / "truth.parquet").to_pylist() == [
        row(7, 100, 0, "MB1 W0 S1", 1.5, 5.0, 0.9, True),
        row(7, 101, 0, "MB4 W+2 S14", 2.0, 6.0, 0.8, False),
        row(7, 101, 1, "MB2 W0 S3", 3.0, 7.0, 0.0, False),
        row(8, 2**40, 0, "MB1 W0 S1", 4.0, 8.0, 0.6, True),
    ]


def row(*values):
    return dict(zip(CROSSINGS_SCHEMA.names, values, strict=True))
