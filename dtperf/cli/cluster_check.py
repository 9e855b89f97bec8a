"""What ``dtperf cluster check`` does: a line for each thing that a cluster of pods needs."""

from __future__ import annotations

import typer

from dtperf.cli.as_json import print_json
from dtperf.cli.terminal import console, harmless, table
from dtperf.errors import ConfigError
from dtperf.execution.clusters.load import load_cluster
from dtperf.execution.clusters.model import InterLink, Kubernetes
from dtperf.execution.clusters.site import Step, examine
from dtperf.execution.clusters.trial import not_tried, try_out
from dtperf.progress import Progress, progress_bar

__all__ = ["look"]

SIGNS = {"ok": "ok", "wrong": "WRONG", "unknown": "?"}


def look(file: str, *, start: bool, as_json: bool) -> None:
    """Print what each step has come to; ends with an exit code if one is wrong.

    Raises:
        ConfigError: The file describes no pods.
    """
    config = load_cluster(file)
    if not isinstance(config, Kubernetes | InterLink):
        raise ConfigError(
            f"{file}: is of the kind {config.kind}: only pods are looked at before they start: "
            f"`dtperf cluster up {file}`"
        )
    steps = [*examine(config)]
    if start and all(step.outcome != "wrong" for step in steps):
        with progress_bar(in_log=True) as on_progress:
            steps.append(
                try_out(
                    file, config, lambda w: on_progress(Progress("waiting", w.workers, w.wanted))
                )
            )
    else:
        steps.append(not_tried())
    if as_json:
        print_json({"steps": steps})
    else:
        _show(steps)
    if any(step.outcome == "wrong" for step in steps):
        raise typer.Exit(ConfigError.exit_code)


def _show(steps: list[Step]) -> None:
    shown = table("", "step", "what was found")
    for step in steps:
        shown.add_row(SIGNS[step.outcome], step.step, harmless(step.text))
    console().print(shown)
