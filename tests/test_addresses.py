"""Tokens in addresses: taken out, remembered in this process, and put back in for a server."""

from __future__ import annotations

import gzip
import json
import pickle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dtperf import addresses, filesets
from dtperf.addresses import bare, complete, hide, remember, secret_of
from dtperf.errors import InputError
from dtperf.filesets import InputFile, resolve
from dtperf.pages.explore.commands import python_line, shell_line
from dtperf.results.ledger import Ledger
from dtperf.skim.recut.inputs import find_inputs
from tests.helpers.ledgers import row

FILE = "root://s.example//store/f.root"
SECRET = "zteos64FORGED"


@pytest.fixture(autouse=True)
def forgetful(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "_remembered", {})
    monkeypatch.setattr(addresses, "_values", set())
    monkeypatch.delenv(addresses.AUTHZ, raising=False)


@pytest.mark.parametrize(
    ("address", "public"),
    [
        (f"{FILE}?authz={SECRET}", FILE),
        (f"{FILE}?xrd.wantprot=unix&authz={SECRET}", f"{FILE}?xrd.wantprot=unix"),
        (f"{FILE}?authz=Bearer%20{SECRET}&a=b", f"{FILE}?a=b"),
        (f"{FILE}?%61uthz={SECRET}", FILE),
        (f"{FILE}?AUTHZ={SECRET}/*x", FILE),
        (f"{FILE}?x=eyJhbGciOiJ.eyJleHAiOjF9.{SECRET}", FILE),
        (f"root://me:{SECRET}@s.example//f.root", "root://me@s.example//f.root"),
        (f"https://s/f?access_token={SECRET}&version=3", "https://s/f?version=3"),
        (
            f"https://s/f?X-Amz-Algorithm=A&X-Amz-Date=1&x-amz-signature={SECRET}&versionId=3",
            "https://s/f?versionId=3",
        ),
        (f"https://s/f?AWSAccessKeyId=A&Expires=1&Signature={SECRET}", "https://s/f"),
        (f"https://s/f?sv=2022&se=2030&sp=r&sig={SECRET}", "https://s/f"),
        (f"https://s/f?cap.sym={SECRET}&cap.msg={SECRET}&b=1", "https://s/f?b=1"),
        (
            f"root://cache.example//root://s.example//f.root?authz={SECRET}",
            "root://cache.example//root://s.example//f.root",
        ),
    ],
)
def test_what_is_secret_in_an_address(address: str, public: str) -> None:
    assert bare(address) == public == bare(public)
    assert remember(address) == public
    assert complete(public) == address == complete(address)
    assert hide(f"cannot open [{address}]: no") == f"cannot open [{public}]: no"


@pytest.mark.parametrize(
    "address",
    [
        FILE,
        f"{FILE}?xrd.wantprot=unix",
        "https://s/f?se=1&sp=2&expires=3",
        f"{FILE}?authz=",
        "root://me@s.example//f.root",
        "/data/odd?authz=name.root",
        "/data/a@b:c.root",
    ],
)
def test_what_is_not_secret_stays(address: str) -> None:
    assert bare(address) == remember(address) == complete(address) == address
    assert secret_of(address) is None


VALUE = st.text("abcXYZ019_-.~%/:*", min_size=6, max_size=40)


@given(
    before=st.lists(st.sampled_from(["a=1", "xrd.wantprot=unix", "b", "eos.app=x"]), max_size=3),
    after=st.lists(st.sampled_from(["c=2", "tried=h", ""]), max_size=3),
    name=st.sampled_from(["authz", "access_token", "X-Amz-Security-Token", "password", "jwt"]),
    value=VALUE,
    other=VALUE,
)
def test_a_file_is_the_same_with_any_token(
    before: list[str], after: list[str], name: str, value: str, other: str
) -> None:
    def named(token: str) -> str:
        return f"{FILE}?{'&'.join([*before, f'{name}={token}', *after])}"

    public = remember(named(value))
    assert public == bare(named(other))
    assert public.partition("?")[2] == "&".join([*before, *after])
    assert complete(public) == named(value)
    # a newer one takes the place of an older one
    remember(named(other))
    assert complete(public) == named(other)


