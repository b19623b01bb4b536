"""One session for many: threads that wait, forks in the middle of calls, sessions that differ in little."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from civis._clock import FakeClock, SystemClock
from civis._env import Secret
from civis._errors import CivisClientError, CivisTimeoutError
from civis._http import RetryPolicy, Session
from tests._servers import Reply, Request, json_reply, served, wait_until


class StandingClock(SystemClock):
    """Sleeps until it is told that the time is over."""

    def __init__(self) -> None:
        self.sleeping = threading.Event()
        self.over = threading.Event()

    def sleep(self, seconds: float) -> None:
        self.sleeping.set()
        assert self.over.wait(20)


def open_session(url: str, **options: Any) -> Session:
    options.setdefault("clock", FakeClock(1e9))
    return Session(url, Secret("k"), user_agent="x", **options)


def test_a_call_in_back_off_delays_no_other() -> None:
    clock = StandingClock()
    refusals = [Reply(503)]

    def script(request: Request) -> Reply:
        return refusals.pop() if request.path == "/busy" and refusals else json_reply({})

    with served(script) as server, ThreadPoolExecutor(1) as pool:
        waiting, other = open_session(server.url, clock=clock), open_session(server.url)
        busy = pool.submit(waiting.request, "GET", "busy")
        assert clock.sleeping.wait(20)
        # The same session and another one work on while the first call waits.
        assert [waiting.request("GET", "jobs").status for _ in range(3)] == [200] * 3
        assert other.request("POST", "jobs").status == 200
        assert not busy.done()
        clock.over.set()
        assert busy.result(20).attempts == 2
        waiting.close()
        other.close()


def test_a_stalled_call_delays_no_other() -> None:
    release = threading.Event()

    def script(request: Request) -> Reply:
        return Reply(stall=release) if request.path == "/slow" else json_reply({})

    with served(script) as server, ThreadPoolExecutor(8) as pool:
        session = open_session(server.url)
        slow = [pool.submit(session.request, "GET", "slow") for _ in range(8)]
        wait_until(lambda: sum(each.path == "/slow" for each in server.requests) == 8)
        assert session.request("GET", "jobs").status == 200
        assert not any(each.done() for each in slow)
        release.set()
        assert [each.result(20).status for each in slow] == [200] * 8
        session.close()


def in_child(work: Callable[[], bool]) -> int:
    """Fork, do some work there, and give the exit code."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            status = 0 if work() else 1
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_children_forked_while_calls_are_under_way() -> None:
    release = threading.Event()

    def script(request: Request) -> Reply:
        return Reply(stall=release) if request.path == "/slow" else json_reply({})

    with served(script) as server, ThreadPoolExecutor(8) as pool:
        session = open_session(server.url)
        slow = [pool.submit(session.request, "GET", "slow") for _ in range(8)]
        wait_until(lambda: len(server.requests) == 8)
        for _ in range(5):
            assert in_child(lambda: session.request("GET", "child").status == 200) == 0
        release.set()
        assert [each.result(20).status for each in slow] == [200] * 8
        assert session.request("GET", "parent").status == 200
        session.close()


FORK_WHILE_LOADING = """
import os, sys, threading
from civis._http.session import Session
session = Session(sys.argv[1], None, user_agent="x")
thread = threading.Thread(target=session.request, args=("GET", "parent"))
thread.start()
while "urllib3" not in sys.modules:  # it is being loaded now, by the other thread
    pass
child = os.fork()
if child == 0:
    os._exit(0 if session.request("GET", "child").status == 200 else 1)
thread.join()
code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
session.close()
sys.exit(code)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_child_forked_while_the_first_call_loads_its_modules() -> None:
    with served(lambda request: json_reply({})) as server:
        program = [sys.executable, "-W", "ignore", "-c", FORK_WHILE_LOADING, server.url]
        subprocess.run(program, check=True, timeout=60)
        assert sorted(request.path for request in server.requests) == ["/child", "/parent"]


def test_threads_that_make_the_first_call_together() -> None:
    together = threading.Barrier(8)

    def script(request: Request) -> Reply:
        together.wait(20)
        return json_reply({})

    with served(script) as server, ThreadPoolExecutor(8) as pool:
        session = open_session(server.url)
        assert [each.status for each in pool.map(lambda _: session.request("GET", "x"), range(8))] == [
            200
        ] * 8
        session.close()
        wait_until(lambda: not server._open)  # all of them went through pools that closing closes


def test_a_session_that_differs_shares_the_connections() -> None:
    release = threading.Event()

    def script(request: Request) -> Reply:
        return Reply(stall=release) if request.path == "/slow" else json_reply({})

    with served(script) as server:
        session = open_session(server.url, retries=3)
        assert session.request("GET", "jobs").status == 200
        other = session.with_options(timeout=(1, 0.05), retries=0)
        assert (other.timeout, session.timeout) == ((1, 0.05), (10, 60))
        assert (other.retries.attempts, session.retries.attempts) == (1, 4)
        assert other.request("GET", "jobs").status == 200
        assert server.connections == 1
        with pytest.raises(CivisTimeoutError):
            other.request("GET", "slow")
        release.set()
        other.close()
        with pytest.raises(CivisClientError, match="closed"):
            session.request("GET", "jobs")


def test_time_limits_and_attempts_bound_a_stall() -> None:
    release = threading.Event()
    with served(lambda request: Reply(stall=release)) as server:
        session = open_session(server.url, timeout=(1, 0.02), retries=RetryPolicy(attempts=3))
        with pytest.raises(CivisTimeoutError, match="after 3 attempts"):
            session.request("GET", "jobs")
        assert len(server.requests) == 3
        release.set()
        session.close()


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), float("inf"), True, "5", (1,), (1, 2, 3), object()])
def test_what_is_no_time_limit(timeout: Any) -> None:
    with pytest.raises(ValueError, match="timeout="):
        open_session("http://127.0.0.1:1/", timeout=timeout)
