"""A skim gives what the original files give, for any tighter selection."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import awkward as ak
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dtperf
from dtperf import Analysis
from dtperf.skim import skim
from dtperf.skim.cut_rules import RULES
from tests.helpers.golden import GOLDEN, GOLDEN_RNTUPLE, golden_differences
from tests.nanoaod.files import read_arrays, write_tree
from tests.skim.samples import LOOSE, assert_same, loose, measured, nonsense

FOLDER = Path(mkdtemp())
MASK = {"370001": [[1, 3], [5, 5]], "370002": [[2, 6]]}

POSITIVE = st.floats(0.5, 60, width=32)
VALUES: Mapping[str, st.SearchStrategy[Any]] = {
    "selection.tag.trigger": st.sampled_from(["isolated", "single", "none"]),
    "selection.tag.iso": st.sampled_from(["pf", "tracker"]),
    "selection.tag.max_iso": st.floats(0.015625, 0.75, width=32),
    "selection.tag.min_pt": st.floats(15, 60, width=32) | st.sampled_from([15.0, 27.0, 30.0]),
    "selection.probe.iso": st.sampled_from(["pf", "tracker"]),
    "selection.probe.max_iso": st.floats(0.015625, 0.75, width=32),
    "selection.probe.min_pt": st.floats(5, 60, width=32) | st.sampled_from([20.0, 30.0, 45.0]),
    "selection.probe.min_tracker_layers": st.integers(3, 12),
    "selection.probe.min_pixel_hits": st.integers(0, 4),
    "selection.pair.min_mass": st.floats(50, 89, width=32),
    "selection.pair.max_mass": st.floats(90, 130, width=32),
    "selection.pair.max_abs_dz": st.floats(0.015625, 3, width=32),
    "selection.pair.min_dr": st.floats(0.125, 3.5, width=32),
    "selection.pair.charge": st.sampled_from(["opposite", "same"]),
    "selection.pair.unique_probe": st.booleans(),
    "selection.station.max_abs_eta": st.lists(
        POSITIVE.map(lambda x: x / 30) | st.sampled_from([0.75, 1.2, 6.0]), min_size=4, max_size=4
    ),
    "selection.station.min_other_stations": st.integers(0, 5),
    "selection.station.min_rpc_layers": st.none() | st.integers(0, 12),
    "selection.station.border": st.sampled_from(["chamber", "superlayers"]),
    "selection.station.border_x": st.floats(-60, 20, width=32),
    "selection.station.border_y": st.floats(-60, 20, width=32),
    "selection.passing.choice": st.sampled_from(["most_hits", "nearest"]),
    "selection.passing.max_dx": POSITIVE,
    "selection.passing.max_dy": st.none() | POSITIVE,
    "selection.passing.max_dr": POSITIVE | st.just(999.0),
    "selection.luminosity_mask": st.none() | st.just(MASK) | st.just({"370001": [[2, 4]]}),
    "compatibility.truncate_extrapolation": st.booleans(),
    "compatibility.four_vector_rounding": st.booleans(),
    "compatibility.root_binning": st.sampled_from(["newer", "older"]),
}


def tighter() -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=dict(VALUES))


def with_values(base: dtperf.AnalysisConfig, cuts: Mapping[str, Any]) -> dtperf.AnalysisConfig:
    content = base.model_dump()
    for key, value in cuts.items():
        *sections, name = key.split(".")
        section = content
        for each in sections:
            section = section[each]
        section[name] = value
    return dtperf.load_config(content)


@cache
def files(kind: str) -> tuple[Path, ...]:
    if kind == "golden":
        return (GOLDEN,)
    lacking = ("lumi_instLumi", "lumi_avgPileUp", "muon_matches_edgeX", "muon_matches_edgeY")
    names = (("a", ()), ("b", lacking))
    return tuple(nonsense(FOLDER / f"{name}.root", without=without) for name, without in names)


@cache
def analysis(kind: str, way: str = "ntuple") -> Analysis:
    config = loose(extrapolation=way, run={"chunksize": 700})
    out = FOLDER / f"skim-{kind}-{way}"
    skim(config, files(kind), out=out)
    return Analysis(out)


def test_every_key_is_drawn() -> None:
    # hits and digis have tests of their own
    of_layers = {key for key in RULES if key.startswith("selection.layers.")}
    fixed = {"extrapolation", "input.luminosity_by_block"}
    others = fixed | {"selection.dead_cells"} | of_layers
    assert VALUES.keys() == RULES.keys() - others


@settings(max_examples=6)
@given(tighter())
def test_golden_events(cuts: dict[str, Any]) -> None:
    config = with_values(loose(run={"chunksize": 700}), cuts)
    assert_same(analysis("golden").with_cuts(cuts), measured(config, files("golden")))


@settings(max_examples=6)
@given(tighter())
def test_events_that_no_detector_writes(cuts: dict[str, Any]) -> None:
    config = with_values(loose(run={"chunksize": 700}), cuts)
    run = measured(config, files("nonsense"))
    assert_same(analysis("nonsense").with_cuts(cuts), run)


@settings(max_examples=3)
@given(tighter())
def test_own_propagation(cuts: dict[str, Any]) -> None:
    config = with_values(loose(extrapolation="helix", run={"chunksize": 700}), cuts)
    run = measured(config, files("nonsense"))
    assert_same(analysis("nonsense", "helix").with_cuts(cuts), run)


@pytest.mark.slow
@settings(max_examples=40)
@given(tighter(), st.sampled_from(["golden", "nonsense"]), st.sampled_from(["ntuple", "helix"]))
def test_many_more(cuts: dict[str, Any], kind: str, way: str) -> None:
    config = with_values(loose(extrapolation=way, run={"chunksize": 700}), cuts)
    assert_same(analysis(kind, way).with_cuts(cuts), measured(config, files(kind)))


@pytest.mark.parametrize(
    "moved",
    [
        {"compatibility.truncate_extrapolation": True},
        {"compatibility.four_vector_rounding": True, "selection.station.max_abs_eta": [1.25] * 4},
        {"selection.passing.max_dx": 0.5},
        {"selection.station.border_x": 10.0},
        {"selection.pair.min_dr": 2.9},
        {"selection.pair.charge": "same"},
        {"selection.probe.iso": "tracker"},
        {"selection.station.border": "superlayers"},
    ],
    ids=lambda cuts: next(iter(cuts)),
)
def test_what_was_found_for_other_cuts_does_not_stay(moved: dict[str, Any]) -> None:
    base = {"selection.passing.max_dx": 1.0}
    before = analysis("golden").with_cuts(base)
    config = with_values(loose(run={"chunksize": 700}), base | moved)
    run = measured(config, files("golden"))
    assert_same(analysis("golden").with_cuts(base | moved), run)
    assert run.by_chamber() != before.by_chamber()
    assert_same(analysis("golden").with_cuts(base), before)


def test_the_samples_have_what_they_are_for() -> None:
    run = measured(loose(), files("nonsense"))
    wild = {name for name, count in run.anomalies.items() if not count}
    assert wild == {"run_beyond_31_bits", "luminosity_block_beyond_31_bits"}
    assert run.anomalies["events_not_in_efficiency_vs_lumi"] == 1500
    assert run.totals["pairs"] > 300


def test_wild_runs_count_the_same_in_a_skim() -> None:
    arrays = read_arrays(GOLDEN, 600)
    runs = ak.to_numpy(arrays["run"]).copy()
    runs[::3] = 2**32 - 1
    file = write_tree({**arrays, "run": ak.Array(runs)}, FOLDER / "wild.root")
    run = measured(loose(), file)
    assert run.totals["events"] == 600
    assert run.anomalies["run_beyond_31_bits"] == 200
    assert 2**32 - 1 not in list(run.counts["efficiency_vs_run"].axes["run"])
    skim(loose(), file, out=FOLDER / "skim-wild")
    analysis = Analysis(FOLDER / "skim-wild")
    assert_same(analysis.with_cuts({}), run)
    tighter = {"selection.probe.min_pt": 20.0}
    assert_same(analysis.with_cuts(tighter), measured(with_values(loose(), tighter), file))


def test_the_reference_program_agrees() -> None:
    cuts = dtperf.load_config("reference_2023")
    out = FOLDER / "skim-reference"
    skim(loose(compatibility={"truncate_extrapolation": True}), GOLDEN_RNTUPLE, out=out)
    assert not golden_differences(dtperf.run(cuts, out).counts)


def test_a_skim_within_a_mask() -> None:
    config = loose(selection={**LOOSE, "luminosity_mask": MASK}, run={"chunksize": 700})
    skim(config, files("nonsense"), out=FOLDER / "masked")
    masked = Analysis(FOLDER / "masked")
    for mask in (MASK, {"370001": [[2, 3]]}, {"370002": [[3, 6]]}, {}):
        cuts = {"selection.luminosity_mask": mask, "selection.probe.min_pt": 20.0}
        run = measured(with_values(config, cuts), files("nonsense"))
        assert_same(masked.with_cuts(cuts), run)
    with pytest.raises(dtperf.ConfigError, match=r"luminosity_mask.*luminosity blocks were left"):
        masked.with_cuts({"selection.luminosity_mask": None})


OWN: dict[str, Any] = {
    "any_column": {
        "title": "an axis of the pair, one of the event, one of integers",
        "table": "crossings",
        "rows": ["is_eligible"],
        "passed": "passing",
        "axes": [
            {"type": "variable", "name": "tag_pt", "edges": [0, 30, 45, 300]},
            {"type": "category", "name": "run"},
            {"type": "integer", "name": "sector", "first": 2, "last": 9},
        ],
    },
    "by_tables": {
        "title": "a category of another column, and a boolean of the pair",
        "table": "pairs",
        "rows": ["selected"],
        "axes": [{"type": "category", "name": "probe_orig_algo"}],
    },
    "of_all": {
        "title": "all candidates, by what the tag knows",
        "table": "pairs",
        "axes": [{"type": "regular", "name": "tag_eta", "bins": 7, "start": -2.4, "stop": 2.4}],
    },
    "profile": {
        "title": "a profile with thresholds",
        "table": "crossings",
        "rows": ["passing"],
        "mean_of": "dx",
        "axes": [{"type": "integer", "name": "wheel", "first": -1, "last": 1}],
    },
    "profile_with_gaps": {
        "title": "mean t0, also of crossings without a segment: NaN, or -999 without a phi view",
        "table": "crossings",
        "mean_of": "t0",
        "axes": [{"type": "variable", "name": "probe_pt", "edges": [20, 40, 60]}],
    },
    "mass_above": {
        "title": "of pairs",
        "table": "crossings",
        "passed": "station_passing",
        "axes": [
            {"type": "regular", "name": "dz", "bins": 9, "start": -1, "stop": 1},
            {"type": "regular", "name": "mass", "bins": 9, "start": 60, "stop": 120},
        ],
    },
}


def test_measurements_of_ones_own() -> None:
    own = {
        "measurements": {
            "add": OWN,
            "binning": {"efficiency_vs_pt": {"probe_pt": {"edges": [20, 35, 70]}}},
        }
    }
    config = loose(**own, run={"chunksize": 700})
    skim(config, files("nonsense"), out=FOLDER / "own")
    own_analysis = Analysis(FOLDER / "own")
    for cuts in ({}, {"selection.probe.min_pt": 22.0, "selection.passing.max_dx": 3.0}):
        run = measured(with_values(config, cuts), files("nonsense"))
        assert_same(own_analysis.with_cuts(cuts), run)
    some = own_analysis.with_cuts(measurements=["any_column", "by_chamber"])
    assert [*some.counts] == ["by_chamber", "any_column"]
    with pytest.raises(dtperf.ConfigError, match="by_chamber"):
        own_analysis.with_cuts(measurements=["by_chambr"])


def test_counters_that_could_overflow_are_emptied(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = analysis("golden").with_cuts()
    monkeypatch.setattr("dtperf.skim.recut.sums.MOST", 100)
    assert_same(analysis("golden").with_cuts(), expected)


def test_a_batch_ends_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dtperf.skim.parts.BATCH", 37)
    skim(loose(), files("golden"), out=FOLDER / "batches")
    cuts = {"selection.probe.min_pt": 30.0}
    found = Analysis(FOLDER / "batches").with_cuts(cuts)
    assert_same(found, measured(with_values(loose(), cuts), files("golden")))


@pytest.mark.parametrize("compression", ["lz4", "zstd"])
def test_compressed(compression: Any) -> None:
    out = FOLDER / compression
    skim(loose(), files("golden"), out=out, compression=compression)
    assert_same(Analysis(out).with_cuts(), measured(loose(), files("golden")))
    analysis("golden")
    packed, plain = (
        sum(path.stat().st_size for path in (folder / "events").iterdir())
        for folder in (out, FOLDER / "skim-golden-ntuple")
    )
    assert packed < plain


def test_cuts_that_fail_half_way_leave_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    skimmed, moved = analysis("golden"), {"selection.passing.max_dx": 2.0}
    before = skimmed.with_cuts()

    def fail(*_: object) -> None:
        raise MemoryError

    with monkeypatch.context() as patched:
        patched.setattr("dtperf.skim.recut.crossed.row_bins", fail)
        with pytest.raises(MemoryError):
            skimmed.with_cuts(moved)
    assert_same(skimmed.with_cuts(), before)
    run = measured(with_values(loose(run={"chunksize": 700}), moved), files("golden"))
    assert_same(skimmed.with_cuts(moved), run)
