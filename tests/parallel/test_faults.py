"""Workers that are killed and a platform that fails: what is asked for comes right, or fails at once."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import joblib
import pytest
import requests
from joblib import Parallel, delayed
from urllib3.util import Retry

from civis.base import CivisJobFailure
from civis.client import APIClient
from civis.parallel import JobSubmissionError, register
from tests._servers import Reply, Request, ScriptedServer, json_reply, served

#: Headers that concern one connection only.
HOP_BY_HOP = {
    "connection",
    "keep-alive",
    "transfer-encoding",
    "content-length",
    "content-encoding",
    "accept-encoding",
    "host",
}


class Faults:
    """Hands requests on to a platform, and has a part of them fail: half of those before, half after."""

    def __init__(self, target: str, rate: float, seed: int) -> None:
        self._target, self._rate = target.rstrip("/"), rate
        self._random, self._lock = random.Random(seed), threading.Lock()
        self.counts: Counter[str] = Counter()

    def __call__(self, request: Request) -> Reply:
        with self._lock:
            fate = self._random.random()
            self.counts["failed" if fate < self._rate else "answered"] += 1
        if fate < self._rate / 2:
            return json_reply({"error": "out of order"}, 503)
        answer = requests.request(
            request.method,
            self._target + request.target,
            data=request.body,
            headers={
                name: value for name, value in request.headers.items() if name.lower() not in HOP_BY_HOP
            },
            timeout=30,
        )
        if fate < self._rate:
            return json_reply({"error": "the answer was lost"}, 502)
        headers = {name: value for name, value in answer.headers.items() if name.lower() not in HOP_BY_HOP}
        return Reply(answer.status_code, answer.content, headers)


@pytest.fixture
def between(platform) -> Callable[..., object]:
    """Put faults between a client and the platform."""

    @contextmanager
    def between(rate: float, seed: int) -> Iterator[tuple[APIClient, Faults, ScriptedServer]]:
        faults = Faults(platform.url, rate, seed)
        quick = Retry(total=8, backoff_factor=0.01)
        with served(faults) as server, platform.client(endpoint=server.url, retries=quick) as client:
            yield client, faults, server

    return between


def settled(record) -> list[str]:
    """The states of all runs, once none is cancelled any more."""
    end = time.monotonic() + 10
    while {"queued", "running"} & set(record.states()) and time.monotonic() < end:
        time.sleep(0.05)
    return record.states()


def test_with_retries_all_results_are_right_and_each_effect_is_counted(between, record, effects):
    folder, listed = effects
    doomed = set(random.Random(5).sample(range(40), 2))

    def work(number):
        died = Path(folder, f"died {number}-")
        if number in doomed and not died.exists():
            died.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        Path(folder, f"{number}-{uuid.uuid4().hex}").touch()
        return number**2

    with between(0.1, seed=11) as (client, faults, server):
        register(
            client=client,
            polling_interval=0.05,
            max_submit_retries=5,
            max_job_retries=2,
            # The worker's calls fail as often.
            setup_cmd=f"export CIVIS_API_ENDPOINT={server.url}",
        )
        with joblib.parallel_config(backend="civis"):
            found = Parallel(n_jobs=5, batch_size=3, pre_dispatch="all")(delayed(work)(n) for n in range(40))
    assert found == [number**2 for number in range(40)]
    assert faults.counts["failed"] > 5
    counted = Counter(name for name in listed() if not name.startswith("died"))
    assert set(counted) == set(map(str, range(40)))
    # Again only what shared a container with a call that was killed.
    assert max(counted.values()) <= 3
    assert record.states().count("failed") >= len(doomed)
    assert not {"running", "queued"} & set(settled(record))
    assert record.most_at_once() <= 5


def test_without_retries_the_first_killed_worker_ends_everything(between, record):
    def work(number):
        if number == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(0.2 if number < 3 else 60)

    with between(0.0, seed=1) as (client, _, _):
        register(client=client, polling_interval=0.05)
        with joblib.parallel_config(backend="civis"), pytest.raises(CivisJobFailure, match="signal 9"):
            Parallel(n_jobs=4, batch_size=1)(delayed(work)(number) for number in range(20))
    states = Counter(settled(record))
    assert states["failed"] == 1
    assert set(states) <= {"failed", "cancelled", "succeeded"}
    assert len(record.runs()) < 12


def test_without_retries_the_first_refused_container_ends_everything(between, record):
    with between(0.0, seed=1) as (client, faults, server):
        register(client=client, polling_interval=0.05)
        made = []

        def script(request: Request) -> Reply:
            if request.method == "POST" and request.path == "/scripts/containers":
                made.append(request)
                if len(made) == 3:
                    return json_reply({"error": "out of order"}, 500)
            return faults(request)

        server.script = script
        with joblib.parallel_config(backend="civis"), pytest.raises(JobSubmissionError, match="1 of 1"):
            Parallel(n_jobs=4, batch_size=1)(delayed(time.sleep)(60) for _ in range(8))
    assert set(settled(record)) <= {"cancelled"}


def test_a_start_whose_answer_is_lost_is_not_repeated(between, record, effects):
    folder, listed = effects

    def work(number):
        Path(folder, f"{number}-{uuid.uuid4().hex}").touch()

    with between(0.0, seed=1) as (client, faults, server):
        register(client=client, polling_interval=0.05)

        def script(request: Request) -> Reply:
            reply = faults(request)
            is_start = request.method == "POST" and request.path.endswith("/runs")
            return Reply(reply.status, drop=True) if is_start else reply

        server.script = script
        with joblib.parallel_config(backend="civis"):
            Parallel(n_jobs=3, batch_size=1)(delayed(work)(number) for number in range(4))
    assert listed() == ["0", "1", "2", "3"]
    assert record.states() == ["succeeded"] * len(record.runs())
