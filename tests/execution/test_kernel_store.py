"""What a scheduler keeps of compiled functions: each once, and to each worker what it can run."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from dtperf.execution import kernel_store
from dtperf.execution.kernel_store import KernelStore


@pytest.fixture
def store() -> KernelStore:
    store = KernelStore()
    scheduler: Any = SimpleNamespace(handlers={})
    asyncio.run(store.start(scheduler))
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
