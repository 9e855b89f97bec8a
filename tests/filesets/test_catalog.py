"""Datasets of DAS, through a client that stands for CMS's."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from dtperf.errors import ConfigError, InputError
from dtperf.filesets import InputFile, resolve
from tests.filesets.stubs import executable

DATASET = "/Muon0/Run2023C-PromptReco-v4/NANOAOD"
OTHER = "/Muon1/Run2023C-PromptReco-v4/NANOAOD"
LFN = "/store/data/Run2023C/Muon0/NANOAOD/PromptReco-v4/000/367/{}.root"

Das = Callable[[dict[str, str]], Callable[[], list[str]]]


@pytest.fixture
def das(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Das:
    """Put a dasgoclient on the PATH that knows some answers, and tells what it was asked."""

    def known(answers: dict[str, str]) -> Callable[[], list[str]]:
        asked = tmp_path / "asked"
        asked.touch()
        executable(
            tmp_path / "bin" / "dasgoclient",
            f"import json, sys\n"
            f"with open({str(asked)!r}, 'a') as f: f.write(json.dumps(sys.argv[1:]) + '\\n')\n"
            f"answers = {answers!r}\n"
            f"sys.stdout.write(answers.get(sys.argv[1].removeprefix('-query='), ''))\n",
            monkeypatch,
        )
        return lambda: [json.loads(line) for line in asked.read_text().splitlines()]

    return known


def test_das(das: Das) -> None:
    names = [LFN.format(n) for n in "abc"]
    asked = das({f"file dataset={DATASET}": "\n".join([*names, names[0]]) + "\n"})
    files = resolve(f"das:{DATASET}", "Tree")
    redirector = "root://cms-xrd-global.cern.ch/"
    assert files == [InputFile(f"{redirector}{name}", "Tree", DATASET) for name in names]
    assert asked() == [[f"-query=file dataset={DATASET}"]]
    files = resolve(f"das:{DATASET}", redirector="root://eos.example:1094//")
    assert files[0].path == f"root://eos.example:1094/{names[0]}"


def test_das_with_a_pattern_and_private_datasets(das: Das) -> None:
    pattern, private = "/Muon*/Run2023C-*/NANOAOD", "/Muon0/me-dpg_v1-0/USER"
    answers = {
        f"dataset dataset={pattern}": f"{DATASET}\n{OTHER}\n",
        f"file dataset={DATASET}": LFN.format("a"),
        f"file dataset={OTHER}": LFN.format("b"),
        f"file dataset={private} instance=prod/phys03": LFN.format("c"),
    }
    das(answers)
    files = resolve([f"das:{pattern}", f"das:{private}"])
    assert [file.dataset for file in files] == [DATASET, OTHER, private]
    assert [file.path[-6:] for file in files] == ["a.root", "b.root", "c.root"]


@pytest.mark.parametrize(
    "name",
    [
        "das:",
        "das:/A/B",
        "das:/A/B/C/D",
        "das:-h/A/B/C",
        "das:/A/B/C instance=x",
        "das:/A/B/C|grep",
        "rucio:/A/B/C;ls",
        "rucio:/A/B/\x1b[31m",
        "rucio:/A/B/C\nD",
    ],
)
def test_names_that_cannot_be(name: str, das: Das) -> None:
    asked = das({})
    with pytest.raises(ConfigError, match="name a dataset as") as refused:
        resolve(name)
    assert str(refused.value).isprintable()
    assert not asked()


@pytest.mark.parametrize(
    "answer",
    [
        "/etc/passwd.root",
        "/store/a.root\x1b[2J",
        "/store/a.root -x",
        "DAS error: bad certificate",
        "/store/a.txt",
        "/store/../../etc/a.root",
    ],
)
def test_answers_of_das_that_cannot_be(answer: str, das: Das) -> None:
    das({f"file dataset={DATASET}": f"{LFN.format('a')}\n{answer}\n"})
    with pytest.raises(InputError, match="was answered by") as refused:
        resolve(f"das:{DATASET}")
    assert str(refused.value).isprintable()


def test_datasets_that_das_does_not_know(das: Das) -> None:
    das({"dataset dataset=/A/B/D*": "/A/B/DE"})
    for name, message in {
        "/A/B/C": "/A/B/C: has no files",
        "/A/B/C*": "no such dataset",
        "/A/B/D*": "/A/B/DE: has no files",
    }.items():
        with pytest.raises(InputError, match=message) as refused:
            resolve(f"das:{name}")
        assert refused.value.cause == "missing"


def test_a_das_client_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "bin" / "dasgoclient"
    executable(program, "import sys; sys.exit('no proxy\x1b[31m')", monkeypatch)
    with pytest.raises(InputError, match="no proxy") as refused:
        resolve(f"das:{DATASET}")
    assert str(refused.value).isprintable()
    executable(program, "import time; time.sleep(60)", monkeypatch)
    with pytest.raises(InputError, match="no answer") as refused:
        resolve(f"das:{DATASET}", timeout_s=1)
    assert refused.value.cause == "timeout"


def test_no_das_client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match="needs dasgoclient on the PATH"):
        resolve(f"das:{DATASET}")


@pytest.mark.parametrize("redirector", ["cms-xrd", "root://a/b", "root://a -x/", "-x"])
def test_redirectors_that_cannot_be(redirector: str, das: Das) -> None:
    asked = das({})
    with pytest.raises(ConfigError, match="name a server"):
        resolve(f"das:{DATASET}", redirector=redirector)
    assert not asked()
