from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

import dtperf
from dtperf.cli.inspect import inspect
from dtperf.measurements import BY_GROUP
from tests.nanoaod.files import GOLDEN, linked_arrays, read_arrays, write_like

app = typer.Typer()
app.command()(inspect)


def run(*arguments: str | Path):
    return CliRunner().invoke(app, [str(a) for a in arguments], env={"COLUMNS": "200"})


@pytest.mark.parametrize(("format", "kind"), [("ttree", "TTree"), ("rntuple", "RNTuple")])
def test_table(format: str, kind: str) -> None:
    done = run(GOLDEN[format])
    assert done.exit_code == 0
    for text in (
        f"a muon DPG NANO of generation B, as {kind}",
        "4,000",
        "40, from 367000 to 367039",
        "ZSTD level 5",
        "63, 347 known ones are not there",
        "ntuple, helix",
        "inside_chambers, efficiency_vs_run",
        "efficiency_vs_lumi, segment_ghosts_vs_lumi, ",
        ": lacking lumi_instLumi",
    ):
        assert text in done.stdout


def test_what_a_file_does_not_support(tmp_path: Path) -> None:
    arrays = read_arrays(GOLDEN["ttree"], 20)
    del arrays["muon_pfIso04"], arrays["muon_isTight"]
    done = run(write_like(arrays, tmp_path / "a.root", "A"))
    assert "generation A" in done.stdout
    row = next(line for line in done.stdout.splitlines() if "measurements" in line)
    assert "none" in row
    words = done.stdout.replace("│", " ").split()
    assert "lacking muon_isTight, muon_pfIso04" in " ".join(words)


def test_whose_events_they_are(tmp_path: Path) -> None:
    arrays = read_arrays(GOLDEN["ttree"], 20)
    data = write_like(arrays, tmp_path / "data.root")
    simulated = write_like(arrays | {"run": arrays["run"] * 0 + 1}, tmp_path / "simulated.root")
    del arrays["run"]
    unknown = write_like(arrays, tmp_path / "unknown.root")
    assert row(run(data).stdout, "source") == "data"
    assert row(run(unknown).stdout, "source") == "not known"
    several = run(data, simulated, unknown).stdout
    assert {"1 file: data", "1 file: simulation"} < {*map(str.strip, several.splitlines())}
    assert "1 file: source not known" in several
    found = json.loads(run(data, simulated, unknown, "--json").stdout)
    assert [each["source"] for each in found] == ["data", "simulation", ""]


def row(text: str, name: str) -> str:
    (line,) = (line for line in text.splitlines() if line.strip("│ ").startswith(f"{name} "))
    return " ".join(line.replace("│", " ").split()).removeprefix(f"{name} ")


def test_ways_to_extrapolate(tmp_path: Path) -> None:
    arrays = read_arrays(GOLDEN["ttree"], 20)
    own = {n: a for n, a in arrays.items() if not n.startswith("muon_matches_")}
    helix = write_like(own, tmp_path / "helix.root")
    del arrays["muon_trk_dxy"]
    ntuple = write_like(arrays, tmp_path / "ntuple.root")
    del own["muon_trk_dxy"], own["muon_isTight"]
    neither = write_like(own, tmp_path / "neither.root")

    assert row(run(ntuple).stdout, "extrapolation") == "ntuple; helix: lacking muon_trk_dxy"
    done = run(helix).stdout
    assert row(done, "extrapolation") == (
        "helix; ntuple: lacking muon_matches_begin, muon_matches_end, muon_matches_sector, "
        "muon_matches_station, muon_matches_wheel and 2 more"
    )
    assert row(done, "measurements").startswith("probe_pixel_hits, probe_tracker_layers")
    assert row(run(neither).stdout, "extrapolation").startswith("none; ntuple: lacking muon_ma")
    (summary,) = json.loads(run(neither, "--json").stdout)
    assert summary["extrapolations"]["helix"] == ["muon_trk_dxy"]
    assert len(summary["extrapolations"]["ntuple"]) == 7
    assert {"muon_isTight", "muon_matches_x"} < set(summary["measurements"]["by_chamber"])


def test_what_is_lacking_altogether_is_said_in_brief(tmp_path: Path) -> None:
    arrays = {"run": linked_arrays()["run"]}
    done = run(write_like(arrays, tmp_path / "f.root"))
    assert done.exit_code == 1
    assert "not a muon DPG NANO" in done.stdout
    assert "it lacks dtSegment_sector," in done.stderr
    assert "more" in done.stderr
    assert len(done.stdout.splitlines()) < 30


