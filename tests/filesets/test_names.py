"""Names of files in the dialects of ROOT, CMSSW and spreadsheets."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dtperf.errors import ConfigError, InputError
from dtperf.filesets import InputFile, read, resolve
from dtperf.filesets.names import names_in_text, parse_name, split_names


@pytest.mark.parametrize(
    ("text", "path", "tree"),
    [
        ("a.root:Events", "a.root", "Events"),
        ("a.rntpl:dir/Events;1", "a.rntpl", "dir/Events;1"),
        ("a.root?#Events", "a.root", "Events"),
        ("file:/data/a.root", "/data/a.root", None),
        ("file:///data/a.root:Events", "/data/a.root", "Events"),
        ("file://localhost/data/a.root", "/data/a.root", None),
        ("file:a.root", "a.root", None),
        ("'root://s//f.root',", "root://s//f.root", None),
        ("\ufeff“a.root”;", "a.root", None),
        ("xroot://s//f.root:Events", "root://s//f.root", "Events"),
        ("XROOTD://s:1094//*.root:Events", "root://s:1094//*.root", "Events"),
        ("davs://s/f.root", "https://s/f.root", None),
        ("root://s//f.root?authz=1:2", "root://s//f.root?authz=1:2", None),
        ("root://s//f.root?authz=1:2#Events", "root://s//f.root?authz=1:2", "Events"),
        ("root://s//d.root/f.root", "root://s//d.root/f.root", None),
        ("root://[::1]:1094//store/f.root", "root://[::1]:1094//store/f.root", None),
        ("root://c.example//root://s//f.root", "root://c.example//root://s//f.root", None),
        ("root://s//store/", "root://s//store/", None),
        ("das:/A/B/C", "das:/A/B/C", None),
        ("data/run:3/", "data/run:3/", None),
    ],
)
def test_dialects(text: str, path: str, tree: str | None) -> None:
    assert parse_name(text) == (path, tree)


@given(st.text("ab/._- 0*[]", min_size=1, max_size=12).map(lambda middle: f"x{middle}y.root"))
def test_plain_paths_stay(name: str) -> None:
    assert parse_name(name) == (name, None)


def test_a_file_that_is_there_is_taken_as_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("odd.root:Events", "'q.root',", "a.root", "a,b.root"):
        (tmp_path / name).touch()
    for name in ("odd.root:Events", "'q.root',", "a,b.root"):
        [file] = resolve(name)
        assert (file.path, file.tree) == (str(tmp_path / name), "Events")
    # TChain's way needs a file, since a directory may have such a name
    assert parse_name("a.root/dir/Events") == ("a.root", "dir/Events")
    assert parse_name("b.root/Events") == ("b.root/Events", None)
    files = resolve(["file:a.root:Other"], "Events")
    assert [(Path(file.path).name, file.tree) for file in files] == [("a.root", "Other")]


def test_a_list_in_one_argument(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a.root", "b.root"):
        (tmp_path / name).touch()
    for text in ("a.root,b.root", "'a.root', 'b.root',", "a.root b.root", "a.root;\nb.root"):
        assert [Path(file.path).name for file in resolve(text)] == ["a.root", "b.root"]
    assert split_names("my data, old/") == ["my data, old/"]


@pytest.mark.parametrize(
    ("name", "error", "told"),
    [
        ("/store/data/x.root", InputError, r"write root://cms-xrd-global\.cern\.ch//store/data/x"),
        ("'file:/store/data/x.root',", InputError, "or another redirector before it.*das:"),
        ("/eos/cms/store/x.root", InputError, r"write root://eoscms\.cern\.ch//eos/cms/store/x"),
        ("/eos/user/a/x.root", InputError, r"root://eosuser\.cern\.ch//eos/user/a/x\.root"),
        ("/Muon0/Run2023C-v1/NANOAOD", InputError, "das:/Muon0/Run2023C-v1/NANOAOD or rucio:"),
        ("cms:/Muon0/Run2023C-v1/USER", InputError, "das:/Muon0/Run2023C-v1/USER"),
        ("srm://s/x.root", ConfigError, "srm:// cannot be read here: .*root://"),
        ("roots://s//x.root", ConfigError, "write root://"),
        ("nothing.root:Events", InputError, "nothing.root: no such file"),
    ],
)
def test_one_line_says_what_to_write_instead(name: str, error: type[Exception], told: str) -> None:
    with pytest.raises(error, match=told) as info:
        resolve(name)
    assert "\n" not in str(info.value)


CMSSW = """\
\ufeffimport FWCore.ParameterSet.Config as cms

process.source = cms.Source("PoolSource",
    fileNames = cms.untracked.vstring(
        'file:a.root',  # the first
        "b.root:Other", 'c.root'
    ),
)
process.maxEvents = cms.untracked.PSet(input = cms.untracked.int32(-1))
process.load("Configuration/StandardSequences/Services_cff")
readFiles.extend( [
  'root://s//store/d.root' ] );
#'e.root',
"""
SHEET = "file;events\n'a.root';100\n\nb.root:Other;200;\nc.root\t7\nroot://s//store/d.root,1\n"
LINES = "\ufeff'a.root',\r\nb.root:Other;\r\n\r\n\"c.root\"\r\n  root://s//store/d.root # last\r\n"
PYTHON = "['file:a.root', 'b.root:Other',\n 'c.root', 'xroot://s//store/d.root']\n"


@pytest.mark.parametrize(
    ("name", "content"),
    [("x_cff.py", CMSSW), ("x.csv", SHEET), ("x.txt", LINES), ("x.list", PYTHON)],
)
def test_lists_that_were_copied(name: str, content: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(content.encode())
    here = [InputFile(str(tmp_path / f"{letter}.root"), "Events") for letter in "abc"]
    here[1] = here[1]._replace(tree="Other")
    assert resolve(path) == [*here, InputFile("root://s//store/d.root", "Events")]


def test_what_is_no_list_is_not_read_in_part(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("file,events\na.root,1\noops,2\n")
    with pytest.raises(ConfigError, match=r"x\.csv: line 3: 'oops,2': names no file"):
        [*read(path)]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("data\nmy dir\n", ["data", "my dir"]),
        ("['data',\n'more']\n", ["data", "more"]),
        ("odd (1).root\n", ["odd (1).root"]),
        ("a.root # b.root\n#c.root\n", ["a.root"]),
    ],
)
def test_lines_that_are_names_as_they_are(text: str, names: list[str]) -> None:
    assert [*names_in_text(text)] == names


def test_a_list_of_names_of_cms_is_told_of_once(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_text("".join(f"/store/data/{n}.root\n" for n in range(100)))
    with pytest.raises(InputError, match=r"/store/data/0\.root: is a name of CMS"):
        resolve(path)
