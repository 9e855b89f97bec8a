"""Variations counted at once are what fresh runs with those cuts give."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import dtperf
from dtperf.cli.app import app
from dtperf.config.load import packaged_analyses
from dtperf.config.values import flat_values
from dtperf.diagnostics.systematics import Systematics, Varied, load_variations
from dtperf.diagnostics.systematics.declaration import changes_of
from dtperf.diagnostics.systematics.places import summed
from dtperf.skim.cut_rules import RULES, looser
from dtperf.skim.cuts import with_cuts
from dtperf.skim.estimates import cuts_of
from tests.skim.samples import nonsense

REFERENCE = dtperf.load_config("reference_2023")


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return nonsense(tmp_path_factory.mktemp("events") / "some.root")


@pytest.fixture(scope="module")
def skim(file: Path) -> Path:
    out = file.parent / "skim"
    dtperf.skim.skim("loosest", file, out=out)
    return out


@pytest.fixture(scope="module")
def found(skim: Path) -> Systematics:
    return dtperf.systematics(skim, REFERENCE)


def counted(found: Systematics) -> list[Varied]:
    return [each for each in found.varied if each.counts is not None]


def by_chamber(result: dtperf.Result) -> Any:
    return summed(np.asarray(result["by_chamber"].view()))


def test_all_is_varied_or_named(found: Systematics) -> None:
    names = {each.variation for each in found.varied}
    left_out = {name.split()[0] for name in found.left_out}
    assert names | left_out == found.declared.variations.keys()
    assert len(counted(found)) == 39
    assert "helix" in found.left_out["extrapolation"]


def test_every_variation_is_what_the_skim_gives_with_that_cut(
    found: Systematics, skim: Path
) -> None:
    analysis = dtperf.Analysis(skim, REFERENCE)
    for each in counted(found):
        result = analysis.with_cuts(each.change.cuts, measurements=["by_chamber"])
        np.testing.assert_array_equal(each.counts, by_chamber(result), err_msg=each.variation)
    nominal = analysis.with_cuts(measurements=["by_chamber"])
    np.testing.assert_array_equal(found.nominal, by_chamber(nominal))


@pytest.mark.slow
def test_every_packaged_variation_is_what_a_fresh_run_with_that_cut_gives(
    found: Systematics, file: Path
) -> None:
    active = REFERENCE.measurements.active()
    only = {"measurements.skip": [name for name in active if name != "by_chamber"]}
    for each in counted(found):
        run = dtperf.run(dtperf.load_config(REFERENCE, {**only, **each.change.cuts}), file)
        np.testing.assert_array_equal(each.counts, by_chamber(run), err_msg=each.variation)


@pytest.mark.slow
def test_the_other_extrapolation_is_that_of_a_fresh_run(skim: Path, file: Path) -> None:
    helix = dtperf.load_config("loosest", {"extrapolation": "helix"})
    other = file.parent / "helix"
    dtperf.skim.skim(helix, file, out=other)
    found = dtperf.systematics(skim, REFERENCE, other=other)
    (varied,) = (each for each in found.varied if each.variation == "extrapolation")
    run = dtperf.run(dtperf.load_config(REFERENCE, {"extrapolation": "helix"}), file)
    np.testing.assert_array_equal(varied.counts, by_chamber(run))
    elsewhere = nonsense(file.parent / "elsewhere.root")
    dtperf.skim.skim(helix, elsewhere, out=file.parent / "elsewhere")
    with pytest.raises(dtperf.InputError, match="not made of the same events"):
        dtperf.systematics(skim, REFERENCE, other=file.parent / "elsewhere")


@pytest.mark.parametrize("name", ["reference_2023", "cms_dp_2023_049"])
def test_the_analysis_loosest_is_loose_enough(name: str) -> None:
    loosest, nominal = dtperf.load_config("loosest"), packaged_analyses()[name]
    for each in load_variations("standard").variations.values():
        changes = [change.cuts for change in changes_of(each, nominal)[0]]
        for cuts in [*changes, *(cuts_of(each) if each.estimate else [])]:
            lines = looser(loosest, with_cuts(nominal, cuts, of_skim=True))
            assert [line for line in lines if not line.startswith("extrapolation")] == []


def test_every_cut_is_varied_or_said_not_to_be() -> None:
    declared = load_variations("standard")
    varied = {key for each in declared.variations.values() for key in each.keys}
    limits = ("selection.pair.min_mass", "selection.pair.max_mass")
    named = {*varied, *declared.not_varied, *limits}
    groups = tuple(f"{key}." for key in declared.not_varied)
    assert [key for key in RULES if key not in named and not key.startswith(groups)] == []
    known = [*flat_values(REFERENCE)]
    for key in declared.not_varied:
        assert any(each == key or each.startswith(f"{key}.") for each in known)


def test_what_the_skim_lacks_is_named(file: Path) -> None:
    tight = file.parent / "tight"
    dtperf.skim.skim("reference_2023", file, out=tight)
    found = dtperf.systematics(tight)
    assert "the skim has 20.0" in found.left_out["probe_pt down"]
    assert "probe_pt up" not in found.left_out
    assert "the skim has 81.0" in found.left_out["mass_fit"]
    with pytest.raises(dtperf.ConfigError, match="this skim lacks what these cuts need"):
        dtperf.systematics(tight, "loosest")


def test_the_command(skim: Path, tmp_path: Path, found: Systematics) -> None:
    words = ["systematics", str(skim), "--config", "reference_2023", "-o", str(tmp_path / "out")]
    done = CliRunner().invoke(app, [*words, "--json"])
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert [row["place"] for row in told["stations"]] == [
        *("the whole barrel", "MB1", "MB2", "MB3", "MB4")
    ]
    again = Systematics.load(tmp_path / "out")
    assert again.to_pandas().equals(found.to_pandas())
    assert again.by_chamber() == found.by_chamber()
    assert again.left_out == found.left_out == told["left_out"]
    assert "the whole barrel" in (tmp_path / "out" / "systematics.html").read_text()
    done = CliRunner().invoke(app, words)
    assert done.exit_code != 0
    done = CliRunner().invoke(app, [*words, "--force"])
    assert done.exit_code == 0, done.output
    assert "border_x" in done.stdout
