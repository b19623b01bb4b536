"""`APIClient`: construction, look-ups, identity, errors of mistyped calls, pickles, threads, garbage."""

from __future__ import annotations

import copy
import gc
import inspect
import json
import pickle
import pydoc
import threading
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.parse import parse_qs, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

import civis
from civis._errors import CivisAPIKeyMissingError, CivisNotFoundError
from civis._spec import SpecError
from civis.client import APIClient
from civis.response import ListResponse, PaginatedResponse, Response
from tests._servers import Reply, Request, ScriptedServer, json_reply, served


def parameter(name: str, place: str = "query", kind: str = "string", **more: Any) -> dict[str, Any]:
    return {"name": name, "in": place, "type": kind, "required": place == "path", **more}


def answers(kind: str) -> dict[str, Any]:
    return {"200": {"schema": {"type": kind, "items": {}} if kind == "array" else {"type": kind}}}


PAGED = [parameter("limit", kind="integer"), parameter("page_num", kind="integer")]
SPEC: dict[str, Any] = {
    "swagger": "2.0",
    "paths": {
        "/users/me": {"get": {"summary": "Me", "responses": answers("object")}},
        "/databases/": {"get": {"responses": answers("array")}},
        "/credentials/": {
            "get": {
                "parameters": [parameter("type"), parameter("default", kind="boolean"), *PAGED],
                "responses": answers("array"),
            }
        },
        "/storage_hosts/": {"get": {"responses": answers("array")}},
        "/tables/": {
            "get": {
                "parameters": [parameter("database_id"), parameter("schema"), parameter("name"), *PAGED],
                "responses": answers("array"),
            }
        },
        "/tables/{id}/refresh": {
            "post": {"parameters": [parameter("id", "path")], "x-deprecation-warning": "Use tables/scan."}
        },
        "/match_targets/": {"get": {"responses": answers("array")}},
        "/things/{id}": {
            "get": {"parameters": [parameter("id", "path")], "responses": answers("object")},
            "patch": {
                "parameters": [
                    parameter("id", "path"),
                    {"name": "b", "in": "body", "schema": {"properties": {"newName": {}, "from": {}}}},
                ]
            },
            "put": {
                "parameters": [
                    parameter("id", "path"),
                    {"name": "b", "in": "body", "schema": {"type": "array"}},
                ]
            },
            "post": {"parameters": "odd"},
            "delete": {"summary": "Archive a thing (deprecated, use the archive instead)"},
        },
    },
}
ROWS: dict[str, list[dict[str, Any]]] = {
    "/databases": [{"id": 1, "name": "alpha"}, {"id": 2, "name": "beta"}],
    "/storage_hosts": [{"id": 5, "name": "host"}],
    "/credentials": [
        {
            "id": 11,
            "name": "aws",
            "username": "ada",
            "owner": "ada",
            "remoteHostId": 1,
            "remoteHostName": "alpha",
        },
        {
            "id": 12,
            "name": "aws",
            "username": "bob",
            "owner": "bob",
            "remoteHostId": 2,
            "remoteHostName": "beta",
        },
        {
            "id": 13,
            "name": "gcs",
            "username": "ada",
            "owner": "bob",
            "remoteHostId": 2,
            "remoteHostName": "beta",
        },
    ],
    "/tables": [
        {"id": 21, "schema": "web", "name": "visits"},
        {"id": 22, "schema": "web", "name": "vis.its"},
        {"id": 23, "schema": "web", "name": "visitors"},
    ],
}


def platform(request: Request) -> Reply:
    """A platform of a few rows, with pages of one."""
    if request.path == "/users/me":
        return json_reply(
            {"username": "ada", "featureFlags": {"table_person_matching": True, "newThing": False}}
        )
    query = parse_qs(request.target.partition("?")[2])
    rows = ROWS.get(request.path)
    if rows is None:
        return json_reply({"path": unquote(request.path), "body": request.body.decode()})
    if request.path == "/credentials" and "default" in query:
        return json_reply(rows[:1] if query["default"] == ["True"] else [])
    if request.path == "/tables" and "name" in query:
        rows = [row for row in rows if row["name"] == query["name"][0]]
    if "page_num" in query:
        page = int(query["page_num"][0])
        return json_reply(rows[page - 1 : page], X_Pagination_Total_Pages=str(len(rows)))
    return json_reply(rows)


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with served(platform) as server:
        yield server


