"""Values in SQL: whatever they hold, they come back as they were, and never become SQL."""

from __future__ import annotations

import datetime
import decimal
import enum
import uuid
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from civis import dbapi
from civis.dbapi._binding import bind, is_lone_query

UTC = datetime.timezone.utc
VALUES = {
    "text": "Ada",
    "quotes": 'O\'Hara "x" `y`',
    "an injection": "'; DROP TABLE t; --",
    "a backslash": "\\' OR 1 = 1 --",
    "a placeholder": "{{civis_value_1}} {{civis_value_2.literal}}",
    "places": "? :a ::int",
    "lines": "a\r\nb\n",
    "letters": "José 日本 😀",
    "zero and digits": "02139",
    "dollars": "$$x$$ $1",
    "an integer": 42,
    "a negative one": -7,
    "the least of 64 bits": -(1 << 63),
    "beyond 64 bits": 1 << 70,
    "true": True,
    "false": False,
    "a float": 0.1,
    "a large float": 1.5e300,
    "none": None,
    "a decimal": decimal.Decimal("12345678901234567890.12"),
    "a date": datetime.date(2020, 2, 29),
    "a time": datetime.time(1, 2, 3, 450000),
    "a timestamp": datetime.datetime(2020, 2, 29, 1, 2, 3, 456789),
    "a timestamp with a zone": datetime.datetime(2020, 2, 29, 1, 2, 3, tzinfo=UTC),
}


def test_values_come_back_by_place(cursor: dbapi.Cursor) -> None:
    columns = ", ".join(f"? AS c{place}" for place in range(len(VALUES)))
    [row] = cursor.execute(f"SELECT {columns}", list(VALUES.values())).fetchall()
    for word, value, found in zip(VALUES, VALUES.values(), row, strict=True):
        wanted: Any = value
        if isinstance(value, int) and value >= 1 << 63:
            wanted = decimal.Decimal(value)
        assert found == wanted, word
        if isinstance(value, (str, bool, float, datetime.date)):
            assert isinstance(found, type(value)), word


def test_values_come_back_by_name(cursor: dbapi.Cursor) -> None:
    sql = "SELECT :b AS b, ':a' AS quoted, '1'::int AS cast_one, :a AS a, :b AS again -- :c"
    assert cursor.execute(sql, {"a": "x'y", "b": 2}).fetchall() == [(2, ":a", 1, "x'y", 2)]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0")), min_size=2, max_size=20))
def test_every_text_comes_back(cursor: dbapi.Cursor, texts: list[str]) -> None:
    sql = "SELECT " + ", ".join(f"? AS c{place}" for place in range(len(texts)))
    assert cursor.execute(sql, texts).fetchall() == [tuple(texts)]


@pytest.mark.parametrize(
    ("word", "sql", "parameters", "wanted"),
    [
        ("a minus before a minus", "SELECT 5 -? AS n", [-3], 8),
        ("from", "SELECT substring('abcdef' FROM ?) AS t", [3], "cdef"),
        ("in", "SELECT 2 IN (?, ?) AS found", [1, 2], True),
        ("limit", "SELECT 1 AS one LIMIT ?", [1], 1),
        ("like", "SELECT 'a%b' LIKE ? AS found", ["a%"], True),
        ("in quotes", "SELECT 'why?' || ? AS t", ["!"], "why?!"),
        ("after a backslash", r"SELECT 'it\'s?' || ? AS t", ["!"], "it's?!"),
        ("in a name", 'SELECT ? AS "why?"', [1], 1),
        ("in a comment", "SELECT /* ? */ ? -- ?\n AS one", [1], 1),
        ("in dollars", "SELECT $$?$$ || ? AS t", ["!"], "?!"),
        ("a user's placeholder", "SELECT '{{civis_value_1}}' AS t, ? AS u", ["!"], "{{civis_value_1}}"),
        ("no values", "SELECT '?' || ':a' AS t", [], "?:a"),
    ],
)
def test_places(cursor: dbapi.Cursor, word: str, sql: str, parameters: list[Any], wanted: Any) -> None:
    row = cursor.execute(sql, parameters).fetchone()
    assert row is not None
    assert row[0] == wanted, word


