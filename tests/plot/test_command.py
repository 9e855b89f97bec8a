"""`dtperf plot` as a user meets it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from dtperf.plot import PLOTS
from dtperf.results.result import Result
from tests.cli.commands import Call


def test_all_plots_of_the_golden_events(
    dtperf: Call, golden_result: Result, tmp_path: Path
) -> None:
    out = golden_result.save(tmp_path / "r")
    done = dtperf("plot", out)
    assert done.code == 0, done.err
    drawn = PLOTS.keys() - {"efficiency_vs_lumi", "efficiency_vs_pileup"}
    assert f"wrote {len(drawn)} files to {out / 'plots'}" in done.out
    assert done.out.endswith("not measured: efficiency_vs_lumi, efficiency_vs_pileup\n")
    assert {path.name for path in (out / "plots").iterdir()} == {f"{name}.png" for name in drawn}
    assert Result.load(out).counts.keys() == golden_result.counts.keys()


def test_two_formats_of_one_plot_with_a_reference(
    dtperf: Call, golden_result: Result, tmp_path: Path
) -> None:
    out = golden_result.save(tmp_path / "r")
    options = ("--format", "png", "--format", "pdf", "--only", "t0", "--reference", out)
    done = dtperf("plot", out, "-o", tmp_path / "p", *options)
    assert done.code == 0, done.err
    assert {path.name for path in (tmp_path / "p").iterdir()} == {"t0.png", "t0.pdf"}


def test_what_was_not_measured_is_told(dtperf: Call, golden_result: Result, tmp_path: Path) -> None:
    few = replace(golden_result, counts={"pair_mass": golden_result.counts["pair_mass"]})
    out = few.save(tmp_path / "r")
    done = dtperf("plot", out)
    assert "not drawn, as it was not measured: efficiency_vs_pt, " in done.out
    done = dtperf("plot", out, "--only", "t0")
    assert done.code == 1
    assert "plot 't0': the result lacks the measurement 't0'" in done.err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--only", "efficency_vs_pt"), "did you mean 'efficiency_vs_pt'?"),
        (("--format", "gif"), "unknown format 'gif': it is one of png, pdf, svg"),
    ],
)
def test_mistakes_are_explained_and_write_nothing(
    dtperf: Call, golden_result: Result, tmp_path: Path, options: tuple[str, ...], message: str
) -> None:
    out = golden_result.save(tmp_path / "r")
    done = dtperf("plot", out, "-o", tmp_path / "p", *options)
    assert done.code == 2
    assert message in done.err
    assert "Traceback" not in done.err
    assert not (tmp_path / "p").exists()


def test_label_luminosity_and_energy(dtperf: Call, golden_result: Result, tmp_path: Path) -> None:
    out = golden_result.save(tmp_path / "r")
    table = tmp_path / "lumi.csv"
    table.write_text(
        "#run:fill,time,nls,ncms,delivered(/pb),recorded(/pb)\n"
        "367000:1,05/12/23 02:01:15,3,3,2.0,1.0\n"
    )
    options = ("--format", "svg", "--only", "t0", "--label", "Preliminary", "--energy", "13.6")
    done = dtperf("plot", out, "-o", tmp_path / "p", *options, "--luminosity", table)
    assert done.code == 0, done.err
    assert done.out.startswith("luminosity: it lacks runs 367001, 367002, ")
    done = dtperf("plot", out, "-o", tmp_path / "q", *options, "--luminosity", "32.1")
    assert done.code == 0, done.err
    assert "luminosity:" not in done.out
    pictures = [(tmp_path / each / "t0.svg").read_text() for each in "pq"]
    assert pictures[0] != pictures[1]
    assert Result.load(out).config.plot.label is None  # of this picture alone


@pytest.mark.parametrize(
    ("options", "message", "code"),
    [
        (("--luminosity", "none.csv"), "none.csv: no such file", 1),
        (("--luminosity", "-3"), "plot.luminosity: -3.0 is not allowed", 2),
        (("--energy", "0"), "plot.energy: 0.0 is not allowed", 2),
        (("--label", "x" * 99), "plot.label", 2),
    ],
)
def test_mistakes_in_what_is_said(
    dtperf: Call,
    golden_result: Result,
    tmp_path: Path,
    options: tuple[str, ...],
    message: str,
    code: int,
) -> None:
    out = golden_result.save(tmp_path / "r")
    done = dtperf("plot", out, "-o", tmp_path / "p", "--only", "t0", *options)
    assert done.code == code
    assert message in done.err
    assert "Traceback" not in done.err
    assert not (tmp_path / "p").exists()
