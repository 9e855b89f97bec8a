"""Measure a skim instead of files: `dtperf run CONFIG SKIM`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from dtperf.config import AnalysisConfig
from dtperf.errors import ConfigError
from dtperf.execution.checkpoint import open_run
from dtperf.execution.provenance import code_version
from dtperf.progress import Progress
from dtperf.results.result import Result
from dtperf.skim.analysis import Analysis
from dtperf.skim.folders import clear

__all__ = ["rerun"]


def rerun(
    config: AnalysisConfig,
    skim: Path,
    *,
    out: str | Path | None = None,
    force: bool = False,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> Result:
    """Measure a skim, with the counts that `dtperf.run` gives for its files.

    Args:
        config: The analysis.
        skim: The directory.
        out: Directory for the result; None: it is only returned.
        force: Replace what is in `out`.
        on_progress: Called as events are read.

    Raises:
        ConfigError: A cut is looser than the skim, or the directory cannot be used.
        InputError: The skim cannot be read.
    """

    def measure() -> Result:
        return Analysis(skim, config, on_progress=on_progress).with_cuts()

    if out is None:
        return measure()
    if Path(out).absolute() == skim.absolute():
        raise ConfigError(f"{out}: is the skim: name another directory for the result")
    with open_run(out, config, code_version(), resume=False, force=force, clear=clear) as directory:
        result = measure()
        directory.finish(result)
    return result
