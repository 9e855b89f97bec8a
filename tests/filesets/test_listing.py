"""Directories and patterns on servers, shown on fsspec's server in memory and on made-up ones."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import fsspec
import pytest

from dtperf.errors import InputError
from dtperf.filesets import listing, resolve
from dtperf.filesets.listing import list_remote

TOP = "memory://data"
NAMES = [
    *("a.root", "b.root", "notes.txt", ".hidden.root", "odd[1].root", "odd1.root"),
    *("run1/c.root", "run1/deep/er/d.root", "run2/c.root", "run2/log.txt", "other/e.root"),
]


@pytest.fixture(autouse=True)
def server() -> Iterator[Any]:
    found = fsspec.filesystem("memory")
    for name in NAMES:
        found.pipe_file(f"/data/{name}", b"")
    found.makedirs("/data/empty")
    yield found
    found.rm("/data", recursive=True)


@pytest.fixture
def asked(server: Any, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Which directories were listed."""
    paths: list[str] = []
    ls = type(server).ls

    def noted(self: Any, path: str, *args: Any, **kwargs: Any) -> Any:
        paths.append(path)
        return ls(self, path, *args, **kwargs)

    monkeypatch.setattr(type(server), "ls", noted)
    return paths


def names(found: list[str]) -> list[str]:
    assert found == sorted(found)
    assert all(url.startswith(f"{TOP}/") for url in found)
    return [url.removeprefix(f"{TOP}/") for url in found]


def test_a_directory_is_searched_to_the_bottom(server: Any, asked: list[str]) -> None:
    found = list_remote(f"{TOP}/", 5)
    assert names(found) == sorted(name for name in NAMES if name.endswith(".root"))
    assert len(asked) == len({*asked}) == 7
    assert names(list_remote(f"{TOP}/run1/", 5)) == ["run1/c.root", "run1/deep/er/d.root"]
    # what is found opens again
    for url in found:
        with fsspec.open(url) as file:
            assert file.read() == b""


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("*.root", ["a.root", "b.root", "odd1.root", "odd[1].root"]),
        ("[ab].root", ["a.root", "b.root"]),
        ("[!a].root", ["b.root"]),
        (".h*", [".hidden.root"]),
        ("run*/c.root", ["run1/c.root", "run2/c.root"]),
        ("*/*.txt", ["run2/log.txt"]),
        ("**/d.root", ["run1/deep/er/d.root"]),
        ("**/**/d.root", ["run1/deep/er/d.root"]),
        ("**/c.root", ["run1/c.root", "run2/c.root"]),
        ("run1/**", ["run1/c.root", "run1/deep/er/d.root"]),
        ("**/deep/**/*.root", ["run1/deep/er/d.root"]),
        # as of local files: directories that match are searched for ROOT files
        ("run*", ["run1/c.root", "run1/deep/er/d.root", "run2/c.root"]),
        ("run[12]/", ["run1/c.root", "run1/deep/er/d.root", "run2/c.root"]),
        # a name with brackets is the file of that name
        ("odd[1].root", ["odd[1].root"]),
        ("odd[[]1].root", ["odd[1].root"]),
    ],
)
def test_patterns(pattern: str, found: list[str]) -> None:
    assert names(list_remote(f"{TOP}/{pattern}", 5)) == found


@pytest.mark.parametrize(
    ("pattern", "directories"),
    [
        ("*.root", ["/data"]),
        ("run1/*.root", ["/data/run1"]),
        ("r*/*.root", ["/data", "/data/run1", "/data/run2"]),
    ],
)
def test_only_what_is_needed_is_asked(
    pattern: str, directories: list[str], asked: list[str]
) -> None:
    list_remote(f"{TOP}/{pattern}", 5)
    assert asked == directories


