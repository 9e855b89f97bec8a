from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

import dtperf
from dtperf.pages.explore.commands import shell_line
from dtperf.skim.analysis import Explorer
from tests.cli.commands import call
from tests.helpers.golden import GOLDEN, efficiencies
from tests.skim.samples import assert_same, measured

TIGHTER = "selection.probe.min_pt=30"


def test_skim_run_and_explore(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    out, result = tmp_path / "skim", tmp_path / "result"
    done = call(monkeypatch, capfd, "skim", "reference_2023", GOLDEN, "-o", out)
    assert done.code == 0
    told = r"MB, \d+ bytes for each event read, where a run on the files reads \d+\n"
    assert re.search(rf"3,183 of 4,000 events can matter .*{told}", done.out)
    done = call(monkeypatch, capfd, "run", "reference_2023", out, "-o", result, "--set", TIGHTER)
    assert done.code == 0
    assert "4,000 events read + 0 skipped = 4,000" in done.out
    assert f"cores, of {out}\n" in done.out
    told = call(monkeypatch, capfd, "status", result).out
    assert re.search(rf"events/s of {out}; below, how that was made", told)
    config = dtperf.load_config("reference_2023", [TIGHTER])
    assert_same(dtperf.Result.load(result), measured(config, GOLDEN))
    done = call(
        *(monkeypatch, capfd, "run", "reference_2023", out, "-o", tmp_path / "no"),
        *("--set", "selection.pair.max_mass=120"),
    )
    assert done.code == 2
    assert "selection.pair.max_mass: 120.0, but the skim has 101.0" in done.err
    done = call(monkeypatch, capfd, "skim", "reference_2023", out, "-o", tmp_path / "no")
    assert done.code == 2
    assert f"{out}: is a skim: run or explore it, or skim the original files" in done.err
    assert not (tmp_path / "no").exists()
    monkeypatch.setattr("dtperf.pages.explore.server.serve", lambda *_: None)
    done = call(monkeypatch, capfd, "explore", out, "--no-browser")
    assert done.code == 0
    assert "all 4,000 events of 1 file (" in done.out
    explorer = Explorer(out)
    fresh = measured(explorer.config, GOLDEN)
    assert efficiencies(explorer.measure()) == efficiencies(fresh)
    words = shell_line(explorer.origin, config).split()
    assert words[:4] == ["dtperf", "run", "reference_2023", str(out)]


def test_what_is_skipped_has_its_exit_code(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    shutil.copy(GOLDEN, tmp_path / "a.root")
    (tmp_path / "b.root").write_bytes(b"root" + bytes(1000))
    common = ("skim", "reference_2023", tmp_path, "-o", tmp_path / "skim")
    assert call(monkeypatch, capfd, *common).code == 1
    assert not (tmp_path / "skim").exists()
    done = call(monkeypatch, capfd, *common, "--on-error", "skip")
    assert done.code == 3
    assert "b.root" in done.out
    again = ("run", "reference_2023", tmp_path / "skim", "-o", tmp_path / "out")
    assert call(monkeypatch, capfd, *again).code == 3


@pytest.mark.parametrize(
    ("options", "match"),
    [
        (("--compression", "gzip"), "'gzip' is not one of 'none', 'lz4', 'zstd'"),
        (("--resume", "--force"), "--resume and --force"),
        (("--cluster", "x", "--executor", "dask"), "--cluster and --executor"),
    ],
)
def test_mistakes(
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    tmp_path: Path,
    options: tuple[str, ...],
    match: str,
) -> None:
    out = tmp_path / "skim"
    done = call(monkeypatch, capfd, "skim", "reference_2023", GOLDEN, "-o", out, *options)
    assert done.code == 2
    assert match in done.err
