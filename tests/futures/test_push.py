"""Notices that are pushed: by a platform on this machine and PubNub's library, over lines that break."""

from __future__ import annotations

import asyncio
import concurrent.futures
import gc
import json
import logging
import os
import queue
import sys
import threading
import types
import weakref
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("pubnub")
pytest.importorskip("duckdb")

from civis.futures import CivisFuture
from civis.futures._listener import CATCH_UP, TOKENS_PER_SECOND, Listener, Offer, Subscription
from civis.futures._policy import PUSHED_DELAY
from civis.futures._scheduler import Scheduler, scheduling_by
from civis.futures._sharing import Pace, Sharing, _has_pubnub, sharing_of
from civis.local import Platform
from tests._servers import Reply, json_reply, served, wait_until

LONG = 60
ENDLESS = (
    "with recursive d(i) as (select 1 union all select i + 1 from d where i < 10000) "
    "select count(*) from d a, d b, d c where a.i + b.i + c.i = 0"
)
#: More than the delay from which on a client subscribes, and more than a test takes.
SLOW = 1000


@pytest.fixture
def client(platform: Platform) -> Iterator[Any]:
    """A client of it; nobody listens for it any more when it is closed."""
    with platform.client() as made:
        yield made
        sharing = sharing_of(made)
        sharing._stop()
    gc.collect()
    wait_until(lambda: repr(platform.notifier) == "Notifier(0 waiting)")


@pytest.fixture
def start(client: Any):
    """Start a query that takes hours, and follow it; it is cancelled in the end."""
    started = []

    def start(**settings: Any) -> CivisFuture:
        script = client.scripts.post_sql(
            name="test",
            remote_host_id=client.databases.list()[0].id,
            credential_id=client.default_database_credential_id,
            sql=ENDLESS,
        )
        run = client.scripts.post_sql_runs(script.id)
        started.append(CivisFuture(client.scripts.get_sql_runs, (script.id, run.id), **settings))
        return started[-1]

    yield start
    for future in started:
        future.cancel()
    concurrent.futures.wait(started, LONG)


def listen(future: CivisFuture) -> None:
    """Wait until the end of a run would be pushed and the future relies on that."""
    wait_until(lambda: future._sharing.connected_at is not None, LONG)


class TestOnPlatform:
    def test_the_end_of_runs_is_pushed_by_one_subscription(self, start, client, platform):
        futures = [start(polling_interval=SLOW) for _ in range(3)]
        listen(futures[0])
        wait_until(lambda: repr(platform.notifier) == "Notifier(1 waiting)")
        for future in futures:
            client.jobs.delete_runs(future.job_id, future.run_id)
        for future in futures:
            with pytest.raises(concurrent.futures.CancelledError):
                future.result(LONG)
        assert repr(platform.notifier) == "Notifier(1 waiting)"

    def test_an_end_before_the_subscription_is_caught_up(self, start, client, monkeypatch):
        future = start(polling_interval=SLOW)
        monkeypatch.setattr(future._sharing, "subscribe", lambda: None)
        wait_until(lambda: future._poll_count == 1)
        client.jobs.delete_runs(future.job_id, future.run_id)
        wait_until(lambda: client.jobs.get_runs(future.job_id, future.run_id).state == "cancelled", LONG)
        monkeypatch.undo()
        future._sharing.subscribe()
        with pytest.raises(concurrent.futures.CancelledError):
            future.result(LONG)

    def test_polls_are_few_while_notices_arrive_and_as_usual_when_they_do_not(self, start):
        future = start()
        future._sharing.subscribe()
        listen(future)
        future._asked_at = future._sharing.connected_at
        assert future._next_delay() > 0.9 * PUSHED_DELAY
        future._sharing.on_disconnected()
        assert future._next_delay() < 20
        future._sharing.on_connected()
        assert future._next_delay() < 20  # it has not asked since

    def test_a_dropped_future_is_not_told(self, start):
        future = start(polling_interval=SLOW)
        sharing, job_id = future._sharing, future.job_id
        assert sharing.followers(job_id, future.run_id) == [future]
        other = CivisFuture.attach(job_id, future.run_id, future.client, polling_interval=SLOW)
        assert len(sharing.followers(job_id, future.run_id)) == 2
        gone = weakref.ref(other)
        del other
        gc.collect()
        assert gone() is None
        assert sharing.followers(job_id, future.run_id) == [future]

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
    @pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
    def test_a_forked_child_has_the_result(self, start, client):
        future = start(polling_interval=1)
        listen(future)
        child = os.fork()
        if child == 0:
            status = 1
            try:
                future.result(LONG)
            except concurrent.futures.CancelledError:
                status = 0
            finally:
                os._exit(status)
        client.jobs.delete_runs(future.job_id, future.run_id)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0

    def test_keys_show_in_no_log(self, start, platform, caplog):
        with caplog.at_level(logging.DEBUG):
            future = start(polling_interval=SLOW)
            listen(future)
        auth = platform.notifier.offer(1)["auth_key"].rpartition(".")[2]
        # The platform runs in this process too, and has its own log.
        records = [each for each in caplog.records if not each.name.startswith(("uvicorn", "civis.local"))]
        assert not [each for each in records if auth in each.getMessage()]
        assert auth not in repr(Offer.read({**platform.notifier.offer(1)}))


