"""Files to a skim."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from dtperf.config import AnalysisConfig, ConfigSource, load_config
from dtperf.errors import ConfigError, DtperfError
from dtperf.execution.attempt import SIDE_OUTPUT
from dtperf.execution.checkpoint import RunDirectory
from dtperf.execution.processor import portable
from dtperf.execution.runner import Job
from dtperf.execution.runner import run as run_files
from dtperf.progress import Progress, progress_bar
from dtperf.results.result import Result
from dtperf.skim.folders import begin, clear
from dtperf.skim.parts import Compression
from dtperf.skim.processor import SkimEvents
from dtperf.skim.stored import finish, refuse_missing, skim_among

__all__ = ["skim"]


def skim(
    config: ConfigSource,
    inputs: str | Path | Iterable[str | Path],
    *,
    out: str | Path,
    compression: Compression = "none",
    progress: bool = True,
    on_progress: Callable[[Progress], None] | None = None,
    **options: Any,
) -> Result:
    """Measure files, and keep what any tighter selection can need.

    Args:
        config: The loosest cuts, as `dtperf.load_config` takes them; the section `run` says how
            the work is done.
        inputs: What `dtperf.filesets.resolve` takes.
        out: Directory of the skim, which is also that of the result.
        compression: Of the events: 'none' is the fastest to load and the largest.
        progress: Show a bar, where somebody looks: in a notebook, or at a terminal.
        on_progress: Called instead as files are checked and chunks are done.
        **options: As for `dtperf.run`.

    Returns:
        The result with these cuts, as `dtperf.run` gives it.

    Raises:
        InputError: A file cannot be used, and `config.run.on_error` is 'stop'.
        ConfigError: The inputs, the directory or the cluster cannot be used.
    """
    config = load_config(config)
    given = [inputs] if isinstance(inputs, str | Path) else [*inputs]
    if (skimmed := skim_among(given)) is not None:
        raise ConfigError(f"{skimmed}: is a skim: run or explore it, or skim the original files")
    if config.processor is not None or options.pop("processor", None) is not None:
        raise ConfigError(
            "processor: a skim keeps what the packaged one can need; run another on the files"
        )

    def job(config: AnalysisConfig, directory: RunDirectory | None) -> Job:
        assert directory is not None
        path = directory.path.absolute()
        previous = directory.previous
        if previous is not None:
            refuse_missing(path, previous.ledger)
        token = begin(path, is_new=previous is None)

        def receive(output: Any) -> None:
            for part in (output or {}).pop(SIDE_OUTPUT, {}).values():
                try:
                    part.write(path)
                except OSError as error:
                    why = error.strerror or error
                    raise DtperfError(f"{path}: cannot be written: {why}") from error

        processor = SkimEvents(config, portable(None, config), path, token, compression)
        return Job(processor, receive, lambda result: finish(path, result))

    with progress_bar(progress, on_progress) as show:
        return run_files(config, given, out=out, job=job, clear=clear, on_progress=show, **options)
