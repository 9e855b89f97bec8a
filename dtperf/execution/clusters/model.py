"""Where workers come from: one model for each kind of cluster."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from dtperf.validation import Model

__all__ = [
    "Address",
    "Batch",
    "Cluster",
    "ClusterConfig",
    "HTCondor",
    "InterLink",
    "Kubernetes",
    "Local",
    "Pods",
    "Slurm",
]


def _one_line(text: str) -> str:
    if not text.isprintable():
        raise ValueError("must be one line of printable text")
    return text


LEAST_BYTES = 512_000_000
SIZE = r"([1-9][0-9]*) ?([KMGT])(i?)B"


def _is_enough(memory: str) -> str:
    found = re.fullmatch(SIZE, memory)
    assert found is not None
    number, prefix, binary = found.groups()
    if int(number) * (1024 if binary else 1000) ** (1 + "KMGT".index(prefix)) < LEAST_BYTES:
        raise ValueError(f"{memory} is too little: a worker needs 512 MB at least, 2 GiB is good")
    return memory


Line = Annotated[str, Field(min_length=1, max_length=1000), AfterValidator(_one_line)]
Memory = Annotated[str, Field(pattern=f"^{SIZE}$"), AfterValidator(_is_enough)]
Disk = Annotated[str, Field(pattern=f"^{SIZE}$")]
Number = Annotated[int, Field(ge=1, le=10_000)]
Port = Annotated[int, Field(ge=0, le=65_535)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
"""Of a variable of the environment."""
Label = Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9]{0,40}[a-z0-9])?$")]
"""A name that Kubernetes takes."""
Host = Annotated[str, Field(pattern=r"^[A-Za-z0-9]([-.:A-Za-z0-9]*[A-Za-z0-9])?$")]


class Cluster(Model):
    """What all kinds have."""

    workers: Number = 2
    """How many workers to ask for."""
    min_workers: Annotated[int, Field(ge=1, le=10_000)] = 1
    """Begin the work when so many have come; the others join it."""
    wait_s: Annotated[int, Field(ge=1, le=604_800)] = 600
    """How long to wait for them, in seconds."""
    ship: tuple[Annotated[str, Field(pattern=r"^[A-Za-z_][\w.]*$")], ...] = ()
    """Modules of this machine whose code goes to the workers, as it is at the start of each run."""
    send_credentials: bool = True
    """Give workers the proxy and token that grid tools find here, over TLS and anew as they change,
    unless they have their own."""

    @model_validator(mode="after")
    def _can_come(self) -> Self:
        if self.min_workers > self.workers:
            raise ValueError(
                f"min_workers ({self.min_workers}) is more than workers ({self.workers}): "
                "they would be waited for in vain"
            )
        return self


class Local(Cluster):
    """Processes of this machine."""

    kind: Literal["local"]
    memory: Memory | None = None
    """What each worker may take; null: its share of the machine."""


class Address(Cluster):
    """A scheduler that runs already."""

    kind: Literal["address"]
    send_credentials: bool = False
    address: Annotated[str, Field(pattern=r"^(tls|tcp)://[-.:\[\]A-Za-z0-9]+:[0-9]+$")]
    """Such as tls://dask.example:8786."""
    credentials: Line | None = None
    """Folder with ca.crt, tls.crt and tls.key, for tls://."""

    @model_validator(mode="after")
    def _tls_has_credentials(self) -> Self:
        if self.address.startswith("tls:") and self.credentials is None:
            raise ValueError("credentials: a tls:// address needs the folder of its certificates")
        return self


class Batch(Cluster):
    """What batch systems have in common: the scheduler runs here, each worker is a job."""

    cores: Annotated[int, Field(ge=1, le=1000)] = 1
    """Threads of a worker, which measure a chunk each."""
    memory: Memory = "2GiB"
    """What a worker may take."""
    walltime: Annotated[str, Field(pattern=r"^([0-9]+-)?[0-9]{1,3}:[0-5][0-9]:[0-5][0-9]$")] = (
        "08:00:00"
    )
    """How long a job may run; its worker hands its work back five minutes before."""
    host: Host | None = None
    """Name or address of this machine that workers can reach; null: its own name."""
    port: Port = 0
    """Port of the scheduler; 0: any that is free."""
    dashboard: Annotated[str, Field(pattern=r"^[-.:\[\]A-Za-z0-9]*:[0-9]+$")] = "127.0.0.1:0"
    """Where the dashboard listens: nobody else sees it unless asked."""
    tls: bool = True
    """Encrypt, and let in only who has the cluster's certificate."""
    python: Line | None = None
    """Interpreter on the workers; null: the one that runs here."""
    folder: Line | None = None
    """For certificates and logs, to be seen by the workers, too; null: ~/.local/state/dtperf."""
    scratch: Line | None = None
    """Where workers make their private folder; null: the node's TMPDIR."""
    proxy: Line | None = None
    """X.509 proxy or token file that workers shall use; it is copied anew as it changes."""
    environment: dict[Name, Line] = Field(default_factory=dict)
    """Further variables of the workers."""
    setup: tuple[Line, ...] = ()
    """Shell commands on the node before the worker starts."""


