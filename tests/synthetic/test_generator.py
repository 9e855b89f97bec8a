from __future__ import annotations

from pathlib import Path

import awkward as ak
import numpy as np
import pyarrow.parquet as pq
import pytest
from coffea.nanoevents import NanoEventsFactory

import dtperf
from dtperf.errors import ConfigError
from dtperf.nanoaod import MuonDPGSchema, branch_table
from dtperf.progress import Progress
from dtperf.synthetic import files as files_module
from dtperf.synthetic import read_truth
from dtperf.synthetic.files import plan
from tests.synthetic.samples import make, read, same

SAMPLE = ("events=6300", "seed=3")  # one block of 5,000 events and a part of the next
QUIET = (
    "runs=1",
    "lumi_blocks_per_run=1",
)  # the luminosity does not depend on the number of events


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("sample")
    make(directory, *SAMPLE, "truth_events=true")
    return directory


@pytest.fixture(scope="module")
def content(sample: Path) -> dict[str, ak.Array]:
    return read(sample)


def test_content_does_not_depend_on_files_baskets_and_workers(
    sample: Path, content: dict[str, ak.Array], tmp_path: Path
) -> None:
    packed = ("files=2", "cluster_events=1700", "compression=lz4", "truth_events=true")
    files = make(tmp_path, *SAMPLE, *packed, workers=2).files
    assert [file.events for file in files] == [3150, 3150]
    assert len(content["run"]) == 6300
    assert same(read(tmp_path), content)
    assert_same_truth(tmp_path, sample)


def assert_same_truth(one: Path, other: Path) -> None:
    truths = [read_truth(directory)[0] for directory in (one, other)]
    for column in ("probes", "reconstructed", "efficiency_sum"):
        assert getattr(truths[0], column).tolist() == getattr(truths[1], column).tolist()
    crossings = [pq.read_table(directory / "truth_crossings") for directory in (one, other)]
    assert crossings[0].equals(crossings[1])


def test_a_ttree_holds_the_same(content: dict[str, ak.Array], tmp_path: Path) -> None:
    make(tmp_path, *SAMPLE, "format=ttree")
    assert same(read(tmp_path), content)


def test_another_seed_gives_other_events(content: dict[str, ak.Array], tmp_path: Path) -> None:
    make(tmp_path, "events=1000", "seed=4")
    one, other = (
        set(ak.flatten(muons["muon_pt"]).to_list())
        for muons in (content, read(tmp_path, ["muon_pt"]))
    )
    assert len(other) > 2000
    assert len(one & other) < 100


def test_a_larger_sample_begins_with_a_smaller_one(tmp_path: Path) -> None:
    small, large = tmp_path / "small", tmp_path / "large"
    make(small, *QUIET, "events=300")
    make(large, *QUIET, "events=800")
    of_each = ["event", "muon_pt", "muon_matches_x", "dtSegment_seg2D_phi_t0", "lumi_instLumi"]
    begin = {name: column[:300] for name, column in read(large, of_each).items()}
    assert same(read(small, of_each), begin)


def test_full_events_hold_the_lean_ones(tmp_path: Path) -> None:
    made = [make(tmp_path / kind, "events=300", f"content={kind}") for kind in ("lean", "full")]
    assert made[1].bytes / 300 > 3000
    ranges = {f"dtSegment_seg{n}_{e}" for n in ("2D_hits", "4D_extr") for e in ("begin", "end")}
    table = branch_table("B")
    filled = {"muon", "muon_matches", "muon_staMatches", "dtSegment", ""}
    common = {name for name, b in table.items() if b.collection in filled} - ranges
    assert len(common) > 80
    assert same(*(read(sample.directory, common) for sample in made))
    counters = [b.name for b in table.values() if b.is_counter]
    lean, full = (read(sample.directory, counters) for sample in made)
    assert [name for name in counters if not ak.any(full[name])] == []
    assert all(not ak.any(lean[n]) for n in counters if table[n].collection not in filled)


def test_generation_a_holds_the_same_events(content: dict[str, ak.Array], tmp_path: Path) -> None:
    make(tmp_path, *SAMPLE, "generation=A")
    old = read(tmp_path)
    assert old.keys() == branch_table("A").keys()
    assert same(old, {name: content[name] for name in old})


def test_three_numbers_are_too_large_for_generation_a_and_wrap_around(tmp_path: Path) -> None:
    for generation in "AB":
        make(tmp_path / generation, "events=50", "content=full", f"generation={generation}")
    shorts = [n for n, b in branch_table("A").items() if b.dtype != branch_table("B")[n].dtype]
    old, new = (read(tmp_path / generation, shorts) for generation in "AB")
    assert len(old) == 100
    wrapping = {"gemDigi_strip", "gemRecHit_firstClusterStrip", "dtSegment_hits_wirePos"}
    for name in old:
        wrapped = ak.values_astype(new[name], np.int8) if name in wrapping else new[name]
        assert same({name: old[name]}, {name: wrapped}), name
        assert (name in wrapping) != same({name: old[name]}, {name: new[name]})