@pytest.fixture
def client(server: ScriptedServer) -> Iterator[APIClient]:
    with APIClient("the-key", local_api_spec=SPEC, endpoint=server.url, retries=0) as client:
        yield client


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"api_version": "2.0"}, ValueError, "'2.0' is not supported"),
        ({"return_type": "polars"}, ValueError, "none of 'snake', 'raw', 'pandas'"),
        ({"local_api_spec": SPEC, "force_refresh_api_spec": True}, TypeError, "not both"),
        ({"resources": "some"}, ValueError, "neither 'base' nor 'all'"),
        ({"endpoint": "civis.test"}, ValueError, "is not a URL"),
        ({"api_key": 3}, TypeError, "has to be a str"),
    ],
    ids=["version", "return type", "two descriptions", "resources", "endpoint", "key"],
)
def test_wrong_arguments(arguments: dict[str, Any], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        APIClient(**{"api_key": "key", **arguments})


def test_a_key_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CivisAPIKeyMissingError):
        APIClient(local_api_spec=SPEC)
    monkeypatch.setenv("CIVIS_API_KEY", "from the environment")
    APIClient(local_api_spec=SPEC).close()


@pytest.mark.parametrize(
    "word",
    ["resources", "retry_total", "pandas", "default_credential", "feature_flags", "matchtargets", "list_me"],
)
def test_older_spellings(word: str, client: APIClient, server: ScriptedServer) -> None:
    older: dict[str, Callable[[], Any]] = {
        "resources": lambda: APIClient("key", resources="all", local_api_spec=SPEC).close(),
        "retry_total": lambda: APIClient("key", retry_total=6, local_api_spec=SPEC).close(),
        "pandas": lambda: APIClient("key", return_type="pandas", local_api_spec=SPEC).close(),
        "default_credential": lambda: client.default_credential,
        "feature_flags": lambda: client.feature_flags,
        "matchtargets": lambda: client.matchtargets.list(),
        "list_me": lambda: client.users.list_me(),
    }
    with pytest.warns(FutureWarning, match=word) as said:
        older[word]()
    assert [each.filename for each in said] == [__file__]


LOOKUPS: list[tuple[str, tuple[Any, ...], int]] = [
    ("get_database_id", ("beta",), 2),
    ("get_database_id", (7,), 7),
    ("get_database_id", ("7",), 7),
    ("get_database_credential_id", ("ada", "beta"), 13),
    ("get_database_credential_id", ("ada", 1), 11),
    ("get_database_credential_id", (99, "beta"), 99),
    ("get_aws_credential_id", ("aws",), 11),
    ("get_aws_credential_id", ("aws", "bob"), 12),
    ("get_storage_host_id", ("host",), 5),
    ("get_table_id", ("web.visits", "alpha"), 21),
    ("get_table_id", ('"web"."vis.its"', 1), 22),
    ("get_table_id", (3, "alpha"), 3),
]


@pytest.mark.parametrize(("name", "arguments", "found"), LOOKUPS, ids=[f"{n} {a}" for n, a, _ in LOOKUPS])
def test_lookups(client: APIClient, name: str, arguments: tuple[Any, ...], found: int) -> None:
    assert getattr(client, name)(*arguments) == found


