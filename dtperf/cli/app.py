"""The commands, put together."""

from __future__ import annotations

from typing import Annotated

import typer

from dtperf import __version__
from dtperf.cli import (
    background,
    cluster,
    compare,
    config,
    explore,
    export,
    fileset,
    generate,
    inspect,
    measurements,
    merge,
    plan,
    plot,
    report,
    run,
    skim,
    status,
    trend,
)

__all__ = ["app"]

app = typer.Typer(
    name="dtperf",
    help="Efficiency of the CMS Drift Tubes by tag-and-probe.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(generate.generate)
app.command()(run.run)
app.command()(skim.skim)
app.command()(status.status)
app.command()(merge.merge)
app.command()(compare.compare)
app.command()(trend.trend)
app.command()(report.report)
app.command()(background.background)
app.command()(inspect.inspect)
app.command()(export.export)
app.command()(explore.explore)
app.command()(plot.plot)
app.command()(plan.plan)
app.command()(measurements.measurements)
app.add_typer(config.app, name="config")
app.add_typer(cluster.app, name="cluster")
app.add_typer(fileset.app, name="fileset")


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"dtperf {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Version, and end."),
    ] = False,
) -> None:
    """Efficiency of the CMS Drift Tubes by tag-and-probe."""
