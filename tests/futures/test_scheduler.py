"""The threads that all futures of a process share."""

from __future__ import annotations

import gc
import threading
from types import SimpleNamespace

from civis.futures import PollableResult
from civis.futures._scheduler import MOST_POLLERS, THREAD_NAME

LONG = 20


def own_threads():
    return [thread for thread in threading.enumerate() if thread.name.startswith(THREAD_NAME)]


def test_many_futures_share_few_threads():
    futures = [PollableResult(lambda: None, (), 1000, poll_on_creation=False) for _ in range(2000)]
    assert len(futures) == 2000
    assert len(own_threads()) <= 1 + MOST_POLLERS
    assert {thread.daemon for thread in own_threads()} == {True}
    del futures
    gc.collect()


def test_a_server_that_stalls_holds_up_nobody_else():
    gate = threading.Event()
    stalled = [PollableResult(lambda: gate.wait(LONG) and None, (), 1000) for _ in range(4)]
    quick = PollableResult(lambda: SimpleNamespace(state="succeeded"), (), 0.01)
    try:
        assert quick.result(LONG).state == "succeeded"
        assert not any(future.done() for future in stalled)
    finally:
        gate.set()


def test_a_poller_that_fails_oddly_fails_its_future():
    class Odd:
        @property
        def state(self):
            raise ValueError("odd")

    future = PollableResult(lambda: Odd(), (), 0.01)
    assert isinstance(future.exception(LONG), ValueError)
