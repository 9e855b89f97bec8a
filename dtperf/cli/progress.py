"""The progress of a run on the terminal: events, rate, time left."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

if TYPE_CHECKING:
    from dtperf.execution.runner import Progress as RunProgress
    from dtperf.synthetic.generator import GenerationProgress as GenerateProgress

    State = RunProgress | GenerateProgress

__all__ = ["progress_bar"]

UNITS = {"generating": "events", "checking": "files", "waiting": "workers", "measuring": "events"}


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        """Show files or events in a second."""
        # of all, once it is done: what rich has then is the speed of the last steps
        speed = task.completed / task.finished_time if task.finished_time else task.speed
        return Text(f"{speed:,.0f} {task.fields['unit']}/s" if speed else "")


@contextmanager
def progress_bar() -> Iterator[Callable[[State], None]]:
    """Show one bar a stage on the terminal's error stream.

    Yields:
        What a run, or the generator, calls with its progress.
    """
    bar = Progress(
        TextColumn("{task.description:>10}"),
        BarColumn(),
        TextColumn("{task.completed:,.0f}/{task.total:,.0f} {task.fields[unit]}"),
        _Rate(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )
    tasks = {}

    def show(state: State) -> None:
        if notice := getattr(state, "notice", ""):
            bar.console.print(notice, style="yellow", markup=False, highlight=False, soft_wrap=True)
            return
        if state.stage not in tasks:
            tasks[state.stage] = bar.add_task(
                state.stage, total=state.total, unit=UNITS[state.stage]
            )
        bar.update(tasks[state.stage], completed=state.done)
        if dashboard := getattr(state, "dashboard", ""):
            bar.console.print(f"dashboard: {dashboard}", highlight=False)

    with bar:
        yield show
