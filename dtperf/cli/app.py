"""The commands, put together."""

from __future__ import annotations

from importlib.metadata import version
from typing import Annotated

import typer

from dtperf.cli import (
    background,
    cells,
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
    systematics,
    trend,
)
from dtperf.cli.help import Commands
from dtperf.cli.streams import saving

__all__ = ["app"]

app = Commands(
    "Efficiency of the CMS Drift Tubes by tag-and-probe.",
    name="dtperf",
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(saving(generate.generate))
app.command()(saving(run.run))
app.command()(saving(skim.skim))
app.command()(status.status)
app.command()(saving(merge.merge))
app.command()(saving(compare.compare, "page"))
app.command()(saving(trend.trend, "page"))
app.command()(saving(report.report))
app.command()(saving(systematics.systematics))
app.command()(background.background)
app.command()(saving(cells.cells))
app.command()(inspect.inspect)
app.command()(saving(export.export))
app.command()(saving(explore.explore))
app.command()(saving(plot.plot))
app.command()(plan.plan)
app.command()(measurements.measurements)
app.add_typer(config.app, name="config")
app.add_typer(cluster.app, name="cluster")
app.add_typer(fileset.app, name="fileset")


def _print_version(wanted: bool) -> None:
    if wanted:
        print("dtperf", version("dtperf"))
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Version, and end."),
    ] = False,
) -> None:
    """Efficiency of the CMS Drift Tubes by tag-and-probe."""
