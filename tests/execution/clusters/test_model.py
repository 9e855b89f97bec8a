"""Descriptions of clusters: what is wrong in one is said with its file and key."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dtperf.config.load import packaged
from dtperf.errors import ConfigError
from dtperf.execution.clusters import load_cluster
from dtperf.execution.clusters.model import KINDS, Local, Slurm


def message(content: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        load_cluster(content)
    assert "pydantic" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("name", packaged("clusters"))
def test_packaged_clusters_are_valid(name: str) -> None:
    assert load_cluster(name).kind in KINDS


def test_there_is_a_packaged_cluster_of_each_kind() -> None:
    assert {load_cluster(name).kind for name in packaged("clusters")} == {*KINDS}


def test_a_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("kind: slurm\nworkers: 92\nflags: [--constraint=el9]\n")
    found = load_cluster(path, ("workers=3",))
    assert isinstance(found, Slurm)
    assert (found.workers, found.flags) == (3, ("--constraint=el9",))


WRONG: list[tuple[dict[str, Any], str]] = [
    ({}, "kind: null is not allowed; allowed: one of 'local'"),
    ({"kind": "slrum"}, "did you mean 'slurm'"),
    ({"kind": "slurm", "partitoin": "x"}, "partitoin: unknown key; did you mean 'partition'?"),
    ({"kind": "local", "workers": 0}, "workers: 0 is not allowed"),
    ({"kind": "local", "workers": 2, "min_workers": 3}, "would be waited for in vain"),
    ({"kind": "local", "memory": "2"}, 'memory: "2" is not allowed'),
    ({"kind": "slurm", "memory": "511 MB"}, "511 MB is too little: a worker needs 512 MB"),
    ({"kind": "address", "address": "tls://h:1"}, "needs the folder of its certificates"),
    ({"kind": "address", "address": "h:1"}, "address"),
    ({"kind": "slurm", "walltime": "8h"}, "walltime"),
    ({"kind": "slurm", "flags": ["x; rm -rf /"]}, "flags[0]"),
    ({"kind": "slurm", "partition": "a\nb"}, "must be one line of printable text"),
    ({"kind": "slurm", "environment": {"A B": "c"}}, "environment"),
    ({"kind": "slurm", "ship": ["os;x"]}, "ship[0]"),
    ({"kind": "interlink", "image": "/cvmfs/x.sif"}, "node: missing"),
]


@pytest.mark.parametrize(("content", "told"), WRONG, ids=[told[:30] for _, told in WRONG])
def test_what_is_wrong_is_said(content: dict[str, Any], told: str) -> None:
    assert told in message(content)


def test_no_such_file_and_an_empty_one(tmp_path: Path) -> None:
    assert "no such file, and no packaged cluster of this name" in message("slurn.yaml")
    (tmp_path / "empty.yaml").write_text("")
    assert "empty" in message(tmp_path / "empty.yaml")


def test_a_description_is_taken_as_it_is() -> None:
    config = Local(kind="local")
    assert load_cluster(config) is config
