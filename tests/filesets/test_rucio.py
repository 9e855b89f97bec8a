"""Datasets of Rucio, through coffea and a client that stands for Rucio's."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import pytest

from dtperf.errors import ConfigError, InputError
from dtperf.filesets import InputFile, resolve
from tests.filesets.stubs import executable

DATASET = "/Muon0/Run2023C-PromptReco-v4/NANOAOD"
OTHER = "/Muon1/Run2023C-PromptReco-v4/NANOAOD"
LFN = "/store/data/Run2023C/Muon0/NANOAOD/PromptReco-v4/000/367/{}.root"


class Client:
    """Answers as a Rucio server does."""

    datasets: ClassVar[dict[str, list[dict[str, Any]]]] = {}

    def list_dids(self, scope: str, filters: dict[str, str], long: bool) -> Iterator[str]:
        assert (scope, filters["type"], long) == ("cms", "container", False)
        start, _, end = filters["name"].partition("*")
        yield from (n for n in self.datasets if n.startswith(start) and n.endswith(end))

    def list_replicas(self, dids: list[dict[str, str]]) -> Iterator[dict[str, Any]]:
        [did] = dids
        assert did["scope"] == "cms"
        if did["name"] not in self.datasets:
            raise LookupError(f"Data identifier not found.\nDetails: {did['name']}")
        yield from self.datasets[did["name"]]


SITES = {
    "T2_CH_CERN": {"/+store/(.*)": "root://eoscms.cern.ch//eos/cms/store/$1"},
    "T2_DE_DESY": "root://dcache.desy.de//pnfs",
    "T1_US_FNAL_Disk": "root://cmsdcadisk.fnal.gov//dcache",
}


def replicas(lfn: str, *sites: str, **of_each: Any) -> dict[str, Any]:
    pfns = {site: f"davs://{site.lower()}.example:443{lfn}" for site in sites}
    place = {"domain": "wan", "priority": 1, "type": "DISK", "volatile": False} | of_each
    return {
        "scope": "cms",
        "name": lfn,
        "bytes": 4_000_000_000,
        "adler32": "1a2b3c4d",
        "pfns": {pfn: {"rse": site, **place} for site, pfn in pfns.items()},
        "rses": {site: [pfn] for site, pfn in pfns.items()},
        "states": dict.fromkeys(sites, "AVAILABLE"),
    }


@pytest.fixture
def rucio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """Install coffea's way to a Rucio server, whose datasets are given back to be filled."""
    client = ModuleType("rucio.client")
    client.Client = Client
    monkeypatch.setitem(sys.modules, "rucio", ModuleType("rucio"))
    monkeypatch.setitem(sys.modules, "rucio.client", client)
    monkeypatch.setenv("RUCIO_HOME", "/")
    code = "import sys; '-path' in sys.argv and print('/tmp/x509up_u1')"
    executable(tmp_path / "bin" / "voms-proxy-info", code, monkeypatch)
    from coffea.dataset_tools import rucio_utils

    monkeypatch.setattr(rucio_utils, "get_xrootd_sites_map", lambda: SITES)
    datasets: dict[str, Any] = {}
    monkeypatch.setattr(Client, "datasets", datasets)
    yield datasets
    import coffea.dataset_tools

    del sys.modules["coffea.dataset_tools.rucio_utils"]
    del coffea.dataset_tools.rucio_utils


def test_rucio(rucio: dict[str, Any]) -> None:
    rucio[DATASET] = [
        replicas(LFN.format("a"), "T2_CH_CERN", "T2_DE_DESY"),
        replicas(LFN.format("b"), "T1_US_FNAL_Disk"),
    ]
    cern = f"root://eoscms.cern.ch//eos/cms{LFN.format('a')}"
    desy = f"root://dcache.desy.de//pnfs{LFN.format('a')}"
    fnal = f"root://cmsdcadisk.fnal.gov//dcache{LFN.format('b')}"
    assert resolve(f"rucio:{DATASET}", "Tree") == [
        InputFile(cern, "Tree", DATASET, replicas=(desy,)),
        InputFile(fnal, "Tree", DATASET),
    ]
    files = resolve(f"rucio:{DATASET}", sites="DESY|US")
    assert [(file.path, file.replicas) for file in files] == [(desy, ()), (fnal, ())]


