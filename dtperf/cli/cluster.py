"""``dtperf cluster …``: workers that stay up between runs."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from dtperf.cli import complete
from dtperf.cli.as_json import print_json
from dtperf.cli.help import Commands
from dtperf.cli.options import AsJson
from dtperf.cli.streams import saving
from dtperf.cli.terminal import MEGABYTE, console, harmless, table
from dtperf.errors import ConfigError, DtperfError
from dtperf.results.table import printable

if TYPE_CHECKING:
    from distributed import Client
    from rich.table import Table

    from dtperf.execution.clusters.persistent import KeptCluster

__all__ = ["app"]

app = Commands("Keep Dask workers between runs.")

LINES = 20

File = Annotated[
    str,
    typer.Argument(
        metavar="FILE",
        autocompletion=complete.clusters,
        help="YAML file, or name of a packaged cluster.",
    ),
]


@app.command()
@saving
def up(file: File) -> None:
    """Start a cluster, wait for its workers, leave it up for `dtperf run --cluster`."""
    from dtperf.execution.clusters import persistent as clusters
    from dtperf.execution.clusters.deaths import looked_after
    from dtperf.execution.clusters.environment import check_same
    from dtperf.execution.clusters.lifecycle import wait_for_workers
    from dtperf.progress import Progress, progress_bar

    kept = clusters.up(file)
    try:
        with ExitStack() as stack:
            on_progress = stack.enter_context(progress_bar(in_log=True))
            client = _connected(kept, stack)
            stack.enter_context(looked_after(client, kept.check))
            wait_for_workers(
                client,
                kept.config,
                lambda w: on_progress(Progress("waiting", min(w.workers, w.wanted), w.wanted)),
                kept.folder,
            )
            check_same(client)
            address = _address(kept, client)
    except BaseException:
        clusters.down(file)
        raise
    print(f"{file}: {address}")
    print(f"now: dtperf run … --cluster {file}; at the end: dtperf cluster down {file}")


@app.command()
def status(file: File, as_json: AsJson = False) -> None:
    """Show the workers of a cluster that is up."""
    from dtperf.execution.clusters.dashboard import dashboard_of

    with ExitStack() as stack:
        kept = _kept(file)
        client = _connected(kept, stack)
        workers = _workers(client)
        address, dashboard = _address(kept, client), dashboard_of(client)
    wanted, problems = _wanted(kept)
    if as_json:
        print_json(
            {
                "address": kept.address,
                "dashboard": dashboard or None,
                "workers_wanted": wanted,
                "problems": problems,
                "workers": workers,
            }
        )
        return
    print(f"{file}: {address}")
    print(f"{len(workers)} workers are there; {wanted} are asked for now")
    for problem in problems:
        print(printable(problem))
    if workers:
        console().print(_table(workers))


@app.command()
@saving
def scale(
    file: File,
    workers: Annotated[int, typer.Argument(metavar="N", min=0, help="How many there shall be.")],
) -> None:
    """Ask for another number of workers."""
    from dtperf.execution.clusters import persistent as clusters

    clusters.scale(file, workers)
    print(
        f"{file}: {workers} workers are asked for; "
        f"`dtperf cluster status {file}` shows them come and go"
    )


@app.command()
@saving
def down(file: File) -> None:
    """End a cluster, its scheduler and its workers."""
    from dtperf.execution.clusters import persistent as clusters

    print(f"{file}: {'down' if clusters.down(file) else 'was not up'}")


@app.command()
def manifest(
    file: File,
    secrets: Annotated[
        Path | None,
        typer.Option(
            "--secrets",
            metavar="FOLDER",
            help="Make certificates, write them there for `kind: address`, and print them, too.",
        ),
    ] = None,
) -> None:
    """Print the Kubernetes objects of a cluster, to read, or for kubectl apply."""
    from dtperf.execution.clusters.load import load_cluster
    from dtperf.execution.clusters.manifest import manifest as objects
    from dtperf.execution.clusters.manifest import to_yaml
    from dtperf.execution.clusters.model import InterLink, Kubernetes
    from dtperf.execution.clusters.tls import Credentials

    config = load_cluster(file)
    if not isinstance(config, Kubernetes | InterLink):
        raise ConfigError(f"{file}: is of the kind {config.kind}: only pods have a manifest")
    objects(config)  # what is wrong shows before certificates are made
    made = objects(config, Credentials.make(secrets) if secrets else None)
    print(to_yaml(made, secrets=secrets is not None), end="")


@app.command()
@saving
def check(
    file: File,
    start: Annotated[
        bool, typer.Option("--start", help="Start a scheduler and one worker, too, and end them.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Look whether Kubernetes has all that a cluster needs; say what is wrong, and what to do."""
    from dtperf.cli.cluster_check import look

    look(file, start=start, as_json=as_json)


