"""The generated types: what stands in them, that they are current, and that they say what methods take."""

from __future__ import annotations

import ast
import inspect
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

import civis
from civis._spec import load_spec
from civis.local.catalog import description
from civis.local.catalog import document as catalog_document
from civis.local.catalog.__main__ import main as write_description
from civis.resources import API_SPEC_PATH, read_local_spec, signature_of
from civis.resources._stubs import FOLDER, differences, render
from civis.resources._stubs.command import main as write_types
from civis.resources._stubs.modules import class_name


def described(operation: dict[str, Any], path: str = "/things/{id}", verb: str = "post") -> dict[str, Any]:
    """A description of one operation."""
    return {"swagger": "2.0", "paths": {path: {verb: {"summary": "Do it", **operation}}}}


def with_body(properties: dict[str, Any], required: tuple[str, ...] = ()) -> dict[str, Any]:
    """An operation with a body."""
    schema = {"type": "object", "properties": properties, "required": list(required)}
    return described({"parameters": [{"in": "body", "name": "body", "required": True, "schema": schema}]})


def answering(schema: dict[str, Any], path: str = "/things/{id}", verb: str = "get") -> dict[str, Any]:
    """An operation with an answer."""
    return described({"responses": {"200": {"schema": schema}}}, path, verb)


def written(spec: dict[str, Any]) -> str:
    """What stands in the types of ``things``, those it shares with nobody and its methods."""
    files = render(load_spec(spec))
    for text in files.values():
        ast.parse(text)
    return files["things.pyi"]


def obj(**properties: Any) -> dict[str, Any]:
    """The schema of an object."""
    return {"type": "object", "properties": properties}


def arr(items: dict[str, Any]) -> dict[str, Any]:
    """The schema of an array."""
    return {"type": "array", "items": items}


STR, INT = {"type": "string"}, {"type": "integer"}

ARGUMENTS = [
    (STR, "str"),
    (INT, "int"),
    ({"type": "number"}, "float"),
    ({"type": "boolean"}, "bool"),
    ({}, "Any"),
    ({"type": "string", "enum": ["a", "b"]}, "Literal['a', 'b']"),
    ({"type": "string", "format": "date-time"}, "str | DateTime"),
    ({"type": "string", "format": "date"}, "str | Date"),
    (arr(INT), "Sequence[int]"),
    (arr(STR), "Strings"),  # a text is no list of texts
    (arr({}), "Sequence[Any]"),
    (arr(arr(INT)), "Sequence[Sequence[int]]"),
    ({"type": "array"}, "Sequence[Any]"),
    ({"type": "object"}, "Mapping[str, Any]"),
    ({"type": "object", "additionalProperties": INT}, "Mapping[str, int]"),
    ({"anyOf": [STR, INT]}, "str | int"),
    (obj(a=INT), "ThingValueInput"),
    (arr(obj(a=INT)), "Sequence[ThingValueInput]"),
]


@pytest.mark.parametrize(("schema", "annotation"), ARGUMENTS, ids=[text for _, text in ARGUMENTS])
def test_an_argument(schema: dict[str, Any], annotation: str) -> None:
    assert f", value: {annotation}) -> Response:" in written(with_body({"value": schema}, ("value",)))
    optional = annotation if annotation == "Any" else f"{annotation} | None"
    assert f", *, value: {optional} = ...) -> Response:" in written(with_body({"value": schema}))


def test_a_text_that_holds_a_list_may_be_a_list() -> None:
    words = {
        "in": "query",
        "name": "type",
        "type": "string",
        "description": "A comma-separated list of types.",
    }
    assert "type: str | Strings | None = ..." in written(described({"parameters": [words]}))