class Audience:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.heard: list[Any] = []

    def on_connected(self) -> None:
        self.heard.append("connected")

    def on_disconnected(self) -> None:
        self.heard.append("disconnected")

    def on_refused(self) -> None:
        self.heard.append("refused")

    def on_messages(self, messages: list[Any]) -> None:
        self.heard.extend(messages)


def answer(token: int, *payloads: Any) -> Reply:
    """Answer as PubNub does."""
    envelopes = [{"c": "c", "f": 0, "k": "k", "p": {"t": str(token), "r": 2}, "d": each} for each in payloads]
    return json_reply({"t": {"t": str(token), "r": 2}, "m": envelopes})


NOW = 17_952_494_477_066_802
REFUSED = json_reply({"status": 403, "error": True, "message": "Forbidden"}, 403)


@pytest.mark.parametrize(
    ("replies", "heard"),
    [
        pytest.param([answer(NOW), answer(NOW + 5, {"n": 1}), REFUSED], [{"n": 1}], id="a message"),
        pytest.param([answer(NOW), Reply(drop=True), answer(NOW), answer(NOW + 5, {"n": 1}), REFUSED],
                     ["disconnected", "connected", {"n": 1}], id="a drop"),
        pytest.param([answer(NOW), Reply(503), answer(NOW), answer(NOW + 5, {"n": 1}), REFUSED],
                     ["disconnected", "connected", {"n": 1}], id="out of order"),
        pytest.param([answer(NOW), Reply(200, b"<html>"), answer(NOW), answer(NOW + 5, {"n": 1}), REFUSED],
                     ["disconnected", "connected", {"n": 1}], id="no JSON"),
        pytest.param([answer(NOW), answer(NOW + 5), answer(NOW + 9), answer(NOW + 10, {"n": 1}), REFUSED],
                     ["disconnected", "connected", {"n": 1}], id="no patience"),
    ],
)  # fmt: skip
def test_lines_that_break(replies, heard):
    audience = Audience()
    with served() as server:
        server.answer(*replies)
        offer = Offer(("c",), "k", "a", None, server.url)
        asyncio.run(Subscription(weakref.ref(audience), offer, lambda _: 0.0).follow())
    assert audience.heard == ["connected", *heard, "disconnected", "refused"]
    tokens = [request.target.partition("tt=")[2].partition("&")[0] for request in server.requests]
    assert tokens[:2] == ["0", str(NOW - int(CATCH_UP * TOKENS_PER_SECOND))]


def test_an_outage_is_taken_up_where_it_began():
    audience = Audience()
    with served() as server:
        server.answer(answer(NOW), answer(NOW + 5, {}), Reply(drop=True), answer(NOW + 99), REFUSED)
        offer = Offer(("c",), "k", "a", None, server.url)
        asyncio.run(Subscription(weakref.ref(audience), offer, lambda _: 0.0).follow())
    tokens = [request.target.partition("tt=")[2].partition("&")[0] for request in server.requests]
    assert tokens[-3:] == [str(NOW + 5), "0", str(NOW + 5)]


