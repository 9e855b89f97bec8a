"""What to type where something optional is not installed."""

from __future__ import annotations

import re
import shlex
import shutil
import sys
from importlib.metadata import requires
from importlib.util import find_spec
from pathlib import Path

__all__ = ["install_command"]

HOME = Path(__file__).parents[1]
"""The clone, where dtperf runs in one."""


def install_command(extra: str) -> str:
    """Return the command that installs an extra into the environment that runs now.

    In a clone it takes the versions that were tested together. dtperf is in no registry, so that
    elsewhere the command names what the extra consists of.

    Args:
        extra: A name under `project.optional-dependencies` in pyproject.toml.
    """
    tested = HOME / ("constraints-lazy.txt" if extra == "lazy" else "constraints.txt")
    if tested.is_file():
        clone = "." if Path.cwd() == HOME else str(HOME)
        words = ["-c", tested.name if clone == "." else str(tested), "-e", f"{clone}[{extra}]"]
    else:
        marked = (each.partition(";") for each in requires("dtperf") or ())
        own = re.compile(rf"extra == ['\"]{re.escape(extra)}['\"]")
        words = [name.strip() for name, _, marker in marked if own.search(marker)]
    if find_spec("pip") is None:  # uv and pixi make such environments
        return f"uv pip install {shlex.join([*words, '--python', sys.executable])}"
    return f"{_pip()} install {shlex.join(words)}"


def _pip() -> str:
    """Return what calls the pip of this environment, whether or not it is activated."""
    found = shutil.which("pip")
    ours = found is not None and Path(found).parent == Path(sys.executable).parent
    return "pip" if ours else f"{shlex.quote(sys.executable)} -m pip"
