"""Certificates: whoever has none of this cluster is kept out, and told why."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from distributed import LocalCluster

from dtperf.errors import ConfigError, DtperfError
from dtperf.execution.clusters.lifecycle import connect
from dtperf.execution.clusters.local import local_cluster
from dtperf.execution.clusters.tls import Credentials


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tls")


@pytest.fixture(scope="module")
def cluster(folder: Path) -> Iterator[Any]:
    with local_cluster(1, security=Credentials.make(folder / "own").security()) as started:
        yield started


def test_the_certificate_is_signed_by_the_authority_and_short_lived(tmp_path: Path) -> None:
    made = Credentials.make(tmp_path / "new", days=2)
    ca, own = (x509.load_pem_x509_certificate(path.read_bytes()) for path in made[:2])
    own.verify_directly_issued_by(ca)
    assert 2.0 <= (own.not_valid_after_utc - own.not_valid_before_utc).total_seconds() / 86400 < 2.1
    constraints = own.extensions.get_extension_for_class(x509.BasicConstraints).value
    assert not constraints.ca
    public = own.public_key()
    assert isinstance(public, ec.EllipticCurvePublicKey)


def test_nobody_else_can_read_the_key(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        made = Credentials.make(tmp_path / "new")
    finally:
        os.umask(before)
    assert {path.stat().st_mode & 0o777 for path in made} == {0o600}
    assert made.key.parent.stat().st_mode & 0o777 == 0o700


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "tls").mkdir()
    (tmp_path / "mine").write_text("mine")
    (tmp_path / "tls/tls.key").symlink_to(tmp_path / "mine")
    Credentials.make(tmp_path / "tls")
    assert (tmp_path / "mine").read_text() == "mine"


def test_who_has_the_certificate_is_let_in(cluster: LocalCluster, folder: Path) -> None:
    security = Credentials.in_folder(folder / "own").security()
    assert cluster.scheduler_address.startswith("tls://")
    with connect(cluster.scheduler_address, security) as client:
        assert client.submit(sum, [1, 2]).result() == 3


def test_another_authority_is_refused(
    cluster: LocalCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dtperf.execution.clusters.lifecycle.CONNECT_S", 60)
    security = Credentials.make(tmp_path / "other").security()
    with (
        pytest.raises(DtperfError, match="certificates do not fit"),
        connect(cluster.scheduler_address, security),
    ):
        pass


def test_plain_text_is_refused(cluster: LocalCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dtperf.execution.clusters.lifecycle.CONNECT_S", 60)
    address = cluster.scheduler_address.replace("tls://", "tcp://")
    with pytest.raises(DtperfError, match=r"cannot be reached|speaks TLS"), connect(address):
        pass


def test_certificates_that_have_run_out_are_named(tmp_path: Path) -> None:
    made = Credentials.make(tmp_path / "old", days=-0.001)
    with pytest.raises(ConfigError, match=r"ca\.crt: the certificate has run out on"):
        made.security()


@pytest.mark.parametrize("name", ["ca.crt", "tls.crt", "tls.key"])
def test_files_that_are_missing_or_none(name: str, tmp_path: Path) -> None:
    made = Credentials.make(tmp_path / "new")
    (tmp_path / "new" / name).unlink()
    with pytest.raises(ConfigError, match=f"{name}: no such file"):
        made.security()
    if name != "tls.key":
        (tmp_path / "new" / name).write_text("hello")
        with pytest.raises(ConfigError, match=f"{name}: is no certificate"):
            made.security()
