from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from dtperf.cli import main
from dtperf.cli.config import app
from dtperf.config import load_config
from dtperf.config.reader import parse
from dtperf.errors import ConfigError
from dtperf.execution import provenance
from dtperf.execution.provenance import packaged_processors


def _run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, list(map(str, arguments)))


def _output(*arguments: str | Path) -> str:
    result = _run(*arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def _error(*arguments: str | Path) -> str:
    result = _run(*arguments)
    assert isinstance(result.exception, ConfigError), result.output
    assert result.exception.exit_code == 2
    return str(result.exception)


@pytest.fixture
def ini(tmp_path: Path) -> Path:
    path = tmp_path / "TnP.ini"
    path.write_text("[TagAndProbe]\ntag_minPt = 30 ; GeV\n", encoding="utf-8")
    return path


def test_check() -> None:
    config = load_config("reference_2023")
    text = _output("check", "reference_2023", "--set", "run.workers=3")
    assert "all well" in text
    assert config.hash[:12] in text


def test_check_refuses() -> None:
    message = _error("check", "reference_2023", "--set", "selection.max_mass=106")
    assert "did you mean 'selection.pair.max_mass'?" in message


def test_hash_is_that_of_what_resume_refuses_to_mix(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = _output("hash", "reference_2023").strip()
    assert re.fullmatch(r"[0-9a-f]{12}-[0-9a-f]{12}", name)
    config, code = name.split("-")
    assert config == load_config("reference_2023").hash[:12]
    assert _output("hash", "reference_2023", "--set", "run.workers=3").strip() == name
    other = _output("hash", "reference_2023", "--set", "selection.pair.max_mass=106").strip()
    assert other != name
    assert other.endswith(code)
    # a copy of the processor is the same one, until it is changed
    own = tmp_path / "mine.py"
    source = packaged_processors()["segment_efficiency"].read_text()
    for comment in ("", "# changed\n"):
        own.write_text(source + comment)
        processor = f"processor={own}:SegmentEfficiency"
        mine = _output("hash", "reference_2023", "--set", processor).strip()
        assert mine.startswith(config)
        assert mine.endswith(code) == (comment == "")
    monkeypatch.setattr(provenance, "package_state", lambda: "another")
    assert not _output("hash", "reference_2023").strip().endswith(code)


def test_show() -> None:
    text = _output("show", "cms_dp_2023_049", "--set", "run.workers=3", "--set", "title=mine")
    expected = load_config("cms_dp_2023_049", ["run.workers=3", "title=mine"])
    assert load_config(parse(text, "shown")) == expected  # type: ignore[arg-type]
    assert "# Lower limit on pT, GeV." in text


def test_show_json() -> None:
    content = json.loads(_output("show", "reference_2023", "--json"))
    assert load_config(content) == load_config("reference_2023")


def test_from_ini(tmp_path: Path, ini: Path) -> None:
    output = tmp_path / "my.yaml"
    result = _run("from-ini", ini, "-o", output)
    assert result.exit_code == 0, result.output
    assert "note: probe_minPt is not given" in result.stderr
    assert "note" not in result.stdout
    config = load_config(output)
    assert config.selection.tag.min_pt == 30
    assert config.compatibility.truncate_extrapolation
    assert "# Lower limit on pT, GeV." in output.read_text(encoding="utf-8")


def test_from_ini_overwrites_only_by_force(tmp_path: Path, ini: Path) -> None:
    output = tmp_path / "my.yaml"
    output.write_text("precious", encoding="utf-8")
    assert "--force" in _error("from-ini", ini, "-o", output)
    assert output.read_text(encoding="utf-8") == "precious"
    _output("from-ini", ini, "-o", output, "--force")
    assert load_config(output).selection.tag.min_pt == 30


def test_from_ini_writes_nothing_if_it_is_wrong(tmp_path: Path, ini: Path) -> None:
    output = tmp_path / "my.yaml"
    ini.write_text("[TagAndProbe]\ntag_minP = 3", encoding="utf-8")
    assert "did you mean 'tag_minPt'?" in _error("from-ini", ini, "-o", output)
    assert "cannot be read" in _error("from-ini", tmp_path / "nowhere.ini", "-o", output)
    assert not output.exists()
    ini.write_text("[TagAndProbe]\n", encoding="utf-8")
    assert "cannot be written" in _error("from-ini", ini, "-o", tmp_path / "no" / "folder.yaml")


def test_through_the_command_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["dtperf", "config", "check", "reference_2024"])
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 2
    captured = capsys.readouterr()
    assert "did you mean 'reference_2023'?" in captured.err
    assert "Traceback" not in captured.err
