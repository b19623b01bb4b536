"""Values in SQL: where they stand decides their form, and none can break out of it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from civis.local.services.script_parameters import (
    ParameterError,
    check_arguments,
    check_definitions,
    values_of,
)
from civis.local.services.sql_template import expanded_arguments, fill


def filled(sql: str, value: Any, kind: str = "string") -> str:
    params = check_definitions([{"name": "p", "type": kind}])
    return fill(sql, params, values_of(params, {"p": value}))


CASES = [
    pytest.param("a = {{p}}", "IL", "string", "a = 'IL'", id="text is a literal"),
    pytest.param("a = {{ p }}", "O'Brien", "string", "a = 'O''Brien'", id="its quotes are doubled"),
    pytest.param("a = '{{p}}'", "O'Brien", "string", "a = 'O''Brien'", id="inside of quotes too"),
    pytest.param("a like '%{{p}}%'", "x", "string", "a like '%x%'", id="in the midst of a literal"),
    pytest.param("a = 'it''s {{p}}'", "x", "string", "a = 'it''s x'", id="a literal with a quote"),
    pytest.param('"{{p}}"', 'a"b', "string", '"a""b"', id="inside of a quoted name"),
    pytest.param("from {{p}}", "test.t", "string", "from test.t", id="a name after FROM"),
    pytest.param("JOIN\n{{p}} on", '"S".t', "string", 'JOIN\n"S".t on', id="a quoted name after JOIN"),
    pytest.param("from {{p}}.t", "sch", "string", "from sch.t", id="a name before a dot"),
    pytest.param("from s.{{p}}", "t", "string", "from s.t", id="a name after a dot"),
    pytest.param("order by {{p}}", "col", "string", "order by col", id="a name after BY"),
    pytest.param("x {{p}}", "a.b", "table", "x a.b", id="a table is a name anywhere"),
    pytest.param("limit {{p}}", "7", "integer", "limit 7", id="an integer given as text"),
    pytest.param("a > {{p}}", "1.5", "float", "a > 1.5", id="a number"),
    pytest.param("a > {{p}}", 3, "float", "a > 3", id="a whole number"),
    pytest.param("a = {{p}}", "Yes", "bool", "a = true", id="a truth value"),
    pytest.param("a = '{{p}}'", False, "bool", "a = 'false'", id="a truth value as text"),
    pytest.param("a = {{p}}", "2026-01-31", "date", "a = '2026-01-31'", id="a date"),
    pytest.param("a = {{p}}", 12, "file", "a = 12", id="a file is its ID"),
    pytest.param("{{p.literal}}", "it's", "string", "'it''s'", id="a literal on demand"),
    pytest.param("{{p.identifier}}", 'a "b', "string", '"a ""b"', id="a name on demand"),
    pytest.param("'{{p.shell_escaped}}'", "a b", "string", "'''a b'''", id="for a shell, in quotes"),
    pytest.param("{{q}} '{{q}}'", "x", "string", "{{q}} '{{q}}'", id="unknown ones stay"),
    pytest.param("a -- {{p}}\n/* {{p}} */", "x", "string", "a -- {{p}}\n/* {{p}} */", id="comments stay"),
    pytest.param("'-- ' || {{p}}", "x", "string", "'-- ' || 'x'", id="a comment in a literal is none"),
    pytest.param("{{p}}", "{{p}}", "string", "'{{p}}'", id="a value is not filled again"),
    pytest.param("{{p}}", "\\' --", "string", "'\\\\'' --'", id="a backslash escapes no quote"),
    pytest.param("'it\\'s {{p}}'", "x", "string", "'it\\'s x'", id="an escaped quote ends no literal"),
]


@pytest.mark.parametrize(("sql", "value", "kind", "expected"), CASES)
def test_fill(sql: str, value: Any, kind: str, expected: str) -> None:
    assert filled(sql, value, kind) == expected


@pytest.mark.parametrize(
    "value", ["t; drop table u", "t where 1=1", "a b", "", "1t", "(select 1)", "a.b.c.d", "t--"]
)
def test_what_is_no_name_cannot_stand_for_one(value: str) -> None:
    with pytest.raises(ParameterError, match="stands where SQL needs a name"):
        filled("select * from {{p}}", value)


@settings(deadline=None)
@given(st.text())
def test_no_text_ends_the_literal_it_stands_in(value: str) -> None:
    for sql in ("{{p}}", "'{{p}}'", "{{p.literal}}"):
        literal = filled(sql, value)
        assert literal[0] == literal[-1] == "'"
        bare = (
            literal[1:-1].replace("\\\\", "").replace("''", "")
        )  # a lone backslash would escape what follows
        assert "'" not in bare
        assert "\\" not in bare
        assert literal[1:-1].replace("''", "'").replace("\\\\", "\\") == value


def test_fields_of_objects_are_filled_in() -> None:
    params = check_definitions(
        [{"name": "c", "type": "credential_redshift"}, {"name": "d", "type": "database"}]
    )
    values = {
        "c": {"id": 4, "username": "ann", "password": "it's"},
        "d": {"id": 3, "database": "local", "credential": None},
    }
    sql = "{{c.id}} {{c.username}} '{{c.password}}' {{d}} {{d.id}}"
    assert fill(sql, params, values) == "4 'ann' 'it''s' 'local' 3"
    with pytest.raises(
        ParameterError, match=r"\{\{c\.host\}\} is not known; there are id, password, username"
    ):
        fill("{{c.host}}", params, values)


def test_arguments_are_shown_expanded_as_the_platform_does() -> None:
    params = check_definitions(
        [
            {"name": "id", "type": "integer", "required": True},
            {"name": "state", "type": "string", "required": True},
            {"name": "abool", "type": "bool", "default": "false"},
            {"name": "afloat", "type": "float"},
            {"name": "optionalstr", "type": "string"},
        ]
    )
    assert expanded_arguments(params, values_of(params, {"id": 2, "state": "IL"})) == {
        "id": 2,
        "state": "IL",
        "state.literal": "'IL'",
        "state.identifier": '"IL"',
        "state.shell_escaped": "IL",
        "abool": False,
        "afloat": 0,
        "optionalstr": "",
        "optionalstr.literal": "''",
        "optionalstr.identifier": '""',
        "optionalstr.shell_escaped": "''",
    }


BAD_VALUES = [
    pytest.param("integer", "1.5", id="no integer"),
    pytest.param("integer", True, id="a truth value is no integer"),
    pytest.param("integer", "1; drop table t", id="SQL is no integer"),
    pytest.param("float", "nan", id="no number"),
    pytest.param("bool", "perhaps", id="no truth value"),
    pytest.param("date", "31.1.2026", id="no date"),
    pytest.param("string", {"a": 1}, id="no text"),
]


@pytest.mark.parametrize(("kind", "value"), BAD_VALUES)
def test_values_of_another_type_are_refused(kind: str, value: Any) -> None:
    params = check_definitions([{"name": "p", "type": kind}])
    with pytest.raises(ParameterError, match=f"'p' takes a value of type {kind}"):
        check_arguments(params, {"p": value})


def test_a_fixed_value_goes_before_the_argument_and_that_before_the_default() -> None:
    params = check_definitions(
        [
            {"name": "fixed", "type": "string", "value": "v", "default": "d"},
            {"name": "given", "type": "string", "default": "d"},
            {"name": "left", "type": "string", "default": "d"},
        ]
    )
    assert values_of(params, {"fixed": "a", "given": "a"}) == {"fixed": "v", "given": "a", "left": "d"}


def test_required_parameters_need_a_value() -> None:
    params = check_definitions([{"name": name, "type": "string", "required": True} for name in "ab"])
    with pytest.raises(ParameterError, match="required parameters a, b have no value"):
        values_of(params, {})


def test_only_allowed_values_are_allowed() -> None:
    allowed = [{"label": "one", "value": "1"}, {"label": "two", "value": "2"}]
    params = check_definitions([{"name": "p", "type": "integer", "allowed_values": allowed}])
    assert values_of(params, {"p": 2}) == {"p": 2}
    with pytest.raises(ParameterError, match="does not allow the value 3"):
        values_of(params, {"p": 3})


def test_an_argument_without_a_parameter_is_refused_with_a_suggestion() -> None:
    params = check_definitions([{"name": "state", "type": "string"}])
    with pytest.raises(ParameterError, match=r"no parameter 'stat' for an argument.*'state'"):
        check_arguments(params, {"stat": "IL"})


BAD_DEFINITIONS = [
    pytest.param([{"name": "a b", "type": "string"}], "the name 'a b' must be", id="a name with a blank"),
    pytest.param([{"name": "a", "type": "strin"}], "unknown type 'strin'", id="a mistyped type"),
    pytest.param([{"name": "a", "type": "bool"}] * 2, "a is defined twice", id="one name twice"),
    pytest.param(
        [{"name": "a", "type": "string", "required": True, "default": "x"}],
        "Code.Parameters a cannot have a default value since it is required.",
        id="required with a default",
    ),
]


@pytest.mark.parametrize(("params", "message"), BAD_DEFINITIONS)
def test_bad_definitions_are_refused(params: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        check_definitions(params)