def test_json_holds_everything() -> None:
    done = run(GOLDEN["rntuple"], "--json")
    (summary,) = json.loads(done.stdout)
    assert summary["entries"] == 4000
    assert len(summary["columns"]) == 63
    assert len(summary["runs"]) == 40
    assert summary["extrapolations"] == {"ntuple": [], "helix": []}
    assert summary["measurements"]["by_chamber"] == []
    assert summary["measurements"]["efficiency_vs_lumi"] == ["lumi_instLumi"]
    assert summary["bytes_per_event"] == pytest.approx(summary["size_bytes"] / 4000)
    assert sum(summary["branch_bytes"].values()) == sum(summary["collections"].values())


def test_what_a_run_reads(tmp_path: Path) -> None:
    arrays = read_arrays(GOLDEN["ttree"], 200)
    (lean,) = json.loads(run(write_like(arrays, tmp_path / "lean.root"), "--json").stdout)
    assert [*lean["read_bytes"]] == ["tag_and_probe"]
    made = dtperf.synthetic.generate(
        {"events": 20, "content": "full"}, tmp_path / "full", progress=False
    )
    told = run(made.directory).stdout
    assert row(told, "source") == "synthetic events"
    shown = row(told, "read by a run")
    (full,) = json.loads(run(made.directory, "--json").stdout)
    read = full["read_bytes"]
    assert {*read} == {*BY_GROUP}
    assert read["tag_and_probe"] < read["segments"] < read["cells"] < full["bytes_per_event"]
    assert shown.startswith(f"{read['tag_and_probe']:,.0f} bytes of an event; ")
    config = dtperf.load_config({"measurements": {"groups": ["cells"]}})
    measured = dtperf.run(config, made.directory, progress=False).totals["bytes"] / 20
    # beside the numbers of events and the counters of collections
    assert read["cells"] == pytest.approx(measured, rel=0.1)


def test_all_files_are_shown_though_one_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.root").touch()
    done = run(tmp_path / "empty.root", GOLDEN["ttree"], tmp_path / "none.root")
    assert done.exit_code == 1
    assert "as TTree" in done.stdout
    assert f"{tmp_path / 'empty.root'}: is empty (0 bytes)" in done.stderr
    assert f"{tmp_path / 'none.root'}: no such file" in done.stderr


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a file of each layout, and one below that lacks a branch."""
    arrays = read_arrays(GOLDEN["ttree"], 20)
    (tmp_path / "below").mkdir()
    write_like(arrays, tmp_path / "b.root")
    write_like(arrays, tmp_path / "a.root", "A")
    del arrays["muon_trk_dxy"], arrays["muon_isTight"]
    write_like(arrays, tmp_path / "below" / "c.root")
    return tmp_path


def test_several_files_have_a_line_each_and_a_sum(folder: Path) -> None:
    done = run(folder)
    assert done.exit_code == 0
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    for name, generation in (("a", "A"), ("b", "B"), ("below/c", "B")):
        [line] = [each for each in lines if each.startswith(f"{folder / name}.root ")]
        assert f"generation {generation}, TTree 20 " in line
        assert "367000" in line
    assert any(line.startswith("3 files: 60 events, ") for line in lines)
    assert "2 files: a muon DPG NANO of generation B, as TTree" in lines
    assert any(
        line.startswith("not supported by 1 file: ") and line.endswith("lacking muon_isTight")
        for line in lines
    )


def test_inputs_are_named_as_those_of_run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    Path("list.json").write_text(json.dumps(["a.root", "below"]))
    for inputs in (["*.root", "below"], [".", "a.root"], ["list.json", "b.root"]):
        summaries = json.loads(run(*inputs, "--json").stdout)
        assert sorted(each["path"] for each in summaries) == ["a.root", "b.root", "below/c.root"]
    done = run("below", "--tree", "Other")
    assert done.exit_code == 1
    assert "below/c.root: " in done.stderr
    [error] = json.loads(run("nothing/*.root", "--json").stdout)
    assert error["error"] == "nothing/*.root: no file matches"


def test_refused_files_in_json(tmp_path: Path) -> None:
    done = run(tmp_path / "none.root", GOLDEN["ttree"], "--json")
    assert done.exit_code == 1
    summary, error = json.loads(done.stdout)
    assert summary["kind"] == "TTree"
    assert "no such file" in error["error"]


def test_other_tree_and_a_file_without_events(tmp_path: Path) -> None:
    assert run(GOLDEN["ttree"], "--tree", "Runs").exit_code == 1
    empty = {name: array[:0] for name, array in linked_arrays().items()}
    done = run(write_like(empty, tmp_path / "empty.root"))
    assert done.exit_code == 0
    assert "none" in done.stdout


def test_only_the_first_files(tmp_path: Path) -> None:
    (tmp_path / "b.root").write_bytes(b"is not opened")
    write_like(read_arrays(GOLDEN["ttree"], 20), tmp_path / "a.root")
    done = run(tmp_path, "--limit-files", "1")
    assert done.exit_code == 0, done.output
    assert "a.root" in done.stdout
    assert "b.root" not in done.stdout
    assert run(tmp_path).exit_code == 1