def test_rucio_with_a_pattern(rucio: dict[str, Any]) -> None:
    rucio[OTHER] = [replicas(LFN.format("b"), "T2_CH_CERN")]
    rucio[DATASET] = [replicas(LFN.format("a"), "T2_CH_CERN")]
    found = resolve("rucio:/Muon*/Run2023C-PromptReco-v4/NANOAOD")
    assert [file.dataset for file in found] == [DATASET, OTHER]
    with pytest.raises(InputError, match="no such dataset"):
        resolve("rucio:/Electron*/Run2023C-PromptReco-v4/NANOAOD")


def test_no_file_of_rucio_is_left_out(rucio: dict[str, Any]) -> None:
    good = replicas(LFN.format("a"), "T2_CH_CERN")
    for bad in (
        replicas(LFN.format("b"), "T2_CH_CERN", type="TAPE"),
        replicas(LFN.format("b"), "T2_XX_Nowhere"),
        replicas(LFN.format("b")),
    ):
        rucio[DATASET] = [good, bad]
        with pytest.raises(InputError, match=r"b\.root; name other sites, or das:/Muon0"):
            resolve(f"rucio:{DATASET}")
    rucio[DATASET] = [good]
    with pytest.raises(InputError, match=r"a\.root; name other sites"):
        resolve(f"rucio:{DATASET}", sites="T1_")


@pytest.mark.parametrize("name", ["/store/a\x1b[2J.root", "/store/a b.root"])
def test_names_of_rucio_that_cannot_be(name: str, rucio: dict[str, Any]) -> None:
    rucio[DATASET] = [replicas(name, "T2_DE_DESY")]
    with pytest.raises(InputError, match="is no name that can be") as refused:
        resolve(f"rucio:{DATASET}")
    assert str(refused.value).isprintable()
    # a rule of the site's that does not apply to this name
    rucio[DATASET] = [replicas("/user/a.root", "T2_CH_CERN")]
    with pytest.raises(InputError, match="'None': is no name that can be"):
        resolve(f"rucio:{DATASET}")


def test_rucio_answers_with_an_error(rucio: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="LookupError: Data identifier not found") as refused:
        resolve(f"rucio:{DATASET}")
    assert str(refused.value).isprintable()
    rucio[DATASET] = []
    with pytest.raises(InputError, match="has no files"):
        resolve(f"rucio:{DATASET}")
    with pytest.raises(ConfigError, match="no regular expression"):
        resolve(f"rucio:{DATASET}", sites="(")


def test_coffea_finds_no_table_of_sites_here_and_leaves_none(
    rucio: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    from coffea.dataset_tools import rucio_utils

    def chatty() -> dict[str, Any]:
        sys.stdout.write("Loading SITECONF info")
        assert not Path(".sites_map.json").exists()
        Path(".sites_map.json").write_text("{}")
        return SITES

    (tmp_path / ".sites_map.json").write_text('{"T2_DE_DESY": "root://evil//"}')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(rucio_utils, "get_xrootd_sites_map", chatty)
    rucio[DATASET] = [replicas(LFN.format("a"), "T2_DE_DESY")]
    assert resolve(f"rucio:{DATASET}")[0].path.startswith("root://dcache.desy.de/")
    assert Path.cwd() == tmp_path
    assert "evil" in (tmp_path / ".sites_map.json").read_text()
    assert not capfd.readouterr().out


def test_no_rucio_client(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rucio", None)
    with pytest.raises(InputError, match="pip install rucio-clients"):
        resolve(f"rucio:{DATASET}")