@app.command()
def logs(file: File) -> None:
    """Print the ends of the logs of scheduler and workers."""
    from dtperf.execution.clusters.model import InterLink, Kubernetes

    kept = _kept(file)
    found = kept.folder.glob("**/*")
    ends = [
        (str(path), path.read_text(errors="replace").splitlines()[-LINES:])
        for path in sorted(path for path in found if path.suffix in (".log", ".out", ".err"))
    ]
    if isinstance(kept.config, Kubernetes | InterLink):
        from dtperf.execution.clusters.pods import logs as logs_of_pods

        ends = [(name, text.splitlines()) for name, text in logs_of_pods(kept.config, LINES)] + ends
    for name, lines in ends:
        print(f"== {name}", *lines, sep="\n")


def _kept(file: str) -> KeptCluster:
    from dtperf.execution.clusters import persistent as clusters

    found = clusters.find(file)
    if found is None:
        folder = clusters.folder_of(file)
        why = f" any more: {clusters.why_ended(folder)}" if folder.is_dir() else ""
        raise ConfigError(f"{file}: is not up{why}: start it with `dtperf cluster up {file}`")
    return found


def _address(kept: KeptCluster, client: Client) -> str:
    from dtperf.execution.clusters.dashboard import dashboard_of

    dashboard = dashboard_of(client)
    return f"up at {kept.address}{f', dashboard {dashboard}' if dashboard else ''}"


def _wanted(kept: KeptCluster) -> tuple[int, list[str]]:
    """Return how many workers are asked for, and what their jobs or pods wait for."""
    from dtperf.execution.clusters.model import HTCondor, InterLink, Kubernetes, Slurm
    from dtperf.execution.clusters.persistent import wanted

    config = kept.config
    if isinstance(config, Slurm | HTCondor):
        from dtperf.execution.clusters.jobs import states_of_jobs

        try:
            states = states_of_jobs(config, kept.folder)
        except DtperfError as error:
            states = [str(error)]
        return wanted(kept), [f"{type(config).__name__}: {state}" for state in states]
    if not isinstance(config, Kubernetes | InterLink):
        return wanted(kept), []
    from dtperf.execution.clusters.pods import status as status_of_pods

    # an autoscaler may ask for others than somebody here
    found = status_of_pods(config)
    if found is None:
        return 0, ["Kubernetes: the cluster is gone"]
    return found.wanted, [f"Kubernetes: {problem}" for problem in found.problems]


def _connected(kept: KeptCluster, stack: ExitStack) -> Client:
    from dtperf.execution.clusters.lifecycle import connect

    return stack.enter_context(connect(kept.address, kept.security))


class _Worker(NamedTuple):
    """A worker that is there."""

    name: str
    host: str
    threads: int
    cpu_percent: float
    memory_megabytes: float


def _workers(client: Client) -> list[_Worker]:
    """List the workers, in order of their names.

    Asked for without any code, since who asks may run another Python than the cluster.
    """
    found = client.scheduler_info(n_workers=-1)["workers"].values()
    return [
        _Worker(
            str(each["name"]),
            each["host"],
            each["nthreads"],
            each["metrics"].get("cpu", 0),
            each["metrics"].get("memory", 0) / MEGABYTE,
        )
        for each in sorted(found, key=lambda each: str(each["name"]))
    ]


def _table(workers: list[_Worker]) -> Table:
    shown = table("worker", "host", ">threads", ">CPU %", ">memory MB")
    for each in workers:
        shown.add_row(
            harmless(each.name),
            harmless(each.host),
            f"{each.threads}",
            f"{each.cpu_percent:.0f}",
            f"{each.memory_megabytes:,.0f}",
        )
    return shown
