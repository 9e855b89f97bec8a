"""The same as a run: a line for Python and one for a shell, with the cuts as they are."""

from __future__ import annotations

import json
import shlex
from functools import cache
from typing import Any

from dtperf.config import AnalysisConfig
from dtperf.config.load import packaged_analyses
from dtperf.config.values import flat_values
from dtperf.skim.recut.inputs import ExploreInputs

__all__ = ["python_line", "settings", "shell_line"]

LONGEST = 2000
"""Characters of all settings together; more is for a file."""


def shell_line(origin: ExploreInputs, config: AnalysisConfig) -> str:
    """Write the `dtperf run` that measures with a config.

    Args:
        origin: The files.
        config: The cuts.

    Returns:
        For a shell. In capitals what has to be put in: CONFIG where the config has more to it than
        can stand in a line, FILES where there are many.
    """
    name, sets = settings(config)
    if sum(map(len, sets)) > LONGEST:
        name, sets = "CONFIG", []
    inputs = shlex.join(origin.arguments) or "FILES"
    out = shlex.quote(origin.out)
    return " ".join(
        ["dtperf run", name, inputs, "-o", out, *(f"--set {shlex.quote(each)}" for each in sets)]
    )


def python_line(origin: ExploreInputs, config: AnalysisConfig) -> str:
    """Write the `dtperf.run` that measures with a config.

    Args:
        origin: The files.
        config: The cuts.

    Returns:
        Python. In capitals, as names to be defined, what `shell_line` has in capitals.
    """
    name, sets = settings(config)
    overrides = "".join(f"\n    {each!r}," for each in sets)
    loaded = f"dtperf.load_config({name!r}" + (f", [{overrides}\n])" if sets else ")")
    if sum(map(len, sets)) > LONGEST:
        loaded = "CONFIG"
    inputs = [*origin.arguments]
    files = (repr(inputs[0]) if len(inputs) == 1 else repr(inputs)) if inputs else "FILES"
    return f"dtperf.run({loaded}, {files}, out={origin.out!r})"


def settings(config: AnalysisConfig) -> tuple[str, list[str]]:
    """Write a config as a packaged analysis and what differs from it.

    Args:
        config: The config; how it runs, and its title, do not count.

    Returns:
        Name of the nearest packaged analysis, and the values to set.
    """
    wanted = flat_values(config)
    choices = {}
    for name, own in _packaged_values().items():
        choices[name] = [
            f"{key}={json.dumps(value, ensure_ascii=False)}"
            for key, value in wanted.items()
            if own[key] != value and not key.startswith(("run.", "plot.", "title"))
        ]
    return min(choices.items(), key=lambda choice: sum(map(len, choice[1])))


@cache
def _packaged_values() -> dict[str, dict[str, Any]]:
    return {name: flat_values(analysis) for name, analysis in packaged_analyses().items()}
