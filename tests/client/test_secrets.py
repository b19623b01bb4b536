"""No key and no signature in anything that can be printed, logged, pickled or dumped, however a call ends."""

from __future__ import annotations

import base64
import copy
import io
import logging
import pickle
import traceback
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import civis
from civis.base import Endpoint
from civis.client import APIClient
from civis.futures import CivisFuture
from tests._servers import Reply, Request, ScriptedServer, json_reply, served

KEY = "sEcReT-kEy-0123456789"
SIGNATURE = "sIgNaTuRe-9876543210"
#: As they stand in headers, in URLs, in pickles.
FORBIDDEN = (KEY, base64.b64encode(f"{KEY}:".encode()).decode(), SIGNATURE)
PARAMETER = {"name": "id", "in": "path", "type": "integer", "required": True}
NEW_FILE = {"required": ["name"], "properties": {"name": {}, "expiresAt": {}, "description": {}}}
SPEC: dict[str, Any] = {
    "swagger": "2.0",
    "paths": {
        "/users/me": {"get": {}},
        "/files/": {"post": {"parameters": [{"name": "b", "in": "body", "schema": NEW_FILE}]}},
        "/files/{id}": {"get": {"parameters": [PARAMETER]}},
    },
}


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with served(lambda request: Reply(500)) as server:
        yield server


@pytest.fixture
def client(server: ScriptedServer) -> Iterator[APIClient]:
    with APIClient(KEY, local_api_spec=SPEC, endpoint=server.url, retries=0) as client:
        yield client


def everything_of(error: BaseException) -> str:
    """All that a crash reporter could send: texts, attributes, pickle, the package's frames with locals."""
    told = traceback.TracebackException.from_exception(error, capture_locals=True)
    # The test's own frames hold the key because they gave it.
    told.stack = traceback.StackSummary.from_list(
        [frame for frame in told.stack if f"{Path(civis.__file__).parent}" in frame.filename]
    )
    frames = "".join(told.format()) + "".join(str(frame.locals) for frame in told.stack)
    packed = pickle.dumps(error).decode("latin-1")
    chained = [each for each in (error.__cause__, error.__context__) if each is not None]
    own = f"{error}{error!r}{error.args!r}{vars(error)!r}{frames}{packed}"
    return own + "".join(map(everything_of, chained))


def scan(text: str) -> None:
    """Fail on a secret, without printing all of the text."""
    for secret in FORBIDDEN:
        place = text.find(secret)
        assert place < 0, text[max(0, place - 200) : place + 40]


REPLIES = {
    "401": Reply(401, b'{"errorDescription": "bad key", "code": "unauthorized"}'),
    "404": Reply(404, b'{"errorDescription": "none"}'),
    "500": Reply(500, b"<html>"),
    "no JSON": Reply(200, b"<html>"),
    "drop": Reply(drop=True),
    "reset": Reply(reset=True),
    "cut": Reply(200, b'{"id": 1}', cut=3),
    "loop": Reply(302, headers={"Location": "/again"}),
}


@pytest.mark.parametrize("reply", REPLIES.values(), ids=REPLIES)
def test_errors_of_calls(
    reply: Reply, client: APIClient, server: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.script = lambda request: reply
    with pytest.raises(civis.base.CivisError) as caught:
        client.users.get_me()
    scan(everything_of(caught.value))
    scan(caplog.text)
    assert "civis.http" in {record.name for record in caplog.records}


def test_arguments_that_are_refused(client: APIClient, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    calls: list[Callable[[], object]] = [
        lambda: client.users.get_me(1),
        lambda: client.userz,
        lambda: client.files.post(float("nan")),
        lambda: client.with_options(timeout=-1),
        lambda: client.with_options(retries="many"),
        lambda: client._session.request("GET", "x", body=float("nan")),
    ]
    for call in calls:
        with pytest.raises((TypeError, ValueError, AttributeError)) as caught:
            call()
        error = caught.value
        told = traceback.TracebackException.from_exception(error, capture_locals=True)
        scan("".join(str(frame.locals) for frame in told.stack if "tests" not in frame.filename))
        scan(f"{error}{error!r}")
    scan(caplog.text)


def test_objects(client: APIClient, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    server.script = lambda request: json_reply({"id": 1})
    client.users.get_me()
    _ = client._session.transport
    future = CivisFuture(client.files.get, (1,), client=client, poll_on_creation=False)
    endpoint = Endpoint({"api_key": KEY}, client)
    session = client._session
    objects = [client, session, session._ready, session.transport, session.pools, session._connections,
               client.users, client.users.get_me, future, client.with_options(timeout=3)]  # fmt: skip
    for each in objects:
        fields = {**getattr(each, "__dict__", {})}
        fields.update({name: getattr(each, name) for name in getattr(each, "__slots__", ())})
        scan(f"{each!r}{each}{fields!r}")
    scan(repr(endpoint))
    for each in (client, client.users.get_me):
        scan(pickle.dumps(each).decode("latin-1"))
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(session)
    monkeypatch.setenv("CIVIS_API_KEY", KEY)  # a copy finds its key where a receiver would
    with copy.copy(client) as other:
        scan(f"{other!r}{vars(other)!r}")


def storage(request: Request, server: ScriptedServer, fault: Reply) -> Reply:
    """A platform whose files lie behind signed URLs, and a storage that fails."""
    if not request.path.startswith("/files"):
        return fault
    url = f"{server.url}bucket/file?Signature={SIGNATURE}"
    return json_reply(
        {
            "id": 7,
            "name": "f",
            "fileUrl": url,
            "uploadUrl": url,
            "uploadFields": {"key": "k", "x-amz-signature": SIGNATURE},
        }
    )


@pytest.mark.parametrize("way", ["up", "down"])
@pytest.mark.parametrize(
    "fault",
    [
        Reply(403, f"<Error><Code>Denied</Code><Signature>{SIGNATURE}</Signature></Error>".encode()),
        Reply(302, headers={"Location": f"https:///?Signature={SIGNATURE}"}),
        Reply(400, f"Signature={SIGNATURE}".encode()),
    ],
    ids=["403", "redirect to nowhere", "400"],
)
def test_errors_of_transfers(
    fault: Reply,
    way: str,
    client: APIClient,
    server: ScriptedServer,
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
) -> None:
    caplog.set_level(logging.DEBUG)
    server.script = lambda request: storage(request, server, fault)
    move: Callable[[], object] = (
        partial(civis.io.file_to_civis, io.BytesIO(b"a"), name="f", client=client)
        if way == "up"
        else partial(civis.io.civis_to_file, 7, str(tmp_path / "f"), client=client)
    )
    with pytest.raises(civis.base.CivisTransferError) as caught:
        move()
    scan(everything_of(caught.value))
    scan(caplog.text)
