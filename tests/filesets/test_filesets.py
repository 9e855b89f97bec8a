"""From what a user names to files."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

import pytest

import dtperf
from dtperf.errors import ConfigError, DtperfError, InputError
from dtperf.filesets import InputFile, resolve


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("a.root", "b.root", "sub/c.root", "sub/notes.txt", "odd[1].root"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    return tmp_path


def names(found: list[InputFile], root: Path) -> list[str]:
    return [str(Path(file.path).relative_to(root.resolve())) for file in found]


def test_a_file_and_a_glob_and_a_directory(tree: Path) -> None:
    assert names(resolve(tree / "a.root"), tree) == ["a.root"]
    assert names(resolve(str(tree / "?.root")), tree) == ["a.root", "b.root"]
    assert names(resolve(str(tree / "**/*.root")), tree) == [
        "a.root",
        "b.root",
        "odd[1].root",
        "sub/c.root",
    ]
    assert sorted(names(resolve(tree), tree)) == ["a.root", "b.root", "odd[1].root", "sub/c.root"]


def test_rntuples_by_their_own_ending(tree: Path) -> None:
    (tree / "sub" / "b.rntpl").touch()
    assert names(resolve(tree / "sub"), tree) == ["sub/b.rntpl", "sub/c.root"]
    assert names(resolve(str(tree / "*/*.rntpl")), tree) == ["sub/b.rntpl"]
    assert names(resolve(str(tree / "su?")), tree) == ["sub/b.rntpl", "sub/c.root"]


def test_a_name_with_brackets_is_the_file_of_that_name(tree: Path) -> None:
    assert names(resolve(tree / "odd[1].root"), tree) == ["odd[1].root"]


def test_each_file_once(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tree)
    found = resolve(["a.root", "./a.root", str(tree / "*.root"), "sub/../a.root"])
    assert names(found, tree) == ["a.root", "b.root", "odd[1].root"]


def test_urls_stay_as_they_are() -> None:
    url = "root://server.example//store/x.root"
    assert resolve([url], "Tree") == [InputFile(url, "Tree")]


UUID = "2f1c4d5e-0000-11ef-8000-000000000001"
FILESETS = {
    "list": ["a.root", "sub/c.root"],
    "dataset with a list": {"data": ["a.root", "sub/c.root"]},
    "coffea, files with trees": {"data": {"files": {"a.root": "Events", "sub/c.root": "Events"}}},
    "coffea, files with steps": {
        "data": {
            "files": {
                "a.root": {"object_path": "Events", "steps": [[0, 10]], "uuid": UUID},
                "sub/c.root": {"object_path": "Events"},
            }
        }
    },
    "coffea, treename": {"data": {"treename": "Events", "files": ["a.root", "sub/c.root"]}},
    "two datasets": {"d1": ["a.root"], "d2": ["sub/*.root"]},
}


@pytest.mark.parametrize("content", FILESETS.values(), ids=FILESETS)
@pytest.mark.parametrize("suffix", ["json", "yaml"])
def test_filesets(content: object, suffix: str, tree: Path) -> None:
    # JSON is YAML, too; relative paths start from the fileset
    fileset = tree / f"fileset.{suffix}"
    fileset.write_text(json.dumps(content))
    assert names(resolve(fileset), tree) == ["a.root", "sub/c.root"]


def test_trees_of_a_fileset(tree: Path) -> None:
    fileset = tree / "f.json"
    fileset.write_text(json.dumps({"d": {"files": {"a.root": "Other", "b.root": None}}}))
    assert [file.tree for file in resolve(fileset, "Default")] == ["Other", "Default"]


def test_what_coffea_knows_of_a_file(tree: Path) -> None:
    fileset = tree / "fileset.json"
    fileset.write_text(json.dumps(FILESETS["coffea, files with steps"]))
    first, second = resolve(fileset)
    assert (str(first.uuid), first.ranges, first.dataset) == (UUID, ((0, 10),), "data")
    assert second == InputFile(str(tree.resolve() / "sub/c.root"), "Events", "data")


def test_names_in_a_text(tree: Path) -> None:
    fileset = tree / "files.txt"
    fileset.write_text("# ours\na.root  # the first\n\n  sub/*.root\nroot://s//x.root\n")
    *local, remote = resolve(fileset)
    assert names(local, tree) == ["a.root", "sub/c.root"]
    assert remote.path == "root://s//x.root"


def test_files_themselves(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tree)
    known = InputFile("a.root", "Tree", "d", entries=20, ranges=((0, 5),))
    url = InputFile("root://s//x.root", "Tree")
    absolute = known._replace(path=str(tree.resolve() / "a.root"))
    assert resolve([known, url, "b.root"])[:2] == [absolute, url]
    assert resolve(known) == [absolute]


def test_a_file_is_named_twice(tree: Path) -> None:
    known = InputFile(
        str(tree.resolve() / "a.root"), "Events", "d", uuid=uuid.UUID(UUID), entries=20, bytes=9
    )
    assert resolve([tree / "a.root", known]) == [known]
    assert resolve([known, tree / "a.root"]) == [known]
    for changes in (
        {"ranges": ((0, 5),)},
        {"tree": "T"},
        {"entries": 21},
        {"uuid": uuid.UUID(int=1)},
    ):
        with pytest.raises(ConfigError, match=r"a\.root: is named twice, with different"):
            resolve([known, known._replace(**changes)])


NASTY = "a\x1b[31m.root"


@pytest.mark.parametrize(
    "content",
    [
        [NASTY],
        {NASTY: ["a.root"]},
        {"d": {"treename": NASTY, "files": ["a.root"]}},
        {"d": {"files": {NASTY: "Events"}}},
        {"d": {"files": {"a.root": NASTY}}},
        {"d": {"files": {"a.root": {"uuid": NASTY}}}},
        {"d": {"files": {"a.root": {"replicas": [NASTY]}}}},
        {"d": {"files": {"a.root": {"generation": NASTY}}}},
    ],
)
def test_names_that_would_act_on_a_terminal(content: object, tree: Path) -> None:
    fileset = tree / "bad.json"
    fileset.write_text(json.dumps(content))
    with pytest.raises(ConfigError, match=r"bad\.json") as refused:
        resolve(fileset)
    assert str(refused.value).isprintable()
    (tree / NASTY).touch()
    with pytest.raises(ConfigError, match="cannot be printed") as refused:
        resolve(tree)
    assert str(refused.value).isprintable()


@pytest.mark.parametrize("name", ["rucio:/A/B/C", "das:/A/B*/C"])
def test_a_fileset_asks_no_catalog(name: str, tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tree)
    Path("f.json").write_text(json.dumps([name]))
    with pytest.raises(ConfigError, match=r"f\.json: names the dataset"):
        resolve("f.json")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nowhere.root", "nowhere.root: no such file"),
        ("*.nothing", "no file matches"),
        ("empty", "no ROOT file"),
    ],
)
def test_nothing_there(name: str, message: str, tree: Path) -> None:
    (tree / "empty").mkdir()
    with pytest.raises(InputError, match=message):
        resolve(str(tree / name))


@pytest.mark.parametrize(
    "text", ["{", "3", '{"d": 3}', '{"d": {"files": [1]}}', '{"d": {"files": {"a.root": [1]}}}']
)
def test_bad_filesets_name_the_file(text: str, tree: Path) -> None:
    fileset = tree / "bad.json"
    fileset.write_text(text)
    with pytest.raises(ConfigError, match=r"bad\.json"):
        resolve(fileset)


def test_a_fileset_that_names_itself(tree: Path) -> None:
    fileset = tree / "loop.json"
    fileset.write_text('["loop.json"]')
    with pytest.raises(DtperfError, match=r"loop\.json"):
        resolve(fileset)


def test_no_input() -> None:
    with pytest.raises(ConfigError, match="no input"):
        resolve([])


def test_a_list_that_names_no_file_is_named(tmp_path: Path) -> None:
    empty = tmp_path / "empty.txt"
    empty.write_text("# later\r\n\r\n")
    with pytest.raises(ConfigError, match=r"empty\.txt: names no file"):
        resolve([empty])


def test_a_list_whose_names_start_from_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/a.root").touch()
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists/files.txt").write_text("data/a.root\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=r"start from its folder.*realpath data/a\.root"):
        resolve("lists/files.txt")
    (tmp_path / "files.txt").write_text("data/a.root\ndata/gone.root\n")
    found = resolve("files.txt")
    assert [Path(file.path).name for file in found] == ["a.root", "gone.root"]


def test_a_list_as_long_as_those_of_a_year(tmp_path: Path) -> None:
    names = [f"root://server.example//store/data/{'x' * 100}/{n}.root" for n in range(10_000)]
    (tmp_path / "year.txt").write_text("\n".join(names))
    assert [file.path for file in resolve(tmp_path / "year.txt")] == names


def test_a_list_in_another_encoding(tmp_path: Path) -> None:
    (tmp_path / "files.txt").write_bytes("f\u00fcnf.root\n".encode("latin-1"))
    with pytest.raises(ConfigError, match=r"files\.txt: .*list of files\? Then save it as UTF-8"):
        resolve(tmp_path / "files.txt")


def test_a_table_of_luminosity_is_no_list(tmp_path: Path) -> None:
    content = "#Data tag : v1 , Norm tag: None\n#run:fill,ls,time\n1:2,1:1,01/02/23 00:00:01\n"
    (tmp_path / "lumi.csv").write_text(content)
    with pytest.raises(ConfigError, match=r"lumi\.csv: is brilcalc's table"):
        resolve(tmp_path / "lumi.csv")


LONG = f"{'x' * 300}.root"


def test_a_list_leaves_what_is_no_file_to_the_check(tmp_path: Path) -> None:
    (tmp_path / "loop.root").symlink_to("loop.root")
    (tmp_path / "folder.root").mkdir()
    names = ["loop.root", "folder.root", LONG, "gone.root"]
    (tmp_path / "files.txt").write_text("\n".join(names))
    found = resolve(tmp_path / "files.txt")
    assert [file.path for file in found] == [str(tmp_path / name) for name in names]


@pytest.mark.parametrize("name", ["loop.root", LONG, LONG.replace(".root", ".txt")])
def test_names_that_no_file_can_have(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reference_config: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("loop.root").symlink_to("loop.root")
    with pytest.raises(InputError, match="no such file or directory"):
        dtperf.run(reference_config, name)
