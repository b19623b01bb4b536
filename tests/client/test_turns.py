"""Work that many threads want done is done by one of them."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from civis._http import Turn
from tests._servers import wait_until


def test_one_does_it_for_all() -> None:
    kept: list[int] = []
    made: list[int] = []
    asked, go_on = threading.Semaphore(0), threading.Event()
    turn: Turn[int] = Turn()

    def known() -> int | None:
        asked.release()
        return kept[0] if kept else None

    def make() -> int:
        go_on.wait(10)
        made.append(1)
        kept.append(7)
        return 7

    with ThreadPoolExecutor(8) as pool:
        found = [pool.submit(turn.take, known, make) for _ in range(8)]
        for _ in range(8):
            assert asked.acquire(timeout=10)
        go_on.set()
        assert [each.result(10) for each in found] == [7] * 8
    assert made == [1]
    assert turn.take(known, make) == 7
    assert made == [1]


def test_a_failure_is_everybodys_and_the_next_one_tries_again() -> None:
    begun, go_on = threading.Event(), threading.Event()
    turn: Turn[int] = Turn()

    def fail() -> int:
        begun.set()
        go_on.wait(10)
        raise OSError("no way")

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(turn.take, lambda: None, fail)
        assert begun.wait(10)
        second = pool.submit(turn.take, lambda: None, fail)
        wait_until(second.running)
        go_on.set()
        for each in (first, second):
            with pytest.raises(OSError, match="no way"):
                each.result(10)
    assert turn.take(lambda: None, lambda: 3) == 3
