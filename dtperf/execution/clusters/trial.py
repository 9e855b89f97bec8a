"""A cluster of one worker, to see that it comes: ``try_out("interlink.yaml", config)``."""

from __future__ import annotations

import time

from dtperf.errors import DtperfError
from dtperf.execution.clusters.environment import own_versions
from dtperf.execution.clusters.lifecycle import OnWait, Source, running
from dtperf.execution.clusters.model import InterLink, Kubernetes
from dtperf.execution.clusters.persistent import find
from dtperf.execution.clusters.site import Step

__all__ = ["not_tried", "try_out"]

SHOWN = ("python", "dtperf", "dask", "numpy")


def try_out(source: Source, config: Kubernetes | InterLink, on_wait: OnWait) -> Step:
    """Start scheduler and one worker, compare what runs there with what runs here, end both.

    Args:
        source: Whose cluster is looked at instead, if it is up.
        config: What to start one worker of.
        on_wait: Called while it is waited for.
    """
    if find(source) is None:
        one = {"workers": 1, "min_workers": 1, "maximum": None}
        source = config.model_copy(update=one)
    begin = time.monotonic()
    try:
        with running(source, on_wait) as cluster:
            came = time.monotonic() - begin
            number = len(cluster.client.nthreads())
    except DtperfError as error:
        return Step("start", "wrong", str(error))
    workers = "one worker" if number == 1 else f"{number} workers"
    return Step(
        "start", "ok", f"scheduler and {workers} came in {came:.0f} s, with {_own()} as here"
    )


def not_tried() -> Step:
    """Return what a cluster must have, where none was started."""
    return Step("start", "unknown", f"image and workers: --start tries one; here are {_own()}")


def _own() -> str:
    versions = own_versions()
    return ", ".join(f"{name} {versions[name]}" for name in SHOWN)
