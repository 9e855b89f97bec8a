"""`dtperf report`: a result as one page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["report"]

NAME = "report.html"


def report(
    result: Annotated[Path, typer.Argument(metavar="OUT", help="Result directory.")],
    reference: Annotated[
        Path | None,
        typer.Option(metavar="OTHER", help="Result directory to tell the differences to."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="FILE", help=f"Page to write.  [default: {NAME} in OUT]"
        ),
    ] = None,
) -> None:
    """Write a page with efficiencies, map, flagged chambers, trends: one file, needs no network."""
    from dtperf.flags import flag
    from dtperf.report import write
    from dtperf.results import Result

    content = Result.load(result)
    other = Result.load(reference) if reference else None
    flags = flag(content, other)
    written = write(content, output or result / NAME, flags, other)
    if other:
        from dtperf.cli.changed import sentence
        from dtperf.comparison import changes
        from dtperf.report.changed import what_changed

        print(sentence(f"since the reference {what_changed(changes(other, content))}"))
    flagged = len({each.chamber for each in flags})
    print(f"wrote {written} ({written.stat().st_size:,} bytes); flagged chambers: {flagged}")