FIELDS = [
    ("name", STR, "str | Any"),
    ("id", INT, "int"),
    ("ids", arr(INT), "list[int] | Any"),
    ("when", {"type": "string", "format": "date-time"}, "str | Any"),
    ("state", {"type": "string", "enum": ["a"]}, "str | Any"),  # the platform may learn a word
    ("maybe", {"type": "string", "x-nullable": True}, "str | None"),
    ("more", {"type": "object"}, "Response | Any"),
    ("what", {}, "Any"),
    ("lastRun", obj(id=INT), "ThingLastRun | Any"),
    ("lastRuns", arr(obj(id=INT)), "list[ThingLastRun] | Any"),
]


@pytest.mark.parametrize(("name", "schema", "annotation"), FIELDS, ids=[name for name, _, _ in FIELDS])
def test_a_field(name: str, schema: dict[str, Any], annotation: str) -> None:
    field = {"lastRun": "last_run", "lastRuns": "last_runs"}.get(name, name)
    assert f"    {field}: {annotation}\n" in written(answering(obj(**{name: schema, "other": STR})))


RETURNS = [
    ("get an object", answering(obj(a=INT)), "def get(self, id: str) -> Thing:"),
    ("list objects", answering(arr(obj(a=INT)), "/things"), "def list(self) -> ListResponse[ThingSummary]:"),
    ("list texts", answering(arr(STR), "/things"), "def list(self) -> ListResponse[str]:"),
    ("post many", answering(arr(obj(a=INT)), verb="post"), "def post(self, id: str) -> ListResponse[Thing"),
    ("an object, whatever is said", answering(arr(obj(a=INT)), "/things/{id}/shares"), ") -> ThingShare:"),
    ("nothing is said", described({}), "def post(self, id: str) -> Response:"),
    ("no fields", answering({"type": "object"}), "def get(self, id: str) -> Response:"),
    ("no object", answering(STR), "def get(self, id: str) -> str:"),
]


@pytest.mark.parametrize(("spec", "head"), [case[1:] for case in RETURNS], ids=[case[0] for case in RETURNS])
def test_an_answer(spec: dict[str, Any], head: str) -> None:
    assert head in written(spec)


def test_pages() -> None:
    parameters = [{"in": "query", "name": name, "type": "integer"} for name in ("limit", "page_num")]
    operation = {"parameters": parameters, "responses": {"200": {"schema": arr(obj(name=STR))}}}
    text = written(described(operation, "/things", "get"))
    heads = re.findall(r"iterator: (.+?)[,)](?s:.)*?-> (.+):\n", text)
    assert heads == [
        ("Literal[False] = ...", "ListResponse[ThingSummary]"),
        ("Literal[True]", "PaginatedResponse[ThingSummary]"),
        ("bool", "ListResponse[ThingSummary] | PaginatedResponse[ThingSummary]"),
    ]
    assert text.count('"""Do it') == 1


def test_equal_shapes_are_one() -> None:
    person = obj(id=INT, userName=STR)
    spec = {
        "swagger": "2.0",
        "definitions": {
            "Object7": person,
            "Job": obj(id=INT, author=person, runningAs=obj(user_name=STR, id=INT)),
        },
        "paths": {
            f"/{name}/{{id}}": {"get": {"responses": {"200": {"schema": {"$ref": "#/definitions/Job"}}}}}
            for name in ("things", "others")
        },
    }
    files = render(load_spec(spec))
    assert re.findall(r"^class (\w+)", files["_shared.pyi"], re.M) == ["Author", "Job"]
    assert "running_as: Author | Any" in files["_shared.pyi"]
    assert "from ._shared import Author, Job" in files["things.pyi"]


def test_arguments_and_answers_are_two() -> None:
    shape = obj(name=STR)
    operation = {
        "parameters": [{"in": "body", "name": "body", "schema": obj(part=shape)}],
        "responses": {"200": {"schema": obj(part=shape)}},
    }
    text = written(described(operation))
    assert "class ThingPart(Answer):" in text
    assert "class ThingPartInput(TypedDict, total=False):" in text


def test_an_object_within_itself() -> None:
    node = {"type": "object", "properties": {"id": INT, "children": arr({"$ref": "#/definitions/Node"})}}
    spec = {**answering({"$ref": "#/definitions/Node"}), "definitions": {"Node": node}}
    text = written(spec)
    assert text.count("class Node(Answer):") == 1
    assert "children: list[Node] | Any" in text


