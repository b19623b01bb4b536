"""How futures meet the end of a program, other processes, event loops, terminals, and nobody's interest."""

from __future__ import annotations

import asyncio
import concurrent.futures
import io
import os
import pickle
import subprocess
import sys
import threading
import warnings
from types import SimpleNamespace
from typing import Any

import pytest

from civis._errors import CivisClosedError, CivisForbiddenError, CivisJobFailure
from civis.base import CivisAsyncResultBase
from civis.futures import (
    CivisFuture,
    CivisWarning,
    PollableResult,
    UnfinishedJobWarning,
    UnseenFailureWarning,
)
from civis.futures._progress import ProgressLine, find_screen, progress_text
from tests._servers import Reply, json_reply, served, wait_until

LONG = 20
MANY = """
import sys, warnings
import civis
from civis.futures import CivisFuture
from civis._spec import load_spec
client = civis.APIClient(local_api_spec=sys.argv[1])
futures = [CivisFuture(client.jobs.get_runs, (job_id, 7)) for job_id in range(1000)]
print("made", flush=True)
sys.stdin.readline()
"""


@pytest.fixture(scope="session")
def description_file(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The description of the API, in a file."""
    catalog = pytest.importorskip("civis.local.catalog")
    import json

    path = tmp_path_factory.mktemp("spec") / "api.json"
    path.write_text(json.dumps(catalog.description("all")))
    return path


def test_a_program_ends_with_a_thousand_open_futures(description_file):
    gate = threading.Event()
    with served(lambda request: Reply(stall=gate)) as server:
        program = subprocess.Popen(
            [sys.executable, "-c", MANY, str(description_file)],
            env={**os.environ, "CIVIS_API_KEY": "k", "CIVIS_API_ENDPOINT": server.url},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            assert program.stdout.readline() == "made\n", program.stderr.read()
            wait_until(lambda: len(server.requests) > 0)
            _, told = program.communicate("end\n", timeout=LONG)
        finally:
            program.kill()
            program.communicate()
            gate.set()
    assert program.returncode == 0
    assert "UnfinishedJobWarning" in told
    assert "/jobs/0/runs/7), " in told
    assert "and 990 more" in told


def test_one_that_runs_on_is_told_with_its_address(follow, jobs):
    from civis.futures import _lifetimes

    jobs.add(7, "running")
    future = follow(polling_interval=1000)
    with pytest.warns(UnfinishedJobWarning, match=r"job 3 / run 7 \(https://.*/jobs/3/runs/7\)"):
        _lifetimes._report_at_exit()
    future.cancel()


def test_the_address_of_a_failure_that_nobody_looked_at_is_told(follow, jobs):
    jobs.add(7, SimpleNamespace(id=7, state="failed", error=None))
    future = follow()
    concurrent.futures.wait([future], LONG)
    held = [future]
    del future
    with pytest.warns(UnseenFailureWarning, match=r"/jobs/3/runs/7\) failed.*log has not been read"):
        held.clear()
    assert issubclass(UnseenFailureWarning, CivisWarning)


def test_whoever_closes_a_client_is_not_told_that_the_job_failed(follow, jobs):
    jobs.add(7, CivisClosedError("This session has been closed"))
    future = follow()
    concurrent.futures.wait([future], LONG)
    held = [future]
    del future
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        held.clear()
    assert told == []
    with pytest.raises(CivisClosedError):
        follow().result(LONG)


class TestLogs:
    def test_are_read_when_somebody_asks(self, follow, jobs):
        jobs.add(7, SimpleNamespace(id=7, state="failed", error=None))
        jobs.logs[7] = ["the reason"]
        reads = []
        read = jobs.list_runs_logs
        jobs.list_runs_logs = lambda *args, **kwargs: reads.append(args) or read(*args, **kwargs)
        future = follow()
        concurrent.futures.wait([future], LONG)
        assert future.done()
        assert reads == []
        assert "the reason" in str(future.exception(LONG))
        assert len(reads) == 1
        with pytest.raises(CivisJobFailure, match="the reason"):
            future.result(LONG)
        assert len(reads) == 1

    def test_memory_that_ran_out_shows_in_the_log(self, follow, jobs):
        jobs.add(7, SimpleNamespace(id=7, state="failed", error=None))
        jobs.logs[7] = ["Process ran out of its allowed memory"]
        future = follow()
        concurrent.futures.wait([future], LONG)
        assert future.failed()
        with pytest.raises(MemoryError):
            future.result(LONG)

    def test_hold_up_no_event_loop(self, follow, jobs):
        jobs.add(7, SimpleNamespace(id=7, state="failed", error=None))
        jobs.logs[7] = ["the reason"]
        future = follow()
        concurrent.futures.wait([future], LONG)
        jobs.list_runs_logs = None

        async def ask() -> None:
            await future

        with pytest.raises(CivisJobFailure, match="has not been read"):
            asyncio.run(ask())


class TestEventLoops:
    def test_await(self, follow, jobs):
        for run_id in range(50):
            jobs.add(run_id, "running", "succeeded")

        async def wait() -> list[Any]:
            return await asyncio.gather(*(follow(run_id) for run_id in range(50)))

        assert [answer.id for answer in asyncio.run(wait())] == list(range(50))

    def test_a_failure_is_raised_with_its_log(self, follow, jobs):
        jobs.add(7, "running", SimpleNamespace(id=7, state="failed", error=None))
        jobs.logs[7] = ["the reason"]

        async def wait() -> Any:
            return await follow()

        with pytest.raises(CivisJobFailure, match="the reason"):
            asyncio.run(wait())

    def test_a_cancel_is_sent_by_another_thread(self, follow, jobs):
        jobs.add(7, "running")
        senders = []
        cancel = jobs.delete_runs
        jobs.delete_runs = lambda *ids: senders.append(threading.get_ident()) or cancel(*ids)
        future = follow()

        async def ask() -> bool:
            return future.cancel()

        assert not asyncio.run(ask())
        with pytest.raises(concurrent.futures.CancelledError):
            future.result(LONG)
        assert len(senders) == 1
        assert senders[0] != threading.get_ident()

    def test_a_refused_one_is_logged(self, follow, jobs, caplog):
        jobs.add(7, "running")

        def refuse(*ids: int) -> None:
            raise CivisForbiddenError(SimpleNamespace(status_code=403, headers={}, content=b""))

        jobs.delete_runs = refuse
        future = follow()

        async def ask() -> bool:
            return future.cancel()

        assert not asyncio.run(ask())
        wait_until(lambda: "could not be cancelled" in caplog.text)
        jobs.add(7, "succeeded")
        assert future.result(LONG).state == "succeeded"


class Screen:
    """A terminal that remembers."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.is_closed = False

    def show(self, line: str) -> None:
        self.lines.append(line)

    def close(self) -> None:
        self.is_closed = True


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class TestProgress:
    def test_nothing_is_shown_where_nobody_looks(self, follow, jobs, monkeypatch):
        monkeypatch.setattr(sys, "stderr", io.StringIO())
        jobs.add(7, "running", "succeeded")
        assert find_screen() is None
        assert follow().result(LONG, progress=True).state == "succeeded"
        assert sys.stderr.getvalue() == ""

    def test_a_terminal_shows_state_and_log(self, follow, jobs, monkeypatch):
        monkeypatch.setattr(sys, "stderr", Terminal())
        jobs.add(7, "running")
        jobs.logs[7] = ["first", "second\x1b[2J"]
        future = follow()
        threading.Timer(0.1, lambda: jobs.add(7, "succeeded")).start()
        assert future.result(LONG, progress=True, cancel_on_interrupt=True).state == "succeeded"
        shown = sys.stderr.getvalue()
        assert "job 3 / run 7: " in shown
        assert "second [2J" in shown
        assert "succeeded" in shown.splitlines()[-1]
        assert shown.endswith("\n")

    def test_a_log_that_cannot_be_read_is_left_out(self, follow, jobs):
        jobs.add(7, "running")
        jobs.list_runs_logs = None
        future = follow(polling_interval=1000)
        assert future._last_log_line() == ""
        future.cancel()

    def test_a_closed_line_is_drawn_no_more(self):
        screen = Screen()
        line = ProgressLine(screen, lambda seconds: "a line")
        assert line._poll() == 1.0
        line.close()
        assert line._poll() is None
        assert screen.lines == ["a line"] * 2
        assert screen.is_closed

    @pytest.mark.parametrize(
        ("seconds", "text"),
        [(0.4, "a: b, 0:00"), (59.9, "a: b, 0:59"), (75, "a: b, 1:15"), (3725, "a: b, 1:02:05")],
    )
    def test_elapsed_time(self, seconds, text):
        assert progress_text("a", "b", seconds, "") == text


def test_a_notice_during_a_poll_is_not_lost(jobs, follow):
    jobs.add(7, "running")
    jobs.gate.clear()
    future = follow(polling_interval=1000)
    wait_until(lambda: future._is_polling)
    future._nudge()
    wait_until(lambda: future._must_poll_again)
    jobs.gate.set()
    jobs.add(7, "running", "succeeded")
    assert future.result(LONG).state == "succeeded"


def test_older_base_class():
    assert issubclass(PollableResult, CivisAsyncResultBase)
    assert issubclass(CivisFuture, concurrent.futures.Future)


def test_a_spawned_process_has_the_result(description_file):
    code = "import pickle, sys; print(pickle.load(sys.stdin.buffer).result(20).state)"
    run = {"id": 7, "state": "succeeded"}
    with served(lambda request: json_reply(run)) as server:
        import civis

        with civis.APIClient(
            "a secret key", local_api_spec=str(description_file), endpoint=server.url
        ) as client:
            future = CivisFuture.attach(3, 7, client)
            pickled = pickle.dumps(future)
            assert b"a secret key" not in pickled
            done = subprocess.run(
                [sys.executable, "-c", code],
                input=pickled,
                env={**os.environ, "CIVIS_API_KEY": "another", "CIVIS_API_ENDPOINT": server.url},
                capture_output=True,
                check=False,
            )
            assert future.result(LONG).state == "succeeded"
    assert done.stdout == b"succeeded\n", done.stderr


class TestListOfJobs:
    """Many futures are answered by few questions for lists of jobs."""

    @pytest.fixture
    def platform(self, description_file):
        running = set(range(1, 401))
        lists = []

        def answer(request: Any) -> Reply:
            words = request.path.strip("/").split("/")
            if words == ["jobs"]:
                lists.append(request.target)
                return json_reply(self.page(request.target, sorted(running)))
            number = int(words[1])
            return json_reply({"id": number, "state": "running" if number in running else "succeeded"})

        with served(answer) as server:
            import civis

            with civis.APIClient("k", local_api_spec=str(description_file), endpoint=server.url) as client:
                yield SimpleNamespace(client=client, running=running, lists=lists, server=server)

    @staticmethod
    def page(target: str, running: list[int]) -> list[Any]:
        if "hidden=true" in target.lower():
            return []
        first = 50 * (int(target.partition("page_num=")[2].partition("&")[0]) - 1)
        return [{"id": n, "lastRun": {"id": n, "state": "running"}} for n in running[first : first + 50]]

    def test_few_questions_for_many_runs(self, platform):
        poller = platform.client.jobs.get_runs
        futures = [CivisFuture(poller, (n, n), client=platform.client) for n in range(1, 401)]
        wait_until(lambda: all(future._poll_count for future in futures), LONG)
        single = len(platform.server.requests) - len(platform.lists)
        assert len(platform.lists) >= 9
        assert single < 250  # those made before it was known that there are many
        platform.running.clear()
        assert all(future.succeeded() for future in concurrent.futures.as_completed(futures, 60))