def test_a_token_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(addresses.AUTHZ, f"Bearer {SECRET}\n")
    assert complete(FILE) == f"{FILE}?authz=Bearer%20{SECRET}"
    assert complete(f"{FILE}?a=b") == f"{FILE}?a=b&authz=Bearer%20{SECRET}"
    assert complete(f"{FILE}?authz=mine") == f"{FILE}?authz=mine"
    assert complete("/data/f.root") == "/data/f.root"
    assert SECRET not in hide(f"the server says {SECRET}")


def _sent(content: Any) -> Any:
    return pickle.loads(pickle.dumps(content))  # noqa: S301  # as Dask does


def test_what_travels_shows_nothing() -> None:
    remember(f"{FILE}?authz={SECRET}")
    hidden = secret_of(FILE)
    assert hidden is not None
    for shown in (repr(hidden), str(hidden), f"{ {'usermeta': hidden} }"):
        assert SECRET not in shown
    assert _sent(hidden).content == f"{FILE}?authz={SECRET}"


@pytest.mark.parametrize(
    "said",
    [
        f"Unable to open /store/f.root?authz={SECRET}; permission denied",
        f"redirected to {FILE}?a=b&authz={SECRET}: denied",
        "the token eyJhbGciOiJ.eyJleHAiOjF9.c2lnbmF0dXJl has ended",
        f"zteos64:{SECRET} is not valid",
    ],
)
def test_no_error_tells_a_token(said: str) -> None:
    error = InputError(said, "refused")
    for told in (error, _sent(error)):
        assert SECRET not in str(told)
        assert "c2lnbmF0dXJl" not in str(told)
        assert told.cause == "refused"
        assert any(word in str(told) for word in ("denied", "ended", "valid"))


def test_filesets_are_read_and_written_without_tokens(tmp_path: Path) -> None:
    given = tmp_path / "given.json"
    content = {FILE: {"object_path": "Events", "replicas": [f"{FILE}2?authz={SECRET}2"]}}
    content[f"{FILE}3?authz={SECRET}3"] = {"object_path": "Events"}
    given.write_text(json.dumps({"events": {"files": content}}))
    files = resolve([given, f"{FILE}?authz={SECRET}1"][:1])
    assert [(file.path, file.replicas) for file in files] == [
        (FILE, (f"{FILE}2",)),
        (f"{FILE}3", ()),
    ]
    assert complete(f"{FILE}2") == f"{FILE}2?authz={SECRET}2"
    assert complete(f"{FILE}3") == f"{FILE}3?authz={SECRET}3"
    out = tmp_path / "out.json.gz"
    whole = InputFile(f"{FILE}?authz={SECRET}", "Events", replicas=(f"{FILE}2?authz={SECRET}",))
    filesets.write(out, [whole])
    assert SECRET not in gzip.decompress(out.read_bytes()).decode()
    assert [(file.path, file.replicas) for file in resolve(out)] == [(FILE, (f"{FILE}2",))]


def test_a_file_with_two_tokens_is_one_file() -> None:
    files = resolve([f"{FILE}?authz={SECRET}1", f"{FILE}?authz={SECRET}2"])
    assert [file.path for file in files] == [FILE]


def test_an_older_ledger_is_read_without_tokens(tmp_path: Path) -> None:
    name = f"{FILE}?authz={SECRET}"
    rows = [row(name, 0, 5)._replace(source=name), row(name, 5, 9, "refused")]
    path = tmp_path / "ledger.parquet"
    path.write_bytes(Ledger(rows).to_parquet())
    assert SECRET.encode() in path.read_bytes()
    found = Ledger.read(path)
    assert SECRET not in str(found)
    assert {each.file for each in found} == {FILE}


def test_the_command_that_an_explorer_shows_has_no_token() -> None:
    origin = find_inputs([f"{FILE}?a=b&authz={SECRET}"], "reference_2023")
    assert origin.arguments == (f"{FILE}?a=b",)
    assert SECRET not in shell_line(origin, origin.config) + python_line(origin, origin.config)
