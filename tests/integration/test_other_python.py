"""A scheduler that runs another Python, as others use it: it lives on, and a table says why not."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from distributed import Client

import dtperf
from dtperf.config import AnalysisConfig
from dtperf.errors import DtperfError
from tests.helpers.golden import GOLDEN
from tests.integration.interlink_calls import until

pytestmark = [
    pytest.mark.server,
    pytest.mark.timeout(600),
    pytest.mark.filterwarnings("ignore::distributed.versions.VersionMismatchWarning"),
]

ROOT = Path(__file__).parents[2]
MINORS = [minor for minor in range(11, 16) if minor != sys.version_info.minor]
USE = """
import sys
from distributed import Client
print(Client(sys.argv[1]).submit(sum, (4, 5)).result())
"""


def other_python() -> str | None:
    """Find one that can make an environment: on the path, or among pyenv's."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    for minor in MINORS:
        places = [shutil.which(f"python3.{minor}"), *pyenv.glob(f"3.{minor}.*/bin/python")]
        for place in filter(None, places):
            done = subprocess.run([place, "-c", "import ensurepip"], check=False)
            if done.returncode == 0:
                return str(place)
    return None


class Served(NamedTuple):
    """A scheduler and a worker of another Python."""

    address: str
    python: Path
    scheduler: subprocess.Popen[bytes]
    worker: subprocess.Popen[bytes]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    found = other_python()
    if found is None:
        pytest.skip(f"no other Python is here, such as python3.{MINORS[0]}")
    folder = tmp_path_factory.mktemp("other")
    subprocess.run([found, "-m", "venv", folder / "venv"], check=True)
    python = folder / "venv/bin/python"
    # no more than a scheduler needs: that dtperf is not there is one line more in the table
    install = ["install", "-q", "-c", ROOT / "constraints.txt", "distributed"]
    subprocess.run([python, "-m", "pip", *install], check=True)
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    file = folder / "scheduler.json"

    def start(*words: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [python, "-m", "dask", *words, "--scheduler-file", file, "--no-dashboard"],
            env=environ,
            cwd=folder,
            stderr=subprocess.DEVNULL,
        )

    scheduler = start("scheduler", "--host", "127.0.0.1", "--port", "0")
    worker = start("worker", "--nthreads", "1")
    try:
        until(file.exists, "the scheduler")
        with Client(scheduler_file=str(file)) as client:
            client.wait_for_workers(1, timeout=240)
            address = client.scheduler.address
        yield Served(address, python, scheduler, worker)
    finally:
        for process in (worker, scheduler):
            process.terminate()
            process.wait(240)


@pytest.mark.parametrize("way", ["address", "client"])
def test_everybody_lives(way: str, served: Served, reference_config: AnalysisConfig) -> None:
    with ExitStack() as stack:
        place: dict[str, Any] = {"cluster": {"kind": "address", "address": served.address}}
        if way == "client":
            place = {"client": stack.enter_context(Client(served.address))}
        with pytest.raises(DtperfError, match="software is not the same everywhere") as caught:
            dtperf.run(reference_config, GOLDEN, **place)
    [line] = [line for line in str(caught.value).splitlines() if line.split()[0] == "python"]
    here = ".".join(map(str, sys.version_info[:3]))
    assert f"{here} on client; " in line
    assert " on scheduler, tcp://127.0.0.1:" in line
    assert served.scheduler.poll() is None
    assert served.worker.poll() is None
    # and whoever uses it still can
    command = [served.python, "-c", USE, served.address]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=True)
    assert done.stdout.split() == ["9"]
