"""Baskets come in order, whoever unpacks them; what goes wrong is told in its turn."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest

from dtperf.nanoaod.baskets import Baskets, Buffer, Job, unpack_in_order

NO_PLACES = np.empty((0, 8), np.int64)


def job(number: int, by: list[str] | None = None, *, is_slow: bool = True) -> Job:
    def unpack(get_buffer: Buffer) -> Baskets:
        time.sleep(0.002 * (number % 3))
        if by is not None:
            by.append(threading.current_thread().name)
        if number < 0:
            raise ValueError(f"basket {number}")
        content = get_buffer(number + 1)
        content[:] = number
        return Baskets(content, NO_PLACES)

    return Job(unpack, is_slow)


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_in_order_and_each_in_a_buffer_of_its_own(threads: int) -> None:
    for number, basket in enumerate(
        unpack_in_order((job(n, is_slow=n % 4 > 0) for n in range(40)), threads)
    ):
        time.sleep(0.001)  # those that follow are unpacked meanwhile
        assert basket.content.tolist() == [number] * (number + 1)
    assert number == 39


@pytest.mark.parametrize(
    ("threads", "is_slow", "here"), [(1, True, 1), (2, False, 1), (2, True, 0)]
)
def test_who_unpacks(threads: int, is_slow: bool, here: int) -> None:
    by: list[str] = []
    assert len([*unpack_in_order((job(n, by, is_slow=is_slow) for n in range(9)), threads)]) == 9
    assert len(by) == 9
    assert by.count(threading.current_thread().name) == 9 * here


def test_one_thread_does_nothing_ahead() -> None:
    by: list[str] = []
    baskets = unpack_in_order((job(n, by) for n in range(9)), 1)
    next(baskets)
    assert len(by) == 1


@pytest.mark.parametrize("threads", [1, 2])
def test_an_error_comes_when_it_is_its_turn(threads: int) -> None:
    baskets = unpack_in_order((job(n) for n in (3, 2, -1, -2, 5)), threads)
    assert [len(next(baskets).content) for _ in range(2)] == [4, 3]
    with pytest.raises(ValueError, match="basket -1"):
        next(baskets)


def test_nobody_is_at_work_when_it_is_closed() -> None:
    taken: list[int] = []

    def jobs() -> Iterator[Job]:
        for number in range(100):
            taken.append(number)
            yield job(number)

    before = {*threading.enumerate()}
    baskets = unpack_in_order(jobs(), 3)
    next(baskets)
    baskets.close()
    assert {*threading.enumerate()} <= before
    assert len(taken) == 6