class Slurm(Batch):
    """Jobs of Slurm, through dask-jobqueue."""

    kind: Literal["slurm"]
    partition: Line | None = None
    account: Line | None = None
    flags: tuple[Annotated[Line, Field(pattern=r"^-")], ...] = ()
    """Further options of sbatch, such as --constraint=el9."""


INSTEAD = {
    "arguments": "setup:",
    "batch_name": "the name of the file, with `dtperf cluster up`",
    "environment": "environment:",
    "executable": "python: and setup:",
}
"""Lines of HTCondor's submit description that a worker does not come without."""


class HTCondor(Batch):
    """Jobs of HTCondor, through dask-jobqueue."""

    kind: Literal["htcondor"]
    disk: Disk = "4GB"
    image: Line | None = None
    """Container image; null: as the node is."""
    directives: dict[Annotated[str, Field(pattern=r"^[+\w.]+$")], Line] = Field(
        default_factory=dict
    )
    """Further lines of the submit description, such as +JobFlavour: '"longlunch"'."""

    @model_validator(mode="after")
    def _leaves_what_is_set(self) -> Self:
        for key in self.directives:
            if instead := INSTEAD.get(key.lower()):
                raise ValueError(f"directives.{key}: is set by dtperf: use {instead}")
        return self


class Service(Model):
    """How workers and client get to a scheduler in Kubernetes."""

    type: Literal["LoadBalancer", "NodePort", "ClusterIP"] = "LoadBalancer"
    node_port: Annotated[int, Field(ge=30_000, le=32_767)] | None = None
    """For NodePort; null: Kubernetes chooses one."""
    external_address: Annotated[str, Field(pattern=r"^tls://[-.A-Za-z0-9]+:[0-9]+$")] | None = None
    """Where it can be reached from outside, such as tls://dask.example:8786."""


class Pods(Cluster):
    """What clusters in Kubernetes have in common: scheduler and workers are pods."""

    name: Label = "dtperf"
    namespace: Label = "default"
    image: Line
    """Of client, scheduler and workers; the client is compared with it before any work."""
    scheduler_image: Line | None = None
    """The same image for the scheduler's node, if `image` is a path of CVMFS; null: `image`."""
    cores: Annotated[int, Field(ge=1, le=1000)] = 1
    """Threads of a worker, and its cpu request and limit."""
    memory: Memory = "2GiB"
    """Request and limit of a worker."""
    scheduler_memory: Memory = "4GiB"
    service: Service = Service()
    maximum: Number | None = None
    """Grow to so many workers while there is work for them, from `workers` on; null: never."""
    lifetime_s: Annotated[int, Field(ge=60, le=2_592_000)] = 86_400
    """After so many seconds a worker ends, whatever becomes of its pod."""
    idle_s: Annotated[int, Field(ge=0, le=2_592_000)] = 0
    """Let the operator delete a cluster that had no work for so long; 0: never."""
    dashboard: bool = False
    """Serve Dask's dashboard, inside the cluster only: see it by `kubectl port-forward`."""
    proxy_secret: Label | None = None
    """Secret whose key `proxy` holds an X.509 proxy or token for the workers."""
    environment: dict[Name, Line] = Field(default_factory=dict)
    pull_secret: Label | None = None
    """Secret for the image's registry."""


class Kubernetes(Pods):
    """Pods on the cluster's own nodes."""

    kind: Literal["kubernetes"]


class InterLink(Pods):
    """Pods on virtual nodes, which become batch jobs at a site."""

    kind: Literal["interlink"]
    node: Annotated[str, Field(pattern=r"^[a-z0-9]([-.a-z0-9]{0,61}[a-z0-9])?$")]
    """The virtual node, kubernetes.io/hostname."""
    annotations: dict[Line, Line] = Field(default_factory=dict)
    """Of the worker pods: what the site's plugin is told, such as slurm-job.vk.io/flags."""


ClusterConfig = Local | Address | Slurm | HTCondor | Kubernetes | InterLink
KINDS: dict[str, type[ClusterConfig]] = {
    "local": Local,
    "address": Address,
    "slurm": Slurm,
    "htcondor": HTCondor,
    "kubernetes": Kubernetes,
    "interlink": InterLink,
}
