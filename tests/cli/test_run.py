"""`dtperf run` as a user meets it: numbers, files, and what it says of mistakes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import awkward as ak
import numpy as np
import pytest
import uproot

from dtperf.cli.printed import print_report
from dtperf.cli.run import first_event
from dtperf.results.result import Result
from tests.cli.commands import Call
from tests.helpers.broken import missing_branch
from tests.helpers.golden import GOLDEN, golden_differences
from tests.helpers.ledgers import row, unopened
from tests.helpers.made_results import made
from tests.helpers.runs import pieces
from tests.nanoaod.files import read_arrays, write_like, write_tree


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Path:
    arrays = {name: values[:200] for name, values in read_arrays(GOLDEN).items()}
    return write_like(arrays, tmp_path_factory.mktemp("few") / "few.root")


def test_golden(dtperf: Call, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = dtperf("run", "reference_2023", GOLDEN, "-o", out)
    assert done.code == 0
    assert not golden_differences(Result.load(out).counts)
    assert "4,000 events read + 0 skipped = 4,000" in done.out
    assert "4,472 pairs, 13,636 crossings" in done.out
    # 2285 of 2418 crossings in MB1, counted in the golden file
    row = next(line.split() for line in done.out.splitlines() if "MB1" in line)
    assert row[:3] == ["MB1", "fiducial", "94.500"]
    assert "2,285 / 2,418" in done.out
    assert "events/s" in done.out
    assert "No chamber is flagged; the stations lie between 94.49 % (MB4) and " in done.out
    assert "MB/s" in done.out
    assert "Left out" in done.out
    assert "efficiency_vs_lumi" in done.out
    assert "measured 4,000 events in " in done.err


@pytest.mark.parametrize("compiling_s", [0.0, 8.0])
def test_compiling_is_no_part_of_the_speed(
    compiling_s: float, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    result = made([row("a", 0, 80)])
    took = {"seconds": 10.5, "seconds_measuring": 2.0 + compiling_s, "workers": 2, "cpus": 4}
    began = {"begin": datetime.now(UTC).isoformat(), "seconds_compiling": compiling_s}
    result = replace(result, jobs=({**took, **began},))
    print_report(result, tmp_path)
    told = capsys.readouterr().out
    once = ", of which 8.0 s compiling, once; without" if compiling_s else ""
    assert f"\n{2 + compiling_s} s{once}: 40 events/s, 20 on each of 2 cores" in told
    assert (", of which 8.0 s compiling" in first_event(result)) == bool(compiling_s)


def test_inputs_and_options(dtperf: Call, tmp_path: Path) -> None:
    pieces(GOLDEN, tmp_path, [0, 1500])
    (tmp_path / "files.yaml").write_text("- 0.root\n- 1500.root\n")
    for number, inputs in enumerate(
        [
            [tmp_path],
            [tmp_path / "*.root"],
            [tmp_path / "files.yaml"],
            [tmp_path / "0.root", GOLDEN],
        ]
    ):
        out = tmp_path / f"out{number}"
        options = ["--limit-files", "1"] if number == 3 else []
        assert dtperf("run", "reference_2023", *inputs, "-o", out, *options).code == 0
        assert Result.load(out).totals["events"] == (1500 if number == 3 else 4000)


def test_set_and_run_options(dtperf: Call, tmp_path: Path, few: Path) -> None:
    options = ["--set", "selection.pair.max_mass=106", "--chunksize", "50", "--limit-chunks", "2"]
    assert dtperf("run", "reference_2023", few, "-o", tmp_path / "o", *options).code == 0
    result = Result.load(tmp_path / "o")
    assert result.config.selection.pair.max_mass == 106
    assert [row.events for row in result.ledger] == [50, 50]


def test_another_tree(dtperf: Call, tmp_path: Path) -> None:
    arrays = {name: values[:50] for name, values in read_arrays(GOLDEN).items()}
    file = write_tree(arrays, tmp_path / "x.root", tree="Muons")
    done = dtperf("run", "reference_2023", file, "-o", tmp_path / "o")
    assert done.code == 1
    assert "holds no tree 'Events', but Muons: choose with --tree" in done.err
    assert dtperf("run", "reference_2023", file, "-o", tmp_path / "o", "--tree", "Muons").code == 0


def test_an_older_result_is_kept(dtperf: Call, tmp_path: Path, few: Path) -> None:
    out = tmp_path / "out"
    assert dtperf("run", "reference_2023", few, "-o", out).code == 0
    done = dtperf("run", "cms_dp_2023_049", few, "-o", out)
    assert done.code == 2
    assert "holds a result" in done.err
    assert "--force" in done.err
    assert Result.load(out).config.compatibility.truncate_extrapolation
    assert dtperf("run", "cms_dp_2023_049", few, "-o", out, "--force").code == 0
    assert not Result.load(out).config.compatibility.truncate_extrapolation


def test_a_result_that_cannot_be_written(dtperf: Call, tmp_path: Path, few: Path) -> None:
    (tmp_path / "file").touch()
    for out in (tmp_path / "file", tmp_path / "file" / "below"):
        done = dtperf("run", "reference_2023", few, "-o", out)
        assert done.code == 2
        assert str(out) in done.err
        assert "events/s" not in done.out


def test_anomalies_are_reported(dtperf: Call, tmp_path: Path) -> None:
    arrays = {name: values[:200] for name, values in read_arrays(GOLDEN).items()}
    arrays["muon_matches_wheel"] = arrays["muon_matches_wheel"] * 0 + 7
    file = write_like(arrays, tmp_path / "odd.root")
    done = dtperf("run", "reference_2023", file, "-o", tmp_path / "out")
    assert done.code == 0
    count = len(ak.flatten(arrays["muon_matches_wheel"]))
    assert f"match in unknown chamber: {count:,} times" in done.out


def test_cuts_that_no_pair_passes_are_said(dtperf: Call, tmp_path: Path, few: Path) -> None:
    options = ["--set", "selection.tag.min_pt=6000"]
    done = dtperf("run", "reference_2023", few, "-o", tmp_path / "o", *options)
    assert done.code == 0
    assert "No pair was selected" in done.out
    assert "no probe" in done.out


def not_root(path: Path) -> None:
    path.write_text("hello")


def truncated(path: Path) -> None:
    content = GOLDEN.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def no_events(path: Path) -> None:
    arrays = read_arrays(GOLDEN, 1)
    write_like({name: values[:0] for name, values in arrays.items()}, path)


def standard_nanoaod(path: Path) -> None:
    with uproot.recreate(path) as file:
        numbers = {name: np.ones(2, "u4") for name in ("run", "luminosityBlock", "event")}
        content = {**numbers, "Muon_pt": ak.Array([[1.0], [2.0]])}
        file.mktree("Events", {name: ak.type(v).content for name, v in content.items()})
        file["Events"].extend(content)


def damaged_basket(path: Path) -> None:
    content = bytearray(GOLDEN.read_bytes())
    with uproot.open(GOLDEN) as file:
        at = file["Events/muon_pt"].member("fBasketSeek")[0]
    content[at : at + 200] = b"\0" * 200
    path.write_bytes(content)


FILES = [
    (not_root, "is not a ROOT file"),
    (truncated, "is truncated"),
    (missing_branch, "muon_pfIso04"),
    (no_events, "no events"),
    (standard_nanoaod, "is a NanoAOD but not a muon DPG NANO"),
    (damaged_basket, "events 0 to 4000: a basket of muon_pt does not begin as baskets do"),
]


@pytest.mark.parametrize(("make", "message"), FILES, ids=[make.__name__ for make, _ in FILES])
def test_bad_files(
    make: Callable[[Path], None], message: str, dtperf: Call, tmp_path: Path
) -> None:
    file = tmp_path / "bad.root"
    make(file)
    done = dtperf("run", "reference_2023", file, "-o", tmp_path / "out")
    assert done.code == 1
    assert str(file) in done.err
    assert message in done.err
    assert "Traceback" not in done.err + done.out
    assert not (tmp_path / "out").exists()


def test_every_bad_file_is_named(dtperf: Call, tmp_path: Path, few: Path) -> None:
    not_root(tmp_path / "a.root")
    truncated(tmp_path / "b.root")
    done = dtperf("run", "reference_2023", tmp_path, few, "-o", tmp_path / "out")
    assert done.code == 1
    assert "2 of 3 files cannot be used" in done.err
    assert "a.root: is not a ROOT file" in done.err
    assert "b.root: is truncated" in done.err


def test_what_was_skipped_is_counted_as_far_as_known(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    rows = [
        row("a", 0, 80),
        row("b", 0, 30, "truncated"),
        unopened("c", "truncated"),
        unopened("d", "truncated"),
        unopened("e", "empty"),
    ]
    print_report(made(rows), tmp_path)
    told = capsys.readouterr().out
    assert "\n  truncated: 30 events of 1 file, 2 files of unknown length\n" in told
    assert "\n  empty: 1 file of unknown length\n" in told


def test_a_copy_of_a_file_is_not_counted_twice(dtperf: Call, tmp_path: Path, few: Path) -> None:
    copy = tmp_path / "copy.root"
    copy.write_bytes(few.read_bytes())
    done = dtperf("run", "reference_2023", few, copy, "-o", tmp_path / "out")
    assert done.code == 1
    assert "copies of one file" in done.err


USAGE = [
    (["reference_2023", "nowhere.root"], 1, "nowhere.root: no such file or directory"),
    (["reference_2023", "{empty}"], 1, "no ROOT file"),
    (["reference_2024", "{few}"], 2, "did you mean 'reference_2023'?"),
    (["nowhere.yaml", "{few}"], 2, "nowhere.yaml"),
    (["reference_2023", "{few}", "--set", "selection.tag.min_p=3"], 2, "selection.tag.min_pt"),
    (["reference_2023", "{few}", "--set", "selection.tag.min_pt=x"], 2, "selection.tag.min_pt"),
    (["reference_2023", "{few}", "--set", "selection.pair.max_mass=50"], 2, "no pair can pass"),
    (["reference_2023", "{few}", "--set", "measurements.skip=[by_chambre]"], 2, "'by_chamber'"),
    (["reference_2023", "{few}", "--executor", "condor"], 2, "futures"),
    (["reference_2023", "{few}", "--chunksize", "0"], 2, "chunksize"),
    (["reference_2023"], 2, "INPUTS"),
    (["{empty}", "reference_2023"], 2, "is a directory, and no config: the analysis comes first"),
]


@pytest.mark.parametrize(("arguments", "code", "message"), USAGE, ids=lambda x: str(x)[:60])
def test_usage(
    arguments: list[str], code: int, message: str, dtperf: Call, tmp_path: Path, few: Path
) -> None:
    (tmp_path / "empty").mkdir()
    given = [text.format(few=few, empty=tmp_path / "empty") for text in arguments]
    done = dtperf("run", *given, "-o", tmp_path / "out")
    assert done.code == code
    assert message in done.err
    assert "Traceback" not in done.err + done.out
    assert not (tmp_path / "out").exists()


def test_traceback_on_request(
    dtperf: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    damaged_basket(tmp_path / "bad.root")
    monkeypatch.setenv("DTPERF_TRACEBACK", "1")
    done = dtperf("run", "reference_2023", tmp_path / "bad.root", "-o", tmp_path / "out")
    assert "Traceback" in done.err


def test_the_installed_command() -> None:
    command = Path(sys.executable).with_name("dtperf")
    done = subprocess.run([command, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("dtperf 0.")
