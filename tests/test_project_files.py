"""The project's own files agree with each other."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PROJECT = PYPROJECT["project"]
PIXI = tomllib.loads((ROOT / "pixi.toml").read_text())
CONDA_NAMES = {
    "matplotlib": "matplotlib-base",  # the base package leaves out Qt
    "playwright": "playwright-python",
    "xxhash": "python-xxhash",
}

TOP_LEVEL = {
    ".ci",
    ".gitattributes",
    ".gitignore",
    ".pre-commit-config.yaml",
    "CHANGELOG.md",
    "CITATION.cff",
    "CONTRIBUTING.md",
    "Containerfile",
    "LICENSE",
    "README.md",
    "benchmarks",
    "configs",
    "constraints.txt",
    "dtperf",
    "notebooks",
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
    assert set(PIXI["environments"]["default"]) == set(extras)


def test_pixi_has_the_tasks() -> None:
    assert set(PIXI["tasks"]) == {"benchmark", "demo", "lint", "test", "types"}


def test_constraints_are_versions_within_the_bounds() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    assert [pin for pin in pins if not re.fullmatch(r"[\w.-]+==[\w.]+", pin)] == []
    versions = [pin.split("==") for pin in pins]
    pinned: dict[str, str] = {canonicalize_name(name): pin for name, pin in versions}

    lists: list[list[str]] = [PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()]
    wanted = {name: bound for each in lists for name, bound in bounds(each).items()}
    outside = {name for name, bound in wanted.items() if pinned.get(name, "0") not in bound}
    assert outside == set()


def test_one_version_everywhere() -> None:
    citation: dict[str, Any] = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    versions = {PROJECT["version"], PIXI["workspace"]["version"], citation["version"]}
    assert versions == {version("dtperf")}


@in_a_clone
def test_no_registry_address_in_git() -> None:
    found = [name for name in files_in_git() if REGISTRY.search((ROOT / name).read_bytes())]
    assert found == []


@in_a_clone
def test_top_level_holds_only_known_names() -> None:
    names = {name.parts[0] for name in files_in_git()}
    assert names - TOP_LEVEL == set()
    assert {"dtperf", "processors", "tests"} <= names
