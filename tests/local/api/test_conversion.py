"""One value against one type: what is converted, what is refused, whatever is sent."""

from __future__ import annotations

import math
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from civis.local.api.conversion import Unfit, convert, convert_text
from civis.local.catalog import Type

STRING, INTEGER, NUMBER, BOOLEAN = (Type(kind) for kind in ("string", "integer", "number", "boolean"))
MOMENT, DAY = Type("string", format="date-time"), Type("string", format="date")
ORDER = Type("string", enum=("asc", "desc"))
NUMBERS = Type("array", items=INTEGER)
FREE = Type("object")
PARAM = Type(
    "object", fields={"name": STRING, "fileId": INTEGER, "allowedValues": NUMBERS}, required={"name"}
)
PARAMS = Type("array", items=PARAM)

CONVERTED: list[tuple[str, Type, Any, Any]] = [
    ("a string", STRING, "x", "x"),
    ("an empty string", STRING, "", ""),
    ("a number for a string", STRING, 5, "5"),
    ("an integer", INTEGER, 5, 5),
    ("text of an integer", INTEGER, " -7 ", -7),
    ("a float without a fraction", INTEGER, 5.0, 5),
    ("the largest integer", INTEGER, 2**63 - 1, 2**63 - 1),
    ("a float", NUMBER, 1.5, 1.5),
    ("an integer for a number", NUMBER, 3, 3),
    ("text of a number", NUMBER, "1e3", 1000.0),
    ("text of a whole number", NUMBER, "12", 12),
    ("a boolean", BOOLEAN, False, False),
    ("text of a boolean", BOOLEAN, "True", True),
    ("a digit for a boolean", BOOLEAN, "0", False),
    ("an integer for a boolean", BOOLEAN, 1, True),
    ("a time", MOMENT, "2026-04-17T18:31:51.000Z", "2026-04-17T18:31:51.000Z"),
    ("no time", MOMENT, "", None),
    ("a date", DAY, "2026-04-17", "2026-04-17"),
    ("no date", DAY, "", None),
    ("a date for a time", MOMENT, "2026-04-17", "2026-04-17"),
    ("a time with an offset", MOMENT, "2026-04-17T18:31:51+02:00", "2026-04-17T18:31:51+02:00"),
    ("an allowed value", ORDER, "desc", "desc"),
    ("null", INTEGER, None, None),
    ("an array", NUMBERS, [1, "2"], [1, 2]),
    ("an array of nothing known", Type("array"), [1, "a"], [1, "a"]),
    ("free keys stay", FREE, {"someKey": {"innerKey": 1}}, {"someKey": {"innerKey": 1}}),
    ("known keys in camelCase", PARAM, {"name": "a", "fileId": "3"}, {"name": "a", "file_id": 3}),
    ("known keys in snake_case", PARAM, {"name": "a", "file_id": 3}, {"name": "a", "file_id": 3}),
    ("unknown keys go", PARAM, {"name": "a", "more": 1}, {"name": "a"}),
    ("depth", PARAMS, [{"name": 1, "allowedValues": ["4"]}], [{"name": "1", "allowed_values": [4]}]),
]
REFUSED: list[tuple[str, Type, Any, str]] = [
    ("a word for an integer", INTEGER, "x", "p must be an integer, not 'x'"),
    ("a fraction", INTEGER, 5.5, "p must be an integer"),
    ("a boolean for an integer", INTEGER, True, "p must be an integer"),
    ("beyond 64 bits", INTEGER, 2**63, "p must be an integer"),
    ("text beyond 64 bits", INTEGER, "9" * 19, "p must be an integer"),
    ("other scripts' digits", INTEGER, "٣", "p must be an integer"),
    ("an object for a string", STRING, {}, "p must be a string"),
    ("no day of the calendar", DAY, "2026-02-30", "p is no date such as"),
    ("a time for a date", DAY, "2026-02-03T00:00:00Z", "p is no date such as"),
    ("a time on no day of the calendar", MOMENT, "2026-13-01T00:00:00Z", "p is no date and time"),
    ("a boolean for a string", STRING, True, "p must be a string"),
    ("infinity", NUMBER, math.inf, "p must be a number"),
    ("text of infinity", NUMBER, "1e999", "p must be a number"),
    ("a word for a number", NUMBER, "nan", "p must be a number"),
    ("an integer no float holds", NUMBER, 10**400, "p must be a number"),
    ("a word for a boolean", BOOLEAN, "maybe", "p must be true or false"),
    ("two for a boolean", BOOLEAN, 2, "p must be true or false"),
    ("no time", MOMENT, "tomorrow", "p is no date and time in ISO 8601"),
    ("no allowed value", ORDER, "up", "'up' is none of asc, desc"),
    ("an object for an array", NUMBERS, {}, "p must be an array"),
    ("a wrong item", NUMBERS, [1, "x"], "p[1] must be an integer"),
    ("an array for an object", FREE, [], "p must be an object"),
    ("a field is missing", PARAM, {"fileId": 1}, "p.name is missing"),
    ("a field is null", PARAM, {"name": None}, "p.name is missing"),
    ("a wrong field far down", PARAMS, [{"name": "a", "fileId": "x"}], "p[0].fileId must be an integer"),
]


@pytest.mark.parametrize(
    ("kind", "sent", "expected"), [pytest.param(*each[1:], id=each[0]) for each in CONVERTED]
)
def test_what_loses_nothing_is_converted(kind: Type, sent: Any, expected: Any) -> None:
    converted = convert(sent, kind, "p")
    assert converted == expected
    assert type(converted) is type(expected)


@pytest.mark.parametrize(("kind", "sent", "text"), [pytest.param(*each[1:], id=each[0]) for each in REFUSED])
def test_the_rest_is_refused_by_name(kind: Type, sent: Any, text: str) -> None:
    with pytest.raises(Unfit) as caught:
        convert(sent, kind, "p")
    assert text in str(caught.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(JSON, st.sampled_from([STRING, INTEGER, NUMBER, BOOLEAN, MOMENT, ORDER, NUMBERS, FREE, PARAM, PARAMS]))
def test_nothing_but_unfit_is_raised(value: Any, kind: Type) -> None:
    try:
        converted = convert(value, kind, "p")
    except Unfit:
        return
    # What came out goes in again unchanged.
    assert repr(convert(converted, kind, "p")) == repr(converted)


@given(st.text(), st.sampled_from([STRING, INTEGER, NUMBER, BOOLEAN, MOMENT, ORDER, None]))
def test_any_text_is_converted_or_unfit(text: str, kind: Type | None) -> None:
    with suppress(Unfit):
        convert_text(text, kind, "p")
