"""The command line, as it describes itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer.main

from dtperf.cli.help import arguments, options, usage, what_it_does

__all__ = ["command", "page"]


def command() -> Any:
    """Return the whole command line, with its commands by name in `commands`."""
    from dtperf.cli.app import app

    return typer.main.get_command(app)


def page() -> str:
    """Write all commands with their arguments and options."""
    whole = command()
    context = whole.make_context("dtperf", [], resilient_parsing=True)
    return "# Command line\n" + "".join(_described(whole, context))


def _described(each: Any, context: Any) -> Iterator[str]:
    inner = getattr(each, "commands", {})
    yield f"\n{each.help}\n\n```text\n{context.command_path} {' '.join(usage(each))}\n```\n\n"
    yield from (f"* `{name}`: {what_it_does(found)}\n" for name, found in inner.items())
    for name, meaning in (*arguments(each, context), *options(each, context)):
        if context.parent is None or not name.endswith("--help"):  # which all have
            yield f"\n`{name}`\n: {meaning}\n"
    for name, found in inner.items():
        below = type(context)(found, info_name=name, parent=context)
        yield f"\n{'#' * len(below.command_path.split())} `{below.command_path}`\n"
        yield from _described(found, below)
