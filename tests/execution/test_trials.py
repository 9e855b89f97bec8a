"""Workers that a site takes back are not laid at the door of the chunks that they had."""

from __future__ import annotations

from random import Random

from coffea.processor.executor import WorkItem

from dtperf.execution.trials import FEWEST, MOST, Trials
from tests.helpers.chunks import items

DEATHS = 4
"""Dask gives up a task with so many."""


def tried(
    rng: Random, workers: int, preempted: float, kills: bool, waits: int = 3
) -> tuple[bool, int]:
    """Try one chunk until something is known.

    Args:
        rng: What is drawn from.
        workers: Their number; each that dies is replaced at once.
        preempted: How probable it is that a worker is taken back in the time of a chunk.
        kills: The chunk kills its worker.
        waits: So many chunks are before it at its worker.

    Returns:
        Whether it is found guilty, and how many workers have died with it.
    """
    trials, names, deaths = Trials(), [*range(workers)], 0
    newest = workers
    [item] = items(1)
    trials.accuse(7, item)

    def pass_time(own: int | None) -> bool:
        """Let all work for the time of a chunk; says whether the chunk's own worker has died."""
        nonlocal newest
        died = [n for n in range(workers) if rng.random() < preempted]
        if own is not None and kills and own not in died:
            died.append(own)
        for number in died:
            names[number] = newest
            newest += 1
        trials.see(map(str, names))
        return own in died

    while trials.begin():
        had = 0
        for _ in range(waits):
            pass_time(None)
        while had < DEATHS:
            if not pass_time(0):
                trials.end([7])
                return False, deaths
            had += 1
            deaths += 1
        if trials.is_guilty(7, item, DEATHS):
            return True, deaths
    raise AssertionError("no trial and no verdict")


def test_a_killer_is_found_with_few_deaths_where_others_live() -> None:
    trials = Trials()
    trials.see(["a", "b"])
    [item] = items(1)
    assert not trials.is_guilty(7, item, FEWEST)  # others have died with it: it is to be tried
    assert tried(Random(1), 20, 0.0, kills=True) == (True, FEWEST)
    assert tried(Random(1), 1, 0.0, kills=True) == (True, FEWEST)


def test_a_killer_is_found_among_workers_that_die_often() -> None:
    found = [tried(Random(seed), 30, 0.3, kills=True) for seed in range(50)]
    assert all(is_guilty for is_guilty, _ in found)
    assert max(deaths for _, deaths in found) <= MOST


def test_preempted_workers_accuse_nobody() -> None:
    # of what has been with eight deaths before it is tried
    found = [tried(Random(seed), 30, 0.5, kills=False)[0] for seed in range(2000)]
    assert sum(found) <= 5  # 125 would be with four deaths in a row


def test_one_is_tried_at_a_time_and_the_next_when_it_is_over() -> None:
    trials, (first, second) = Trials(), items(2)
    assert trials.begin() == {}
    trials.accuse(1, first)
    trials.accuse(2, second)
    assert trials.begin() == {1: first}
    assert trials.begin() == {}
    trials.end([2, 3])
    assert trials.begin() == {}
    trials.end([1, 3])
    assert trials.begin() == {2: second}


def test_parts_of_the_guilty_are_known() -> None:
    trials = Trials()
    first, second = WorkItem("d", "f", "E", 0, 10, b""), WorkItem("d", "f", "E", 10, 20, b"")
    trials.accuse(1, first)
    trials.begin()
    assert trials.is_guilty(1, first, FEWEST)
    assert trials.concerns(first)
    assert trials.concerns(WorkItem("d", "f", "E", 5, 10, b""))
    assert not trials.concerns(second)
    assert not trials.concerns(WorkItem("d", "g", "E", 5, 10, b""))


def test_a_site_that_lets_no_worker_die_twice_asks_for_more_than_one_death() -> None:
    """Where `distributed.scheduler.allowed-failures` is 0."""
    trials, [item] = Trials(), items(1)
    trials.accuse(1, item)
    for _ in range(FEWEST - 1):
        assert trials.begin()
        assert not trials.is_guilty(1, item, 1)
    assert trials.begin()
    assert trials.is_guilty(1, item, 1)
