from __future__ import annotations

import gzip
from pathlib import Path
from typing import NoReturn

import pytest
import uproot

from dtperf.config import AnalysisConfig
from dtperf.errors import ConfigError
from dtperf.measurements import STANDARD
from dtperf.results.export import FORMATS, NAMINGS, export, to_bytes
from dtperf.results.export.about import about_all
from dtperf.results.export.one_measurement import csv_file, parquet_file
from dtperf.results.export.tables import json_file
from dtperf.results.result import Result
from tests.results.export.conftest import result_of


def test_each_format(result: Result, tmp_path: Path) -> None:
    written = export(result, tmp_path / "a", "json").read_bytes()
    assert written == json_file(result.counts, texts=about_all(result))
    assert export(result, tmp_path / "b", "csv").read_bytes() == csv_file(result, "by_chamber")
    path = export(result, tmp_path / "e", "parquet", measurement="pair_mass")
    assert path.read_bytes() == parquet_file(result, "pair_mass")
    with uproot.open(export(result, tmp_path / "c", "root")) as file:
        assert "efficiency_vs_pt/MB1" in file
    with uproot.open(export(result, tmp_path / "d", "root", "reference")) as file:
        assert "effVsPtMB1" in file
    formats = ("root", "json", "csv", "parquet", "cmssw-aging", "correctionlib", "hepdata")
    assert tuple(FORMATS) == formats
    assert tuple(NAMINGS) == ("readable", "reference")


@pytest.mark.parametrize(
    ("name", "format", "fits"),
    [
        ("a.csv", "root", False),
        ("a.CSV.gz", "root", False),
        ("a.root", "csv", False),
        ("a.json", "parquet", False),
        ("a.csv.gz", "csv", True),
        ("a.json", "correctionlib", True),
        ("a.old", "root", True),
    ],
)
def test_a_name_says_the_format_that_is_written(
    name: str, format: str, fits: bool, result: Result, tmp_path: Path
) -> None:
    if fits:
        assert export(result, tmp_path / name, format).is_file()
        return
    with pytest.raises(
        ConfigError, match=f"{name}: is the name of .* and the format is '{format}'"
    ):
        export(result, tmp_path / name, format)
    assert [*tmp_path.iterdir()] == []


def test_a_file_is_not_replaced_unless_asked_for(result: Result, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("mine")
    with pytest.raises(ConfigError, match="is there already"):
        export(result, path, "csv")
    assert path.read_text() == "mine"
    export(result, path, "csv", force=True)
    assert path.read_text().startswith("station,")


def test_a_failure_leaves_the_older_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("mine")
    with pytest.raises(ConfigError):
        export(result_of({}), path, "csv", force=True)
    assert path.read_text() == "mine"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_leaves_the_older_file(
    result: Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> NoReturn:
        raise OSError(28, "No space left on device")

    path = tmp_path / "a.csv"
    path.write_text("mine")
    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(ConfigError, match=r"a\.csv: cannot be written: No space left"):
        export(result, path, "csv", force=True)
    assert path.read_text() == "mine"
    assert list(tmp_path.iterdir()) == [path]


def test_a_directory_is_no_file(result: Result, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is a directory"):
        export(result, tmp_path, "csv", force=True)


def test_a_directory_that_cannot_be_made(result: Result, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be written"):
        export(result, tmp_path / "file" / "a.csv", "csv")


@pytest.mark.parametrize("naming", NAMINGS)
def test_a_result_with_skipped_measurements(result: Result, naming) -> None:
    kept = {name: result.counts[name] for name in ("pair_mass", "t0_profile")}
    skip = tuple(name for name in STANDARD if name not in kept)
    some = result_of(kept, AnalysisConfig(measurements={"skip": skip}))
    assert to_bytes(some, "root", naming).startswith(b"root")
    assert b"pair_mass" in to_bytes(some, "json")
    with pytest.raises(ConfigError, match="by_chamber"):
        to_bytes(some, "csv")


@pytest.mark.parametrize(
    ("format", "naming", "message"),
    [
        ("pdf", "readable", "unknown format 'pdf': it is one of root, json, csv, parquet"),
        ("root", "nice", "unknown naming 'nice': it is one of readable, reference"),
        ("csv", "reference", "naming 'reference': only the format 'root' has it, not 'csv'"),
    ],
)
def test_unknown_choices(result: Result, format: str, naming: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        to_bytes(result, format, naming)


def test_what_a_format_has_no_room_for(result: Result, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="'a' and 'b': the format 'csv' has one in a file"):
        to_bytes(result, "csv", measurement=["a", "b"])
    with pytest.raises(ConfigError, match="reference: only correctionlib, cmssw-aging have"):
        to_bytes(result, "root", reference=result)


def test_compressed_if_its_name_says_so(result: Result, tmp_path: Path) -> None:
    content = export(result, tmp_path / "a.csv.gz", "csv").read_bytes()
    assert gzip.decompress(content) == csv_file(result, "by_chamber")
    assert export(result, tmp_path / "b.csv.gz", "csv").read_bytes() == content
