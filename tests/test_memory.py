"""Memory is kept for the next chunk, and bounded by what containers and batch jobs may have."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest

from dtperf import memory


@pytest.mark.skipif(sys.platform != "linux", reason="of GNU's C library")
@pytest.mark.parametrize("threads", [1, 2])
def test_threads_keep_what_they_free_and_give_it_back_when_told(threads: int) -> None:
    """In a process of its own, whose memory this sets for good."""
    program = """
import resource, sys, threading
import numpy
from dtperf.memory import give_back, keep_freed, memory_bytes, share_among_threads, trim
share_among_threads()
def work(number):
    keep_freed()
    for chunk in range(6):
        if chunk == 2:
            give_back()  # as before a pilot
        before = resource.getrusage(resource.RUSAGE_THREAD).ru_minflt
        kept = [numpy.ones(100_000) for _ in range(100)]
        together.wait()  # as much as they have at once they have each time
        del kept
        together.wait()
        faults[number] = resource.getrusage(resource.RUSAGE_THREAD).ru_minflt - before
faults, together = {}, threading.Barrier(int(sys.argv[1]))
threads = [threading.Thread(target=work, args=(n,)) for n in range(int(sys.argv[1]))]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(*faults.values())
had = memory_bytes()
trim()
print(had - memory_bytes())
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(threads)],
        capture_output=True,
        text=True,
        check=True,
        env={name: value for name, value in os.environ.items() if name != memory.ARENAS},
    )
    faults, given_back = done.stdout.splitlines()
    # 80 MB are 20,000 pages of 4 kB
    assert all(int(each) < 1000 for each in faults.split())
    assert int(given_back) > 50_000_000


@pytest.mark.skipif(sys.platform != "linux", reason="of GNU's C library")
@pytest.mark.parametrize(("limit", "gives_back"), [(1.2, True), (2.0, False)])
def test_a_worker_keeps_no_more_than_dask_bears(limit: float, gives_back: bool) -> None:
    """In a process of its own, whose memory this sets for good."""
    program = """
import sys
from types import SimpleNamespace
import distributed, numpy
from dtperf.execution.dask_tasks import _spare
from dtperf.memory import keep_freed, memory_bytes
keep_freed()
arrays = [numpy.ones(100_000) for _ in range(250)]
del arrays
had = memory_bytes()
manager = SimpleNamespace(memory_limit=float(sys.argv[1]) * had)
distributed.get_worker = lambda: SimpleNamespace(memory_manager=manager)
_spare()
print(had - memory_bytes())
"""
    command = [sys.executable, "-c", program, str(limit)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert (int(done.stdout) > 150_000_000) == gives_back


@pytest.mark.parametrize(
    ("own", "limits", "expected"),
    [
        ("0::/\n", {"memory.max": "1000000\n"}, 1_000_000),
        ("0::/\n", {"memory.max": "max\n"}, None),
        ("0::/\n", {}, None),
        # a job of Slurm, whose step is without a limit of its own
        ("0::/s.scope/job_1/step_0\n", {"s.scope/job_1/memory.max": "3000000\n"}, 3_000_000),
        ("0::/a/b\n", {"a/memory.max": "5000000\n", "a/b/memory.max": "4000000\n"}, 4_000_000),
        ("0::/a/b\n", {"a/memory.max": "4000000\n", "a/b/memory.max": "5000000\n"}, 4_000_000),
        ("0::/a\n", {"other/memory.max": "1000000\n"}, None),
        # version 1, as AlmaLinux 8 has it
        (
            "9:cpu,cpuacct:/job\n4:memory:/job\n1:name=systemd:/user\n0::/\n",
            {"memory/job/memory.limit_in_bytes": "2000000\n"},
            2_000_000,
        ),
        # a container whose own part is at the root
        ("4:memory:/docker/1\n", {"memory/memory.limit_in_bytes": "7000000\n"}, 7_000_000),
        ("4:memory:/\n", {"memory/memory.limit_in_bytes": "9223372036854771712\n"}, None),
    ],
)
def test_the_limits_of_containers_and_batch_jobs(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    own: str,
    limits: dict[str, str],
    expected: int | None,
) -> None:
    for name, limit in limits.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(limit)
    (tmp_path / "own").write_text(own)
    monkeypatch.setattr(memory, "CGROUPS", tmp_path)
    monkeypatch.setattr(memory, "OWN_CGROUP", tmp_path / "own")
    total = psutil.virtual_memory().total
    assert memory.memory_of_machine() == (expected or total)


def test_a_machine_without_cgroups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "OWN_CGROUP", tmp_path / "own")
    assert memory.memory_of_machine() == psutil.virtual_memory().total
