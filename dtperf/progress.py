"""How far work is, and a bar that says it; `dtperf.progress_screens` shows it."""

from __future__ import annotations

import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from typing import Any, NamedTuple

from dtperf.compiled import once_numba_is_loaded
from dtperf.errors import DtperfWarning
from dtperf.progress_screens import Log, screen_for
from dtperf.wording import counted

__all__ = ["Progress", "progress_bar"]

ENDED = {
    "generating": "generated",
    "checking": "checked",
    "waiting": "waited for",
    "measuring": "measured",
    "reading": "read",
    "drawing": "drew",
}
COUNTED = {"checking": "file", "waiting": "worker", "drawing": "plot"}
"""What the stages count; the others count events, and tell how many in a second."""
COMPILING = "compiling once, for later runs too: "
LONG_COMPILING_S = 2.0
"""Compiling that takes less is not worth a word."""
LONG_WAIT_S = 5.0
"""Workers that do not tell whether they compile may do so after so long."""


class Progress(NamedTuple):
    """How far work is."""

    stage: str
    """'checking' counts files, 'waiting' workers, 'drawing' plots; 'measuring', 'reading' and
    'generating' count events."""
    done: int
    total: int
    bytes: int = 0
    """Compressed bytes read so far."""
    skipped: int = 0
    """Events, among those that are done, that could not be read."""
    dashboard: str = ""
    """Told once: where the workers can be seen at work."""
    notice: str = ""
    """Told once: what to see to before it goes on."""
    compiling: str | None = None
    """What a worker compiles in a process of its own; None: they do not tell."""


_only_one = threading.Lock()
"""Held by the bar that is shown."""


@contextmanager
def progress_bar(
    progress: bool = True,
    on_progress: Callable[[Progress], None] | None = None,
    *,
    in_log: bool = False,
) -> Iterator[Callable[[Progress], None]]:
    """Show a bar at a terminal or in a notebook, and leave one line in its place.

    Elsewhere nothing is shown, nor while another bar is. What is compiled meanwhile is told.

    Args:
        progress: Whether to show anything.
        on_progress: What is called instead of showing anything.
        in_log: Whether to write to the error stream where no bar can be: the dashboard's address,
            a line every half a minute, and the last line.

    Yields:
        What is called with the progress.
    """
    screen = screen_for(in_log) if progress and on_progress is None else None
    if screen is None or not _only_one.acquire(blocking=False):
        yield on_progress or _warn
        return
    try:
        bar = _Bar(screen)
        with bar.listening():
            try:
                yield bar.show
            except BaseException:
                screen.close(bar.last_line(is_whole=False))
                raise
            screen.close(bar.last_line(is_whole=True))
    finally:
        _only_one.release()


def _warn(state: Progress) -> None:
    if state.notice:
        warnings.warn(state.notice, DtperfWarning, stacklevel=2)


