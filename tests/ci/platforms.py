"""GitLab and GitHub as far as our templates use them: each job's script in a place of its own.

Scripts run as there: in bash that ends at the first error, without a terminal, in a fresh clone,
with nothing in the environment but what the platform and the template set.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

__all__ = ["CONFIGS", "ROOT", "GitHub", "GitLab", "bash", "github_steps", "gitlab_jobs"]

ROOT = Path(__file__).parents[2]
CONFIGS = ROOT / "configs/ci"
KEYWORDS = {"stages", "workflow", "variables"}
Process = subprocess.Popen[str]


def gitlab_jobs() -> dict[str, dict[str, Any]]:
    """Return the jobs of the template for GitLab, with what they extend."""
    content = yaml.safe_load((CONFIGS / "gitlab-ci.yml").read_text())
    found = {name: job for name, job in content.items() if name not in KEYWORDS}
    for name, job in found.items():
        base = found.get(job.get("extends"), {})
        variables = base.get("variables", {}) | job.get("variables", {})
        found[name] = {**base, **job, "variables": variables}
    return found


def github_steps() -> list[dict[str, Any]]:
    """Return the steps of the template for GitHub."""
    content = yaml.safe_load((CONFIGS / "github-workflow.yml").read_text())
    steps: list[dict[str, Any]] = content["jobs"]["measure"]["steps"]
    return steps


def bash(script: str, folder: Path, variables: Mapping[str, str], home: Path) -> Process:
    """Start a script, in a group of processes of its own."""
    kept = ("LANG", "NUMBA_CACHE_DIR", "PYTHONDONTWRITEBYTECODE")
    environment = {name: os.environ[name] for name in kept if name in os.environ} | {
        "CI": "true",
        "HOME": str(home),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}/usr/bin{os.pathsep}/bin",
        "PYTHONPATH": str(ROOT),
        **variables,
    }
    return subprocess.Popen(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


class _Platform:
    def __init__(self, origin: Path, place: Path, variables: Mapping[str, str]) -> None:
        self.origin, self.place = origin, place
        self.variables = dict(variables)
        self.log = ""
        (place / "home").mkdir(parents=True, exist_ok=True)

    def clone(self, name: str) -> Path:
        """Clone the project anew, as each job has it."""
        folder = self.place / "builds" / name.replace(" ", "-")
        shutil.rmtree(folder, ignore_errors=True)
        command = ["git", "clone", "--quiet", "--depth", "1", self.origin.as_uri(), str(folder)]
        subprocess.run(command, check=True)
        return folder

    def bash(
        self,
        script: str,
        folder: Path,
        variables: Mapping[str, str],
        meanwhile: Callable[[Process, Path], None] | None = None,
    ) -> int:
        process = bash(script, folder, self.variables | variables, self.place / "home")
        if meanwhile is not None:
            meanwhile(process, folder)
        self.log, _ = process.communicate(timeout=250)
        return process.returncode


class GitLab(_Platform):
    """One pipeline of GitLab's: clones, variables, dotenv, artefacts; and a cache for the next.

    Args:
        origin: Repository to clone.
        place: Where its runner works.
        variables: What a project sets, in place of the template's.
    """

    def __init__(self, origin: Path, place: Path, variables: Mapping[str, str]) -> None:
        template = yaml.safe_load((CONFIGS / "gitlab-ci.yml").read_text())["variables"]
        super().__init__(origin, place, template | dict(variables))
        self.jobs = gitlab_jobs()
        self.kept: dict[str, Path] = {}
        self.dotenv: dict[str, dict[str, str]] = {}

    def run(self, name: str, meanwhile: Callable[[Process, Path], None] | None = None) -> int:
        """Run a job; return its exit code."""
        job = self.jobs[name]
        folder = self.clone(name)
        cached = self.place / "cache"
        for path in job.get("cache", {}).get("paths", []):
            _copy(cached, folder, path)
        needed = job.get("needs", [*self.kept, *self.dotenv])
        for each in needed:
            if each in self.kept:
                shutil.copytree(self.kept[each], folder, dirs_exist_ok=True)
        variables = {key: str(value) for key, value in job["variables"].items()}
        for each in needed:
            variables |= self.dotenv.get(each, {})
        script = "\n".join([*job.get("before_script", []), *job["script"]])
        code = self.bash(script, folder, variables, meanwhile)
        for path in job.get("cache", {}).get("paths", []):
            if code == 0 or job["cache"]["when"] == "always":
                _copy(folder, cached, path)
        artifacts = job.get("artifacts", {})
        if code == 0 or artifacts.get("when") == "always":
            self._keep(name, folder, artifacts)
        return code

    def _keep(self, name: str, folder: Path, artifacts: Mapping[str, Any]) -> None:
        reports = artifacts.get("reports", {})
        if "dotenv" in reports:
            lines = (folder / reports["dotenv"]).read_text().split()
            self.dotenv[name] = dict(line.split("=", 1) for line in lines)
        self.kept[name] = self.place / "artifacts" / name.replace(" ", "-")
        self.kept[name].mkdir(parents=True, exist_ok=True)
        for path in artifacts.get("paths", []):
            _copy(folder, self.kept[name], path)
        if "junit" in reports:
            _copy(folder, self.place / "reports", reports["junit"])


class GitHub(_Platform):
    """The steps of a job of GitHub's in one clone; what actions of others do is left out."""

    def run(self, folder: Path) -> Iterator[tuple[str, int]]:
        """Run the steps; yield the name and the exit code of each."""
        handed_on = self.place / "github.env"
        handed_on.touch()
        for step in github_steps():
            variables = dict(line.split("=", 1) for line in handed_on.read_text().splitlines())
            skipped = "DTPERF_REFERENCE != ''" in str(step.get("if"))
            if "run" not in step or (skipped and not self.variables.get("DTPERF_REFERENCE")):
                continue
            assert not re.search(r"\$\{\{", step["run"])  # which would be put in unquoted
            variables["GITHUB_ENV"] = str(handed_on)
            yield step["name"], self.bash(step["run"], folder, variables)


def _copy(start: Path, end: Path, path: str) -> None:
    """Copy a file or folder, in place of what was there, if there is one."""
    source, target = start / path, end / path
    if source.is_dir():
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(source, target)
    elif source.is_file():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)
