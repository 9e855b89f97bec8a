"""Proxies and tokens: found as grid tools find them, told of before they end, lent to workers."""

from __future__ import annotations

import base64
import json
import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from dtperf import addresses
from dtperf.addresses import Secret
from dtperf.execution import credentials
from dtperf.execution.clusters.tls import Credentials
from dtperf.execution.credentials import Credential, CredentialSource, adopt, end_of, find, warnings
from dtperf.execution.estimate import USUAL_HZ_PER_CORE, seconds_needed
from tests.helpers.ledgers import row

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
UID = os.getuid()
NAMES = ("X509_USER_PROXY", "BEARER_TOKEN", "BEARER_TOKEN_FILE", "XDG_RUNTIME_DIR")


def token(end: object, **others: object) -> str:
    def part(content: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")

    return f"{part({'alg': 'RS256'})}.{part({'exp': end, **others})}.c2lnbmF0dXJl"


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in NAMES:
        monkeypatch.setenv(name, "")  # noted, so that what a test sets is undone
        monkeypatch.delenv(name)
    monkeypatch.setattr(credentials, "_adopted", {})
    folders: list[TemporaryDirectory[str]] = []
    monkeypatch.setattr(credentials, "_folders", folders)
    monkeypatch.setattr(addresses, "_values", set())
    yield
    for folder in folders:
        folder.cleanup()


def places(found: list[Credential]) -> list[tuple[str, str]]:
    return [(each.kind, each.place) for each in found]


def test_what_grid_tools_would_find(tmp_path: Path) -> None:
    for name in ("proxy", "token", f"bt_u{UID}"):
        (tmp_path / name).write_text(f"content of {name}\n")
    proxy, file = str(tmp_path / "proxy"), str(tmp_path / "token")
    environ = {"X509_USER_PROXY": proxy, "XDG_RUNTIME_DIR": str(tmp_path)}
    usual = [("proxy", proxy), ("token", f"{tmp_path}/bt_u{UID}")]
    assert places(find(environ)) == usual
    environ["BEARER_TOKEN_FILE"] = file
    assert places(find(environ)) == [usual[0], ("token", file)]
    environ["BEARER_TOKEN"] = " abc "
    [_, last] = find(environ)
    assert (last.place, last.content.content) == ("$BEARER_TOKEN", "abc")
    assert "abc" not in str(last)
    # a file that is named and not there is not made up for
    assert places(find({**environ, "BEARER_TOKEN": "", "BEARER_TOKEN_FILE": "/none"})) == usual[:1]
    # somebody else's
    assert find({"X509_USER_PROXY": proxy, "BEARER_TOKEN_FILE": file}, UID + 1) == []


def test_until_when_they_are_good(tmp_path: Path) -> None:
    made = Credentials.make(tmp_path / "tls", days=2)
    shorter = Credentials.make(tmp_path / "shorter", days=1)
    end = end_of(made.certificate.read_text())
    assert end is not None
    assert abs(end - datetime.now(UTC) - timedelta(days=2)) < timedelta(minutes=5)
    # a proxy is followed by its key and by the certificate that has signed it: the first to end
    chain = [made.certificate, made.key, shorter.certificate]
    assert end_of("".join(each.read_text() for each in chain)) == end_of(
        shorter.certificate.read_text()
    )
    assert end_of(token(1_700_000_000)) == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
    assert end_of(f"Bearer%20{token(1_700_000_000.5)}") is not None


@pytest.mark.parametrize(
    "content",
    [
        *("", "zteos64:abc", "a.b.c", "a.e30.c", "-----BEGIN CERTIFICATE-----\nx"),
        *(token(None), token("x"), token(1e300), token(float("nan")), token([1])),
    ],
)
def test_what_does_not_say_when_it_ends(content: str) -> None:
    assert end_of(content) is None


def credential(kind: str, **left: float) -> Credential:
    return Credential(kind, "here", Secret("x"), NOW + timedelta(**left))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("left", "seconds", "told"),
    [
        ({"minutes": 20}, 2400, "your proxy (here) ends in 20 minutes, the run needs about 40 min"),
        ({"hours": 5}, 2400, None),
        ({"hours": 5}, 7 * 3600, "ends in 5 hours, the run needs about 7 hours"),
        ({"hours": -3}, 1, "your proxy (here) ended 3 hours ago: renew it"),
        ({"minutes": 10}, None, "ends in 10 minutes: renew it"),
        ({"hours": 2}, None, None),
        ({"days": 3}, 4 * 86_400, "ends in 3 days, the run needs about 4 days"),
    ],
)
def test_what_ends_too_soon(
    left: dict[str, float], seconds: float | None, told: str | None
) -> None:
    lines = [*warnings([credential("proxy", **left)], seconds, NOW)]
    assert len(lines) == (told is not None)
    assert all(told and told in line for line in lines)


def test_tokens_in_addresses_are_looked_at() -> None:
    addresses.remember(f"root://s//f.root?authz=Bearer%20{token(1_700_000_000)}")
    [found] = credentials.in_addresses()
    [line] = warnings([found], 1.0)
    assert line.startswith("your token (in the URL) ended")


def test_how_long_a_run_takes() -> None:
    assert seconds_needed(400_000, 2) == 400_000 / USUAL_HZ_PER_CORE / 2
    rows = [row("a", 0, 100), row("a", 100, 200, "truncated")]  # half a second each
    assert seconds_needed(4000, 2, rows) == 4000 / 200 / 2


def test_workers_get_what_is_here_and_get_it_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy, old = tmp_path / "proxy", token(1)
    proxy.write_text("-----BEGIN first")
    monkeypatch.setenv("X509_USER_PROXY", str(proxy))
    monkeypatch.setenv("BEARER_TOKEN", old)
    monkeypatch.setattr(credentials, "REFRESH_S", 0.0)
    lender = CredentialSource()
    lent = lender.current()
    assert {*lent} == {"X509_USER_PROXY", "BEARER_TOKEN_FILE"}
    assert old not in str(lent)
    assert "first" not in repr(lent)
    # on a worker, to which the variables of the client have come and its files have not
    monkeypatch.setenv("X509_USER_PROXY", str(tmp_path / "elsewhere"))
    adopt(lent)
    there = {name: Path(os.environ[name]) for name in lent}
    assert there["X509_USER_PROXY"].read_text() == "-----BEGIN first\n"
    assert there["BEARER_TOKEN_FILE"].read_text() == f"{old}\n"
    assert "BEARER_TOKEN" not in os.environ  # or it would win
    for path in there.values():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    adopt({"X509_USER_PROXY": Secret("-----BEGIN second")})
    assert os.environ["X509_USER_PROXY"] == str(there["X509_USER_PROXY"])
    assert there["X509_USER_PROXY"].read_text() == "-----BEGIN second\n"


def test_a_worker_keeps_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = tmp_path / "mine"
    mine.write_text("mine")
    monkeypatch.setenv("X509_USER_PROXY", str(mine))
    adopt({"X509_USER_PROXY": Secret("theirs"), "LD_PRELOAD": Secret("evil")})
    assert os.environ["X509_USER_PROXY"] == str(mine)
    assert mine.read_text() == "mine"
    assert os.environ.get("LD_PRELOAD") != "evil"
