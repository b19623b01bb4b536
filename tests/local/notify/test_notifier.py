"""The local platform's notices, as PubNub's own library and plain requests see them."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

pytest.importorskip("duckdb")

from civis._clock import FakeClock
from civis.local import Platform
from civis.local.notify import Notifier, run_message
from civis.local.notify.access import LIFETIME, Access
from civis.local.notify.messages import MessageLog
from tests._servers import wait_until

SECRET = b"0" * 32
LISTEN = """
import sys, threading
left = threading.Event()
from pubnub.callbacks import SubscribeCallback
from pubnub.pnconfiguration import PNConfiguration
from pubnub.pubnub import PubNub
class Listener(SubscribeCallback):
    def status(self, pubnub, status):
        print("status", status.category.name, flush=True)
        if status.category.name == "PNAcknowledgmentCategory":
            left.set()
    def message(self, pubnub, message):
        print("message", message.message["run"]["state"], flush=True)
    def presence(self, pubnub, presence):
        pass
configuration = PNConfiguration()
configuration.disable_config_locking = False
configuration.ssl = False
configuration.origin, configuration.subscribe_key, configuration.auth_key, channel = sys.argv[1:]
configuration.user_id = "a listener"
configuration.daemon = True
pubnub = PubNub(configuration)
print("time", pubnub.time().sync().result, flush=True)
pubnub.add_listener(Listener())
pubnub.subscribe().channels([channel]).execute()
sys.stdin.read()
pubnub.unsubscribe_all()
left.wait(20)
"""


@pytest.fixture(scope="module")
def client(platform: Platform) -> Iterator[Any]:
    """A client of it."""
    with platform.client() as made:
        yield made


def ask(platform: Platform, path: str, **query: Any) -> tuple[int, Any]:
    """Ask as PubNub's libraries do."""
    parts = urlsplit(platform.url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=20)
    try:
        connection.request("GET", f"{path}?{urlencode(query)}")
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def subscribe(platform: Platform, token: int | str, **changes: Any) -> tuple[int, Any]:
    """Subscribe with the keys that the default user is offered."""
    offer = platform.notifier.offer(1)
    key = changes.pop("key", offer["subscribe_key"])
    channels = changes.pop("channels", "runs")
    return ask(
        platform, f"/v2/subscribe/{key}/{channels}/0", **{"tt": token, "auth": offer["auth_key"], **changes}
    )


def test_the_api_offers_channels(client, platform):
    offer = client.channels.get()
    assert [channel.name for channel in offer.channels] == ["runs"]
    assert offer.origin == platform.url
    assert offer.cipher_key is None
    assert platform.api_key not in str(offer)