@pytest.mark.parametrize(
    ("word", "sql", "parameters", "text"),
    [
        ("too few", "SELECT ?, ?", [1], r"2 places \('\?'\) for 1 values"),
        ("too many", "SELECT ?", [1, 2], r"1 places \('\?'\) for 2 values"),
        ("a name near", "SELECT :nmae", {"name": 1}, r"no value for :nmae.*'name'"),
        ("a text", "SELECT ?", "x", r"not str; write \[value\]"),
        ("a number", "SELECT ?", 1, "not int"),
        ("no SQL", 1, [1], "has to be a str, not int"),
        ("bytes", "SELECT ?", [b"x"], "value 1 is of type bytes"),
        ("a list", "SELECT :a", {"a": [1]}, ":a is of type list"),
        ("NUL", "SELECT ?", ["a\0b"], "NUL"),
        ("digits", "SELECT ?", [10**40], "41 digits"),
        ("no number", "SELECT ?", [decimal.Decimal("NaN")], "give a float"),
        ("a time with a zone", "SELECT ?", [datetime.time(1, tzinfo=UTC)], "of type time"),
    ],
)
def test_what_cannot_be_bound(word: str, sql: Any, parameters: Any, text: str) -> None:
    with pytest.raises((dbapi.ProgrammingError, dbapi.NotSupportedError), match=text):
        bind(sql, parameters)


def test_scalars_of_numpy_and_ids(cursor: dbapi.Cursor) -> None:
    numpy = pytest.importorskip("numpy")
    name = uuid.uuid5(uuid.NAMESPACE_URL, "x")
    values = [numpy.int64(5), numpy.float64(0.5), numpy.bool_(True), name]
    assert cursor.execute("SELECT ?, ?, ?, ?", values).fetchone() == (5, 0.5, True, str(name))


class Color(str, enum.Enum):
    """A text with a name."""

    RED = "red"


def test_what_looks_like_another_type_keeps_its_value(cursor: dbapi.Cursor) -> None:
    numpy, pandas = pytest.importorskip("numpy"), pytest.importorskip("pandas")
    begin = datetime.datetime(2020, 1, 1, 0, 0, 1)
    values = {
        "a member of an enum": (Color.RED, "red"),
        "nanoseconds": (numpy.datetime64("2020-01-01T00:00:01", "ns"), begin),
        "seconds": (numpy.datetime64("2020-01-01T00:00:01", "s"), begin),
        "a day": (numpy.datetime64("2020-01-01", "D"), begin.date()),
        "no time of NumPy": (numpy.datetime64("NaT", "ns"), None),
        "a timestamp": (pandas.Timestamp(begin), begin),
        "no time": (pandas.NaT, None),
        "nothing": (pandas.NA, None),
        "no dimension": (numpy.array(5), 5),
    }
    sql = "SELECT " + ", ".join(f"? AS c{place}" for place in range(len(values)))
    row = cursor.execute(sql, [given for given, _ in values.values()]).fetchone()
    assert row is not None
    assert dict(zip(values, row, strict=True)) == {word: wanted for word, (_, wanted) in values.items()}


def test_arrays_and_durations_are_refused() -> None:
    numpy, pandas = pytest.importorskip("numpy"), pytest.importorskip("pandas")
    for value in (numpy.array([1]), pandas.Series([1, 2]), numpy.timedelta64(3, "ns"), datetime.timedelta(3)):
        with pytest.raises(dbapi.NotSupportedError, match=f"of type {type(value).__name__}"):
            bind("SELECT ?", [value])


def test_floats_that_are_no_number(cursor: dbapi.Cursor) -> None:
    sql = "SELECT ? = 'Infinity'::float8 AS a, ? = 'NaN'::float8 AS b"
    assert cursor.execute(sql, [float("inf"), float("nan")]).fetchone() == (True, True)


@pytest.mark.parametrize(
    ("sql", "wanted"),
    [
        ("SELECT 1", True),
        ("  (select 1)", True),
        ("WITH a AS (SELECT 1) SELECT * FROM a;", True),
        ("/* INSERT */ VALUES (1) -- ; DROP", True),
        ("SELECT 'insert; into'", True),
        ("SELECT 1; SELECT 2", False),
        ("WITH a AS (DELETE FROM t RETURNING *) SELECT * FROM a", False),
        ("SELECT 1 INTO t", False),
        ("INSERT INTO t SELECT 1", False),
        ("CREATE TABLE t AS SELECT 1", False),
        ("", False),
    ],
)
def test_what_is_asked_again_for_its_columns(sql: str, wanted: bool) -> None:
    assert is_lone_query(sql) is wanted