@pytest.mark.parametrize(
    ("name", "cause", "message"),
    [
        ("nowhere/", "missing", r"nowhere/: cannot be listed: .*reachable, and does it hold"),
        ("nowhere/*.root", "missing", r"nowhere/\*\.root: .*nowhere/: cannot be listed"),
        ("empty/", "unusable", r"empty/: no ROOT file \(\*\.root, \*\.rntpl\) in this"),
        ("x*.root", "missing", r"x\*\.root: no file matches"),
        ("*/x.root", "missing", r"no file matches"),
        ("a.root/", "missing", r"not a directory\. Leave out the '/'"),
        ("a.root/*", "missing", r"not a directory"),
    ],
)
def test_nothing_there(name: str, cause: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as info:
        list_remote(f"{TOP}/{name}", 5)
    assert info.value.cause == cause
    assert str(info.value).startswith(f"{TOP}/{name}: ")


FILE = "root://s.example//store/f.root"


@pytest.mark.parametrize(
    "url",
    [
        FILE,
        f"{FILE}?authz=x*y[0]/",
        "root://[::1]:1094//store/f.root",
        "root://[::1]:1094//store/f.root?authz=x",
        "https://s.example/f.root?download",
    ],
)
def test_a_file_is_not_looked_for(url: str) -> None:
    assert list_remote(url, 5) == [url]
    assert [file.path for file in resolve(url)] == [url.partition("?authz")[0]]


def made_up(
    monkeypatch: pytest.MonkeyPatch, content: dict[str, list[tuple[str, bool]]]
) -> list[str]:
    """Let XRootD servers list what is given, by directory; tell what they were asked."""
    asked = []

    def list_directory(url: str, timeout_s: int) -> list[tuple[str, bool]]:
        asked.append(url)
        return content[url.partition("?")[0]]

    monkeypatch.setattr(listing, "list_directory", list_directory)
    monkeypatch.setattr(listing, "fsspec_options", lambda _, timeout_s: {"timeout": timeout_s})
    return asked


STORE = "root://me@s.example:1095//store"


def test_urls_of_xrootd_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    content = {STORE: [("b.root", False), ("run", True)], f"{STORE}/run": [("a.root", False)]}
    asked = made_up(monkeypatch, content)
    found = [f"{STORE}/b.root", f"{STORE}/run/a.root"]
    assert list_remote(f"{STORE}/", 5) == found
    assert asked == [STORE, f"{STORE}/run"]
    assert list_remote(f"{STORE}/**/*.root", 5) == found
    # what is told to the server goes along, and its slashes and stars mean nothing
    asked.clear()
    assert list_remote(f"{STORE}/?authz=a/*", 5) == [f"{url}?authz=a/*" for url in found]
    assert asked == [f"{STORE}?authz=a/*", f"{STORE}/run?authz=a/*"]
    assert list_remote(f"{STORE}/r*/?authz=a/*", 5) == [f"{found[1]}?authz=a/*"]


def test_rntuples_by_their_own_ending(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    server.pipe_file("/data/run2/n.rntpl", b"")
    assert names(list_remote(f"{TOP}/run2/", 5)) == ["run2/c.root", "run2/n.rntpl"]
    assert names(list_remote(f"{TOP}/run2/*.rntpl", 5)) == ["run2/n.rntpl"]
    made_up(monkeypatch, {STORE: [("b.rntpl", False), ("b.rntpl.txt", False)]})
    assert list_remote(f"{STORE}/", 5) == [f"{STORE}/b.rntpl"]
    assert list_remote(f"{STORE}/*.rntpl", 5) == [f"{STORE}/b.rntpl"]


def test_the_root_of_a_server_with_brackets(monkeypatch: pytest.MonkeyPatch) -> None:
    made_up(monkeypatch, {"root://[::1]:1094/": [("a.root", False)]})
    assert list_remote("root://[::1]:1094//", 5) == ["root://[::1]:1094//a.root"]
    assert list_remote("root://[::1]:1094//*", 5) == ["root://[::1]:1094//a.root"]


@pytest.mark.parametrize("name", ["../x.root", "/etc/x.root", "a/../../x.root", "", "a\0.root"])
def test_names_that_cannot_be(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made_up(monkeypatch, {STORE: [("good.root", False), (name, False)]})
    for url in (f"{STORE}/", f"{STORE}/*.root"):
        with pytest.raises(InputError, match="which cannot be") as info:
            list_remote(url, 5)
        assert info.value.cause == "corrupt"
        assert str(info.value).startswith(f"{url}: ")


@pytest.mark.parametrize("pattern", ["", "*", "**/*.root", ".*"])
def test_the_directory_above_is_not_entered(pattern: str, monkeypatch: pytest.MonkeyPatch) -> None:
    content = {STORE: [(".", True), ("..", True), (".x", True)], f"{STORE}/.x": [("a.root", False)]}
    asked = made_up(monkeypatch, content)
    if pattern in ("", ".*"):
        assert list_remote(f"{STORE}/{pattern}", 5) == [f"{STORE}/.x/a.root"]
    else:
        with pytest.raises(InputError, match="no file matches"):
            list_remote(f"{STORE}/{pattern}", 5)
    assert {*asked} <= {*content}


def test_a_name_that_would_begin_a_query(monkeypatch: pytest.MonkeyPatch) -> None:
    made_up(monkeypatch, {STORE: [("a?b.root", False), ("c.root", False)]})
    with pytest.raises(InputError, match=r"holds 'a\?b\.root', which no URL can name"):
        list_remote(f"{STORE}/", 5)
    assert list_remote(f"{STORE}/c*", 5) == [f"{STORE}/c.root"]


@pytest.mark.parametrize("url", [f"{STORE}/f?.root", f"{STORE}/f?/"])
def test_a_question_mark_that_was_meant_as_a_pattern(url: str) -> None:
    with pytest.raises(InputError, match=r"begins a query: write \* or"):
        list_remote(url, 5)


def test_a_path_that_is_not_absolute() -> None:
    with pytest.raises(InputError, match=r"two slashes .*: root://s\.example//store/"):
        list_remote("root://s.example/store/", 5)


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("pattern", ["", "**/*.root"])
def test_directories_without_end(pattern: str, wide: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    class Endless(dict[str, list[tuple[str, bool]]]):
        def __missing__(self, url: str) -> list[tuple[str, bool]]:
            is_top = url.count("/") == STORE.count("/")
            return [(f"{n}", is_top or not wide) for n in range(20_000 if wide and is_top else 2)]

    asked = made_up(monkeypatch, Endless())
    with pytest.raises(InputError, match="Do links lead in a circle"):
        list_remote(f"{STORE}/{pattern}", 5)
    assert len(asked) <= listing.MOST_DIRECTORIES


def test_a_server_that_lists_only_a_part(monkeypatch: pytest.MonkeyPatch) -> None:
    client = pytest.importorskip("XRootD.client")

    def dirlist(self: Any, path: str, flags: int, timeout_s: int) -> tuple[Any, list[Any]]:
        assert (path, timeout_s) == ("/store", 5)
        return SimpleNamespace(ok=True, code=3, message="partial"), []

    monkeypatch.setattr(client.FileSystem, "dirlist", dirlist)
    monkeypatch.setattr("dtperf.nanoaod.open.bound_waiting", lambda _: None)
    with pytest.raises(InputError, match="some of its servers have not told") as info:
        list_remote("root://s.example//store/", 5)
    assert info.value.cause == "unreachable"
