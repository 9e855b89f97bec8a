"""``dtperf config …``: check a config, show it with all its defaults, convert an old one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dtperf.cli.streams import saving
from dtperf.errors import ConfigError

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Check, show and convert configs.")

Source = Annotated[
    str, typer.Argument(metavar="FILE", help="YAML file, or name of a packaged analysis.")
]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Replace a value; may be given repeatedly."),
]


@app.command()
def check(file: Source, overrides: Overrides = None) -> None:
    """Check a config, and say what it amounts to."""
    from dtperf.config import load_config

    config = load_config(file, overrides or ())
    measurements = len(config.measurements.active())
    typer.echo(f"{file}: all well; {measurements} measurements, config {config.hash[:12]}")


@app.command()
def show(
    file: Source,
    overrides: Overrides = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, without comments.")] = False,
) -> None:
    """Print a config with all its defaults, and what each key means."""
    from dtperf.config import config_to_yaml, load_config

    config = load_config(file, overrides or ())
    typer.echo(config.model_dump_json(indent=2) if as_json else config_to_yaml(config).rstrip())


@app.command("from-ini")
@saving
def from_ini(
    file: Annotated[Path, typer.Argument(help="INI file of the reference program.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="YAML file to be written.")],
    force: Annotated[bool, typer.Option("--force", help="Overwrite it if it exists.")] = False,
) -> None:
    """Convert a configuration of the reference program."""
    from dtperf.config import config_to_yaml
    from dtperf.config.ini import from_ini as convert
    from dtperf.config.reader import read_text

    config, notes = convert(read_text(file), str(file))
    _write(output, config_to_yaml(config), force=force)
    for note in notes:
        typer.echo(f"note: {note}", err=True)
    typer.echo(f"{output}: written")


def _write(path: Path, text: str, *, force: bool) -> None:
    try:
        with path.open("w" if force else "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise ConfigError(f"{path}: exists already; --force overwrites it") from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written: {error.strerror or error}") from None
