"""Where a bar is shown: at a terminal, in the cell of a notebook, or as lines of a log."""

from __future__ import annotations

import html
import sys
import threading
from typing import TYPE_CHECKING, Any, Protocol
from uuid import uuid4

from dtperf.process import uninterrupted

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["Bar", "Log", "screen_for"]

CELL_TICK_S = 0.5
LOG_TICK_S = 30.0


class Bar(Protocol):
    """What is shown."""

    dashboard: str
    """Where workers can be seen, if they can."""

    @property
    def state(self) -> tuple[float, float]:
        """What is done of the present stage, and all of it."""

    @property
    def line(self) -> str:
        """What there is to say now."""


def screen_for(in_log: bool) -> Log | None:
    """Find where somebody looks: the cell of a notebook, a terminal, or a log; None: nowhere."""
    ipython = sys.modules.get("IPython")
    if ipython is not None and hasattr(ipython.get_ipython(), "kernel"):
        return _Cell()
    if sys.stderr is not None and sys.stderr.isatty():
        return _Terminal()
    return Log() if in_log else None


def _write(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()  # before what a command prints next


class Log:
    """Lines for whoever reads them later, or follows them."""

    tick_s = LOG_TICK_S

    def __init__(self) -> None:
        self._bar: Bar | None = None
        self._end = threading.Event()
        # also while a long chunk, or what is compiled, tells nothing
        self._clock = threading.Thread(target=self._tick, daemon=True)

    def update(self, bar: Bar) -> None:
        """Show a bar from now on."""
        if self._bar is None:
            self._bar = bar
            self.begin(bar)
            self._clock.start()

    def begin(self, bar: Bar) -> None:
        """Show a bar at once: not in a log, where most work is done before its first line."""

    def show_now(self, bar: Bar) -> None:
        """Show a bar as it is now."""
        _write(bar.line)

    def name_dashboard(self, address: str) -> None:
        """Tell where workers can be seen."""
        _write(f"dashboard: {address}")

    def close(self, line: str) -> None:
        """Show nothing more but a line."""
        self.end()
        if line:
            _write(line)

    def end(self) -> None:
        """Show nothing more."""
        self._end.set()
        if self._bar is not None:
            self._clock.join()

    def _tick(self) -> None:
        assert self._bar is not None
        while not self._end.wait(self.tick_s):
            self.show_now(self._bar)


class _Terminal(Log):
    """The last line of the terminal."""

    def __init__(self) -> None:
        from rich.console import Console

        super().__init__()
        self._console = Console(stderr=True)
        self._live: Any = None

    def update(self, bar: Bar) -> None:
        from rich.live import Live

        if self._live is None:
            self._live = Live(
                get_renderable=lambda: _drawn(bar),
                console=self._console,
                transient=True,
                # else what is printed to a file would come to the terminal
                redirect_stdout=sys.stdout.isatty(),
            )
            with uninterrupted():  # by half, it can be neither used nor ended
                self._live.start()

    def name_dashboard(self, address: str) -> None:
        self._console.print(f"dashboard: {address}", highlight=False, soft_wrap=True)

    def close(self, line: str) -> None:
        if self._live is not None:
            with uninterrupted():
                self._live.stop()
        super().close(line)


def _drawn(bar: Bar) -> Table:
    from rich.progress_bar import ProgressBar
    from rich.table import Table

    done, total = bar.state
    row = Table.grid(padding=(0, 1))
    row.add_row(ProgressBar(total=total or None, completed=done, width=24), bar.line)
    return row


class _Cell(Log):
    """One output of a cell, which is replaced: rich's own leaves a widget in the notebook."""

    tick_s = CELL_TICK_S

    def __init__(self) -> None:
        super().__init__()
        self._id = uuid4().hex
        self._is_shown = False

    def begin(self, bar: Bar) -> None:
        self.show_now(bar)

    def show_now(self, bar: Bar) -> None:
        self._show(*_written(bar))

    def name_dashboard(self, address: str) -> None:
        """Leave it to the bar."""

    def close(self, line: str) -> None:
        self.end()
        if line:
            self._show(line, f"<div>{html.escape(line)}</div>")

    def _show(self, text: str, page: str) -> None:
        from IPython.display import display

        content = {"text/plain": text, "text/html": page}
        display(content, raw=True, display_id=self._id, update=self._is_shown)
        self._is_shown = True


def _written(bar: Bar) -> tuple[str, str]:
    done, total = bar.state
    value = f' value="{done / total:.4f}"' if total else ""
    link, address = "", html.escape(bar.dashboard)
    if address:
        link = f' <a href="{address}" target="_blank">dashboard</a>'
    page = f"<div><progress{value}></progress> {html.escape(bar.line)}{link}</div>"
    return ", ".join(filter(None, [bar.line, bar.dashboard])), page
