"""Where a client's description comes from: memory, disk, platform; and what happens when none works."""

from __future__ import annotations

import json
import os
import pickle
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from civis import resources
from civis._clock import FakeClock
from civis._env import Secret
from civis._errors import CivisAPIKeyError, CivisConnectionError, CivisServerError
from civis._http import Session
from civis._spec import SpecCache, SpecError
from civis.client import APIClient
from civis.resources import DESCRIPTIONS, Descriptions
from civis.resources._description import INTERACTIVE_SECONDS, SCRIPT_SECONDS, is_interactive, lifetime
from tests._servers import Reply, Request, ScriptedServer, json_reply, served

SPEC: dict[str, Any] = {"swagger": "2.0", "paths": {"/jobs/{id}": {"get": {}}}}


def platform(request: Request) -> Reply:
    """Sends the description, unless the client has it."""
    if request.path != "/endpoints":
        return json_reply({"id": 1})
    if request.headers.get("If-None-Match") == '"1"':
        return Reply(304)
    return json_reply(SPEC, ETag='"1"', Last_Modified="Mon, 05 Jan 2026 00:00:00 GMT")


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    DESCRIPTIONS.clear()
    with served(platform) as server:
        yield server
    DESCRIPTIONS.clear()


@pytest.fixture
def session(server: ScriptedServer) -> Iterator[Session]:
    session = Session(server.url, Secret("key"), user_agent="tests", retries=0)
    yield session
    session.close()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "civis"


KEY = Secret("key")


def fetch(found: Descriptions, session: Session, **more: Any) -> list[str]:
    """The names of the resources."""
    return list(found.get(session, KEY, "1.0", **more).resources)


def conditional(server: ScriptedServer) -> list[bool]:
    """Of each request, whether it asked for changes only."""
    return ["If-None-Match" in request.headers for request in server.requests]


def test_memory_then_disk_then_platform(folder: Path, session: Session, server: ScriptedServer) -> None:
    clock = FakeClock(os.stat(folder.parent).st_mtime)
    first = Descriptions(clock=clock)
    assert fetch(first, session) == fetch(first, session) == ["jobs"]
    assert conditional(server) == [False]
    assert fetch(Descriptions(clock=clock), session) == ["jobs"]  # as another process does
    assert conditional(server) == [False]
    clock.advance(SCRIPT_SECONDS + 60)
    assert fetch(first, session) == fetch(first, session) == ["jobs"]
    assert conditional(server) == [False, True]
    assert fetch(Descriptions(clock=clock), session) == ["jobs"]
    assert conditional(server) == [False, True]
    assert fetch(first, session, refresh=True) == ["jobs"]
    assert conditional(server) == [False, True, False]


def test_an_old_description_is_better_than_none(
    folder: Path, session: Session, server: ScriptedServer
) -> None:
    clock = FakeClock(os.stat(folder.parent).st_mtime)
    found = Descriptions(clock=clock)
    fetch(found, session)
    clock.advance(SCRIPT_SECONDS * 2)
    server.script = lambda request: Reply(drop=True)
    assert fetch(found, session) == ["jobs"]
    other = Session(session.base_url, Secret("another"), user_agent="tests", retries=0)
    with pytest.raises(CivisConnectionError):
        found.get(other, Secret("another"), "1.0")
    other.close()


def test_a_damaged_cache_heals(folder: Path, session: Session, server: ScriptedServer) -> None:
    fetch(Descriptions(), session)
    (path,) = folder.iterdir()
    path.write_bytes(b"damaged")
    assert fetch(Descriptions(), session) == ["jobs"]
    assert SpecCache().read(path.name) is not None
    assert len(server.requests) == 2


