"""`dtperf report`: a result as one page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dtperf.cli.as_json import print_json
from dtperf.cli.options import (
    AsJson,
    Energy,
    Label,
    Luminosity,
    Reference,
    ResultDirectory,
    number_or_file,
)

__all__ = ["report"]

NAME = "report.html"


def report(
    result: ResultDirectory,
    reference: Reference = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="FILE", help=f"Page to write.  [default: {NAME} in OUT]"
        ),
    ] = None,
    label: Label = None,
    luminosity: Luminosity = None,
    energy: Energy = None,
    as_json: AsJson = False,
) -> None:
    """Write a page with efficiencies, map, flagged chambers, trends: one file, needs no network."""
    from dtperf.cli.printed import print_verdict
    from dtperf.cli.summary import summary
    from dtperf.diagnostics.comparison import changes
    from dtperf.pages.report import write
    from dtperf.results.result import Result

    content = Result.load(result).labelled(label, number_or_file(luminosity), energy)
    other = Result.load(reference) if reference else None
    # for the verdict, the flags and the page
    found = changes(other, content) if other is not None and content.by_chamber() else None
    known = summary(content, result, other, found) if as_json else {}
    flags = known["flags"] if as_json else print_verdict(content, other, found)
    written = write(content, output or result / NAME, flags, other, found)
    if as_json:
        print_json(known | {"page": written})
        return
    print(f"wrote {written} ({written.stat().st_size:,} bytes)")
