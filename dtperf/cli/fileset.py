"""``dtperf fileset …``: build, divide, compare and join filesets, and what a run has missed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from dtperf.cli import fileset_text as text
from dtperf.cli.as_json import print_json
from dtperf.cli.help import Commands
from dtperf.cli.options import WITH_GAPS, AsJson, Force, Tree, refuse_existing
from dtperf.cli.streams import saving
from dtperf.errors import ConfigError
from dtperf.files import writable
from dtperf.wording import counted

if TYPE_CHECKING:
    from dtperf.filesets import InputFile
    from dtperf.filesets.check import UnreadableFile

__all__ = ["app"]

app = Commands("Make, divide, compare and join lists of files.")

DIFFERENT = 1

Fileset = Annotated[str, typer.Argument(metavar="FILE", help="A fileset, or other inputs.")]
Output = Annotated[
    Path, typer.Option("-o", "--out", metavar="FILE", help="Fileset to write, .json or .json.gz.")
]


@app.command()
@saving
def build(
    inputs: Annotated[
        list[str],
        typer.Argument(
            help="Files, globs, directories, root:// URLs, lists, rucio:/A/B/C, das:/A/B/C."
        ),
    ],
    out: Output,
    tree: Tree = "Events",
    threads: Annotated[
        int, typer.Option(metavar="N", min=1, max=256, help="Files opened at once.")
    ] = 8,
    on_error: Annotated[
        Literal["stop", "skip"],
        typer.Option(
            metavar="stop|skip",
            help="With files that cannot be used: write nothing, or write them with nothing known "
            "of them, so that a run tries them again and its ledger names them.",
        ),
    ] = "stop",
    retries: Annotated[
        int, typer.Option(metavar="N", min=0, help="How often to ask a server again.")
    ] = 3,
    timeout: Annotated[
        int, typer.Option(metavar="N", min=1, help="Seconds to wait for a server.")
    ] = 60,
    dataset: Annotated[
        str | None, typer.Option(metavar="NAME", help="Name of the dataset.")
    ] = None,
    sites: Annotated[
        str | None, typer.Option(metavar="REGEX", help="Sites to take replicas of, with rucio:.")
    ] = None,
    redirector: Annotated[
        str | None, typer.Option(metavar="URL", help="Where to read files from, with das:.")
    ] = None,
    force: Force = False,
) -> None:
    """Open all files, and write down their UUID, events, size and generation."""
    from dtperf.filesets import build as build_fileset
    from dtperf.filesets.check import RetryPolicy
    from dtperf.progress import Progress, progress_bar

    _check_output(out, force)
    problems: list[UnreadableFile] = []
    remarks: list[str] = []
    where: dict[str, Any] = {"redirector": redirector} if redirector else {}
    with progress_bar(in_log=True) as show:
        files = build_fileset(
            inputs,
            tree,
            dataset=dataset,
            on_error=on_error,
            policy=RetryPolicy(retries, timeout_s=timeout),
            threads=threads,
            on_checked=lambda done, total: show(Progress("checking", done, total)),
            on_problem=problems.append,
            on_remark=lambda path, remark: remarks.append(f"{path}: {remark}"),
            sites=sites,
            **where,
        )
    _write(out, files)
    text.show_remarks(remarks)
    text.show_problems(problems, len(files))
    if problems:
        raise typer.Exit(WITH_GAPS)


@app.command()
@saving
def split(
    file: Fileset,
    out: Annotated[
        Path, typer.Option("-o", "--out", metavar="DIR", help="Directory for the parts.")
    ],
    parts: Annotated[
        int | None,
        typer.Option(metavar="N", help="So many parts with much the same events, files whole."),
    ] = None,
    max_events: Annotated[
        int | None,
        typer.Option(metavar="N", help="Parts with so many events at most; files are cut."),
    ] = None,
    force: Force = False,
) -> None:
    """Divide a fileset into parts that together have each event once."""
    from dtperf.filesets import split as split_fileset

    old = sorted(out.glob("part_*.json.gz"))
    if old and not force:
        raise ConfigError(f"{out}: holds parts; name another directory, or add --force")
    shares = split_fileset(_read(file), parts, max_events)
    with writable(out):
        _replace(out, old, shares)
    sizes = [sum(each.events for each in share) for share in shares]
    sizes_told = f"{min(sizes):,} to {counted(max(sizes), 'event')}"
    typer.echo(f"{out}: {counted(len(shares), 'part')} with {sizes_told}")


@app.command()
@saving
def sample(
    file: Fileset,
    out: Output,
    files: Annotated[int | None, typer.Option(metavar="N", help="So many files.")] = None,
    events: Annotated[
        int | None, typer.Option(metavar="N", help="Files with so many events.")
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", help="Another one gives other files.")] = 1,
    force: Force = False,
) -> None:
    """Draw files at random, from every dataset its share."""
    from dtperf.filesets import sample as sample_fileset

    _check_output(out, force)
    _write(out, sample_fileset(_read(file), files, events, seed))


@app.command()
def diff(a: Fileset, b: Fileset, as_json: AsJson = False) -> None:
    """Compare two filesets; a file is the same by its UUID, or by its path."""
    from dtperf.filesets import diff as diff_filesets

    found = diff_filesets(_read(a), _read(b))
    if as_json:
        print_json(text.diff_as_dict(found))
    else:
        text.show_diff(found, a, b)
    if not found.is_equal:
        raise typer.Exit(DIFFERENT)


@app.command()
@saving
def join(
    inputs: Annotated[list[str], typer.Argument(metavar="FILE", help="Filesets.")],
    out: Output,
    force: Force = False,
) -> None:
    """Join filesets; what is in several of them is there once."""
    from dtperf.filesets import join as join_filesets

    _check_output(out, force)
    _write(out, join_filesets(*(_read(name) for name in inputs)))


@app.command()
def show(file: Fileset, as_json: AsJson = False) -> None:
    """Sum up a fileset: files, events, bytes, generations, datasets."""
    files = _read(file)
    if as_json:
        print_json(text.summary(files))
    else:
        text.show_summary(file, files)


@app.command()
@saving
def retry(
    run: Annotated[Path, typer.Argument(metavar="OUT", help="Directory of a run or of a sum.")],
    out: Output,
    force: Force = False,
) -> None:
    """Write what a run has not read, because it was skipped or because the run was stopped."""
    from dtperf.execution.checkpoint import missing_in, newest

    _check_output(out, force)
    files = missing_in(run)
    if not files:
        typer.echo(f"{run}: nothing is missing, nothing is written")
        return
    _write(out, files)
    before = newest(run)
    if before is not None:
        typer.echo(f"Run it into another directory, then: dtperf merge {before} OTHER -o WHOLE")


def _replace(out: Path, old: list[Path], shares: Sequence[Sequence[InputFile]]) -> None:
    """Write all parts before any is where it belongs: with some of them, events would be lost."""
    out.mkdir(parents=True, exist_ok=True)
    digits = len(str(len(shares)))
    with TemporaryDirectory(dir=out) as folder:
        names = [f"part_{number:0{digits}}.json.gz" for number in range(len(shares))]
        for name, share in zip(names, shares, strict=True):
            _save(Path(folder) / name, share)
        # parts of two divisions would have events twice
        for path in old:
            path.unlink()
        for name in names:
            (Path(folder) / name).replace(out / name)


def _read(name: str) -> list[InputFile]:
    from dtperf.filesets import resolve

    return resolve(name)


def _check_output(out: Path, force: bool) -> None:
    """Check where to write, before hours of opening."""
    if not out.name.endswith((".json", ".json.gz")):
        raise ConfigError(f"{out}: name a fileset .json or .json.gz")
    if out.is_dir():
        raise ConfigError(f"{out}: is a directory")
    if not out.parent.is_dir():
        raise ConfigError(f"{out.parent}: no such directory")
    refuse_existing(out, force)


def _write(out: Path, files: list[InputFile]) -> None:
    _save(out, files)
    text.show_summary(str(out), files)


def _save(out: Path, files: Sequence[InputFile]) -> None:
    from dtperf.filesets import write

    with writable(out):
        write(out, files)
