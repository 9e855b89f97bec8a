"""`dtperf export`: a result in a format of others."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dtperf.cli.as_json import of_file, print_json
from dtperf.cli.options import AsJson, Force, ResultDirectory, refuse_existing

__all__ = ["export"]


def export(
    result: ResultDirectory,
    format_: Annotated[
        str,
        typer.Option(
            "--format",
            metavar="root|json|csv|…",
            help="root: histograms, efficiencies, profiles; json: histograms as UHI JSON; "
            "csv, parquet: one measurement as a table; correctionlib: efficiencies for analysts; "
            "hepdata: a submission of tables, ZIP; cmssw-aging: a list of chambers for simulation.",
        ),
    ],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="File to write.")],
    naming: Annotated[
        str,
        typer.Option(
            metavar="readable|reference",
            help="Names in a ROOT file: readable, or reference (of the 2023 program).",
        ),
    ] = "readable",
    measurement: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="What a table has: a measurement, or extra/NAME of a processor's own; without "
            "it the chambers. For correctionlib and hepdata also several.",
        ),
    ] = None,
    reference: Annotated[
        Path | None,
        typer.Option(
            metavar="OTHER",
            help="Result directory, such as of simulation, for ratios: scale factors of "
            "correctionlib, or what cmssw-aging lists.",
        ),
    ] = None,
    systematics: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Of dtperf systematics, for correctionlib's by_chamber."),
    ] = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Write a result as a ROOT file, as JSON or as a table."""
    from dtperf.config.values import differing
    from dtperf.results.export import check_choice, measurements_in
    from dtperf.results.export import export as write
    from dtperf.results.result import Result

    check_choice(format_, naming, measurement, with_reference=reference is not None)
    refuse_existing(output, force)
    content = Result.load(result)
    other = None if reference is None else Result.load(reference)
    sizes = None
    if systematics is not None:
        from dtperf.diagnostics.systematics import Systematics

        sizes = Systematics.load(systematics).of_chambers(content)
    written = write(
        *(content, output, format_, naming),
        measurement=measurement,
        reference=other,
        systematics=sizes,
        force=force,
    )
    names = measurements_in(content, format_, naming, measurement)
    # the reference program does not know them all
    left = sorted({*measurements_in(content)} - {*names}) if naming == "reference" else []
    differences = [] if other is None else differing(other.config, content.config)
    if as_json:
        told = {"files": [of_file(written, format_)], "config_hash": content.config.hash}
        more = {"measurements": names, "left_out": left, "config_differences": differences}
        print_json(told | more)
        return
    print(f"wrote {written} ({written.stat().st_size:,} bytes)")
    if differences:
        print("the configs differ; before: the reference, now: the result")
        print("\n".join(differences))
    if left:
        print(f"left out, as the reference program does not know them: {', '.join(left)}")