def test_lookups_take_whatever_can_be_an_index(client: APIClient) -> None:
    class Number:
        def __index__(self) -> int:
            return 4

    assert client.get_database_id(Number()) == 4
    with pytest.raises(TypeError, match="not by True"):
        client.get_database_id(True)


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("get_database_id", ("alpah",), r"there is no database 'alpah'. Did you mean 'alpha'"),
        ("get_database_credential_id", ("adda", "beta"), "Did you mean 'ada'"),
        ("get_database_credential_id", ("ada", "bta"), "Did you mean 'beta'"),
        ("get_aws_credential_id", ("asw",), "Did you mean 'aws'"),
        ("get_aws_credential_id", ("aws", "eve"), "owned by 'eve'"),
        ("get_storage_host_id", ("hots",), "Did you mean 'host'"),
        ("get_table_id", ("web.vists", "alpha"), r"Did you mean 'web.visits'"),
        ("get_table_id", ("visits", "alpha"), "a table is named schema.table"),
        ("get_table_id", ("a.b.c", "alpha"), "a table is named schema.table"),
        ("get_table_id", ('"a"b.c', "alpha"), "a table is named schema.table"),
    ],
)
def test_lookups_of_what_is_not_there(client: APIClient, name: str, arguments: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        getattr(client, name)(*arguments)


def test_identity_is_asked_for_once(client: APIClient, server: ScriptedServer) -> None:
    assert client.username == "ada"
    with pytest.warns(FutureWarning, match="feature_flags"):
        assert client.feature_flags == ("table_person_matching",)
    assert len(server.requests) == 1
    assert client.default_database_credential_id == 11
    client.refresh()
    assert client.username == "ada"
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda c: c.thing, AttributeError, "no resource 'thing'. Did you mean 'things'"),
        (lambda c: c.usernme, AttributeError, "Did you mean 'username'"),
        (lambda c: c.things.gte, AttributeError, "'things' has no method 'gte'. Did you mean 'get'"),
        (lambda c: c.things.delete, AttributeError, "no longer offered: Archive a thing"),
        (lambda c: c.things.get(), TypeError, r"things.get\(\) is missing 'id'"),
        (lambda c: c.things.get(1, 2), TypeError, "takes 1 arguments by position, not 2"),
        (lambda c: c.things.get(1, id=2), TypeError, "both by position and by name"),
        (lambda c: c.things.get(idd=2), TypeError, "unexpected keyword argument 'idd'. Did you mean 'id'"),
        (lambda c: c.credentials.list(limt=5), TypeError, "Did you mean 'limit'"),
        (lambda c: c.credentials.list(itreator=True), TypeError, "Did you mean 'iterator'"),
        (lambda c: c.databases.list(limit=5), TypeError, "It takes none"),
        (lambda c: c.things.get(""), ValueError, "id='' cannot stand in a path"),
        (lambda c: c.things.get("."), ValueError, r"id='\.' cannot stand in a path"),
        (lambda c: c.things.get(".."), ValueError, r"id='\.\.' cannot stand in a path"),
        (lambda c: c.things.get(None), TypeError, "takes a number or a text, not None"),
        (lambda c: c.things.get([1]), TypeError, "takes a number or a text"),
        (lambda c: c.things.patch(1, new_name=object()), TypeError, "new_name: a value of type object"),
        (lambda c: c.things.post(), SpecError, r"things.post\(\) cannot be called: its parameters are 'odd'"),
        (lambda c: type(c.things).get(1), TypeError, "is called on a client"),
    ],
)
def test_wrong_calls_are_refused_before_sending(
    client: APIClient, server: ScriptedServer, call: Callable[[Any], Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        call(client)
    assert server.requests == []


@given(st.text(min_size=1).filter(lambda text: text not in (".", "..") and text.isprintable()))
def test_a_path_holds_just_what_was_passed(text: str) -> None:
    from civis._spec import load_spec
    from civis.resources import bind

    operation = load_spec(SPEC).resources["things"].operations["get"]
    path = bind(operation, (text,), {}).path
    assert path.count("/") == 2
    assert unquote(path.split("/")[2]) == text


class Color(Enum):
    RED = "red"


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        (None, None),
        (date(2026, 1, 5), "2026-01-05"),
        (Color.RED, "red"),
        (Decimal(3), 3),
        (Decimal("0.5"), 0.5),
        (Path("a/b"), "a/b"),
        ((1, {2}), [1, [2]]),
        ({1: Response({"lastRun": 1})}, {"1": {"last_run": 1}}),
        (range(2), [0, 1]),
    ],
    ids=str,
)
def test_values_in_bodies(client: APIClient, server: ScriptedServer, value: Any, sent: Any) -> None:
    client.things.patch(1, new_name=value, from_=1)
    assert json.loads(server.requests[-1].body) == {"new_name": sent, "from": 1}
    client.things.patch(1, **{"from": value})
    assert json.loads(server.requests[-1].body) == {"from": sent}


