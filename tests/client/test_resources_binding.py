"""From arguments to a request: styles of arrays and objects, forms, odd names, and keys that nobody knows."""

from __future__ import annotations

import io
import warnings
from email.parser import BytesParser
from pathlib import Path
from typing import Any

import pytest

from civis._spec import load_spec
from civis.client import APIClient
from civis.resources import Request, bind, signature_of
from civis.resources._nested import unknown_keys
from civis.service_client import ServiceClient
from tests._servers import ScriptedServer, json_reply, served


def swagger(path: str = "/things", verb: str = "get", **node: Any) -> dict[str, Any]:
    """A description of one operation in Swagger 2.0."""
    return {"swagger": "2.0", "paths": {path: {verb: node}}}


def openapi(path: str = "/things", verb: str = "get", **node: Any) -> dict[str, Any]:
    """A description of one operation in OpenAPI 3."""
    return {"openapi": "3.1.0", "paths": {path: {verb: node}}}


def bound(spec: dict[str, Any], *args: Any, platform: bool = False, **kwargs: Any) -> Request:
    """What a call of the only operation sends."""
    (operation,) = load_spec(spec, platform=platform, strict=True).operations()
    return bind(operation, args, kwargs)


ARRAY = {"type": "array", "items": {"type": "string"}}
OBJECT = {"type": "object", "additionalProperties": {"type": "string"}}
#: By word: a parameter in OpenAPI 3, its value, and the pairs of the query string.
STYLES: dict[str, tuple[dict[str, Any], Any, list[tuple[str, str]]]] = {
    "form, exploded by default": ({"schema": ARRAY}, ["a", "b"], [("q", "a"), ("q", "b")]),
    "form": ({"schema": ARRAY, "explode": False}, ["a", "b"], [("q", "a,b")]),
    "blanks": ({"schema": ARRAY, "style": "spaceDelimited"}, ["a", "b"], [("q", "a b")]),
    "bars": ({"schema": ARRAY, "style": "pipeDelimited"}, ["a", "b"], [("q", "a|b")]),
    "bars, exploded": ({"schema": ARRAY, "style": "pipeDelimited", "explode": True}, ["a"], [("q", "a")]),
    "one of many": ({"schema": ARRAY}, "a", [("q", "a")]),
    "an empty array": ({"schema": ARRAY}, [], []),
    "deep object": ({"schema": OBJECT, "style": "deepObject"}, {"a": 1}, [("q[a]", "1")]),
    "object, exploded": ({"schema": OBJECT}, {"a": 1, "b": True}, [("a", "1"), ("b", "true")]),
    "object": ({"schema": OBJECT, "explode": False}, {"a": 1, "b": None}, [("q", "a,1")]),
    "JSON": ({"content": {"application/json": {"schema": OBJECT}}}, {"a": [1]}, [("q", '{"a":[1]}')]),
    "true": ({"schema": {"type": "boolean"}}, True, [("q", "true")]),
    "anything": ({}, ["a", "b"], [("q", "a"), ("q", "b")]),
    "one of two types": ({"schema": {"type": ["integer", "string"]}}, 3, [("q", "3")]),
    "none": ({"schema": {"type": "string"}}, None, []),
}


@pytest.mark.parametrize("word", STYLES)
def test_styles_of_openapi_3(word: str) -> None:
    parameter, value, pairs = STYLES[word]
    spec = openapi(parameters=[{"name": "q", "in": "query", **parameter}])
    assert list(bound(spec, q=value).query) == pairs


@pytest.mark.parametrize(
    ("collection_format", "pairs"),
    [
        ("multi", [("q", "a"), ("q", "b")]),
        ("csv", [("q", "a,b")]),
        ("ssv", [("q", "a b")]),
        ("pipes", [("q", "a|b")]),
        (None, [("q[]", "a"), ("q[]", "b")]),
    ],
)
def test_styles_of_swagger_2(collection_format: str | None, pairs: list[tuple[str, str]]) -> None:
    parameter = {"name": "q", "in": "query", **ARRAY, "collectionFormat": collection_format}
    assert list(bound(swagger(parameters=[parameter]), q=["a", "b"]).query) == pairs


