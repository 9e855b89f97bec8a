"""`dtperf export`: a result in a format of others."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from dtperf.results.result import Result

__all__ = ["export"]


def export(
    result: Annotated[Path, typer.Argument(metavar="OUT", help="Result directory.")],
    format_: Annotated[
        str,
        typer.Option(
            "--format",
            help="root: histograms, efficiencies, profiles; json: histograms as UHI JSON; "
            "csv: efficiency of each chamber.",
        ),
    ],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="File to write.")],
    naming: Annotated[
        str,
        typer.Option(help="Names in a ROOT file: readable, or reference (of the 2023 program)."),
    ] = "readable",
    force: Annotated[bool, typer.Option("--force", help="Replace FILE if it is there.")] = False,
) -> None:
    """Write a result as a ROOT file, as JSON or as a table."""
    from dtperf.errors import ConfigError
    from dtperf.results.export import check_choice, write
    from dtperf.results.result import Result

    check_choice(format_, naming)
    if output.exists() and not force:
        raise ConfigError(f"{output}: is there already; choose another name, or add --force")
    content = Result.load(result)
    written = write(content, output, format_, naming, overwrite=force)
    print(f"wrote {written} ({written.stat().st_size:,} bytes)")
    if naming == "reference":
        _say_what_is_left_out(content)


def _say_what_is_left_out(result: Result) -> None:
    from dtperf.results.export.naming import ROWS
    from dtperf.results.extra import exported

    names = {*result.counts, *exported(result.extra)}
    left = sorted(names - {row.measurement for row in ROWS})
    if left:
        print(f"left out, as the reference program does not know them: {', '.join(left)}")