def test_a_cache_of_another_release_heals(folder: Path, session: Session, server: ScriptedServer) -> None:
    fetch(Descriptions(), session)
    (path,) = folder.iterdir()
    path.write_bytes(path.read_bytes()[:-3])  # as one cut short looks, too
    assert fetch(Descriptions(), session) == ["jobs"]
    assert [os.stat(each).st_mode & 0o777 for each in folder.iterdir()] == [0o600]
    assert conditional(server) == [False, False]


def test_what_came_is_used_though_it_cannot_be_kept(
    folder: Path, session: Session, server: ScriptedServer
) -> None:
    """A folder stands where the file should be: every process asks the platform, and none fails."""
    name = SpecCache().name(session.base_url, "key", "1.0")
    (folder / name).mkdir(parents=True)
    for _ in range(2):
        assert fetch(Descriptions(), session) == ["jobs"]
    assert len(server.requests) == 2
    assert os.listdir(folder) == [name]


@pytest.mark.parametrize("advance", [INTERACTIVE_SECONDS - 1, INTERACTIVE_SECONDS])
def test_where_somebody_types_it_is_asked_for_sooner(
    advance: float, folder: Path, session: Session, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "ps1", ">>> ", raising=False)
    clock = FakeClock(os.stat(folder.parent).st_mtime)
    found = Descriptions(clock=clock)
    fetch(found, session)
    clock.advance(advance)
    fetch(found, session)
    assert conditional(server) == ([False] if advance < INTERACTIVE_SECONDS else [False, True])


def test_a_clock_put_back_makes_it_old(folder: Path, session: Session, server: ScriptedServer) -> None:
    clock = FakeClock(os.stat(folder.parent).st_mtime)
    found = Descriptions(clock=clock)
    fetch(found, session)
    clock.advance(-3600)
    fetch(found, session)
    assert conditional(server) == [False, True]


def test_without_a_folder_to_write(tmp_path: Path, session: Session, server: ScriptedServer) -> None:
    (tmp_path / "file").touch()
    found = Descriptions(SpecCache(tmp_path / "file" / "cache"))
    assert fetch(found, session) == fetch(found, session) == ["jobs"]
    assert len(server.requests) == 1


def test_many_threads_ask_once(folder: Path, session: Session, server: ScriptedServer) -> None:
    found = Descriptions()
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda _: fetch(found, session), range(16))) == [["jobs"]] * 16
    assert len(server.requests) == 1


def test_another_key_is_asked_for_and_sent_nothing(
    folder: Path, session: Session, server: ScriptedServer
) -> None:
    fetch(Descriptions(), session)
    found = Descriptions()
    assert list(found.get(session, Secret("another"), "1.0").resources) == ["jobs"]
    assert server.requests[1].headers.get("If-None-Match") == '"1"'
    assert "If-Modified-Since" not in server.requests[1].headers
    # From now on it has one of its own, with an age of its own.
    assert len(list(folder.iterdir())) == 2
    Descriptions().get(session, Secret("another"), "1.0")
    assert len(server.requests) == 2


def test_keys_that_see_the_same_share_memory(folder: Path, session: Session, server: ScriptedServer) -> None:
    found = Descriptions()
    api = found.get(session, KEY, "1.0")
    assert found.get(session, Secret("another"), "1.0") is api


def test_keys_that_see_something_else_do_not_share(
    folder: Path, session: Session, server: ScriptedServer
) -> None:
    found = Descriptions()
    fetch(found, session)
    other = {"swagger": "2.0", "paths": {"/files": {"get": {}}}}
    server.script = lambda request: json_reply(other, ETag='"2"')
    assert list(found.get(session, Secret("another"), "1.0").resources) == ["files"]
    assert fetch(found, session) == ["jobs"]


@pytest.mark.parametrize("case", ["no answer", "refused"])
def test_nobody_is_given_what_another_key_sees_unasked(
    folder: Path, session: Session, server: ScriptedServer, case: str
) -> None:
    found = Descriptions()
    fetch(found, session)
    server.script = lambda request: Reply(drop=True) if case == "no answer" else json_reply({}, 401)
    with pytest.raises(CivisConnectionError if case == "no answer" else CivisAPIKeyError):
        found.get(session, Secret("another"), "1.0")


