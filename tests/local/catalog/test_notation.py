"""The notation of types: what each form means, and what is refused."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from civis.local.catalog import CatalogError, Type
from civis.local.catalog.notation import BASIC, parse_type
from civis.local.catalog.shapes import ShapeTable

SHAPES = ShapeTable(
    {
        "User": "id integer!, name string",
        "Tree": "id integer, children Tree[]",
        "Level": "low|high",
        "Nested": "user User!, users User[], by_name map<User>, level Level, tree Tree",
        "Wrong": "id integer, other Missing",
    }
)


def written(type_: Type, depth: int = 3) -> str:
    """Write a type in the notation again, shapes spelled out."""
    if type_.items is not None:
        return written(type_.items, depth) + "[]"
    if type_.values is not None:
        return f"map<{written(type_.values, depth)}>"
    if type_.enum:
        return (
            "|".join(value or '""' for value in type_.enum) if len(type_.enum) > 1 else f'"{type_.enum[0]}"'
        )
    if type_.fields:
        if not depth:
            return "…"
        marks = {True: "!", False: ""}
        fields = (
            f"{name} {written(each, depth - 1)}{marks[name in type_.required]}"
            for name, each in type_.fields.items()
        )
        return "{" + ", ".join(fields) + "}"
    return next(name for name, basic in BASIC.items() if basic is type_)


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        pytest.param("string", "string", id="basic"),
        pytest.param("integer[]", "integer[]", id="array"),
        pytest.param("integer[][]", "integer[][]", id="array-of-arrays"),
        pytest.param("asc|desc", "asc|desc", id="values"),
        pytest.param('"viz"', '"viz"', id="one-value"),
        pytest.param('all|""', 'all|""', id="empty-value"),
        pytest.param(
            "ReportTypes::SQL|ReportTypes::HTML", "ReportTypes::SQL|ReportTypes::HTML", id="with-colons"
        ),
        pytest.param("Level[]", "low|high[]", id="named-values"),
        pytest.param("map<integer>", "map<integer>", id="map"),
        pytest.param("map<User[]>", "map<{id integer!, name string}[]>", id="map-of-arrays"),
        pytest.param("User", "{id integer!, name string}", id="shape"),
        pytest.param("User?", "{id integer, name string}", id="shape-without-required-fields"),
        pytest.param(
            "Nested?",
            "{user {id integer, name string}, users {id integer, name string}[], "
            "by_name map<{id integer, name string}>, level low|high, "
            "tree {id integer, children {id integer, children …[]}[]}}",
            id="no-field-required-at-any-depth",
        ),
        pytest.param("User?[]", "{id integer, name string}[]", id="array-of-that"),
        pytest.param("a time, b {c date!}[]!", "{a time, b {c date!}[]!}", id="fields"),
        pytest.param(
            "Tree",
            "{id integer, children {id integer, children {id integer, children …[]}[]}[]}",
            id="shape-that-holds-itself",
        ),
    ],
)
def test_meaning(text: str, meaning: str) -> None:
    """Each form of the notation, against the type spelled out."""
    assert written(parse_type(text, SHAPES)) == meaning


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        pytest.param("text", "a type instead of 'text'", id="no-type"),
        pytest.param("Nobody", "a shape that it does not have: 'Nobody'", id="no-shape"),
        pytest.param("Wrong", "'Missing'", id="no-shape-within-a-shape"),
        pytest.param("id integer name string", "the end instead of 'name'", id="no-comma"),
        pytest.param("id integer,", "a field's name instead of ''", id="comma-at-the-end"),
        pytest.param("id {a string", "'}' instead of ''", id="open-brace"),
        pytest.param("map<string", "'>' instead of ''", id="open-bracket"),
        pytest.param("string[", "']' instead of ''", id="open-array"),
        pytest.param("id string, 1st string", "a field's name instead of '1st'", id="no-name"),
        pytest.param("low|", "a value instead of ''", id="no-value"),
        pytest.param("", "a type instead of ''", id="nothing"),
    ],
)
def test_complaint(text: str, complaint: str) -> None:
    """What is wrong is said with the text it is in."""
    with pytest.raises(CatalogError, match="catalogue") as caught:
        parse_type(text, SHAPES)
    assert complaint in str(caught.value)


def test_a_shape_is_built_once() -> None:
    """All who use a shape hold the same object, so that it has one definition."""
    assert parse_type("User[]", SHAPES).items is parse_type("User", SHAPES)
    assert parse_type("User?", SHAPES) is parse_type("Nested?", SHAPES).fields["user"]
    assert parse_type("Tree?", SHAPES) is parse_type("Tree", SHAPES)
    assert repr(parse_type("Tree[]", SHAPES)) == "Type(Tree)[]"


NAMES = st.from_regex(r"[a-z][A-Za-z0-9]{0,6}", fullmatch=True)
VALUES = st.lists(NAMES, min_size=2, max_size=3, unique=True).map("|".join)
TYPES = st.recursive(
    st.one_of(st.sampled_from(sorted(BASIC)), VALUES),
    lambda inner: st.one_of(
        inner.map("{}[]".format),
        inner.map("map<{}>".format),
        st.dictionaries(NAMES, st.tuples(inner, st.sampled_from(["", "!"])), min_size=1, max_size=3).map(
            lambda fields: (
                "{" + ", ".join(f"{name} {text}{mark}" for name, (text, mark) in fields.items()) + "}"
            )
        ),
    ),
    max_leaves=6,
)


@given(TYPES)
def test_written_again_it_is_the_same(text: str) -> None:
    """Any type of the notation means what it says, to any depth."""
    assert written(parse_type(f"field {text}", SHAPES), depth=9) == f"{{field {text}}}"


@given(st.text(alphabet='abA :{}[]<>!?,|"\n', max_size=20))
def test_any_text_is_a_type_or_refused(text: str) -> None:
    """No text makes the parser fail in another way."""
    with contextlib.suppress(CatalogError):
        parse_type(text, SHAPES)
