"""CSV and Parquet of one measurement: read back they are the data frame that Python has."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import replace

import hist
import pandas as pd
import pyarrow.parquet as pq
import pytest

from dtperf import detector
from dtperf.config import AnalysisConfig
from dtperf.errors import ConfigError
from dtperf.measurements import STANDARD
from dtperf.results.export import to_bytes
from dtperf.results.result import Result
from dtperf.statistics import clopper_pearson
from tests.results.export.conftest import result_of

EACH_KIND = ("by_chamber", "efficiency_vs_run", "probe_pt", "t0_profile", "acceptance_vs_phi")


def of_csv(content: bytes) -> pd.DataFrame:
    return pd.read_csv(io.BytesIO(content))


@pytest.mark.parametrize("name", EACH_KIND)
def test_csv_reads_back_as_the_data_frame(result: Result, name: str) -> None:
    read = of_csv(to_bytes(result, "csv", measurement=name))
    # older pandas read some numbers with another last digit
    pd.testing.assert_frame_equal(read, result.to_pandas(name), rtol=1e-15)


@pytest.mark.parametrize("name", EACH_KIND)
def test_parquet_reads_back_as_the_data_frame(result: Result, name: str) -> None:
    content = io.BytesIO(to_bytes(result, "parquet", measurement=name))
    want = result.to_pandas(name)
    pd.testing.assert_frame_equal(pq.read_table(content).to_pandas(), want, check_exact=True)
    pd.testing.assert_frame_equal(pd.read_parquet(content), want, check_exact=True)


def test_parquet_says_what_was_measured_and_how(result: Result) -> None:
    def about(name: str) -> dict[str, str]:
        metadata = pq.read_schema(io.BytesIO(to_bytes(measured, "parquet", measurement=name)))
        texts = {key.decode(): text.decode() for key, text in metadata.metadata.items()}
        return {key.removeprefix("dtperf."): texts[key] for key in texts if key[:7] == "dtperf."}

    measured = replace(result, code="0.1+abc", totals={"events": 12})
    assert about("by_chamber") == {
        "measurement": "by_chamber",
        "title": "fiducial efficiency of each chamber",
        "analysis": result.config.title,
        "config": result.config.hash,
        "code": "0.1+abc",
        "events": "12",
        "runs": "40 runs, 367000 to 367039",
        "interval": "Clopper-Pearson, coverage 0.682689",
    }
    assert "interval" not in about("pair_mass")


@pytest.fixture
def rows(result: Result) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(to_bytes(result, "csv").decode())))


def test_csv_has_the_250_chambers_unless_another_one_is_asked_for(
    rows: list[dict[str, str]],
) -> None:
    header = ["station", "wheel", "sector", "passed", "total", "efficiency", "low", "high"]
    assert list(rows[0]) == header
    got = {tuple(int(row[key]) for key in ("station", "wheel", "sector")) for row in rows}
    assert len(rows) == len(got) == 250
    assert got == {(c.station, c.wheel, c.sector) for c in detector.chambers()}


def test_csv_has_the_counts(rows: list[dict[str, str]], counts: dict[str, hist.Hist]) -> None:
    for row in rows:
        place = {key: hist.loc(int(row[key])) for key in ("station", "wheel", "sector")}
        failed, passed = counts["by_chamber"][place].view(flow=True)
        assert (int(row["passed"]), int(row["total"])) == (passed, failed + passed)
    assert sum(int(row["total"]) for row in rows) == counts["by_chamber"].sum() > 0


def test_csv_numbers_are_written_in_full(rows: list[dict[str, str]]) -> None:
    for row in rows:
        low, high = clopper_pearson(int(row["passed"]), int(row["total"]))
        assert (float(row["low"]), float(row["high"])) == (low, high)
        assert row["low"] == repr(float(low))


def test_csv_of_nothing() -> None:
    empty = result_of({"by_chamber": STANDARD["by_chamber"].empty()})
    table = to_bytes(empty, "csv").decode()
    first = next(csv.DictReader(io.StringIO(table)))
    assert first["efficiency"] == "nan"
    assert math.isnan(float(first["efficiency"]))
    assert (first["total"], first["low"], first["high"]) == ("0", "0.0", "1.0")
    assert "\r" not in table


def test_a_measurement_of_ones_own_and_a_processors(result: Result) -> None:
    own = {
        "title": "found",
        "table": "crossings",
        "axes": [{"type": "regular", "name": "probe_pt", "bins": 2, "start": 0, "stop": 10}],
        "passed": "passing",
    }
    config = AnalysisConfig(measurements={"add": {"found": own}})
    counts = config.measurements.active()["found"].empty()
    counts.fill(probe_pt=[1, 1, 7], passed=[True, False, True])
    label = hist.axis.StrCategory(["MB1, first", 'the "other"'], name="kind", flow=False)
    extra = hist.Hist(label, storage=hist.storage.Int64()).fill(['the "other"'])
    both = replace(result_of({"found": counts}, config), extra={"a/b": extra})
    mine = of_csv(to_bytes(both, "csv", measurement="found"))
    assert mine.passed.tolist() == [0, 1, 1, 0]
    assert mine.probe_pt_high.tolist() == [0, 5, 10, math.inf]
    theirs = of_csv(to_bytes(both, "csv", measurement="extra/a/b"))
    pd.testing.assert_frame_equal(theirs, both.to_pandas("extra/a/b"))
    assert pd.read_parquet(
        io.BytesIO(to_bytes(both, "parquet", measurement="extra/a/b"))
    ).kind.tolist() == ["MB1, first", 'the "other"']


@pytest.mark.parametrize("format", ["csv", "parquet"])
def test_unknown_measurements_name_the_nearest(result: Result, format: str) -> None:
    with pytest.raises(ConfigError, match="did you mean 'efficiency_vs_pt'"):
        to_bytes(result, format, measurement="efficiency_vs_p")
    without = replace(
        result, counts={}, config=AnalysisConfig(measurements={"skip": ["by_chamber"]})
    )
    with pytest.raises(ConfigError, match=r"'by_chamber' was not measured: .* measurements\.skip"):
        to_bytes(without, format)


@pytest.mark.parametrize("format", ["root", "json"])
def test_other_formats_have_all_measurements(result: Result, format: str) -> None:
    with pytest.raises(ConfigError, match="has all of them; only csv, parquet, "):
        to_bytes(result, format, measurement="by_chamber")