def test_paths_headers_and_cookies() -> None:
    parameters = [
        {"name": "ids", "in": "path", "required": True, "schema": ARRAY},
        {"name": "X-Kind", "in": "header", "schema": ARRAY},
        {"name": "theme", "in": "cookie", "schema": {"type": "string"}},
        {"name": "lang", "in": "cookie", "schema": {"type": "string"}},
    ]
    spec = openapi("/things/{ids}", parameters=parameters)
    request = bound(spec, ["a/b", "c"], x_kind=["a", "b"], theme="dark", lang="e n")
    assert request.path == "/things/a%2Fb,c"
    assert request.headers == {"X-Kind": "a,b", "Cookie": 'theme=dark; lang="e n"'}
    for odd in ([], [".."], [""]):
        with pytest.raises(ValueError, match="cannot stand in a path"):
            bound(spec, odd)
    for odd in ("a\nb", "a\x00", "\u0142"):
        with pytest.raises(ValueError, match="cannot stand in a header"):
            bound(spec, "a", x_kind=odd)
    assert (
        load_spec(openapi("/things/{ids}", parameters=[{**parameters[0], "style": "matrix"}]), platform=False)
        .resources["things"]
        .operations["get"]
        .problem
        == "the parameter 'ids' has the style 'matrix'"
    )


@pytest.fixture
def server() -> Any:
    with served(lambda request: json_reply({"id": 1})) as server:
        yield server


def sent_by(spec: dict[str, Any], server: ScriptedServer, *args: Any, **kwargs: Any) -> Any:
    """What arrives at a server when the only operation is called through a client."""
    with APIClient("key", local_api_spec=spec, endpoint=server.url, retries=0) as client:
        (operation,) = client._api.operations()
        getattr(getattr(client, operation.resource), operation.name)(*args, **kwargs)
    return server.requests[-1]


def parts_of(sent: Any) -> dict[str, tuple[str | None, bytes]]:
    """The parts of a form: by name, the file's name and the content."""
    head = f"Content-Type: {sent.headers['Content-Type']}\r\n\r\n".encode()
    parts: Any = BytesParser().parsebytes(head + sent.body).get_payload()
    return {
        part.get_param("name", header="Content-Disposition"): (
            part.get_filename(),
            part.get_payload(decode=True),
        )
        for part in parts
    }


def test_a_form_of_swagger_2(server: ScriptedServer, tmp_path: Path) -> None:
    fields = [
        {"name": "file", "in": "formData", "type": "file", "required": True},
        {"name": "fileName", "in": "formData", "type": "string"},
        {"name": "about", "in": "formData", "type": "object"},
    ]
    spec = swagger(verb="post", parameters=fields)
    path = tmp_path / "a.txt"
    path.write_bytes(b"content")
    for given in (path, str(path), path.open("rb")):
        parts = parts_of(sent_by(spec, server, given, file_name="b", about={"k": [1]}))
        assert parts == {
            "file": ("a.txt", b"content"),
            "fileName": (None, b"b"),
            "about": (None, b'{"k": [1]}'),
        }
        if isinstance(given, io.BufferedReader):
            given.close()
    assert parts_of(sent_by(spec, server, io.StringIO("text"))) == {"file": ("file", b"text")}
    with pytest.raises(OSError, match="no-such-file"):
        sent_by(spec, server, tmp_path / "no-such-file")
    plain = swagger(verb="post", parameters=fields[1:])
    sent = sent_by(plain, server, file_name="a b&c")
    assert sent.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert sent.body == b"fileName=a+b%26c"
    many = {"name": "n", "in": "formData", "type": "array", "items": {"type": "string"}}
    assert sent_by(swagger(verb="post", parameters=[many]), server, n=["a", "b"]).body == b"n=a&n=b"
    commas = {**many, "collectionFormat": "csv"}
    assert sent_by(swagger(verb="post", parameters=[commas]), server, n=["a", "b"]).body == b"n=a%2Cb"
    consumes = swagger(verb="post", parameters=fields[1:], consumes=["multipart/form-data"])
    assert parts_of(sent_by(consumes, server, file_name="b")) == {"fileName": (None, b"b")}


@pytest.mark.parametrize(
    ("content_type", "value", "body", "sent_type"),
    [
        ("text/plain", b"abc", b"abc", "text/plain"),
        ("application/octet-stream", io.BytesIO(b"\x00"), b"\x00", "application/octet-stream"),
        ("application/merge-patch+json", {"a": 1}, b'{"a":1}', "application/merge-patch+json"),
        ("application/json; charset=utf-8", {"a": 1}, b'{"a":1}', "application/json"),
        ("*/*", [1], b"[1]", "application/json"),
    ],
)
def test_bodies_of_other_types(
    content_type: str, value: Any, body: bytes, sent_type: str, server: ScriptedServer
) -> None:
    spec = openapi(verb="post", requestBody={"required": True, "content": {content_type: {"schema": {}}}})
    sent = sent_by(spec, server, value)
    assert (sent.body, sent.headers["Content-Type"]) == (body, sent_type)


