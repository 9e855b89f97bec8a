"""Reading changes uproot; importing does not, and what was changed can be undone."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uproot
from uproot.models import RNTuple as uproot_model

from dtperf.nanoaod import patches
from dtperf.nanoaod.open import open_tree
from tests.helpers.golden import GOLDEN, GOLDEN_CMSSW

LOOK = """
import sys, types
import uproot

def look():
    found = {}
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] != "uproot":
            continue
        for key, value in list(vars(module).items()):
            if isinstance(value, (type, types.FunctionType)):
                if value.__module__.partition(".")[0] == "uproot":
                    found[value.__module__, value.__qualname__] = dict(vars(value))
    return found

def differences():
    after = look()
    return {
        f"{at[1]}.{name}"
        for at in before
        for name in before[at].keys() | after[at].keys()
        if before[at].get(name) is not after[at].get(name)
    }

before = look()
"""


def run(program: str, *arguments: object) -> list[str]:
    command = [sys.executable, "-W", "ignore", "-c", LOOK + program, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert not done.returncode, done.stderr
    return done.stdout.split()


def test_importing_leaves_uproot_as_it_was() -> None:
    program = """
import dtperf
dtperf.run, dtperf.skim, dtperf.Analysis
import pkgutil
from importlib import import_module
import dtperf.nanoaod, dtperf.nanoaod.open_files, dtperf.execution.chunks
import processors.segment_efficiency
for module in pkgutil.iter_modules(dtperf.nanoaod.__path__):
    if module.name != "lazy":  # needs an extra
        import_module(f"dtperf.nanoaod.{module.name}")
print(*differences())
"""
    assert run(program) == []


NAMES = {f"{change.owner.__qualname__}.{change.name}" for change in patches.CHANGES}


@pytest.mark.parametrize(
    "use",
    [
        "with open_tree(sys.argv[1]) as tree: tree.keys()",
        "dtperf.run(dtperf.load_config('reference_2023'), sys.argv[1])",
        "dtperf.nanoaod.MuonDPGSchema",
        "with uproot.open(sys.argv[1]) as file: dtperf.nanoaod.column_types(file['Events'])",
    ],
)
def test_reading_changes_what_is_listed_and_undoing_leaves_nothing(use: str) -> None:
    program = f"""
import dtperf, dtperf.nanoaod
from dtperf.nanoaod import open_tree, patches
{use}
print(*differences())
patches.uninstall()
assert not differences(), differences()
"""
    assert {*run(program, GOLDEN_CMSSW)} == NAMES


@pytest.fixture
def unchanged() -> Iterator[None]:
    patches.uninstall()
    yield
    patches.install()


@pytest.mark.usefixtures("unchanged")
def test_it_is_done_once_however_often_and_by_how_many_it_is_asked_for() -> None:
    begin = threading.Barrier(8)

    def install() -> None:
        begin.wait()
        patches.install()
        assert patches.is_installed()

    before = uproot_model.PageLink.read
    threads = [threading.Thread(target=install) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    changed = uproot_model.PageLink.read
    patches.install()
    assert uproot_model.PageLink.read is changed is not before
    patches.uninstall()
    patches.uninstall()
    assert uproot_model.PageLink.read is before
    assert not patches.is_installed()


@pytest.mark.usefixtures("unchanged")
def test_it_is_done_again_for_the_next_file() -> None:
    with uproot.open(GOLDEN_CMSSW) as file:
        assert "muon_pt" not in file["Events"].keys(recursive=False)
    with open_tree(str(GOLDEN_CMSSW)) as tree:
        assert "muon_pt" in tree.keys(recursive=False)
    patches.uninstall()
    with open_tree(str(GOLDEN_CMSSW)) as tree:
        assert "muon_pt" in tree.keys(recursive=False)


@pytest.mark.usefixtures("unchanged")
def test_what_somebody_changes_later_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    patches.install()

    def theirs(*_: Any) -> None:
        pass

    monkeypatch.setattr(uproot.compression.decompress, "hook_after_block", theirs)
    patches.uninstall()
    assert uproot.compression.decompress.hook_after_block is theirs


def test_a_worker_changes_uproot_before_coffea_opens_a_file(tmp_path: Path) -> None:
    pytest.importorskip("dask_awkward")
    program = """
import pickle
import cloudpickle
from pathlib import Path
from dtperf.nanoaod import MuonDPGSchema, patches
from dtperf.nanoaod.lazy import _SchemaMapping
if sys.argv[2:]:
    schema = _SchemaMapping(schemaclass=MuonDPGSchema, behavior=MuonDPGSchema.behavior())
    Path(sys.argv[1]).write_bytes(cloudpickle.dumps(schema))
patches.uninstall()
pickle.loads(Path(sys.argv[1]).read_bytes())
print(patches.is_installed())
"""
    for further in (("write",), ()):
        assert run(program, tmp_path / "schema", *further) == ["True"]


def test_plain_uproot_reads_what_it_read_before() -> None:
    patches.install()
    with uproot.open({str(GOLDEN): "Events"}) as tree:
        changed = tree["muon_pt"].array()
    patches.uninstall()
    try:
        with uproot.open({str(GOLDEN): "Events"}) as tree:
            assert tree["muon_pt"].array().to_list() == changed.to_list()
    finally:
        patches.install()
