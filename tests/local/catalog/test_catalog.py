"""The catalogue as it stands: its operations and its description fit together."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from civis.local import catalog
from civis.local.catalog import BASE_RESOURCES, CatalogError, CatalogOperation, description, operations
from civis.local.catalog.files import read_file, resource_names
from civis.local.catalog.reader import _ResourceReader
from civis.local.catalog.shapes import shared_shapes
from civis.local.catalog.words import snake

FOLDER = Path(catalog.__file__).parent


def find(method: str, path: str) -> CatalogOperation:
    """The operation of a method and path."""
    (found,) = [each for each in operations() if (each.method, each.path) == (method, path)]
    return found


def test_no_operation_stands_twice() -> None:
    """One operation for a method and path."""
    keys = [(each.method, each.path) for each in operations()]
    assert len(keys) == len(set(keys))


def test_every_resource_stands_in_its_own_file() -> None:
    """A path's first segment is the file's name, and the resources of ``base`` exist."""
    assert {(each.resource, each.path.split("/")[1]) for each in operations()} == {
        (name, name) for name in resource_names()
    }
    assert set(resource_names()) >= BASE_RESOURCES


def test_parameters_of_one_operation_have_names_of_their_own() -> None:
    """Handlers get path, query and body in one mapping: a name twice would hide one of them."""
    doubled = {
        (each.method, each.path): names
        for each in operations()
        if len(set(names := [parameter.name for parameter in each.parameters])) != len(names)
    }
    assert doubled == {}


class _UniqueKeys(yaml.SafeLoader):
    """Refuses a mapping that has a key twice, of which YAML would keep the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value]
        assert len(keys) == len(set(keys)), (node.start_mark, [key for key in keys if keys.count(key) > 1])
        return super().construct_mapping(node, deep)


@pytest.mark.parametrize("path", sorted(FOLDER.rglob("*.yaml")), ids=lambda path: path.stem)
def test_files_are_strings_with_keys_of_their_own(path: Path) -> None:
    """Nothing is hidden by a key written twice, or read as a number or a truth value by accident."""
    content = yaml.load(path.read_text(encoding="utf-8"), Loader=_UniqueKeys)
    assert list(not_strings(content)) == []


def not_strings(node: object, key: object = None) -> Iterator[tuple[object, object]]:
    """All that a file holds beside text and statuses."""
    if isinstance(node, Mapping):
        for name, each in node.items():
            yield from not_strings(each, name)
    elif not (isinstance(node, str) or key == "status"):
        yield key, node


def test_a_get_file() -> None:
    """One operation in full, as the server sees it."""
    get = find("GET", "/files/{id}")
    assert [(p.name, p.wire_name, p.location, p.required, p.type, p.format) for p in get.parameters] == [
        ("id", "id", "path", True, "integer", None),
        ("link_expires_at", "link_expires_at", "query", False, "string", "date-time"),
        ("inline", "inline", "query", False, "boolean", None),
    ]
    assert (get.success_status, get.is_array, get.deprecation, get.paging) == (200, False, None, None)
    assert get.returns is not None
    assert get.item is get.returns
    assert get.returns.fields["author"].fields.keys() == {"id", "name", "username", "initials", "online"}


def test_a_list_of_scripts() -> None:
    """Paging is spelled out as four parameters, and known to the server as numbers."""
    scripts = find("GET", "/scripts")
    assert scripts.spelling == "/scripts/"
    assert scripts.is_array
    assert scripts.item is not None
    assert scripts.item.fields["id"].kind == "integer"
    assert scripts.paging is not None
    assert (scripts.paging.limit, scripts.paging.maximum, scripts.paging.direction) == (20, 50, "desc")
    assert scripts.paging.order_by[0] == "updated_at"
    assert [parameter.name for parameter in scripts.parameters[-4:]] == [
        "limit",
        "page_num",
        "order",
        "order_dir",
    ]
    assert scripts.parameters[-1].enum == ("asc", "desc")


def test_a_body() -> None:
    """Fields of a body are parameters with two names."""
    post = find("POST", "/queries")
    by_name = {parameter.name: parameter for parameter in post.parameters}
    assert by_name["preview_rows"].wire_name == "previewRows"
    assert by_name["sql"].required
    assert not by_name["hidden"].required
    assert by_name["sql"].description
    assert post.success_status == 200


def test_a_deprecated_operation() -> None:
    """It says what to call in its place."""
    assert "POST /tables/scan" in str(find("POST", "/tables/{id}/refresh").deprecation)


def references(node: object) -> Iterator[str]:
    """All names that a description refers to."""
    if isinstance(node, Mapping):
        if "$ref" in node:
            yield node["$ref"].removeprefix("#/definitions/")
        for each in node.values():
            yield from references(each)
    elif isinstance(node, list):
        for each in node:
            yield from references(each)


