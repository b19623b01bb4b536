"""Reading descriptions: both dialects, the naming rules, and odd operations that harm nobody else."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from civis._spec import Operation, Schema, SpecError, load_spec, render_docstring, type_name
from civis._spec.naming import method_name, python_name

GOOD = {"get": {"summary": "List them", "responses": {"200": {"schema": {"type": "array", "items": {}}}}}}


def described(operation: Any, path: str = "/things/{id}", verb: str = "get", **root: Any) -> Operation:
    """The operation of a description of two paths; the other one has to be well."""
    api = load_spec({"swagger": "2.0", "paths": {path: {verb: operation}, "/others": GOOD}, **root})
    assert api.resources["others"].operations["list"].problem is None
    return next(each for each in api.operations() if each.resource != "others")


@pytest.mark.parametrize(
    ("verb", "path", "is_array", "name", "older"),
    [
        ("GET", "/workflows", True, "list", ""),
        ("GET", "/workflows/{id}", False, "get", ""),
        ("GET", "/workflows/{id}/executions", True, "list_executions", ""),
        ("GET", "/workflows/{id}/executions/{execution_id}", False, "get_executions", ""),
        ("POST", "/scripts/{id}/runs", False, "post_runs", ""),
        ("GET", "/a/shares/{x}/{y}", False, "get_shares_y", ""),
        ("GET", "/users/me", False, "get_me", "list_me"),
        ("GET", "/endpoints", False, "get", "list"),
        ("GET", "/databases/{id}/tables-search", True, "list_tables_search", ""),
        ("PUT", "/", False, "put", ""),
        ("GET", "/v1.0/{id}.json", False, "get_id_json", "list_id_json"),
    ],
)
def test_method_names(verb: str, path: str, is_array: bool, name: str, older: str) -> None:
    assert method_name(verb, path, is_array) == (name, older)


def test_known_errors_of_the_platforms_description() -> None:
    plain = {"get": {"responses": {"200": {"schema": {"type": "object"}}}}}
    array = {"get": {"responses": {"200": {"schema": {"type": "array", "items": {}}}}}}
    paths = {"/jobs/{id}/parents": plain, "/reports/{id}/git/commits": plain, "/reports/{id}/shares": array}
    spec = {"swagger": "2.0", "paths": {**paths, "/feature_flags": array}}
    api = load_spec(spec)
    assert list(api.resources["jobs"].operations) == ["list_parents"]
    assert list(api.resources["reports"].operations) == ["list_git_commits", "get_shares"]
    assert api.resources["reports"].older_names == {"list_shares": "get_shares"}
    assert "feature_flags" not in api.resources
    assert [each.resource for each in api.operations(everything=True)].count("feature_flags") == 1
    service = load_spec(spec, platform=False)
    assert list(service.resources["reports"].operations) == ["get_git_commits", "list_shares"]
    assert "feature_flags" in service.resources


@pytest.mark.parametrize("name", ["from", "class", "X-Total", "2nd", "", "größe", "provideAPIKey"])
def test_python_names_are_identifiers(name: str) -> None:
    assert python_name(name).isidentifier()


@given(st.text(max_size=20))
def test_any_name_becomes_an_identifier(name: str) -> None:
    described({"parameters": [{"name": name, "in": "query", "type": "string"}]})


ODD: dict[str, tuple[Any, str | None]] = {
    "no type": ({"parameters": [{"name": "q", "in": "query"}]}, None),
    "no required": ({"parameters": [{"name": "q", "in": "query", "type": "string"}]}, None),
    "no summary": ({"responses": {}}, None),
    "nothing": ({}, None),
    "array body": ({"parameters": [{"name": "b", "in": "body", "schema": {"type": "array"}}]}, None),
    "undeclared path parameter": ({"parameters": []}, None),
    "a file": ({"parameters": [{"name": "q", "in": "query", "type": "file"}]}, "is a file"),
    "a form": ({"parameters": [{"name": "q", "in": "formData", "type": "file"}]}, None),
    "a field without a name": ({"parameters": [{"in": "formData"}]}, "a field of its form has the name"),
    "consumes is a number": ({"consumes": 3, "parameters": [{"name": "q", "in": "formData"}]}, None),
    "a cookie": ({"parameters": [{"name": "q", "in": "cookie", "type": "string"}]}, None),
    "a body that is a file": (
        {"parameters": [{"name": "b", "in": "body", "schema": {"type": "file"}}]},
        "a file is no JSON",
    ),
    "a body that is a number": ({"parameters": [{"name": "b", "in": "body", "schema": 3}]}, "expected an"),
    "a body without a schema": ({"parameters": [{"name": "b", "in": "body"}]}, None),
    "the same name twice": (
        {"parameters": [{"name": "q", "in": "query"}, {"name": "q", "in": "query", "type": "string"}]},
        None,
    ),
    "names that are one in Python": (
        {"parameters": [{"name": "a-b", "in": "query"}, {"name": "aB", "in": "query"}]},
        None,
    ),
    "a keyword": ({"parameters": [{"name": "from", "in": "query"}]}, None),
    "an unknown format": ({"parameters": [{"name": "q", "in": "query", "collectionFormat": []}]}, None),
    "a summary that is a number": ({"summary": 3}, None),
    "a deprecation that is a number": ({"x-deprecation-warning": 3}, None),
    "not an object": (5, "expected an object"),
    "parameters are a text": ({"parameters": "id"}, "not an array"),
    "a parameter is a number": ({"parameters": [3]}, "expected an object"),
    "a parameter without a name": ({"parameters": [{"in": "query"}]}, "has the name"),
    "a parameter without a place": ({"parameters": [{"name": "q"}]}, "which is no place"),
    "a reference to nothing": ({"parameters": [{"$ref": "#/nothing"}]}, "points at nothing"),
    "a reference to itself": ({"parameters": [{"$ref": "#/definitions/Loop"}]}, "leads back to itself"),
    "responses are a list": ({"responses": []}, "not an object"),
    "a response is null": ({"responses": {"200": None}}, "expected an object"),
    "the schema is a text": ({"responses": {"200": {"schema": "x"}}}, "expected an object"),
}


@pytest.mark.parametrize("word", ODD)
def test_an_odd_operation_says_what_is_odd(word: str) -> None:
    node, problem = ODD[word]
    loop = {"Loop": {"$ref": "#/definitions/Loop"}}
    operation = described(node, definitions=loop)
    if problem is None:
        assert operation.problem is None
    else:
        assert problem in str(operation.problem)
    assert render_docstring(operation)


def test_strict_refuses_what_is_odd() -> None:
    spec = {"swagger": "2.0", "paths": {"/a": {"get": {"parameters": 1}}, "/b": GOOD}}
    with pytest.raises(SpecError, match=r"GET /a cannot be called: its parameters are 1"):
        load_spec(spec, strict=True)


@pytest.mark.parametrize("given_", [[], "x", {}, {"paths": []}, {"info": {}}], ids=str)
def test_what_is_no_description_is_refused(given_: Any) -> None:
    with pytest.raises(SpecError, match="no API description"):
        load_spec(given_)


def test_schemas_may_contain_themselves() -> None:
    tree = {
        "type": "object",
        "properties": {"children": {"type": "array", "items": {"$ref": "#/definitions/Tree"}}},
    }
    operation = described(
        {"responses": {"200": {"schema": {"$ref": "#/definitions/Tree"}}}}, definitions={"Tree": tree}
    )
    schema = operation.returns
    for _ in range(20):
        assert schema is not None
        schema = schema.properties["children"].items
    assert "- children : list[dict]" in render_docstring(operation)


def test_parameters_of_the_path_and_of_equal_names() -> None:
    spec = {
        "swagger": "2.0",
        "paths": {
            "/things/{id}": {
                "parameters": [{"name": "id", "in": "path", "type": "integer"}],
                "put": {
                    "parameters": [
                        {"name": "b", "in": "body", "schema": {"properties": {"id": {}, "newName": {}}}}
                    ]
                },
            }
        },
    }
    operation = load_spec(spec).resources["things"].operations["put"]
    assert [(each.name, each.location) for each in operation.parameters] == [
        ("id", "path"),
        ("id_body", "body"),
        ("new_name", "body"),
    ]
    assert [each.wire_name for each in operation.parameters] == ["id", "id", "new_name"]
    service = load_spec(spec, platform=False).resources["things"].operations["put"]
    assert service.parameters[2].wire_name == "newName"


OPENAPI: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Scores", "version": "2"},
    "paths": {
        "/api/models/{modelId}/scores": {
            "parameters": [{"$ref": "#/components/parameters/ModelId"}],
            "post": {
                "summary": "Score",
                "parameters": [
                    {"name": "tags", "in": "query", "schema": {"type": "array", "items": {"type": "string"}}},
                    {"name": "ids", "in": "query", "explode": False, "schema": {"type": "array"}},
                    {"name": "X-Trace", "in": "header", "schema": {"type": "string"}},
                ],
                "requestBody": {
                    "required": True,
                    "content": {
                        "application/json; charset=utf-8": {"schema": {"$ref": "#/components/schemas/In"}}
                    },
                },
                "responses": {
                    "2XX": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Out"}}}}
                },
            },
            "put": {"requestBody": {"content": {"multipart/form-data": {"schema": {}}}}},
        },
        "/api/health": {"get": {"responses": {"default": {"description": "well"}}}},
    },
    "components": {
        "parameters": {
            "ModelId": {"name": "modelId", "in": "path", "required": True, "schema": {"type": "integer"}}
        },
        "schemas": {
            "Base": {
                "type": "object",
                "properties": {"rows": {"type": "array", "items": {"type": "number"}}},
                "required": ["rows"],
            },
            "In": {
                "allOf": [
                    {"$ref": "#/components/schemas/Base"},
                    {
                        "properties": {
                            "maxScore": {"anyOf": [{"type": "number"}, {"type": "null"}]},
                            "kind": {"const": "a"},
                        }
                    },
                ]
            },
            "Out": {"oneOf": [{"type": "array", "items": {"type": ["string", "null"]}}]},
        },
    },
}


def test_openapi_3() -> None:
    api = load_spec(OPENAPI, platform=False, root_path="/api")
    assert (api.title, api.version, list(api.resources)) == ("Scores", "2", ["models", "health"])
    post = api.resources["models"].operations["post_scores"]
    assert post.problem is None
    assert post.path == "/api/models/{modelId}/scores"
    found = [(each.name, each.wire_name, each.location, each.required) for each in post.parameters]
    assert found == [
        ("model_id", "modelId", "path", True),
        ("tags", "tags", "query", False),
        ("ids", "ids", "query", False),
        ("x_trace", "X-Trace", "header", False),
        ("rows", "rows", "body", True),
        ("max_score", "maxScore", "body", False),
        ("kind", "kind", "body", False),
    ]
    assert [each.array_style for each in post.parameters[1:3]] == ["repeated", "commas"]
    score, kind = post.parameters[5].schema, post.parameters[6].schema
    assert (score.type, score.nullable, score.annotation()) == ("number", True, float | None)
    assert kind.enum == ("a",)
    assert post.returns is not None
    assert post.returns.type == "array"
    assert post.returns.items is not None
    assert (post.returns.items.type, post.returns.items.nullable) == ("string", True)
    assert api.resources["models"].operations["put_scores"].body_type == "multipart/form-data"
    assert api.resources["health"].operations["get"].returns is None
    assert list(load_spec(OPENAPI, platform=False).resources) == ["api"]


def test_choices_of_a_body() -> None:
    choices = [
        {"type": "object", "properties": {"a": {}, "b": {}}, "required": ["a", "b"]},
        {"type": "object", "properties": {"a": {}, "c": {}}, "required": ["a", "c"]},
    ]
    operation = described({"parameters": [{"name": "b", "in": "body", "schema": {"anyOf": choices}}]})
    assert [(each.name, each.required) for each in operation.parameters[1:]] == [
        ("a", True),
        ("b", False),
        ("c", False),
    ]


def test_schemas_in_words() -> None:
    assert type_name(Schema({"type": "array", "items": {"type": "integer"}})) == "list[int]"
    assert type_name(Schema({"type": "number", "format": "float"})) == "float"
    assert type_name(Schema({})) == "object"
    assert "properties=['a']" in repr(Schema({"properties": {"a": {}}}))


#: By word: a description's root, and what stands before its paths.
PREFIXES: dict[str, tuple[dict[str, Any], str]] = {
    "none": ({"openapi": "3.1.0"}, ""),
    "a path": ({"openapi": "3.1.0", "servers": [{"url": "/v1/"}]}, "/v1"),
    "the root": ({"openapi": "3.1.0", "servers": [{"url": "/"}]}, ""),
    "another host": ({"openapi": "3.1.0", "servers": [{"url": "https://a.example/v1"}]}, ""),
    "a variable": (
        {"openapi": "3.0.0", "servers": [{"url": "/{v}", "variables": {"v": {"default": "v2"}}}]},
        "/v2",
    ),
    "a variable without a value": ({"openapi": "3.0.0", "servers": [{"url": "/{v}"}]}, ""),
    "no server": ({"openapi": "3.0.0", "servers": []}, ""),
    "odd servers": ({"openapi": "3.0.0", "servers": [3]}, ""),
    "Swagger 2": ({"swagger": "2.0", "basePath": "/v1"}, "/v1"),
    "Swagger 2, the root": ({"swagger": "2.0", "basePath": "/"}, ""),
    "Swagger 2, odd": ({"swagger": "2.0", "basePath": 3}, ""),
}


@pytest.mark.parametrize("word", PREFIXES)
def test_what_stands_before_all_paths(word: str) -> None:
    root, prefix = PREFIXES[word]
    spec = {**root, "paths": {"/things/{id}": {"get": {}}}}
    operation = load_spec(spec, platform=False).resources["things"].operations["get"]
    assert (operation.path, operation.problem) == (f"{prefix}/things/{{id}}", None)
    assert load_spec(spec).resources["things"].operations["get"].path == "/things/{id}"