@pytest.mark.parametrize("has_random_start", [True, False])
def test_encrypted_messages(has_random_start):
    from pubnub.pnconfiguration import PNConfiguration

    configuration = PNConfiguration()
    configuration.use_random_initialization_vector = has_random_start
    secret = configuration.crypto.encrypt("cipher", json.dumps({"n": 1}))
    audience = Audience()
    with served() as server:
        server.answer(answer(NOW), answer(NOW + 5, secret, "no cipher text"), REFUSED)
        offer = Offer(("c",), "k", "a", "cipher", server.url)
        asyncio.run(Subscription(weakref.ref(audience), offer, lambda _: 0.0).follow())
    assert audience.heard == ["connected", {"n": 1}, None, "disconnected", "refused"]


def test_subscriptions_need_no_thread_of_their_own():
    audience = Audience()
    gate = threading.Event()
    with served(lambda request: answer(NOW) if "tt=0&" in request.target else Reply(stall=gate)) as server:
        scheduler = Scheduler()
        with scheduling_by(scheduler):
            listener = Listener()
            listener.follow(
                audience, Offer(("c",), "k", "a", None, server.url.replace("127.0.0.1", "localhost"))
            )
        wait_until(lambda: audience.heard == ["connected"])
        errand = Errand()
        scheduler.watch(errand, 0.01)
        assert errand.polled_in.get(timeout=LONG).startswith("civis-futures-poller")
        listeners = [each for each in threading.enumerate() if "asyncio" in each.name]
        assert listeners == []
        listener.leave(id(audience))
        wait_until(lambda: scheduler._sleeper is None, LONG)
        scheduler.watch(errand, 0.01)
        errand.polled_in.get(timeout=LONG)
        gate.set()


class Errand:
    """Notes by which thread it is polled."""

    def __init__(self) -> None:
        self.polled_in: queue.Queue[str] = queue.Queue()

    def _poll(self) -> None:
        self.polled_in.put(threading.current_thread().name)


@pytest.mark.parametrize(
    "message",
    [
        None,
        "text",
        {},
        {"object": {"id": 3}},
        {"object": {"id": 3}, "run": {"id": None, "state": "failed"}},
        {"object": {"id": 4}, "run": {"id": 7, "state": "failed"}},
        {"object": {"id": 3}, "run": {"id": 8, "state": "failed"}},
        {"object": {"id": 3}, "run": {"id": 7, "state": "running"}},
    ],
)
def test_messages_that_are_no_news(message):
    sharing, follower = Sharing(None), Follower(3, 7)
    sharing.join(follower)
    sharing.on_messages([message])
    assert follower.told == []


class Follower:
    """Stands for a future."""

    def __init__(self, job_id: int, run_id: int | None) -> None:
        self.job_id, self.run_id = job_id, run_id
        self.told: list[str] = []

    def _nudge(self) -> None:
        self.told.append("nudge")

    def _plan_again(self) -> None:
        self.told.append("plan")


def test_messages_that_are_news():
    sharing = Sharing(None)
    run, job, other = Follower(3, 7), Follower(3, None), Follower(3, 8)
    for follower in (run, job, other):
        sharing.join(follower)
    message = {"object": {"id": 3}, "run": {"id": 7, "state": "succeeded"}}
    sharing.on_messages([message])
    assert (run.told, job.told, other.told) == (["nudge"], ["nudge"], [])
    sharing.leave(run)
    sharing.on_messages([message] * 100)  # as many as PubNub keeps: there may have been more
    assert (run.told, other.told, sharing.connected_at is not None) == (["nudge"], ["plan"], True)


def test_a_pace_is_slower_while_few_calls_remain():
    pace = Pace()
    assert pace.factor == 1.0

    class Answer:
        rate_limit, calls_remaining = 1000, 20

    pace.note(Answer())
    assert pace.factor == 5.0
    Answer.calls_remaining = 900
    pace.note(Answer())
    assert pace.factor == 1.0
    pace.note(object())
    assert pace.factor == 1.0


def test_an_object_in_the_place_of_pubnub_is_no_pubnub(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _has_pubnub()
    monkeypatch.setitem(sys.modules, "pubnub", types.ModuleType("pubnub"))
    assert not _has_pubnub()
    monkeypatch.setitem(sys.modules, "pubnub", None)
    assert not _has_pubnub()
    future = CivisFuture(client.jobs.get_runs, (1, 1), client=client)
    assert future.exception(LONG) is not None  # there is no such run, and nothing worse