class _Bar:
    """The stages of the work."""

    def __init__(self, screen: Log) -> None:
        from rich.progress import Progress as Stages

        self._screen = screen
        self._stages = Stages(disable=True)  # only counts, measures and estimates
        self._names: dict[str, Any] = {}
        self._shown_at = self._stages.get_time()
        self._compiling: list[tuple[str, float]] = []
        self._compiled, self._compiled_s = 0, 0.0
        self._of_workers: str | None = None
        self.dashboard = ""

    def show(self, state: Progress) -> None:
        """Show how far a stage is."""
        if state.notice:
            _warn(state)
            return
        if state.stage not in self._names:
            self._names[state.stage] = self._stages.add_task(state.stage, total=state.total)
            # a stage is told of when some of it is done, which may be all of it
            self._stages.tasks[-1].start_time = self._shown_at
        self._shown_at = self._stages.get_time()
        self._of_workers = state.compiling
        self._stages.update(
            self._names[state.stage],
            total=state.total,
            completed=state.done,
            skipped=state.skipped,
        )
        if state.dashboard:
            self.dashboard = state.dashboard
            self._screen.name_dashboard(state.dashboard)
        self._screen.update(self)

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Hear of what numba compiles in this process, once it is loaded."""
        bar = self
        with ExitStack() as stack:

            def listen() -> None:
                from numba.core import event

                class Listener(event.Listener):
                    def on_start(self, event: Any) -> None:
                        name = event.data["dispatcher"].py_func.__name__
                        bar._compiling.append((name, time.monotonic()))
                        if bar.compiling:
                            bar._screen.update(bar)

                    def on_end(self, _: Any) -> None:
                        _, begin = bar._compiling.pop()
                        bar._compiled += 1
                        if not bar._compiling:  # one that another one needs is part of its time
                            bar._compiled_s += time.monotonic() - begin

                stack.enter_context(event.install_listener("numba:compile", Listener()))

            with once_numba_is_loaded(listen):
                yield

    @property
    def compiling(self) -> str:
        """What is compiled now, once this has taken its time."""
        if not (running := [*self._compiling]):
            return ""
        seconds = self._compiled_s + time.monotonic() - running[0][1]
        return _told(running[-1][0]) if seconds > LONG_COMPILING_S else ""

    @property
    def _waiting(self) -> str:
        """What workers compile, or why nothing is measured yet, as far as can be told from here."""
        task = self._stages.tasks[-1] if self._stages.tasks else None
        if task is None or task.description != "measuring":
            return ""
        elapsed = task.elapsed or 0.0
        if name := self._of_workers:
            return _told(name) if elapsed > LONG_COMPILING_S else ""
        is_long = elapsed > LONG_WAIT_S and not task.completed and name is None
        return "the first chunks may wait for numba, which compiles once" if is_long else ""

    @property
    def state(self) -> tuple[float, float]:
        """What is done of the present stage, and all of it."""
        task = self._stages.tasks[-1] if self._stages.tasks else None
        return (task.completed, task.total or 0.0) if task else (0.0, 0.0)

    @property
    def line(self) -> str:
        """What there is to say now."""
        parts = []
        if self._stages.tasks:
            task = self._stages.tasks[-1]
            stage, elapsed = task.description, task.elapsed or 0.0
            of_all = _counted(task.total or 0, stage)
            parts = [f"{stage} {task.completed:,.0f} of {of_all}"]
            # rich's is that of the last steps, and needs two of them
            speed = task.speed or (task.completed / elapsed if elapsed else 0.0)
            if speed and stage not in COUNTED:
                parts.append(f"{speed:,.0f} events/s")
            if task.fields["skipped"]:
                parts.append(f"{task.fields['skipped']:,} skipped")
            if speed and task.remaining:
                parts.append(f"{timedelta(seconds=round(task.remaining / speed))} left")
            else:
                parts.append(f"{timedelta(seconds=round(elapsed))}")
        return ", ".join(filter(None, [*parts, self.compiling or self._waiting]))

    def last_line(self, *, is_whole: bool) -> str:
        """Return what there is to say when the work has ended; empty: nothing was to be seen."""
        parts = []
        if self._stages.tasks:
            task = self._stages.tasks[-1]
            stage, seconds = task.description, task.finished_time or task.elapsed or 0.0
            if is_whole:
                done = task.completed - task.fields["skipped"]
                parts = [f"{ENDED[stage]} {_counted(done, stage)} in {seconds:.1f} s"]
                # what is told below is no part of the rate
                is_told = stage == "measuring" and self._compiled_s > LONG_COMPILING_S
                measuring = seconds - self._compiled_s * is_told
                if done and measuring > 0 and stage not in COUNTED:
                    parts.append(f"{done / measuring:,.0f} events/s")
            else:
                of_all = _counted(task.total or 0, stage)
                parts = [f"{stage} ended at {task.completed:,.0f} of {of_all}"]
            if task.fields["skipped"]:
                parts.append(f"{task.fields['skipped']:,} skipped")
        if self._compiled_s > LONG_COMPILING_S:
            parts.append(f"compiling, once, took {self._compiled_s:.0f} s")
        return ", ".join(parts)


def _told(kernel: str) -> str:
    return f"{COMPILING}{kernel.lstrip('_')}"


def _counted(number: float, stage: str) -> str:
    return counted(round(number), COUNTED.get(stage, "event"))
