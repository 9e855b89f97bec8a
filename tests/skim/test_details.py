"""Skims of segments, layers, digis, primitives and RPCs give what the files give."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dtperf
from dtperf import Analysis
from dtperf.measurements.groups import GROUPS
from dtperf.selection.details.branches import DETAIL_ANOMALIES, detail_branches
from dtperf.skim import load_skim, skim
from dtperf.skim.analysis import Explorer
from dtperf.skim.details import DETAILS
from dtperf.skim.tally import LuminosityTally
from tests.skim.samples import assert_same, full_nonsense, loose, measured
from tests.skim.test_equality import MASK, VALUES, with_values

FOLDER = Path(mkdtemp())
CHUNKS = {"chunksize": 90}
ALL = tuple(GROUPS)
DEAD = [
    [station, 0, sector, 1, 2, wire]
    for station in (1, 2)
    for sector in (3, 4)
    for wire in range(9, 30)
]

MOVED: dict[str, Any] = {
    "selection.tag.trigger": "isolated",
    "selection.probe.min_pt": 25.0,
    "selection.pair.min_mass": 85.0,
    "selection.station.border_x": -20.0,
    "selection.passing.choice": "nearest",
    "selection.passing.max_dx": 3.0,
    "selection.layers.min_phi_hits": 6,
    "selection.layers.min_other_phi_layers": 5,
    "selection.layers.time_window_ns": [350.0, 650.0],
    "selection.layers.noise_window_ns": [0.0, 400.0],
    "selection.dead_cells": DEAD,
    "selection.luminosity_mask": MASK,
}
OF_LAYERS: dict[str, st.SearchStrategy[Any]] = {
    "selection.layers.min_phi_hits": st.integers(0, 8),
    "selection.layers.min_other_phi_layers": st.integers(0, 7),
    "selection.layers.min_theta_hits": st.integers(0, 4),
    "selection.layers.min_other_theta_layers": st.integers(0, 3),
    "selection.layers.max_abs_dir_x": st.floats(0.125, 1, width=32),
    "selection.layers.time_window_ns": st.none() | st.just([400.0, 600.0]),
    "selection.layers.before_pedestal_ns": st.floats(-60, 60, width=32),
    "selection.layers.after_pedestal_ns": st.floats(100, 500, width=32),
    "selection.layers.noise_window_ns": st.just([0.0, 350.0]) | st.just([300.0, 400.0]),
    "selection.dead_cells": st.just(DEAD) | st.just([]),
}


@cache
def nonsense() -> Path:
    made = dtperf.synthetic.generate(
        {"events": 200, "content": "full", "cluster_events": 100}, FOLDER / "full", progress=False
    )
    return full_nonsense(made.directory / made.files[0].name, FOLDER / "nonsense.root")


def config_of(*groups: str, **others: Any) -> dtperf.AnalysisConfig:
    return loose(measurements={"groups": groups}, run=CHUNKS, **others)


def skimmed(*groups: str) -> Path:
    return skimmed_by("ntuple", *groups)


@cache
def skimmed_by(way: str, *groups: str) -> Path:
    out = FOLDER / "-".join(("skim", way, *groups))
    skim(config_of(*groups, extrapolation=way), nonsense(), out=out, progress=False)
    return out


def columns_of(path: Path) -> set[str]:
    found = set()
    for part in (path / "events").iterdir():
        for field in pa.ipc.open_file(part).schema:
            kind = field.type.value_type if pa.types.is_list(field.type) else ()
            found |= {f"{field.name}_{inner.name}" for inner in kind}
    return found


@pytest.mark.slow
@pytest.mark.parametrize("group", ALL)
def test_a_skim_of_a_group(group: str) -> None:
    config = config_of(group)
    analysis = Analysis(skimmed(group), progress=False)
    assert_same(analysis.with_cuts(), measured(config, nonsense()))
    run = measured(with_values(config, MOVED), nonsense())
    assert_same(analysis.with_cuts(MOVED), run)
    assert any(run.counts[name].view(flow=True).sum() for name in GROUPS[group])


@pytest.mark.slow
def test_all_groups_at_once() -> None:
    config = config_of(*ALL)
    analysis = Analysis(skimmed(*ALL), progress=False)
    before = analysis.with_cuts()
    assert_same(before, measured(config, nonsense()))
    moved = measured(with_values(config, MOVED), nonsense())
    assert_same(analysis.with_cuts(MOVED), moved)
    assert moved != before
    assert_same(analysis.with_cuts(), before)


@pytest.mark.slow
@pytest.mark.parametrize("way", ["ntuple", "helix"])
def test_one_cut_after_another(way: str) -> None:
    config = config_of(*ALL, extrapolation=way)
    analysis = Analysis(skimmed_by(way, *ALL), progress=False)
    cuts: dict[str, Any] = {}
    before = analysis.with_cuts()
    for key, value in (
        ("selection.passing.max_dx", 0.5),
        ("selection.layers.max_abs_dir_x", 0.5),
        ("selection.luminosity_mask", MASK),
    ):
        cuts[key] = value
        assert_same(analysis.with_cuts(cuts), measured(with_values(config, cuts), nonsense()))
    assert_same(analysis.with_cuts(), before)


def test_the_sample_has_what_it_is_for() -> None:
    run = measured(config_of(*ALL), nonsense())
    assert run.anomalies.keys() >= DETAIL_ANOMALIES
    assert not {name for name in DETAIL_ANOMALIES if not run.anomalies[name]}


def test_what_is_not_measured_has_no_anomalies() -> None:
    some = ["by_chamber", "trigger_bmtf_in_by_chamber"]
    found = Analysis(skimmed(*ALL), progress=False).with_cuts(measurements=some)
    assert [*found.counts] == some
    names = {name for name in found.anomalies if name in DETAIL_ANOMALIES}
    assert names == {"ltBmtfIn_in_unknown_chamber", "ltBmtfIn_of_unknown_quality"}


def test_a_result_that_is_changed_changes_no_other() -> None:
    analysis = Analysis(skimmed("cells"), progress=False)
    for _ in range(2):
        found = analysis.with_cuts()
        assert found.counts["cell_occupancy"].view(flow=True).sum() > 1000
        found.counts["cell_occupancy"].reset()


def test_a_skim_keeps_what_its_measurements_need() -> None:
    kept = {f"{name}_{field}" for name, fields in DETAILS.items() for field in fields}
    for groups in (), ("trigger",), ("rpc",), ALL:
        wanted = detail_branches(config_of(*groups).filled_columns())
        assert columns_of(skimmed(*groups)) & kept == wanted


OF_CROSSINGS = {
    "title": "of crossings, with what is known of primitives and of the best segment",
    "table": "crossings",
    "rows": ["is_fiducial"],
    "passed": "twinmux_in_passing",
    "axes": [
        {"type": "integer", "name": "bmtf_in_bx", "first": -3, "last": 3},
        {"type": "regular", "name": "signed_dx", "bins": 9, "start": -9, "stop": 9},
        {"type": "regular", "name": "signed_dxdz", "bins": 9, "start": -1, "stop": 1},
    ],
}


def test_details_of_crossings_need_no_events_without_a_tag(tmp_path: Path) -> None:
    config = loose(measurements={"add": {"own": OF_CROSSINGS}}, run=CHUNKS)
    skim(config, nonsense(), out=tmp_path / "skim", progress=False)
    analysis = Analysis(tmp_path / "skim", progress=False)
    for cuts in ({}, {"selection.passing.max_dx": 2.0, "selection.probe.min_pt": 30.0}):
        assert_same(analysis.with_cuts(cuts), measured(with_values(config, cuts), nonsense()))
    kept, without, whole = (
        sum(part.stat().st_size for part in (path / "events").iterdir())
        for path in (tmp_path / "skim", skimmed(), skimmed("trigger"))
    )
    assert without < kept < whole


def test_every_branch_that_can_be_needed_can_be_kept() -> None:
    everything = detail_branches(config_of(*ALL).filled_columns())
    kept = {f"{name}_{field}" for name, fields in DETAILS.items() for field in fields}
    assert everything <= kept


def test_what_was_not_kept_is_refused_by_name() -> None:
    analysis = Analysis(skimmed("trigger"), progress=False)
    with pytest.raises(dtperf.ConfigError, match=r"hit_residual.*were not kept.*groups=\[\]"):
        analysis.with_cuts(measurements=["by_chamber", "hit_residual"])
    # of all segments, of which a skim without such measurements has those of probes
    with pytest.raises(dtperf.ConfigError, match="segment_phi_hits"):
        Analysis(skimmed(), progress=False).with_cuts(measurements=["segment_phi_hits"])
    with pytest.raises(dtperf.ConfigError, match=r"bx_bmtf_in_by_chamber.* and .* more"):
        dtperf.run("dt_performance", skimmed(), progress=False)
    assert dtperf.run(config_of(), skimmed(), progress=False).totals["pairs"] > 0


def test_in_memory() -> None:
    config = config_of("cells")
    analysis = Analysis(nonsense(), config, progress=False)
    cuts = {key: value for key, value in MOVED.items() if key not in FIXED}
    found, run = analysis.with_cuts(cuts), measured(with_values(config, cuts), nonsense())
    assert found == run
    assert found.anomalies == run.anomalies


FIXED = ("selection.tag.trigger", "selection.luminosity_mask")


def test_explore_reads_no_more_than_it_shows() -> None:
    lean, full = (Explorer(nonsense(), config_of(*groups), progress=False) for groups in ((), ALL))
    assert full.nbytes == lean.nbytes
    assert full.measure().by_chamber() == lean.measure().by_chamber()
    with pytest.raises(dtperf.ConfigError, match="bx_bmtf_in_by_chamber"):
        full.with_cuts()


@pytest.mark.slow
@settings(max_examples=8)
@given(st.fixed_dictionaries({}, optional=dict(VALUES) | OF_LAYERS))
def test_many_cuts(cuts: dict[str, Any]) -> None:
    analysis = Analysis(skimmed(*ALL), progress=False)
    run = measured(with_values(config_of(*ALL), cuts), nonsense())
    assert_same(analysis.with_cuts(cuts), run)


@pytest.mark.slow
@pytest.mark.parametrize("executor", ["futures", "dask"])
def test_made_and_measured_by_other_executors(executor: str, tmp_path: Path) -> None:
    run = measured(config_of(*ALL), nonsense())
    elsewhere = {"run": {**CHUNKS, "executor": executor, "workers": 2}}
    config = loose(measurements={"groups": ALL}, **elsewhere)
    assert_same(skim(config, nonsense(), out=tmp_path / "skim", progress=False), run)
    assert_same(Analysis(tmp_path / "skim", progress=False).with_cuts(), run)
    moved = measured(with_values(config_of(*ALL), MOVED), nonsense())
    assert_same(measured(with_values(config, MOVED), nonsense()), moved)
    assert_same(Analysis(tmp_path / "skim", progress=False).with_cuts(MOVED), moved)


def test_skims_of_before_are_read(tmp_path: Path) -> None:
    counted = load_skim(skimmed()).tally
    before = counted.to_arrow().drop_columns(["has_dtToRpc"])
    read = LuminosityTally.from_arrow(before, "here")
    assert not read.lacking(["lumi_instLumi"]).any()
    assert read.lacking(["dtToRpc"]).all()
    assert (read.events == counted.events).all()
