"""What is told to type where an extra is missing can be typed."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tomllib
from functools import partial
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import dtperf
from dtperf import extras
from dtperf.errors import ConfigError
from dtperf.execution.clusters import tls
from tests.helpers.pages import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
PACKAGE = Path(dtperf.__file__).parent


def words(extra: str) -> list[str]:
    pip, _, command = extras.install_command(extra).partition(" install ")
    typed = shlex.split(command)
    if pip == "uv pip":
        *typed, option, python = typed
        assert (option, python) == ("--python", sys.executable)
        pip = "uv"
    assert subprocess.run([*shlex.split(pip), "--version"], check=False).returncode == 0
    return typed


@pytest.mark.parametrize("extra", ["lazy", "notebook"])
def test_in_a_clone_it_takes_what_was_tested_together(
    extra: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for folder, clone in ((ROOT, Path()), (tmp_path, ROOT)):
        monkeypatch.chdir(folder)
        c, tested, e, what = words(extra)
        assert (c, e) == ("-c", "-e")
        assert Path(tested).name == {"lazy": "constraints-lazy.txt"}.get(extra, "constraints.txt")
        assert Path(tested).is_file()
        assert what == f"{clone}[{extra}]"


@pytest.mark.parametrize("extra", sorted(EXTRAS))
def test_elsewhere_it_names_what_the_extra_consists_of(
    extra: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(extras, "HOME", tmp_path)
    named = {each.name for each in map(Requirement, words(extra))}
    assert named == {Requirement(each).name for each in EXTRAS[extra]}


def test_an_environment_without_pip_has_uv(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "find_spec", lambda _: None)
    command = extras.install_command("notebook")
    assert command.startswith("uv pip install ")
    assert command.endswith(f"--python {shlex.quote(sys.executable)}")


def test_without_dask_awkward_lazy_says_what_to_install() -> None:
    code = "import sys; sys.modules['dask_awkward'] = None; import dtperf; dtperf.lazy"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT
    )
    told = done.stderr.strip().splitlines()[-1]
    assert told.startswith("dtperf.errors.ConfigError: dtperf.lazy needs dask_awkward: ")
    assert "install -c constraints-lazy.txt -e '.[lazy]'" in told


def test_without_cryptography_a_cluster_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tls, "find_spec", lambda _: None)
    for use in (partial(tls.Credentials.make, tmp_path), tls.Credentials(*[tmp_path] * 3).security):
        with pytest.raises(ConfigError, match=r"cryptography: .* install .*\[clusters\]'"):
            use()


def test_nothing_tells_to_install_dtperf_from_a_registry() -> None:
    published = re.compile(r"install[^\n]*\bdtperf\[|(?<!helm )(?<!un)install (-\S+ )*dtperf\b")
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *ROOT.glob("configs/**/*")]
    pages += [*ROOT.glob("notebooks/*.ipynb"), *PACKAGE.rglob("*.py")]
    texts = {page: page.read_text(encoding="utf-8") for page in pages if page.is_file()}
    assert {page for page, text in texts.items() if published.search(text)} == set()