def test_bodies_that_are_arrays(client: APIClient, server: ScriptedServer) -> None:
    client.things.put(1, body=[{"a": 1}])
    assert json.loads(server.requests[-1].body) == [{"a": 1}]


def test_numpy_values(client: APIClient, server: ScriptedServer) -> None:
    numpy = pytest.importorskip("numpy")
    client.things.patch(numpy.int64(3), new_name=[numpy.float64(0.5), numpy.bool_(True), numpy.arange(2)])
    assert server.requests[-1].path == "/things/3"
    assert json.loads(server.requests[-1].body) == {"new_name": [0.5, True, [0, 1]]}


def test_pages(client: APIClient, server: ScriptedServer) -> None:
    pages = client.credentials.list(iterator=True, limit=1, type="Database")
    assert isinstance(pages, PaginatedResponse)
    assert [each.id for each in pages] == [11, 12, 13]
    assert [parse_qs(each.target.partition("?")[2])["page_num"] for each in server.requests] == [
        ["1"],
        ["2"],
        ["3"],
    ]


def test_errors_of_pages(client: APIClient, server: ScriptedServer) -> None:
    server.script = lambda request: json_reply({"errorDescription": "gone"}, 404)
    with pytest.raises(CivisNotFoundError, match="gone"):
        next(client.credentials.list(iterator=True))


def test_return_types(server: ScriptedServer) -> None:
    import requests

    pandas = pytest.importorskip("pandas")
    options: dict[str, Any] = {"local_api_spec": SPEC, "endpoint": server.url, "retries": 0}
    with APIClient("key", "raw", **options) as client:
        assert isinstance(client.users.get_me(), requests.Response)
        assert client.last_response.status_code == 200
        assert client.username == "ada"
        assert client.get_database_id("beta") == 2
    with pytest.warns(FutureWarning, match="to_pandas"):
        client = APIClient("key", return_type="pandas", **options)
    with client:
        assert list(client.databases.list().name) == ["alpha", "beta"]
        assert isinstance(client.users.get_me(), pandas.Series)
        assert [type(each) for each in client.credentials.list(iterator=True)] == [pandas.Series] * 3


def test_last_response_is_the_threads_own(client: APIClient) -> None:
    assert client.last_response is None
    first = client.users.get_me()
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(lambda: client.last_response).result() == first
        pool.submit(client.databases.list).result()
        assert isinstance(pool.submit(lambda: client.last_response).result(), ListResponse)
    assert client.last_response == first
    client.last_response = "noted by an Endpoint"
    assert client.last_response == "noted by an Endpoint"


def test_many_threads_share_a_client(client: APIClient) -> None:
    barrier = threading.Barrier(8)

    def call(number: int) -> str:
        barrier.wait()
        return str(client.things.get(number).path)

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(call, range(8))) == [f"/things/{number}" for number in range(8)]
    assert client.things is client.things


def test_the_warning_of_an_operation(client: APIClient) -> None:
    with pytest.warns(FutureWarning, match=r"tables.post_refresh\(\): Use tables/scan") as said:
        client.tables.post_refresh(1)
    assert said[0].filename == __file__


