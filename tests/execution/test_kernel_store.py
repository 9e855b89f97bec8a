"""What a scheduler keeps of compiled functions: each once, and to each worker what it can run."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from dtperf.execution import kernel_store
from dtperf.execution.kernel_store import KernelStore

NO_SCHEDULER: Any = SimpleNamespace(handlers={})


class Clock:
    """The time of an event loop and of the store, which passes only as a test says."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr(kernel_store, "time", SimpleNamespace(monotonic=lambda: self.now))
        monkeypatch.setattr(asyncio.BaseEventLoop, "time", lambda _: self.now)

    async def go_on(self, seconds: float) -> None:
        self.now += seconds
        await all_is_done()


async def all_is_done() -> None:
    """Let everybody go on as far as they can."""
    for _ in range(100):
        await asyncio.sleep(0)


@pytest.fixture
def store() -> KernelStore:
    return asyncio.run(started())


async def started() -> KernelStore:
    store = KernelStore()
    await store.start(NO_SCHEDULER)
    return store


def test_each_is_sent_by_one(store: KernelStore, monkeypatch: pytest.MonkeyPatch) -> None:
    assert store.claim("old", ["a", "b"]) == ["a", "b"]
    # many workers that have compiled the same at the same time
    assert store.claim("old", ["a", "b", "c"]) == ["c"]
    assert store.claim("new", ["a"]) == ["a"]
    store.add("old", ["a"], b"1")
    assert store.claim("old", ["a"]) == []
    # one has died before it sent what it said it would
    monkeypatch.setattr(kernel_store, "PROMISE_S", 0.0)
    store.claim("new", ["b"])
    assert store.claim("new", ["b"]) == ["b"]
    assert store.claim("old", ["a"]) == []


def test_a_worker_gets_the_best_that_it_runs(store: KernelStore) -> None:
    assert store.batches_for(["new", "any"]) == []
    store.add("any", ["a", "b"], b"any ab")
    store.add("other", ["a"], b"other a")
    assert store.batches_for(["new", "any"]) == [("any", b"any ab")]
    store.add("new", ["a"], b"new a")
    assert store.batches_for(["new", "any"]) == [("new", b"new a"), ("any", b"any ab")]
    store.add("new", ["b"], b"new b")
    assert store.batches_for(["new", "any"]) == [("new", b"new a"), ("new", b"new b")]


def test_a_client_gets_what_it_lacks(store: KernelStore) -> None:
    store.add("new", ["a", "b"], b"new ab")
    store.add("old", ["a"], b"old a")
    assert store.batches_beyond([]) == [b"new ab", b"old a"]
    assert store.batches_beyond([("new", "a"), ("new", "b")]) == [b"old a"]
    assert store.batches_beyond([("new", "a"), ("old", "a")]) == [b"new ab"]


def waits(store: KernelStore, worker: str, kind: str = "new") -> asyncio.Task[Any]:
    return asyncio.create_task(store.awaited(worker, [kind, "any"], ["a", "a of any"]))


TURN: Any = ([], True)
ALL_COMPILE: Any = ([], False)


async def ended(*tasks: asyncio.Task[Any]) -> list[Any]:
    """Return what each has got; None for those that wait on."""
    await all_is_done()
    return [task.result() if task.done() else None for task in tasks]


def test_of_those_that_lack_the_same_one_compiles() -> None:
    async def work() -> None:
        store = await started()
        first, *others = [waits(store, str(number)) for number in range(5)]
        of_another_kind = waits(store, "x", "old")
        assert await ended(first, of_another_kind, *others) == [TURN, TURN, None, None, None, None]
        # another thread of the one that compiles is not to wait for it
        assert await ended(waits(store, "0")) == [TURN]
        store.add("new", ["b"], b"new b")
        assert await ended(*others) == [None] * 4
        store.add("new", ["a"], b"new a")
        both = [("new", b"new b"), ("new", b"new a")]
        assert await ended(*others, waits(store, "late")) == [(both, False)] * 5
        store.done("0")
        # what is for any processor serves as well
        store.add("any", ["a of any"], b"any a")
        assert await ended(waits(store, "y", "old")) == [([("any", b"any a")], False)]

    asyncio.run(work())


def test_nobody_waits_for_one_that_has_died_or_given_nothing() -> None:
    async def work() -> None:
        store = await started()
        first, second, *others = [waits(store, str(number)) for number in range(5)]
        assert await ended(first, second, *others) == [TURN, None, None, None, None]
        store.remove_worker(NO_SCHEDULER, "3")
        assert await ended(second, *others) == [None] * 4
        store.remove_worker(NO_SCHEDULER, "0", stimulus_id="x")
        assert await ended(second, *others) == [TURN, None, None, None]
        # two in a row: from then on all compile
        store.remove_worker(NO_SCHEDULER, "1")
        assert await ended(*others, waits(store, "9")) == [ALL_COMPILE] * 4
        # who could keep nothing has given nothing
        first, *others = [waits(store, str(number), "old") for number in range(5)]
        assert await ended(first, *others) == [TURN, None, None, None, None]
        store.done("0")
        assert await ended(*others) == [ALL_COMPILE] * 4

    asyncio.run(work())


def test_one_that_goes_on_is_waited_for_and_one_that_does_not_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Clock(monkeypatch)

    async def work() -> None:
        store = await started()
        _, *others = [waits(store, str(number)) for number in range(4)]
        await all_is_done()
        for _ in range(6):
            await clock.go_on(0.9 * kernel_store.STEP_S)
            assert await ended(*others) == [None] * 3
            assert await waits(store, "0") == TURN
        await clock.go_on(1.1 * kernel_store.STEP_S)
        assert [each for each in await ended(*others) if each] == [TURN]
        await clock.go_on(1.1 * kernel_store.STEP_S)
        assert sorted(await ended(*others)) == [ALL_COMPILE, ALL_COMPILE, TURN]

    asyncio.run(work())


def test_waiting_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel_store, "STEP_S", 2 * kernel_store.TURN_S)
    clock = Clock(monkeypatch)

    async def work() -> None:
        store = await started()
        _, *others = [waits(store, str(number)) for number in range(5)]
        await all_is_done()
        await clock.go_on(0.9 * kernel_store.TURN_S)
        assert await ended(*others) == [None] * 4
        await clock.go_on(0.2 * kernel_store.TURN_S)
        assert await ended(*others) == [ALL_COMPILE] * 4

    asyncio.run(work())
