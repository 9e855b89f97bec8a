"""`dtperf plot`: a result as pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dtperf.cli import complete
from dtperf.cli.as_json import of_file, print_json
from dtperf.cli.options import (
    AsJson,
    Energy,
    Label,
    Luminosity,
    Reference,
    ResultDirectory,
    number_or_file,
)
from dtperf.wording import counted

__all__ = ["plot"]


def plot(
    result: ResultDirectory,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="DIR", help="Where to write; default OUT/plots."),
    ] = None,
    formats: Annotated[
        list[str] | None,
        typer.Option(
            "--format",
            metavar="png|pdf|svg",
            help="png (default), pdf or svg; may be given several times.",
        ),
    ] = None,
    reference: Reference = None,
    only: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            autocompletion=complete.plots,
            help="A plot, measurement or group, such as trigger; may be given several times.",
        ),
    ] = None,
    label: Label = None,
    luminosity: Luminosity = None,
    energy: Energy = None,
    as_json: AsJson = False,
) -> None:
    """Draw efficiencies, maps and distributions of a result."""
    from dtperf.plot import not_measured, save
    from dtperf.results.caption import caption_of
    from dtperf.results.result import Result

    content = Result.load(result).labelled(label, number_or_file(luminosity), energy)
    other = None if reference is None else Result.load(reference)
    directory = result / "plots" if output is None else output
    written = save(content, directory, formats or ["png"], other, only or [])
    found = caption_of(content).recorded
    remarks = [] if found is None else [f"luminosity: {each}" for each in found.remarks]
    left = not_measured(content) if content.counts and not only else ()
    if as_json:
        files = [of_file(path, path.suffix.removeprefix(".")) for path in written]
        told = {"path": directory, "files": files, "config_hash": content.config.hash}
        print_json({**told, "not_measured": left, "remarks": remarks})
        return
    for line in remarks:
        print(line)
    print(f"wrote {counted(len(written), 'file')} to {directory}")
    if left:
        print(f"not drawn, as it was not measured: {', '.join(left)}")