def test_blocks_and_runs_are_as_asked(content: dict[str, ak.Array]) -> None:
    runs, events = np.unique(content["run"], return_counts=True)
    assert (len(runs), runs[0]) == (4, 367080)
    assert set(events) == {1575}
    assert set(np.unique(content["luminosityBlock"])) == set(range(1, 51))
    assert len(np.unique(content["event"])) == 6300


def test_truth_counts_the_crossings_that_were_written(
    sample: Path, content: dict[str, ak.Array]
) -> None:
    truth, header = read_truth(sample)
    table = pq.read_table(sample / "truth_crossings").to_pydict()
    assert header["settings"]["events"] == 6300
    assert header["settings"]["written"] == [
        {"name": "nano_0000.root", "events": 6300, "broken": None}
    ]
    assert 5000 < truth.probes.sum() < len(table["chamber"])
    assert set(table["run"]) == {int(run) for run in np.unique(content["run"])}


def test_coffea_reads_it(sample: Path) -> None:
    path = {str(sample / "nano_0000.root"): "Events"}
    events = NanoEventsFactory.from_root(path, schemaclass=MuonDPGSchema, mode="eager").events()
    assert len(events) == 6300
    matches = events.muon.matches
    assert ak.all(ak.num(matches, axis=2) == events.muon.nMatches, axis=None)
    segments = events.muon.staMatches
    assert ak.sum(ak.num(segments, axis=2)) == ak.sum(ak.num(events.muon_staMatches, axis=1)) > 0


def test_the_analysis_finds_about_the_true_efficiency(sample: Path) -> None:
    config = dtperf.load_config("reference_2023")
    result = dtperf.run(config, sample)
    assert result.totals["events"] == 6300
    truth = read_truth(sample)[0]
    for station, found in enumerate(result.by_station()):
        codes = slice(70 * station, 70 * (station + 1))
        true = truth.reconstructed[codes].sum() / truth.probes[codes].sum()
        assert found.fiducial is not None
        assert found.fiducial.value == pytest.approx(true, abs=0.01)


def test_files_share_out_the_events() -> None:
    settings = dtperf.synthetic.load_settings({"events": 11, "files": 3, "broken": ("empty",)})
    assert [(f.name, f.events, f.broken) for f in plan(settings)] == [
        ("nano_0000.root", 3, None),
        ("nano_0001.root", 4, None),
        ("nano_0002.root", 4, "empty"),
    ]


def test_progress_goes_from_nothing_to_all(tmp_path: Path) -> None:
    seen: list[Progress] = []
    make(tmp_path, "events=100", "files=2", "cluster_events=30", on_progress=seen.append)
    done = [progress.done for progress in seen]
    assert done == [0, 30, 50, 80, 100]
    assert {(progress.stage, progress.total) for progress in seen} == {("generating", 100)}


def test_an_older_sample_is_replaced_only_by_force(tmp_path: Path) -> None:
    make(tmp_path, "events=30", "files=2", "truth_events=true")
    other = tmp_path / "notes.root"
    other.write_text("mine")
    with pytest.raises(ConfigError, match=r"holds nano_0000\.root already: force=True"):
        make(tmp_path, "events=20")
    assert len(list(tmp_path.glob("nano_*.root"))) == 2
    make(tmp_path, "events=20", force=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "luminosity.csv",
        "nano_0000.root",
        "notes.root",
        "truth.json",
        "truth_chambers.csv",
    ]
    assert len(read(tmp_path, ["run"])["run"]) == 20


def test_a_file_is_no_directory(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("")
    for out in (path, path / "inside"):
        with pytest.raises(ConfigError, match=r"is a file|cannot be made"):
            make(out, "events=10")


def test_a_failure_leaves_no_unfinished_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise MemoryError("too much")

    monkeypatch.setattr(files_module, "lean_rows", fail)
    with pytest.raises(MemoryError, match="too much"):
        make(tmp_path, "events=10", "seed=987")
    assert list(tmp_path.iterdir()) == []


def test_full_content_of_events_without_segments_and_the_truth_of_it(tmp_path: Path) -> None:
    nothing = ("detector.efficiency=0", "detector.noise_segments=0", "detector.theta_only=0")
    make(tmp_path, "events=20", "content=full", *nothing)
    names = [f"{c}_station" for c in ("dtSegment", "ltTwinMuxIn", "dtDigi")]
    lengths = {name: ak.count(column) for name, column in read(tmp_path, names).items()}
    assert not lengths["dtSegment_station"]
    assert not lengths["ltTwinMuxIn_station"]
    assert lengths["dtDigi_station"] > 20 * 200
    content = read_truth(tmp_path)[1]["content"]
    assert content["hits"]["hit_resolution_cm"] == 0.025
    assert content.keys() == {"hits", "digis", "trigger", "rpc"}