def test_a_body_is_sent_where_one_must_be() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string"}}}
    content = {"application/json": {"schema": schema}}
    assert bound(openapi(verb="post", requestBody={"content": content})).body is None
    assert bound(openapi(verb="post", requestBody={"content": content, "required": True})).body == {}
    assert bound(openapi(verb="post", requestBody={"content": content}), a=None).body == {"a": None}


NAMES = (
    "self",
    "client",
    "iterator",
    "args",
    "kwargs",
    "operation",
    "request",
    "from",
    "list",
    "get",
    "print",
)


def test_names_of_arguments_that_python_or_the_client_has(server: ScriptedServer) -> None:
    parameters = [{"name": name, "in": "query", "type": "integer"} for name in (*NAMES, "limit", "page_num")]
    spec = swagger(parameters=parameters)
    sent = sent_by(spec, server, **dict.fromkeys(NAMES, 1))
    assert sent.target == "/things?" + "&".join(f"{name}=1" for name in NAMES)
    (operation,) = load_spec(spec).operations()
    assert [*signature_of(operation).parameters][:9] == [*NAMES[:7], "from_", "list"]
    assert sent_by(spec, server, from_=2).target == "/things?from=2"


def test_names_of_resources_that_python_or_the_client_has(server: ScriptedServer) -> None:
    names = ("close", "username", "import", "return_type", "refresh")
    spec = {"swagger": "2.0", "paths": {f"/{name}/{{id}}": {"get": {}} for name in names}}
    with APIClient("key", local_api_spec=spec, endpoint=server.url, retries=0) as client:
        for name in names:
            getattr(client, f"{name}_").get(1)
            assert server.requests[-1].path == f"/{name}/1"
        with pytest.raises(AttributeError, match="no resource 'nothing_'"):
            _ = client.nothing_


SETTINGS = {
    "type": "object",
    "properties": {
        "includeHeader": {"type": "boolean"},
        "columns": {"type": "array", "items": {"$ref": "#/definitions/Column"}},
        "arguments": {"type": "object"},
        "free": {"type": "object", "properties": {"a": {}}, "additionalProperties": True},
    },
}
NESTED: dict[str, Any] = {
    **swagger(
        verb="post",
        parameters=[{"name": "b", "in": "body", "schema": {"properties": {"csvSettings": SETTINGS}}}],
    ),
    "definitions": {"Column": {"type": "object", "properties": {"sqlType": {"type": "string"}}}},
}
#: By word: the object passed, and what is said of it; empty for nothing.
KEYS: dict[str, tuple[Any, str]] = {
    "right": ({"include_header": True}, ""),
    "right, as the platform spells it": ({"includeHeader": True}, ""),
    "misspelt": (
        {"includ_header": 1},
        "csv_settings has no key 'includ_header'. Did you mean 'include_header'?",
    ),
    "misspelt in camelCase": ({"incldeHeader": 1}, "Did you mean 'include_header'?"),
    "in an array": ({"columns": [{}, {"sqltype": "x"}]}, "csv_settings.columns[1] has no key 'sqltype'"),
    "nothing near": (
        {"zzz": 1},
        "csv_settings has no key 'zzz'. It has include_header, columns, arguments, free.",
    ),
    "of an object without properties": ({"arguments": {"ANY": 1}}, ""),
    "of an object with others": ({"free": {"b": 1}}, ""),
    "none": (None, ""),
    "not an object": ("text", ""),
}


@pytest.mark.parametrize("word", KEYS)
def test_keys_in_bodies(word: str, server: ScriptedServer) -> None:
    value, wanted = KEYS[word]
    with (
        APIClient("key", local_api_spec=NESTED, endpoint=server.url, retries=0) as client,
        warnings.catch_warnings(record=True) as said,
    ):
        warnings.simplefilter("always")
        client.things.post(csv_settings=value)
    assert len(said) == bool(wanted)
    for each in said:
        assert wanted in str(each.message)
        assert str(each.message).startswith("things.post(): ")
        assert (each.category, each.filename) == (UserWarning, __file__)


def test_keys_of_a_service_are_its_own() -> None:
    with ServiceClient(1, api_key="key", local_api_spec=NESTED) as service:
        operation = service._api.resources["things"].operations["post"]
    assert list(unknown_keys(operation, {"csvSettings": {"includeHeader": 1}})) == []
    (sentence,) = unknown_keys(operation, {"csvSettings": {"include_header": 1}})
    assert "Did you mean 'includeHeader'?" in sentence
