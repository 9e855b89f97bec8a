"""`dtperf cluster check`, on a site that a stub of the API server shows."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from dtperf.execution.clusters import trial
from dtperf.execution.clusters.lifecycle import RunningCluster
from tests.cli.commands import Done, call
from tests.cli.test_json import documented
from tests.execution.clusters.apiserver import Stub
from tests.execution.clusters.configs import CONFIGS
from tests.helpers.pages import blocks
from tests.helpers.ports import free_port


@pytest.fixture
def dtperf(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> Callable[..., Done]:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return partial(call, monkeypatch, capfd)


def written(folder: Path, port: int) -> Path:
    service = {"type": "ClusterIP", "external_address": f"tls://127.0.0.1:{port}"}
    path = folder / "mine.yaml"
    path.write_text(yaml.safe_dump({**CONFIGS["virtual"], "service": service, "wait_s": 1}))
    return path


def test_the_command(
    server: Stub, listening: int, tmp_path: Path, dtperf: Callable[..., Done]
) -> None:
    mine = written(tmp_path, listening)
    done = dtperf("cluster", "check", mine)
    assert (done.code, done.err) == (0, "")
    lines = [line.split()[:2] for line in done.out.splitlines()[1:]]
    assert lines[:2] == [["ok", "file"], ["ok", "server"]]
    assert lines[-1] == ["?", "start"]
    del server.objects["Secret", "my-proxy"]
    done = dtperf("cluster", "check", mine, "--start", "--json")
    content = json.loads(done.out)
    assert done.code == 2
    assert {*content} == documented()["cluster check"]
    outcomes = {step["step"]: step["outcome"] for step in content["steps"]}
    assert (outcomes["secrets"], outcomes["start"]) == ("wrong", "unknown")


def test_a_start_that_fails_is_told_and_leaves_nothing(
    server: Stub, listening: int, tmp_path: Path, dtperf: Callable[..., Done]
) -> None:
    server.image = "ErrImagePull"
    before = server.has()
    done = dtperf("cluster", "check", written(tmp_path, listening), "--start")
    assert done.code == 2
    assert "is missing: ErrImagePull" in done.out
    assert server.has() == before


def test_a_start_that_works(
    server: Stub,
    listening: int,
    tmp_path: Path,
    dtperf: Callable[..., Done],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With a client that has a worker in the place of one that is started."""
    asked = []

    @contextmanager
    def here(source: Any, _: object) -> Iterator[RunningCluster]:
        asked.append((source.workers, source.min_workers, source.maximum))
        client: Any = SimpleNamespace(nthreads=lambda: {"tls://10.1.2.3:40000": 1})
        yield RunningCluster(client, lambda _: None, lambda _: None)

    monkeypatch.setattr(trial, "running", here)
    done = dtperf("cluster", "check", written(tmp_path, listening), "--start")
    assert done.code == 0, done.err
    assert asked == [(1, 1, None)]
    [line] = [line for line in done.out.splitlines() if " start " in line]
    assert line.split()[0] == "ok"
    assert re.search(r"scheduler and one worker came in \d+ s, with python 3\.\d+\.\d+, ", line)


PAGE = Path(__file__).parents[2] / "docs/howto/site.md"


def test_the_page_shows_what_is_printed(
    server: Stub, tmp_path: Path, dtperf: Callable[..., Done]
) -> None:
    """But for what differs from place to place: addresses and versions."""
    text = PAGE.read_text(encoding="utf-8")
    [values] = [one.code for one in blocks(PAGE) if one.file == "values.yaml"]
    given = yaml.safe_load(values)
    service = {"type": "ClusterIP", "external_address": f"tls://127.0.0.1:{free_port()}"}
    names = {"pull_secret": given["secrets"]["pull"], "proxy_secret": given["secrets"]["proxy"]}
    about = {"kind": "interlink", "namespace": "muons", "image": given["image"], **names}
    server.add("Secret", "muons-registry", "", "", data={})
    server.add("Secret", "muons-proxy", "", "", data={"proxy": ""})
    server.objects["Node", "vk"]["metadata"]["labels"]["kubernetes.io/hostname"] = "vk-site"
    mine = tmp_path / "cluster.yaml"
    mine.write_text(yaml.safe_dump({**given["cluster"], **about, "service": service}))
    done = dtperf("cluster", "check", mine)
    shown = text.partition("     step      what was found\n")[2].partition("```")[0]
    differs = r"http\S+|\d+(\.\d+)+(:\d+)?"
    printed = done.out.strip().partition("\n")[2]
    assert re.sub(differs, "…", shown).split() == re.sub(differs, "…", printed).split()


def test_other_kinds_are_not_looked_at(dtperf: Callable[..., Done]) -> None:
    done = dtperf("cluster", "check", "slurm")
    assert done.code == 2
    assert "only pods are looked at before they start" in done.err