@pytest.mark.parametrize("resources", ["base", "all"])
def test_description_is_valid(resources: Any) -> None:
    """Every operation answers, every parameter of a path is declared, every reference leads somewhere."""
    whole = description(resources)
    assert whole["swagger"] == "2.0"
    assert set(references(whole)) == set(whole["definitions"])
    for path, item in whole["paths"].items():
        for method, operation in item.items():
            where = (method, path)
            assert operation["summary"], where
            assert operation["responses"], where
            declared = {each["name"] for each in operation["parameters"] if each["in"] == "path"}
            assert declared == set(re.findall(r"{(\w+)}", path)), where
            assert all(each["required"] for each in operation["parameters"] if each["in"] == "path"), where
            assert len([each for each in operation["parameters"] if each["in"] == "body"]) <= 1, where
    for name, definition in whole["definitions"].items():
        assert definition["type"] == "object", name
        assert set(definition.get("required", ())) <= set(definition["properties"]), name


def test_description_of_base_is_a_part() -> None:
    """``base`` holds fewer resources, those in full."""
    base, whole = description("base")["paths"], description()["paths"]
    assert {path.split("/")[1] for path in base} == BASE_RESOURCES
    assert base.items() <= {path: item for path, item in whole.items() if path in base}.items()


def test_description_is_json_and_made_once() -> None:
    """The server writes it as it is."""
    assert json.loads(json.dumps(description())) == description()
    assert description() is description("all")


def test_description_of_something_else() -> None:
    """A wrong name is refused with the ones there are."""
    with pytest.raises(ValueError, match="'base' or 'all', not 'some'"):
        description("some")  # type: ignore[arg-type]


def test_vocabulary_has_no_word_that_nothing_uses() -> None:
    """A clause whose name was mistyped would describe nothing."""
    used = {parameter.name for each in operations() for parameter in each.parameters}
    used |= {snake(name) for name in _field_names(description())}
    files = [read_file("vocabulary.yaml")]
    files += [read_file(f"resources/{resource}.yaml").get("words") or {} for resource in resource_names()]
    words = [name for words in files for name in words]
    assert {name.split(".")[-1] for name in words} <= used
    within = {name.split(".")[0] for name in words if "." in name}
    assert within <= {"query"} | description()["definitions"].keys() | {
        name.removesuffix("Request") for name in description()["definitions"]
    }


def _field_names(node: object) -> Iterator[str]:
    if isinstance(node, Mapping):
        if isinstance(node.get("properties"), Mapping):
            yield from node["properties"]
        for each in node.values():
            yield from _field_names(each)
    elif isinstance(node, list):
        for each in node:
            yield from _field_names(each)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        pytest.param({"operations": {"GET /x": {"sumary": "Show"}}}, "'sumary'", id="unknown-key"),
        pytest.param({"operations": {"GET /x": {}}}, "it has no summary", id="no-summary"),
        pytest.param({"operations": {"LIST /x": {"summary": "S"}}}, "as 'GET /path'", id="unknown-method"),
        pytest.param(
            {"operations": {"GET /x": {"summary": "S", "query": "limit"}}}, "fields are", id="no-type"
        ),
        pytest.param(
            {"operations": {"GET /x": {"summary": "S", "returns": "X"}}}, "not have: 'X'", id="no-shape"
        ),
        pytest.param({"operations": {"GET /x": {"summary": "S", "paging": "20"}}}, "20 of 50", id="paging"),
        pytest.param({"families": {"/x/{id}": "shares, shears"}}, "'shears'", id="unknown-family"),
        pytest.param({"families": {"/x/{id}": "archive"}}, "not have: 'Self'", id="family-without-its-shape"),
    ],
)
def test_a_wrong_file_is_refused(
    content: dict[str, Any], complaint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message names the operation and what is wrong with it."""
    reader = _ResourceReader("files", shared_shapes())
    monkeypatch.setattr(reader, "_content", content)
    with pytest.raises(CatalogError, match=re.escape(complaint)) as caught:
        [each.operation for each in reader.outlines()]
    assert "/x" in str(caught.value)


def test_an_operation_written_out_replaces_its_familys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where one of a family differs, only that one is written."""
    reader = _ResourceReader("files", shared_shapes())
    content = {
        "families": {"/x/{id}": "transfer"},
        "operations": {"PUT /x/{id}/transfer": {"summary": "Own"}},
    }
    monkeypatch.setattr(reader, "_content", content)
    assert [(each.method, each.path, each.operation.summary) for each in reader.outlines()] == [
        ("PUT", "/x/{id}/transfer", "Own")
    ]