def test_pubnubs_own_library_hears_of_a_run(client, platform):
    pytest.importorskip("pubnub")
    offer = client.channels.get()
    origin = urlsplit(platform.url).netloc
    listener = subprocess.Popen(
        [sys.executable, "-c", LISTEN, origin, offer.subscribe_key, offer.auth_key, "runs"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert listener.stdout.readline().startswith("time 1")
        assert listener.stdout.readline() == "status PNConnectedCategory\n"
        script = client.scripts.post_sql(
            name="test",
            remote_host_id=client.databases.list()[0].id,
            credential_id=client.default_database_credential_id,
            sql="select 1",
        )
        client.scripts.post_sql_runs(script.id)
        assert listener.stdout.readline() == "message running\n"
        assert listener.stdout.readline() == "message succeeded\n"
        listener.stdin.close()
        assert "status PNAcknowledgmentCategory\n" in listener.stdout.readlines()
    finally:
        listener.kill()
        listener.wait()
        listener.stdout.close()


@pytest.mark.parametrize(
    ("changes", "status", "message"),
    [
        pytest.param({"key": "sub-c-other"}, 400, "Invalid Subscribe Key", id="another platform's key"),
        pytest.param({"channels": "secrets"}, 403, "Forbidden", id="another channel"),
        pytest.param({"channels": "runs,secrets"}, 403, "Forbidden", id="one too many"),
        pytest.param({"auth": ""}, 403, "Forbidden", id="no auth key"),
        pytest.param({"auth": "1.99999999999.abc"}, 403, "Forbidden", id="a forged auth key"),
        pytest.param({"auth": "ü"}, 403, "Forbidden", id="no key at all"),
    ],
)
def test_strangers_are_refused(platform, changes, status, message):
    answered, body = subscribe(platform, 0, **changes)
    assert (answered, body["message"], body["error"]) == (status, message, True)


def test_a_greeting_is_answered_at_once_and_what_follows_is_caught_up(platform):
    _, greeting = subscribe(platform, 0)
    assert greeting["m"] == []
    for state in ("running", "succeeded"):
        platform.notifier.publish(run_message(3, 7, state))
    _, answer = subscribe(platform, greeting["t"]["t"])
    assert [message["d"]["run"]["state"] for message in answer["m"]] == ["running", "succeeded"]
    assert int(answer["t"]["t"]) == int(answer["m"][-1]["p"]["t"]) > int(greeting["t"]["t"])
    assert ask(platform, "/time/0")[1][0] >= int(answer["t"]["t"])


def test_who_waits_is_told_and_who_leaves_is_forgotten(platform):
    _, greeting = subscribe(platform, 0)
    answers: list[Any] = []
    waiting = threading.Thread(target=lambda: answers.append(subscribe(platform, greeting["t"]["t"])))
    waiting.start()
    wait_until(lambda: repr(platform.notifier) == "Notifier(1 waiting)")
    platform.notifier.publish(run_message(4, 8, "failed"))
    waiting.join(20)
    assert [message["d"]["object"]["id"] for message in answers[0][1]["m"]] == [4]
    parts = urlsplit(platform.url)
    offer = platform.notifier.offer(1)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=20)
    token = ask(platform, "/time/0")[1][0]
    connection.request(
        "GET", f"/v2/subscribe/{offer['subscribe_key']}/runs/0?tt={token}&auth={offer['auth_key']}"
    )
    wait_until(lambda: repr(platform.notifier) == "Notifier(1 waiting)")
    connection.close()
    wait_until(lambda: repr(platform.notifier) == "Notifier(0 waiting)")


def test_a_platform_that_stops_lets_nobody_wait():
    with Platform() as running:
        token = ask(running, "/time/0")[1][0]
        answers: list[Any] = []
        waiting = threading.Thread(target=lambda: answers.append(subscribe(running, token)))
        waiting.start()
        notifier = running.notifier
        wait_until(lambda: repr(notifier) == "Notifier(1 waiting)")
    waiting.join(20)
    assert answers[0] == (200, {"t": {"t": str(token), "r": 1}, "m": []})


def test_time_tokens_grow_whatever_the_clock_does():
    clock = FakeClock(1000.0)
    log = MessageLog(clock)
    first, second = log.add({"a": 1}), log.add({"a": 2})
    assert second.token == first.token + 1
    clock.now = 0.0
    assert log.add({"a": 3}).token == second.token + 1
    assert [message.payload["a"] for message in log.after(first.token)] == [2, 3]
    assert log.now() == second.token + 1


def test_only_so_many_messages_are_kept():
    log = MessageLog(FakeClock(), kept=3)
    for number in range(5):
        log.add({"number": number})
    assert [message.payload["number"] for message in log.after(0)] == [2, 3, 4]
    log.clear()
    assert log.after(0) == []


def test_an_auth_key_ends():
    clock = FakeClock(1000.0)
    access = Access(SECRET, clock)
    key = access.auth_key(7)
    assert access.allows(key)
    assert not Access(b"1" * 32, clock).allows(key)
    assert SECRET.decode() not in key + access.subscribe_key
    clock.advance(LIFETIME)
    assert not access.allows(key)


def test_an_empty_wait_ends_with_the_same_token():
    notifier = Notifier(SECRET, FakeClock(1.0), patience=0.0)
    starlette = pytest.importorskip("starlette.applications")
    offer = notifier.offer(1)
    import asyncio

    sent: list[Any] = []

    async def receive() -> Any:
        await asyncio.sleep(60)

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "GET",
        "path": f"/v2/subscribe/{offer['subscribe_key']}/runs/0",
        "query_string": urlencode({"tt": 99999999, "auth": offer["auth_key"]}).encode(),
        "headers": [],
    }
    asyncio.run(starlette.Starlette(routes=notifier.routes())(scope, receive, send))
    assert json.loads(sent[-1]["body"]) == {"t": {"t": "99999999", "r": 1}, "m": []}
