"""Tokens and proxies reach servers and workers, and nothing that is kept or shown."""

from __future__ import annotations

import gzip
import os
import stat
from pathlib import Path

import pytest
from distributed import Client

from dtperf.execution.clusters.local import local_cluster
from dtperf.execution.clusters.tls import Credentials
from dtperf.results.result import Result
from tests.integration.commands import finished
from tests.integration.xrootd_proxy import Proxy
from tests.integration.xrootd_runs import arguments, assert_books
from tests.integration.xrootd_server import Server

pytest.importorskip("fsspec_xrootd")
pytestmark = [pytest.mark.server, pytest.mark.timeout(600)]

OLD, NEW = "zteos64FORGED", "Bearer%20eyJhbGciOiJub25lIn0.eyJleHAiOjF9.Zm9yZ2Vk"
SECRETS = ("zteos64FORGED", "Zm9yZ2Vk")


def everything(out: Path) -> bytes:
    """Give the content of all files below a directory."""
    content = [path.read_bytes() for path in out.rglob("*") if path.is_file()]
    return b"".join(gzip.decompress(c) if c.startswith(b"\x1f\x8b") else c for c in content)


def assert_secret(out: Path, *texts: str) -> None:
    told = everything(out) + "".join(texts).encode()
    assert not [secret for secret in SECRETS if secret.encode() in told]


@pytest.mark.parametrize("executor", ["iterative", "futures", "dask"])
def test_a_token_in_a_url(
    executor: str, server: Server, tmp_path: Path, golden_result: Result
) -> None:
    out = tmp_path / "out"
    with Proxy(server.port) as proxy:
        how = ["--executor", executor, "--workers", "2"]
        if executor == "dask":
            how += ["--performance-report", str(out / "dask.html")]
        command = arguments(out, proxy.url(f"?authz={OLD}"))
        code, text = finished(*command, *how, "--limit-chunks", "4")
        assert code == 0, text
        assert {*proxy.queries} == {f"authz={OLD}"}
        _, status = finished("status", out)
        # what is left is named without it, and can be read with another one
        left = tmp_path / "left.json"
        code, retry = finished("fileset", "retry", out, "-o", left)
        assert code == 0, retry
        _, report = finished("report", out, "-o", tmp_path / "report")
        assert_secret(tmp_path, text, status, retry, report)
        proxy.queries.clear()
        command = arguments(out, proxy.url(f"?authz={NEW}"))
        code, text = finished(*command, *how, "--resume")
        assert code == 0, text
        assert {*proxy.queries} == {f"authz={NEW}"}
        # it ended in 1970
        assert "your token (in the URL) ended" in text
    assert_secret(tmp_path, text)
    result = Result.load(out)
    assert_books(result, golden_result)
    assert all("?" not in row.file + row.source for row in result.ledger)


def test_a_token_of_the_environment(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Proxy(server.port) as proxy:
        fileset = tmp_path / "files.json"
        code, text = finished("fileset", "build", proxy.url(f"0.root?authz={OLD}"), "-o", fileset)
        assert code == 0, text
        proxy.queries.clear()
        monkeypatch.setenv("DTPERF_AUTHZ", NEW)
        code, text = finished(*arguments(tmp_path / "out", str(fileset)))
        assert code == 0, text
        assert {*proxy.queries} == {f"authz={NEW}"}
    assert_secret(tmp_path, text)


def test_a_refusal_tells_no_token(server: Server, tmp_path: Path) -> None:
    (server.data / "900.root").chmod(0)
    code, text = finished(*arguments(tmp_path / "out", server.url(f"?a=b&authz={OLD}")))
    assert code == 3, text
    assert f"{server.url('900.root')}?a=b: " in text
    assert_secret(tmp_path, text, *finished("status", tmp_path / "out")[1:])


def test_workers_get_proxy_and_token(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, golden_result: Result
) -> None:
    proxy, token = tmp_path / "x509up", tmp_path / "bt"
    proxy.write_text("-----BEGIN CERTIFICATE-----\nfirst\n")
    token.write_text("zteos64FORGED\n")
    for name in ("X509_USER_PROXY", "BEARER_TOKEN", "BEARER_TOKEN_FILE"):
        monkeypatch.delenv(name, raising=False)
    made = Credentials.make(tmp_path / "tls")
    with local_cluster(2, security=made.security()) as cluster:
        monkeypatch.setenv("X509_USER_PROXY", str(proxy))
        monkeypatch.setenv("BEARER_TOKEN_FILE", str(token))
        config = tmp_path / "cluster.yaml"
        lines = ["kind: address", f"address: {cluster.scheduler_address}"]
        lines += [f"credentials: {made.ca.parent}", "send_credentials: true"]
        config.write_text("\n".join(lines))
        for number, content in enumerate(("first", "second")):
            proxy.write_text(f"-----BEGIN CERTIFICATE-----\n{content}\n")
            out = tmp_path / f"out{number}"
            code, text = finished(*arguments(out, server.url())[:-6], "--cluster", config)
            assert code == 0, text
            assert_books(Result.load(out), golden_result)
            assert_secret(out, text)
            with Client(cluster) as client:
                found = client.run(_lent)
                logs = [*client.get_worker_logs().values(), client.get_scheduler_logs()]
            for lent in found.values():
                assert lent["X509_USER_PROXY"] == (proxy.read_text(), 0o600)
                assert lent["BEARER_TOKEN_FILE"] == (token.read_text(), 0o600)
            assert "zteos64FORGED" not in str(logs)


def _lent() -> dict[str, tuple[str, int]]:
    names = ("X509_USER_PROXY", "BEARER_TOKEN_FILE")
    paths = {name: Path(os.environ[name]) for name in names}
    return {n: (p.read_text(), stat.S_IMODE(p.stat().st_mode)) for n, p in paths.items()}
