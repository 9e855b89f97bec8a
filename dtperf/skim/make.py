"""Files to a skim."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from dtperf.checkpoint import RunDirectory
from dtperf.config import AnalysisConfig
from dtperf.errors import ConfigError
from dtperf.results import Result
from dtperf.runner import Job, run
from dtperf.skim.parts import Compression
from dtperf.skim.processor import SkimEvents
from dtperf.skim.stored import begin, finish, skim_among

__all__ = ["skim"]


def skim(
    config: AnalysisConfig,
    inputs: str | Path | Iterable[str | Path],
    *,
    out: str | Path,
    compression: Compression = "none",
    **options: Any,
) -> Result:
    """Measure files, and keep what any tighter selection can need.

    Args:
        config: The loosest cuts; `config.run` says how the work is done.
        inputs: What `dtperf.filesets.resolve` takes.
        out: Directory of the skim, which is also that of the result.
        compression: Of the events: 'none' is the fastest to load and the largest.
        **options: As for `dtperf.run`.

    Returns:
        The result with these cuts, as `dtperf.run` gives it.

    Raises:
        InputError: A file cannot be used, and `config.run.on_error` is 'stop'.
        ConfigError: The inputs, the directory or the cluster cannot be used.
    """
    given = [inputs] if isinstance(inputs, str | Path) else [*inputs]
    if (skimmed := skim_among(given)) is not None:
        raise ConfigError(f"{skimmed}: is a skim: run or explore it, or skim the original files")

    def job(config: AnalysisConfig, directory: RunDirectory | None) -> Job:
        assert directory is not None
        path = directory.path.absolute()
        token = begin(path, is_new=directory.previous is None)

        def receive(output: Any) -> None:
            for part in (output or {}).pop("parts", {}).values():
                part.write(path)

        processor = SkimEvents(config, path, token, compression)
        return Job(processor, receive, lambda result: finish(path, result))

    return run(config, given, out=out, job=job, **options)
