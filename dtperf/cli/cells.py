"""`dtperf cells`: dead, weak and noisy cells."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dtperf.cli.options import AsJson, Force, ResultDirectory, refuse_existing
from dtperf.wording import counted

__all__ = ["cells"]


def cells(
    result: ResultDirectory,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            help="Where to write the dead ones, as CSV for selection.dead_cells.",
        ),
    ] = None,
    max_rate: Annotated[
        float, typer.Option(metavar="HZ", help="How often a cell may fire without beam.")
    ] = 200.0,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """List the cells that are dead, weak or noisy.

    The result must have the group of measurements 'cells', as `dt_performance` has.
    """
    from dtperf.cli.as_json import print_json
    from dtperf.cli.terminal import console, table
    from dtperf.diagnostics.cells import find, to_csv
    from dtperf.files import write_atomic
    from dtperf.results.result import Result

    if output is not None:
        refuse_existing(output, force)
    survey = find(Result.load(result), max_rate)
    if output is not None:
        write_atomic(output, to_csv(survey.flags))
    if as_json:
        print_json(survey)
        return
    terminal = console()
    if survey.flags:
        shown = table("cell", "kind", ">digis", ">expected", ">p-value")
        for each in survey.flags:
            shown.add_row(*(text for _, text in each.cells()))
        terminal.print(shown)
    dead = sum(each.kind == "dead" for each in survey.flags)
    terminal.print(
        f"{len(survey.flags):,} of {survey.cells:,} cells are named, {dead:,} of them dead; "
        f"{survey.undecided:,} without a digi have neighbours with too few to tell"
    )
    if output is not None:
        terminal.print(f"wrote {output}: {counted(dead, 'cell')}")
