"""The templates as files: what GitLab's and GitHub's schemas, and shellcheck, say of them."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.ci.platforms import CONFIGS, github_steps, gitlab_jobs
from tests.helpers.pages import commands
from tests.test_docs import parsed

TOOLS = Path(sys.executable).parent
SCHEMAS = {
    "gitlab-ci.yml": ["vendor.gitlab-ci", "--data-transform", "gitlab-ci"],
    "github-workflow.yml": ["vendor.github-workflows"],
}


def scripts() -> dict[str, str]:
    """Return what is run, in the words of the shell."""
    found = {
        f"gitlab {name}": "\n".join([*job.get("before_script", []), *job.get("script", [])])
        for name, job in gitlab_jobs().items()
    }
    found |= {f"github {step['name']}": step["run"] for step in github_steps() if "run" in step}
    blocks = re.findall(r'shell:\n\s+"""\n(.+?)"""', (CONFIGS / "Snakefile").read_text(), re.DOTALL)
    for number, block in enumerate(blocks):
        # Snakemake puts words in, quoted where it says q
        plain = re.sub(r"\{([^}:]+)[^}]*\}", r"\1", block)
        found[f"snakemake {number}"] = re.sub(r"\\\n\s*", "", plain)
    return {name: script for name, script in found.items() if script}


SCRIPTS = scripts()


@pytest.mark.parametrize("name", SCHEMAS)
def test_it_is_what_its_platform_takes(name: str) -> None:
    command = [TOOLS / "check-jsonschema", "--builtin-schema", *SCHEMAS[name], CONFIGS / name]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_scripts_are_sound() -> None:
    """Variables are quoted, failures are not hidden: `shellcheck` finds nothing."""
    # what the platforms set, and hand on to later jobs
    head = "#!/bin/bash\nset -eo pipefail\n" + "".join(
        f'export {name}="${{{name}:-}}"\n' for name in ("DTPERF_RESULT", "GITHUB_ENV")
    )
    for name, script in SCRIPTS.items():
        done = subprocess.run(
            [TOOLS / "shellcheck", "--enable=quote-safe-variables", "-"],
            input=head + script,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{name}:\n{done.stdout}"


def calls(script: str) -> Iterator[list[str]]:
    """Yield the arguments of dtperf, without what the shell does with it."""
    inside = re.sub(r"\w+=\$\((.+)\)", r"\1", script)
    return commands(re.sub(r"(\|\||>).*$", "", inside, flags=re.MULTILINE))


def called(platform: str) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield commands with their options."""
    for name, script in SCRIPTS.items():
        if name.startswith(platform):
            for words in calls(script):
                yield words[0], frozenset(word for word in words if word.startswith("-"))


def test_the_same_is_done_on_all_platforms() -> None:
    gitlab, github, snakemake = (
        {*called(platform)} for platform in ("gitlab", "github", "snakemake")
    )
    assert gitlab == github
    # there the page's reference is a parameter
    assert {name for name, _ in snakemake} == {name for name, _ in gitlab}
    assert {each for each in gitlab if each[0] != "report"} <= snakemake
    assert {name for name, _ in gitlab} == {"config", "inspect", "run", "compare", "report"}


@pytest.mark.parametrize("name", SCRIPTS)
def test_commands_and_options_exist(name: str) -> None:
    for words in calls(SCRIPTS[name]):
        assert parsed(words) is None, words


def test_inputs_are_those_of_the_other_templates() -> None:
    inputs = yaml.safe_load((CONFIGS / "inputs.yaml").read_text())
    gitlab = yaml.safe_load((CONFIGS / "gitlab-ci.yml").read_text())["variables"]
    assert {f"DTPERF_{name.upper()}": value for name, value in inputs.items()} == gitlab
    content = yaml.safe_load((CONFIGS / "github-workflow.yml").read_text())
    github = content["jobs"]["measure"]["env"]
    assert {name: github.get(name) for name in gitlab if name != "DTPERF_IMAGE"} == {
        name: value for name, value in gitlab.items() if name != "DTPERF_IMAGE"
    }
    assert gitlab["DTPERF_IMAGE"] in content["jobs"]["measure"]["container"]["image"]
