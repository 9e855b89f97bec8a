"""The command line, as typer describes it."""

from __future__ import annotations

import re
from typing import Any

import typer.main
from typer.cli import get_docs_for_click

__all__ = ["command", "page"]


def command() -> Any:
    """Return the whole command line, with its commands by name in `commands`."""
    from dtperf.cli.app import app

    return typer.main.get_command(app)


def page() -> str:
    """Write all commands with their arguments and options."""
    whole = command()
    context = whole.make_context("dtperf", [], resilient_parsing=True)
    text = get_docs_for_click(obj=whole, ctx=context, name="dtperf", title="Command line")
    groups = [whole, *(each for each in whole.commands.values() if hasattr(each, "commands"))]
    for group in groups:
        for name, each in group.commands.items():
            # typer cuts what a command does to the width of a terminal
            start = f"* `{name}`: "
            short = re.escape(start) + re.escape(each.get_short_help_str())
            whole_line = (start + _what(each)).replace("\\", "\\\\")
            text = re.sub(f"^{short}$", whole_line, text, flags=re.MULTILINE)
    return text


def _what(each: Any) -> str:
    """Return what a command does, the first paragraph of its help."""
    return " ".join((each.help or "").split("\n\n")[0].split())