def test_a_refresh_asks_without_conditions(folder: Path, session: Session, server: ScriptedServer) -> None:
    found = Descriptions()
    fetch(found, session)
    found.get(session, Secret("another"), "1.0", refresh=True)
    assert "If-None-Match" not in server.requests[1].headers


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply(200, b"<html>"), "answered no description"),
        (json_reply([1]), "answered no description"),
        (json_reply({"paths": 3}), "answered no description"),
    ],
)
def test_what_is_no_description(
    folder: Path, session: Session, server: ScriptedServer, reply: Reply, words: str
) -> None:
    server.script = lambda request: reply
    with pytest.raises(SpecError, match=words):
        fetch(Descriptions(), session)


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key(folder: Path, server: ScriptedServer, status: int) -> None:
    import requests

    server.script = lambda request: json_reply({}, status)
    with (
        APIClient("the-key", endpoint=server.url, retries=0) as client,
        pytest.raises(requests.HTTPError, match="expired") as error,
    ):
        _ = client.jobs
    assert isinstance(error.value, CivisAPIKeyError)  # whichever of the two a script catches
    assert error.value.response.status_code == error.value.status_code == status
    assert "the-key" not in str(error.value)
    assert b"the-key" not in pickle.dumps(error.value)
    assert str(pickle.loads(pickle.dumps(error.value))) == str(error.value)
    server.script = lambda request: Reply(500, b"oh")
    with APIClient("the-key", endpoint=server.url, retries=0) as client, pytest.raises(CivisServerError):
        _ = client.jobs


def test_a_client_downloads_when_it_must(folder: Path, server: ScriptedServer) -> None:
    with APIClient("key", endpoint=server.url, retries=0) as client:
        assert server.requests == []
        assert client.jobs.get(1) == {"id": 1}
    with APIClient("key", endpoint=server.url, retries=0) as other:
        assert type(other.jobs).__name__ == "Jobs"
        assert type(other.jobs) is type(client.jobs)
    assert [each.path for each in server.requests] == ["/endpoints", "/jobs/1"]
    with APIClient("key", endpoint=server.url, retries=0, force_refresh_api_spec=True) as third:
        assert "jobs" in dir(third)
    assert server.requests[-1].path == "/endpoints"


def test_the_functions_of_resources(
    folder: Path, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CIVIS_API_ENDPOINT", server.url)
    assert resources.get_api_spec("key") == SPEC
    assert server.requests[-1].headers["User-Agent"].startswith("civis-python (Python ")
    path = tmp_path / "spec.json"
    resources.cache_api_spec(path, "key", user_agent="mine")
    assert json.loads(path.read_text()) == SPEC
    assert server.requests[-1].headers["User-Agent"].startswith("mine (Python ")
    for classes in (
        resources.generate_classes("key"),
        resources.generate_classes_maybe_cached(None, "key", "1.0", True),
        resources.generate_classes_maybe_cached(None, "key", "1.0"),
        resources.generate_classes_maybe_cached(path),
        resources.generate_classes_maybe_cached(SPEC),
    ):
        assert {name: each.__name__ for name, each in classes.items()} == {"jobs": "Jobs"}
    with pytest.raises(TypeError, match="not both"):
        resources.generate_classes_maybe_cached(SPEC, "key", "1.0", True)
    with pytest.raises(ValueError, match="not supported"):
        resources.get_api_spec("key", "0.9")


def test_how_long_a_description_is_current(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    assert (is_interactive(), lifetime()) == (False, SCRIPT_SECONDS)
    monkeypatch.setattr(sys, "ps1", ">>> ", raising=False)
    assert (is_interactive(), lifetime()) == (True, INTERACTIVE_SECONDS)
