"""Names of tables, taken apart and quoted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from civis.io import split_schema_tablename
from civis.io._tablenames import quote_name, table_reference

NAMES = [
    ("schema.table", "schema", "table"),
    ("table", None, "table"),
    ('"my.schema"."my table"', "my.schema", "my table"),
    ('schema."ta""ble"', "schema", 'ta"ble'),
    ('"schema".table', "schema", "table"),
    (" schema . table ", "schema", "table"),
]


@pytest.mark.parametrize(("written", "schema", "table"), NAMES)
def test_split(written: str, schema: str | None, table: str):
    assert split_schema_tablename(written) == (schema, table)


@pytest.mark.parametrize("written", ["", "a.b.c", "a.", ".b", '"a', 'a"b.c', '"a"b.c', "a..b"])
def test_what_is_no_name_is_refused(written: str):
    with pytest.raises(ValueError, match="schema.table"):  # noqa: RUF043 - the dot is fine
        split_schema_tablename(written)


def test_another_type_is_refused():
    with pytest.raises(TypeError, match="7"):
        split_schema_tablename(7)  # type: ignore[arg-type] # the point


REFERENCES = [
    ("public.flights", "public.flights"),
    ('public."Order"', 'public."Order"'),
    ("public.flights-2013", 'public."flights-2013"'),
    ('public.x"; drop table y; --', None),
]


@pytest.mark.parametrize(("written", "expected"), REFERENCES)
def test_reference(written: str, expected: str | None):
    if expected is None:
        with pytest.raises(ValueError, match="no table name"):
            table_reference(written)
    else:
        assert table_reference(written) == expected


@given(st.text(min_size=1), st.text(min_size=1))
def test_quoted_names_survive(schema: str, table: str):
    assert split_schema_tablename(f"{quote_name(schema)}.{quote_name(table)}") == (schema, table)
