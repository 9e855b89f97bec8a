from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import typer
import uproot
from click.testing import Result as Done
from typer.testing import CliRunner

from dtperf.cli.export import export
from dtperf.config import AnalysisConfig
from dtperf.errors import ConfigError, InputError
from dtperf.results.result import Result
from tests.helpers.reference_names import NOT_OF_THE_REFERENCE
from tests.results.export.conftest import result_of

app = typer.Typer()
app.command()(export)


@pytest.fixture(scope="session")
def saved(result: Result, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return result.save(tmp_path_factory.mktemp("result") / "out")


def run(*arguments: str | Path) -> Done:
    return CliRunner().invoke(app, [str(a) for a in arguments])


def error_of(*arguments: str | Path) -> BaseException:
    """Give the error that `dtperf.cli.main` prints without a traceback."""
    error = run(*arguments).exception
    assert error is not None
    return error


def test_root_with_the_names_of_the_reference(saved: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.root"
    done = run(saved, "--format", "root", "-o", path, "--naming", "reference")
    assert done.exit_code == 0, done.exception
    assert f"wrote {path} ({path.stat().st_size:,} bytes)" in done.stdout
    left = done.stdout.split("does not know them: ")[1].split(", ")
    assert [name.strip() for name in left] == sorted(NOT_OF_THE_REFERENCE)
    with uproot.open(path) as file:
        assert file["effSecVsWhAllOne_total"].member("fEntries") == 7432


@pytest.mark.parametrize(
    ("kind", "start"),
    [
        ("root", b"root"),
        ("json", b'{"probe_pixel_hits"'),
        ("csv", b"station,"),
        ("parquet", b"PAR1"),
        ("correctionlib", b'{"schema_version":2,'),
        ("hepdata", b"PK"),
    ],
)
def test_formats(saved: Path, tmp_path: Path, kind: str, start: bytes) -> None:
    path = tmp_path / "file"
    assert run(saved, "--format", kind, "--output", path).exit_code == 0
    assert path.read_bytes().startswith(start)


def test_says_what_the_reference_does_not_know(result: Result, tmp_path: Path) -> None:
    counts = {"pair_mass": result.counts["pair_mass"], "my_mass": result.counts["pair_mass"]}
    out = result_of(counts).save(tmp_path / "out")
    path = tmp_path / "a.root"
    done = run(out, "--format", "root", "-o", path, "--naming", "reference")
    assert "left out" in done.stdout
    assert "my_mass" in done.stdout
    with uproot.open(path) as file:
        assert file.keys(cycle=False) == ["pairMass", "about"]


def test_one_measurement_as_a_table(saved: Path, result: Result, tmp_path: Path) -> None:
    path = tmp_path / "pt.parquet"
    done = run(saved, "--format", "parquet", "--measurement", "efficiency_vs_pt", "-o", path)
    assert done.exit_code == 0, done.exception
    pd.testing.assert_frame_equal(pd.read_parquet(path), result.to_pandas("efficiency_vs_pt"))
    error = error_of(
        saved, "--format", "csv", "--measurement", "efficiency_pt", "-o", tmp_path / "a"
    )
    assert "did you mean 'efficiency_vs_pt'?" in str(error)
    error = error_of(tmp_path, "--format", "root", "--measurement", "x", "-o", tmp_path / "b")
    assert "the format 'root' has all of them" in str(error)


def test_unknown_format_names_the_known_ones_at_once(tmp_path: Path) -> None:
    # before the result is read, which may take a while: there is none here
    error = error_of(tmp_path / "none", "--format", "rot", "-o", tmp_path / "a")
    assert isinstance(error, ConfigError)
    assert "unknown format 'rot': it is one of root, json, csv, parquet, cmssw-aging, " in str(
        error
    )


def test_unknown_naming(saved: Path, tmp_path: Path) -> None:
    error = error_of(saved, "--format", "root", "--naming", "nice", "-o", tmp_path / "a")
    assert isinstance(error, ConfigError)
    assert "unknown naming 'nice': it is one of readable, reference" in str(error)


def test_only_root_has_other_names(saved: Path, tmp_path: Path) -> None:
    error = error_of(saved, "--format", "csv", "--naming", "reference", "-o", tmp_path / "a")
    assert isinstance(error, ConfigError)
    assert "only the format 'root'" in str(error)


def test_force(saved: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("mine")
    error = error_of(saved, "--format", "csv", "-o", path)
    assert isinstance(error, ConfigError)
    assert "--force" in str(error)
    assert path.read_text() == "mine"
    assert run(saved, "--format", "csv", "-o", path, "--force").exit_code == 0
    assert path.read_text() != "mine"


def test_no_result(tmp_path: Path) -> None:
    error = error_of(tmp_path, "--format", "csv", "-o", tmp_path / "a.csv")
    assert isinstance(error, InputError)
    assert not (tmp_path / "a.csv").exists()


def test_scale_factors_of_other_cuts_are_told(saved: Path, result: Result, tmp_path: Path) -> None:
    pt = {"probe": {"min_pt": 31}}
    config = result.config.model_copy(update={"selection": AnalysisConfig(selection=pt).selection})
    other = replace(result, config=config).save(tmp_path / "other")
    given = (saved, "--format", "correctionlib", "--reference")
    same = run(*given, saved, "-o", tmp_path / "a.json")
    assert (same.exit_code, "differ" in same.stdout) == (0, False)
    done = run(*given, other, "-o", tmp_path / "b.json")
    assert done.exit_code == 0, done.exception
    assert "the configs differ; before: the reference" in done.stdout
    assert "selection.probe.min_pt: 31.0 before, 20.0 now" in done.stdout
    error = error_of(saved, "--format", "csv", "--reference", other, "-o", tmp_path / "c")
    assert "reference: only correctionlib, cmssw-aging have ratios to it" in str(error)
