"""`dtperf explore`: sliders for the cuts, in a browser."""

from __future__ import annotations

import os
import sys
import threading
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from dtperf.skim.analysis import Explorer

__all__ = ["explore"]


def explore(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Result directory or skim.")],
    port: Annotated[
        int,
        typer.Option(
            metavar="N", min=0, max=65_535, help="Port on 127.0.0.1; 0: one that is free."
        ),
    ] = 0,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Print the address, and open nothing.")
    ] = False,
    limit_events: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=1, help="Events kept in memory; else all of a skim, or 1,000,000."
        ),
    ] = None,
) -> None:
    """Move the cuts of a result or skim, and see what changes, in a browser on this machine."""
    from dtperf.pages.explore.server import bind, serve

    with closing(bind(port)) as taken, TemporaryDirectory(prefix="dtperf-") as folder:
        explorer = _read(out, limit_events)
        print(f"{out}: {explorer.loaded}")

        def on_ready(url: str) -> None:
            print(
                f"{url}\nOpen this address in a browser on this machine. Ctrl-C ends.", flush=True
            )
            if "SSH_CONNECTION" in os.environ:
                number = taken.getsockname()[1]
                print(f"From elsewhere: ssh -L {number}:127.0.0.1:{number} …", flush=True)
            if not no_browser and _has_display():
                _open(url, Path(folder))

        serve(explorer, taken, on_ready)
    print("ended")


def _read(out: Path, limit_events: int | None) -> Explorer:
    from dtperf.execution.checkpoint import newest
    from dtperf.results.result import Result
    from dtperf.skim import is_skim
    from dtperf.skim.analysis import Explorer

    if newest(out) is None and not is_skim(out):
        Result.load(out)  # tells what it is not
    return Explorer(out, limit_events=limit_events)


def _has_display() -> bool:
    """Return whether a browser would have a window: one without would take the terminal."""
    names = ("DISPLAY", "WAYLAND_DISPLAY")
    return sys.platform == "darwin" or any(os.environ.get(name) for name in names)


def _open(url: str, folder: Path) -> None:
    """Open the page by way of a file: other users can see with which arguments a browser runs."""
    import webbrowser

    page = folder / "open.html"
    page.write_text(f'<!DOCTYPE html><meta http-equiv="refresh" content="0;url={url}">')
    threading.Thread(target=webbrowser.open, args=(page.as_uri(),), daemon=True).start()
