"""Run an analysis: ``dtperf.run("reference_2023", files_or_a_skim)``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dtperf.config import ConfigSource, load_config
from dtperf.errors import ConfigError
from dtperf.process import stoppable
from dtperf.progress import Progress, progress_bar
from dtperf.skim.manifest import has_finished

if TYPE_CHECKING:
    from dtperf.results.result import Result
    from dtperf.selection import Tables

__all__ = ["run", "tag_and_probe"]


@stoppable("before any event was measured")
def run(
    config: ConfigSource,
    inputs: str | Path | Iterable[str | Path],
    *,
    out: str | Path | None = None,
    resume: bool = False,
    force: bool = False,
    processor: Any = None,
    client: Any = None,
    cluster: Any = None,
    performance_report: Path | None = None,
    metrics: Path | None = None,
    limit_files: int | None = None,
    limit_chunks: int | None = None,
    progress: bool = True,
    on_progress: Callable[[Progress], None] | None = None,
) -> Result:
    """Measure all events of the inputs.

    Args:
        config: The analysis, as `dtperf.load_config` takes it: name, YAML file, content, or
            config; its section `run` says where the work is done, and what happens when it fails.
        inputs: What `dtperf.filesets.resolve` takes; or the directory of a skim, which is measured
            on all cores of this machine, whatever `config.run` says.
        out: Directory for the result, which is saved as the work goes on, so that a run that ends
            early can be resumed; None: the result is only returned.
        resume: Go on with what an earlier run of the same config and code has measured in `out`.
        force: Replace what is in `out`.
        processor: What measures each chunk, in the place of `config.processor`: FILE.py:CLASS or
            MODULE:CLASS; a class, which is called with the config; or an instance. It is sent to
            workers by value. What it may return: `dtperf.execution.outputs`.
        client: Dask workers that are there, instead of `config.run.executor`: a client, a Dask
            cluster such as `LocalCluster`, what `dtperf.cluster` gives, or a scheduler's address.
            They must run the same software.
        cluster: Where Dask workers come from instead, as `dtperf.cluster` takes it; they are
            started for the run, and ended with it. Also what `client` takes.
        performance_report: HTML file for Dask's own report of the run.
        metrics: File in Prometheus' text format with the state of the run, written anew whenever
            the run saves what it has.
        limit_files: Take only the first files.
        limit_chunks: Take only the first chunks of events, all files counted together.
        progress: Show a bar, where somebody looks: in a notebook, or at a terminal.
        on_progress: Called instead as files are checked and chunks are done.

    Returns:
        The result; equal files and configs give equal counts, however the work was done, and how
        often it was interrupted.

    Raises:
        InputError: A file cannot be used, and `config.run.on_error` is 'stop'.
        ConfigError: The inputs, the processor, the directory, the client or the cluster cannot be
            used.
        DtperfError: The cluster does not come up, runs other software, or is lost; or the processor
            fails, or returns what cannot be kept.
        Stopped: Ctrl-C came.
    """
    config = load_config(config)
    given = [inputs] if isinstance(inputs, str | Path) else [*inputs]
    with progress_bar(progress, on_progress) as show, ExitStack() as stack:
        is_new = out is None or not Path(out).exists()
        if client is None and is_new and not has_finished(given):
            cluster = _asked_for(cluster, given, processor or config.processor, stack)
        from dtperf.skim.folders import clear
        from dtperf.skim.stored import is_skim, skim_among

        skim = skim_among(given)
        if skim is None:
            if resume and out is not None and is_skim(Path(out)):
                raise ConfigError(
                    f"{out}: is a skim, which `skim` goes on with (resume=True), not `run`"
                )
            # loads coffea, which a skim needs nothing of: a second, while workers start
            from dtperf.execution import runner

            return runner.run(
                config,
                given,
                out=out,
                resume=resume,
                force=force,
                processor=processor,
                client=client,
                cluster=cluster,
                performance_report=performance_report,
                metrics=metrics,
                limit_files=limit_files,
                limit_chunks=limit_chunks,
                clear=clear,
                on_progress=show,
            )
        for name, value in (
            ("processor", processor or config.processor),
            ("resume", resume),
            ("client", client),
            ("cluster", cluster),
            ("performance_report", performance_report),
            ("metrics", metrics),
            ("limit_files", limit_files),
            ("limit_chunks", limit_chunks),
        ):
            if value:
                raise ConfigError(f"{name}: not with a skim, which all cores of this machine read")
        from dtperf.skim.rerun import rerun

        return rerun(config, skim, out=out, force=force, on_progress=show)


def _asked_for(cluster: Any, inputs: Sequence[Any], processor: Any, stack: ExitStack) -> Any:
    """Ask for the workers of a cluster that is not there yet, before all that can be done later.

    Not where a look shows that the run will end with a mistake of the user.
    """
    from dtperf.execution.clusters.client import is_running

    if cluster is None or is_running(cluster):
        return cluster
    from dtperf.filesets.resolve import are_there

    source = Path(processor.rpartition(":")[0]) if isinstance(processor, str) else Path()
    if (source.suffix == ".py" and not source.is_file()) or not are_there(inputs):
        return cluster
    from dtperf.execution.clusters.lifecycle import starting

    return stack.enter_context(starting(cluster))


def tag_and_probe(events: Any, config: ConfigSource) -> Tables:
    """Select pairs and match segments to their probes.

    Args:
        events: NanoEvents made with `dtperf.nanoaod.MuonDPGSchema`, or a slice of them.
        config: The analysis, as `dtperf.load_config` takes it.

    Returns:
        Tables whose columns `dtperf.selection.columns` describes.

    Raises:
        ConfigError: The config cannot be used.
        InputError: A column that the selection needs is not there.
    """
    from dtperf.selection import tag_and_probe as find_tables

    return find_tables(events, load_config(config))
