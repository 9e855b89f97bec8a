"""Hostile and damaged files: an error within bounded memory, whatever they say."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.nanoaod.files import Format
from tests.nanoaod.hostile import COLUMNS, EVENTS, TREES, write_hostile, write_sound
from tests.nanoaod.hostile_pages import NTUPLES

ROOT = Path(__file__).parents[2]
MEMORY_BYTES = 500_000_000
SECONDS = 30

# reads each file under a limit of memory and, through the alarm, of the processor's time
PROGRAM = f"""
import json, resource, signal, sys
from uuid import UUID
from coffea.processor.executor import WorkItem
from dtperf.memory import peak_memory_bytes
from dtperf.execution.chunk_meta import ChunkMeta
from dtperf.errors import InputError
from dtperf.nanoaod import ColumnFilter, open_tree
from dtperf.execution.chunks import read_events
from dtperf.selection.branches import needed_branches

sound, uuid, *hostile = sys.argv[1:]
COLUMNS = {COLUMNS!r}

def read(path):
    with open_tree(path) as tree:
        assert tree.num_entries < 10**6, tree.num_entries
    said = ChunkMeta(required=tuple(COLUMNS))
    place = (path, "Events", 0, {EVENTS}, UUID(uuid).bytes)
    item = WorkItem("events", *place, usermeta=said, preload=ColumnFilter.of(COLUMNS))
    return read_events(item).events.muon.pt.to_list()

expected = read(sound)
with open("/proc/self/statm") as file:
    pages = int(file.read().split()[0])
limit = pages * resource.getpagesize() + {MEMORY_BYTES}
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
begin = peak_memory_bytes()
told = {{}}
for path in hostile:
    signal.setitimer(signal.ITIMER_PROF, {SECONDS})
    try:
        told[path] = ["read" if read(path) == expected else "wrong", ""]
    except InputError as error:
        told[path] = [error.cause, str(error)]
print(json.dumps([told, peak_memory_bytes() - begin]))
"""


def uuid_of(path: Path) -> str:
    import uproot

    with uproot.open({str(path): None}) as file:
        return str(file.file.uuid)


def read_all(sound: Path, hostile: list[Path]) -> tuple[dict[str, list[str]], int]:
    """Read files in a process of its own; tell what became of each, and the memory it took."""
    command = [sys.executable, "-W", "ignore", "-c", PROGRAM, str(sound), uuid_of(sound)]
    done = subprocess.run(
        [*command, *map(str, hostile)],
        capture_output=True,
        text=True,
        timeout=300,
        cwd=ROOT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told, memory = json.loads(done.stdout.splitlines()[-1])
    return {Path(path).stem: what for path, what in told.items()}, memory


@pytest.fixture(scope="module", params=["ttree", "rntuple"])
def outcome(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Format, dict[str, list[str]], int]:
    directory = tmp_path_factory.mktemp("hostile")
    sound = write_sound(directory / "sound.root", request.param)
    cases = TREES if request.param == "ttree" else NTUPLES
    paths = [
        write_hostile(directory / f"{number}.root", sound, change)
        for number, (change, _) in enumerate(cases.values())
    ]
    told, memory = read_all(sound, paths)
    return request.param, dict(zip(cases, told.values(), strict=True)), memory


def test_each_hostile_file_has_its_cause(outcome: Any) -> None:
    format, told, _ = outcome
    cases = TREES if format == "ttree" else NTUPLES
    wrong = {name: told[name] for name, (_, causes) in cases.items() if told[name][0] not in causes}
    assert not wrong


def test_memory_is_refused_before_the_system_refuses_it(outcome: Any) -> None:
    _, told, memory = outcome
    assert not [what for what in told.values() if "MemoryError" in what[1]]
    assert memory < MEMORY_BYTES / 2
