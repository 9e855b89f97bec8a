"""``dtperf config …``: check a config, show it with all its defaults, convert an old one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dtperf.cli import complete
from dtperf.cli.as_json import print_json
from dtperf.cli.help import Commands
from dtperf.cli.options import AsJson, Force, Set, refuse_existing
from dtperf.cli.streams import saving
from dtperf.cli.terminal import console, harmless, table
from dtperf.files import writable, write_atomic
from dtperf.wording import counted

__all__ = ["app"]

app = Commands("List, check, show and convert configs.")

Source = Annotated[
    str,
    typer.Argument(
        metavar="FILE",
        autocompletion=complete.analyses,
        help="YAML file, or name of a packaged analysis.",
    ),
]


KINDS = {"analysis": "analyses", "cluster": "clusters", "variations": "systematics"}
"""What is packaged, and the folder that it is in."""


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List packaged analyses, clusters and variations, whose names stand for their files."""
    from dtperf.config.load import packaged, packaged_analyses

    titles = {name: config.title for name, config in packaged_analyses().items()}
    for name, path in (packaged("clusters") | packaged("systematics")).items():
        # it begins with a comment that says what it is
        titles[name] = path.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ")
    found = [
        {"kind": kind, "name": name, "title": titles[name], "path": path}
        for kind, folder in KINDS.items()
        for name, path in packaged(folder).items()
    ]
    if as_json:
        print_json(found)
        return
    shown = table("name", "kind", "what")
    for each in found:
        shown.add_row(str(each["name"]), str(each["kind"]), harmless(str(each["title"])))
    terminal = console()
    terminal.print(shown)
    terminal.print("An analysis with all its keys: dtperf config show NAME")


@app.command()
def check(file: Source, overrides: Set = None, as_json: AsJson = False) -> None:
    """Check a config, and say what it amounts to."""
    from dtperf.config import load_config

    config = load_config(file, overrides or ())
    names = [*config.measurements.active()]
    if as_json:
        told = {"title": config.title, "config_hash": config.hash, "measurements": names}
        print_json({"path": file, **told})
        return
    typer.echo(f"{file}: all well; {counted(len(names), 'measurement')}, config {config.hash[:12]}")


@app.command()
def show(
    file: Source,
    overrides: Set = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, without comments.")] = False,
) -> None:
    """Print a config with all its defaults, and what each key means."""
    from dtperf.config import config_to_yaml, load_config

    config = load_config(file, overrides or ())
    typer.echo(config.model_dump_json(indent=2) if as_json else config_to_yaml(config).rstrip())


@app.command("hash")
def hash_(file: Source, overrides: Set = None) -> None:
    """Print a name for results, which another config or code changes: for folders and caches.

    It changes with all that --resume refuses to mix, but for the files: cuts and measurements, the
    version and source of dtperf, and the processor.
    """
    from dtperf.config import load_config
    from dtperf.execution.processor import portable
    from dtperf.execution.provenance import code_version, digest_of

    config = load_config(file, overrides or ())
    code = code_version(portable(config.processor, config).label)
    typer.echo(f"{config.hash[:12]}-{digest_of([code])}")


@app.command("from-ini")
@saving
def from_ini(
    file: Annotated[Path, typer.Argument(metavar="INI", help="INI file of the reference program.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="YAML file to be written.")
    ],
    force: Force = False,
) -> None:
    """Convert a configuration of the reference program."""
    from dtperf.config import config_to_yaml
    from dtperf.config.ini import from_ini as convert
    from dtperf.config.reader import read_text

    config, notes = convert(read_text(file), str(file))
    refuse_existing(output, force)
    with writable(output):
        write_atomic(output, config_to_yaml(config))
    for note in notes:
        typer.echo(f"note: {note}", err=True)
    typer.echo(f"{output}: written")