def test_required_keys_and_keys_that_are_no_names() -> None:
    text = written(with_body({"part": {**obj(needed=INT, more=STR), "required": ["needed"]}}))
    assert "    needed: Required[int]\n    more: str | None\n" in text
    assert "{\n    'a b': int | None,\n    'class': str | None,\n}" in written(
        with_body({"part": obj(**{"a b": INT, "class": STR})})
    )


def test_fields_that_cannot_be_attributes() -> None:
    text = written(answering(obj(items=INT, **{"class": STR, "a b": STR, "ok": STR})))
    assert re.findall(
        r"^    (\S+):", text[text.index("class Thing(") : text.index("class ThingsResource")], re.M
    ) == ["ok"]


def test_builtins_that_members_hide() -> None:
    fields = answering(obj(list=arr(INT), int=INT, name=STR))
    text = written(
        {
            **fields,
            "paths": {**fields["paths"], "/things": {"get": {"responses": {"200": {"schema": arr(INT)}}}}},
        }
    )
    assert (
        "    list: builtins.list[builtins.int] | Any\n    int: builtins.int | Any\n    name: str | Any\n"
        in text
    )


def test_what_is_going_away() -> None:
    text = written(described({"x-deprecation-warning": 'Use "other"\nsoon.'}))
    assert '    @deprecated("Use \\"other\\" soon.")\n    def post(' in text
    older = written(answering(obj(a=INT), "/things/{id}/preview"))
    assert '@deprecated("client.things.list_preview() is client.things.get_preview() now.")' in older


def test_words_of_any_kind() -> None:
    words = 'A "path" such as C:\\new, or """three""" quotes"'
    text = written(
        described({"summary": words, "parameters": [{"in": "query", "name": "q", "description": words}]})
    )
    (method,) = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)]
    assert (ast.get_docstring(method) or "").startswith(words.replace('"""', "'''"))


def test_an_operation_that_cannot_be_called() -> None:
    spec = described({"parameters": [{"in": "nowhere", "name": "x"}]})
    assert "def post(self, *args: Any, **kwargs: Any) -> Any:" in written(spec)


_NAMES = st.sampled_from(["id", "list", "int", "class", "lastRun", "a-b", "items", "name", "1st", "é"])
_SCHEMAS = st.recursive(
    st.sampled_from(
        [STR, INT, {}, {"type": "object"}, {"type": "string", "enum": ["x", 'y"']}, {"type": "nothing"}]
    ),
    lambda inner: st.one_of(
        inner.map(arr), st.dictionaries(_NAMES, inner, max_size=4).map(lambda fields: obj(**fields))
    ),
    max_leaves=12,
)


@given(
    body=st.dictionaries(_NAMES, _SCHEMAS, max_size=4), answer=_SCHEMAS, verb=st.sampled_from(["get", "post"])
)
def test_any_description_gives_python(body: dict[str, Any], answer: dict[str, Any], verb: str) -> None:
    operation = {
        "parameters": [{"in": "body", "name": "body", "schema": obj(**body)}],
        "responses": {"200": {"schema": answer}},
    }
    text = written(described(operation, verb=verb))
    names = re.findall(r"^class (\w+)|^(\w+) = TypedDict", text, re.M)
    assert len(names) == len(set(names))


# What ships.


def test_the_description_is_current() -> None:
    assert Path(API_SPEC_PATH).read_text(encoding="utf-8") == catalog_document.render()
    first = next(iter(json.loads(catalog_document.render())))
    assert first == "x-generated"


def test_the_description_serves_a_client() -> None:
    with civis.APIClient("key", local_api_spec=API_SPEC_PATH) as client:
        assert set(dir(client)) >= {path.split("/")[1] for path in description()["paths"]} - {"feature_flags"}
        assert "docker_image_name" in inspect.signature(client.scripts.post_containers).parameters


