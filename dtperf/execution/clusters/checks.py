"""What is known to go wrong with pods, found before they are submitted: ``check_pods(config)``."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dask.utils import parse_bytes

from dtperf.config.suggest import shorten, suggest
from dtperf.errors import ConfigError
from dtperf.execution.clusters.model import InterLink, Pods
from dtperf.execution.clusters.podspecs import environment

__all__ = ["ANNOTATIONS", "check_pods"]

ANNOTATIONS = (
    "slurm-job.vk.io/flags",
    "slurm-job.vk.io/pre-exec",
    "slurm-job.vk.io/singularity-mounts",
    "slurm-job.vk.io/singularity-options",
    "slurm-job.vk.io/image-root",
    "htcondor-job.vk.io/singularity-options",
    "htcondor-job.knoc.io/image-root",
)
"""What the plugins for Slurm and HTCondor read; they take no notice of others."""
LEAST_BYTES = 400_000_000
OURS = ("DASK_SCHEDULER_ADDRESS", "DASK_WORKER_NAME")
BREAKS = re.compile(r"""[\s"'`;&|<>$\\()*?#]""")
"""What a shell makes something else of."""
PART = r"[a-z0-9]+(?:[._-]+[a-z0-9]+)*"
REFERENCE = re.compile(
    rf"(?:[A-Za-z0-9][-.A-Za-z0-9]*(?::[0-9]+)?/)?{PART}(?:/{PART})*"
    r"(?::(?P<tag>\w[-.\w]{0,127}))?(?P<digest>@sha256:[0-9a-f]{64})?",
    re.ASCII,
)
"""As registries have it: host:port/path/name:tag@digest."""


def check_pods(config: Pods) -> None:
    """Refuse what is known to go wrong.

    Args:
        config: Of a cluster of pods.

    Raises:
        ConfigError: A line for each problem, with its key and the reason.
    """
    problems = [*_common(config)]
    if isinstance(config, InterLink):
        problems += [*_interlink(config)]
    if problems:
        raise ConfigError("\n".join(problems))


def _common(config: Pods) -> Iterator[str]:
    if not config.name[0].isalpha():
        yield f"name: {config.name} must begin with a letter: Kubernetes has no such Service"
    if config.maximum is not None and config.maximum < config.workers:
        yield f"maximum ({config.maximum}) is less than workers ({config.workers})"
    if parse_bytes(config.memory) < LEAST_BYTES:
        least = f"{LEAST_BYTES / 1e6:.0f} MB"
        yield f"memory: {config.memory} is too little: a worker needs {least} to begin with"
    if config.service.node_port and config.service.type != "NodePort":
        yield f"service.node_port: only with type: NodePort, not {config.service.type}"
    address = config.service.external_address
    if address and not 0 < int(address.rpartition(":")[2]) < 65_536:
        yield f"service.external_address: {address}: there is no such port"
    for name in config.environment:
        if name in OURS or name.startswith("DTPERF_"):
            yield f"environment.{name}: is set by dtperf; leave it out"
    yield from _images(config)


def _images(config: Pods) -> Iterator[str]:
    image, is_remote = config.image, isinstance(config, InterLink)
    if is_remote and image.startswith("/cvmfs/"):
        if image.endswith(":latest"):
            yield f"image: {image} may be another image tomorrow: name a version"
        if config.scheduler_image is None:
            yield (
                "scheduler_image: is needed beside an image on CVMFS: the scheduler runs on a node "
                "of Kubernetes, which takes images of registries only; name the same image there"
            )
    else:
        plain = image.removeprefix("docker://") if is_remote else image
        yield from _reference("image", plain, " and no path in /cvmfs/" if is_remote else "")
    if config.scheduler_image:
        yield from _reference("scheduler_image", config.scheduler_image)


def _reference(key: str, image: str, nor: str = "") -> Iterator[str]:
    found = REFERENCE.fullmatch(image)
    if found is None:
        yield (
            f"{key}: {shorten(image)} is no reference to a registry{nor}, such as "
            "registry.example/group/dtperf:1.0: it could not be found"
        )
    elif not found["digest"] and found["tag"] in (None, "latest"):
        yield (
            f"{key}: {image} may be another image tomorrow, and client, scheduler and workers must "
            "have the same: give it a version, such as :1.0, or a digest"
        )


def _interlink(config: InterLink) -> Iterator[str]:
    yield from _address(config)
    if "host" in config.image.lower():
        yield (
            f"image: {config.image} contains 'host', which switches the HTCondor plugin to running "
            "a bare script instead of the image: use another name or registry"
        )
    for key in config.annotations:
        if key not in ANNOTATIONS:
            yield f"annotations.{key}: no plugin reads it{suggest(key, ANNOTATIONS)}"
    for name, value in environment(config).items():
        if "$(" in value:
            yield (
                f"environment.{name}: {shorten(value)}: $(NAME) is not expanded on virtual nodes: "
                "write the value itself"
            )
        elif broken := BREAKS.search(value):
            yield (
                f"environment.{name}: {shorten(value)} contains {broken[0]!r}: the HTCondor plugin "
                "passes values unquoted, and would break it"
            )


def _address(config: InterLink) -> Iterator[str]:
    address = config.service.external_address
    if address is None:
        yield (
            "service.external_address: is needed: workers at a site must reach the scheduler from "
            "outside Kubernetes; name the address of a LoadBalancer, NodePort or TLS-passthrough "
            "ingress, such as tls://dask.example:8786"
        )
    elif re.search(r"\.svc(\.|:)|\.cluster\.local:", address):
        yield (
            f"service.external_address: {address} is a name that only Kubernetes itself knows; "
            "workers at a site need one that they can reach"
        )
