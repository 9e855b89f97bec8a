"""The words above plots and reports: of files, runs, a table of luminosity and the config."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import dtperf
from dtperf.config.values import differing
from dtperf.errors import ConfigError
from dtperf.results.caption import caption_of, runs_in_words
from dtperf.results.origin import EventOrigin
from dtperf.results.result import Result
from tests.helpers.ledgers import row
from tests.helpers.made_results import made


def result(runs: tuple[int, ...] = (367_080,), **events: int) -> Result:
    """A result of events of these kinds, and of these runs."""
    blocks = dict.fromkeys(runs, ((1, 2),))
    return replace(made([row("a.root", 0, 10)]), origin=EventOrigin(events, blocks))


@pytest.mark.parametrize(
    ("events", "label", "experiment", "status"),
    [
        ({"data": 1}, None, "", "Private work (CMS data)"),
        ({"data": 1}, "Preliminary", "CMS", "Preliminary"),
        ({"data": 1}, "", "CMS", ""),
        ({"simulation": 1}, None, "", "Private work (CMS simulation)"),
        ({"simulation": 1}, "Preliminary", "CMS", "Simulation Preliminary"),
        ({"simulation": 1}, "", "CMS", "Simulation"),
        ({"data": 1, "simulation": 1}, "Preliminary", "CMS", "Data and simulation Preliminary"),
        ({"data": 1, "simulation": 1}, None, "", "Private work (CMS data and simulation)"),
        ({"synthetic": 1}, None, "dtperf", "Simulation"),
        ({"synthetic": 1}, "Preliminary", "dtperf", "Simulation Preliminary"),
        ({"data": 1, "synthetic": 1}, "", "CMS", "Data and synthetic events"),
        ({}, None, "CMS", "Private work"),
    ],
)
def test_whose_events_they_are(
    events: Mapping[str, int], label: str | None, experiment: str, status: str
) -> None:
    found = caption_of(result(**events).labelled(label))
    assert (found.experiment, found.status) == (experiment, status)


@pytest.mark.parametrize(
    ("runs", "energy"),
    [
        ((246_908, 325_175), "13 TeV"),
        ((355_100, 398_903), "13.6 TeV"),
        ((325_175, 355_100), ""),  # two energies
        ((326_500,), ""),  # lead, 2018
        ((367_080, 387_500), ""),  # some at 5.36 TeV
        ((1,), ""),
    ],
)
def test_the_energy_is_that_of_the_years_of_data(runs: tuple[int, ...], energy: str) -> None:
    assert caption_of(result(runs, data=1)).energy == energy


@pytest.mark.parametrize("kind", ["simulation", "synthetic"])
def test_of_simulation_no_energy_is_guessed(kind: str) -> None:
    assert caption_of(result(**{kind: 1})).conditions == ""
    assert caption_of(result(**{kind: 1}).labelled(energy=14)).conditions == "(14 TeV)"


@pytest.mark.parametrize(
    ("per_fb", "text"),
    [(137.6, "138 fb⁻¹"), (32.14, "32.1 fb⁻¹"), (0.0633, "63.3 pb⁻¹"), (2e-6, "2.00 nb⁻¹")],
)
def test_luminosity_has_three_digits(per_fb: float, text: str) -> None:
    assert caption_of(result(data=1).labelled(luminosity=per_fb)).luminosity == text


def test_luminosity_and_energy_of_a_table(tmp_path: Path) -> None:
    path = tmp_path / "lumi.csv"
    heads = "#run:fill,ls,time,beamstatus,E(GeV),delivered(/fb),recorded(/fb),avgpu,source\n"
    path.write_text(f"{heads}400000:1,1:1,05/12/26 02:01:15,STABLE BEAMS,6500,3,2.5,50,DT\n")
    found = caption_of(result((400_000,), data=1).labelled(luminosity=path))
    assert found.conditions == "2.50 fb⁻¹ (13 TeV)"
    assert found.recorded is not None
    assert found.recorded.remarks == ("it lacks 1 of 2 luminosity blocks that were read",)
    assert caption_of(result((367_080,), data=1).labelled(luminosity=path)).luminosity == ""


def test_of_several_results(tmp_path: Path) -> None:
    data, simulation = result(data=1).labelled(luminosity=3), result((1,), simulation=1)
    assert caption_of(data, simulation).status == "Private work (CMS data and simulation)"
    assert caption_of(data, data).conditions == "(13.6 TeV)"


def test_an_older_result_is_simulation_only_if_its_run_is_1() -> None:
    older = made([row("a.root", 0, 10)])
    assert caption_of(older).events == ""
    counts = {"efficiency_vs_run": older.config.measurements.active()["efficiency_vs_run"]}
    of_run_1 = {name: each.empty({"run": [1]}) for name, each in counts.items()}
    assert caption_of(replace(older, counts=of_run_1)).events == "simulation"


def test_runs_in_words() -> None:
    assert [runs_in_words(runs) for runs in ((), (5,), (5, 7, 9))] == [
        *("", "run 5", "3 runs, 5 to 9")
    ]


def test_what_is_said_is_no_part_of_what_is_counted() -> None:
    plain = dtperf.load_config("reference_2023")
    said = dtperf.load_config(plain, {"plot.label": "Preliminary", "plot.energy": 13.6})
    assert said.hash == plain.hash
    assert differing(plain, said) == []


def test_a_table_is_looked_for_beside_the_config(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("plot: {luminosity: lumi.csv, label: Preliminary}\n")
    assert dtperf.load_config(tmp_path / "mine.yaml").plot.luminosity == str(tmp_path / "lumi.csv")
    set_here = dtperf.load_config("reference_2023", ["plot.luminosity=lumi.csv"])
    assert set_here.plot.luminosity == str(Path.cwd() / "lumi.csv")


@pytest.mark.parametrize(
    "given", [{"label": "x" * 41}, {"luminosity": 0.0}, {"energy": -13.6}, {"energy": "high"}]
)
def test_what_cannot_be_said_is_refused(given: Mapping[str, Any]) -> None:
    with pytest.raises(ConfigError, match=f"plot.{next(iter(given))}"):
        result(data=1).labelled(**given)