def test_the_types_are_current() -> None:
    files = render(read_local_spec(API_SPEC_PATH))
    assert differences(files, FOLDER) == []
    assert all(text.startswith("# Generated by ") for text in files.values())
    assert sum(map(len, files.values())) < 1_500_000


def methods_of(text: str, name: str) -> dict[str, list[ast.FunctionDef]]:
    """The methods of a class, each with its overloads."""
    found: dict[str, list[ast.FunctionDef]] = {}
    for node in ast.parse(text).body:
        if isinstance(node, ast.ClassDef) and node.name == name:
            for each in node.body:
                if isinstance(each, ast.FunctionDef):
                    found.setdefault(each.name, []).append(each)
    return found


def arguments_of(method: ast.FunctionDef) -> Iterator[tuple[str, bool, bool]]:
    """The arguments of a method: name, whether by name only, whether needed."""
    for each in method.args.args[1:]:
        yield each.arg, False, True
    for each, default in zip(method.args.kwonlyargs, method.args.kw_defaults, strict=True):
        yield each.arg, True, default is None


def test_the_types_say_what_methods_take() -> None:
    api = read_local_spec(API_SPEC_PATH)
    files = render(api)
    for name, resource in api.resources.items():
        methods = methods_of(files[f"{name}.pyi"], class_name(name))
        assert set(methods) == {*resource.operations, *resource.older_names}
        for method, overloads in methods.items():
            operation = resource.operations[resource.older_names.get(method, method)]
            expected = [
                (each.name, each.kind is each.KEYWORD_ONLY, each.default is each.empty)
                for each in signature_of(operation).parameters.values()
            ]
            assert list(arguments_of(overloads[0])) == expected, f"{name}.{method}"
            assert len(overloads) == (3 if "iterator" in dict.fromkeys(each[0] for each in expected) else 1)


def test_types_are_for_checkers_only() -> None:
    assert civis.APIClient.__mro__ == (civis.APIClient, object)
    import civis.resources.types as types

    with pytest.raises(AttributeError, match="TYPE_CHECKING"):
        _ = types.Job  # type: ignore[attr-defined]


# The commands.


def test_writing_types(tmp_path: Path) -> None:
    spec = tmp_path / "spec.json"
    spec.write_text(json.dumps(answering(obj(a=INT))))
    arguments = ["--spec", str(spec), "--output", str(tmp_path / "types")]
    run = CliRunner().invoke
    assert run(write_types, [*arguments, "--check"]).exit_code == 1
    assert run(write_types, arguments).exit_code == 0
    (tmp_path / "types" / "gone.pyi").write_text((tmp_path / "types" / "things.pyi").read_text())
    (tmp_path / "types" / "mine.pyi").write_text("x: int")
    checked = run(write_types, [*arguments, "--check"])
    assert checked.exit_code == 1
    assert "gone.pyi" in checked.output
    assert run(write_types, arguments).exit_code == 0
    assert run(write_types, [*arguments, "--check"]).exit_code == 0
    package = run(write_types, [*arguments[:2], "--package", str(tmp_path)])
    assert package.exit_code == 0
    stubs = tmp_path / "civis-stubs"
    assert (stubs / "py.typed").read_text() == "partial\n"
    assert (stubs / "resources" / "types" / "things.pyi").is_file()
    assert sorted(path.name for path in (tmp_path / "types").iterdir()) == [
        "__init__.pyi", "_base.pyi", "_shared.pyi", "mine.pyi", "things.pyi",
    ]  # fmt: skip


def test_writing_the_description(tmp_path: Path) -> None:
    arguments = ["--output", str(tmp_path / "spec.json"), "--contents", str(tmp_path / "contents.json")]
    run = CliRunner().invoke
    assert run(write_description, [*arguments, "--check"]).exit_code == 1
    assert run(write_description, arguments).exit_code == 0
    assert run(write_description, [*arguments, "--check"]).exit_code == 0
    read = json.loads((tmp_path / "spec.json").read_text())
    assert {name: read[name] for name in read if name != "x-generated"} == description("all")