def test_no_secret_is_shown_or_pickled(client: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    for text in (repr(client), repr(vars(client)), repr(client.things), repr(client.things.get)):
        assert "the-key" not in text
    pickled = pickle.dumps(client)
    assert b"the-key" not in pickled
    with pytest.raises(CivisAPIKeyMissingError):
        pickle.loads(pickled)
    monkeypatch.setenv("CIVIS_API_KEY", "the receiver's")
    with pickle.loads(pickled) as other:
        assert other.username == "ada"
        assert other._key.reveal() == "the receiver's"
    method = pickle.loads(pickle.dumps(client.things.get))
    assert method(3).path == "/things/3"
    method.__self__._client.close()
    with copy.deepcopy(client) as other:
        assert other.things.get(4).path == "/things/4"


def test_a_client_with_other_options(client: APIClient, server: ScriptedServer) -> None:
    assert client.things.get(1).path == "/things/1"
    other = client.with_options(timeout=(None, 5), retries=2)
    assert other.things.get(2).path == "/things/2"
    assert other.things.get.__self__._client is other
    assert (other._session.timeout, client._session.timeout) == ((10, 5), (10, 60))
    assert (other._session.retries.attempts, client._session.retries.attempts) == (3, 1)
    assert (other.username, other.get_database_id("alpha")) == ("ada", 1)
    assert other.endpoint == client.endpoint
    assert other.with_options(retries=1)._session.timeout == (10, 5)
    assert server.connections == 1


def test_a_client_that_nobody_holds_is_freed(server: ScriptedServer) -> None:
    client = APIClient("key", local_api_spec=SPEC, endpoint=server.url, retries=0)
    assert client.get_database_id("alpha") == 1
    assert client.things.get(1).path == "/things/1"
    weak = weakref.ref(client)
    client.close()
    del client
    gc.collect()
    assert weak() is None


def test_methods_look_like_methods(client: APIClient) -> None:
    method = client.things.get
    assert (method.__name__, method.__qualname__) == ("get", "Things.get")
    assert inspect.isroutine(method)
    assert inspect.signature(method.__call__) == inspect.signature(method)
    assert method == client.things.get
    assert hash(method) == hash(client.things.get)
    assert method != client.things.patch
    assert method.__annotations__ == {"id": str, "return": Response}
    page = pydoc.render_doc(method, renderer=pydoc.plaintext)
    assert "get(id: str) -> civis" in page
    assert "API URL: ``GET /things/{id}``" in page
    whole = pydoc.render_doc(client.things, renderer=pydoc.plaintext)
    assert "patch(id: str, *, " in whole
    assert "patch" in dir(client.things)
    assert {"things", "username"} <= set(dir(client))
    fake = mock.create_autospec(method)
    with pytest.raises(TypeError, match="missing a required argument: 'id'"):
        fake()


@pytest.mark.parametrize("kind", [dict, str, Path])
def test_descriptions_at_hand(kind: type, tmp_path: Path, server: ScriptedServer) -> None:
    path = tmp_path / "spec.json"
    path.write_text(json.dumps(SPEC))
    source = SPEC if kind is dict else kind(path)
    for _ in range(2):
        with APIClient("key", local_api_spec=source, endpoint=server.url, retries=0) as client:
            assert client.things.get(1).path == "/things/1"
            name = type(client.things).__name__
            assert name == "Things"
    path.write_text("{")
    if kind is not dict:
        with APIClient("key", local_api_spec=source) as client, pytest.raises(SpecError, match="is not JSON"):
            _ = client.things


def test_a_description_of_another_type_is_refused() -> None:
    with APIClient("key", local_api_spec=3) as client, pytest.raises(TypeError, match="not int"):  # type: ignore[arg-type]
        _ = client.things


def test_the_package_offers_its_names() -> None:
    assert civis.APIClient is APIClient
    assert civis.response.Response is Response
    assert {"APIClient", "io", "futures"} <= set(dir(civis))
    with pytest.raises(AttributeError, match="Did you mean 'APIClient'"):
        _ = civis.APIclient
    found: list[Any] = []
    threads = [threading.Thread(target=lambda: found.append(civis.find_one)) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
