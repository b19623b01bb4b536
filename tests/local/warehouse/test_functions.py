"""Functions, formats and catalogue views of Redshift: what they give."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from civis.local.warehouse import Database
from civis.local.warehouse.formats import date_parts, number_text, timestamp_text
from tests.local.warehouse.conftest import Rows

SETUP = """
create table people (id int encode lzo not null distkey, name varchar(20), born date sortkey);
insert into people values (1, 'Ann', '1990-01-31'), (2, 'bob', '1985-12-01'), (3, null, null);
"""

#: Expression -> its value as text.
VALUES: dict[str, str | None] = {
    "to_char('2024-05-07'::date, 'Mon DD, YYYY')": "May 07, 2024",
    "to_char('2024-05-07'::date, 'MONTH|Month|mon')": "MAY      |May      |may",
    "to_char('2024-05-07'::date, 'FMMonth FMDD, yyyy')": "May 7, 2024",
    "to_char('2024-05-07'::date, 'Day, Dy')": "Tuesday  , Tue",
    "to_char('2024-05-07'::date, 'YYYY-Q')": "2024-2",
    "to_char('2024-05-07'::date, 'D DDD WW W CC')": "3 128 19 1 21",
    "to_char('2024-05-07'::date, 'IYYY-IW')": "2024-19",
    "to_char('2024-05-07'::date, '\"day\" DD')": "day 07",
    "to_char('2024-05-07 13:05:09.123'::timestamp, 'HH12:MI:SS AM, MS')": "01:05:09 PM, 123",
    "to_char('2024-05-07 00:05'::timestamp, 'HH24:MI a.m.')": "00:05 a.m.",
    "to_char(null::date, 'Day')": None,
    "to_char(1234.5, '9,999.99')": " 1,234.50",
    "to_char(12, '000')": " 012",
    "to_char(125, '999')": " 125",
    "to_char(-125.8, '999D99')": "-125.80",
    "to_char(0.5, 'FM990.00')": "0.50",
    "to_char(0.5, '999.99')": "    .50",
    "to_char(7, 'FM000')": "007",
    "to_date('20240501', 'YYYYMMDD')": "2024-05-01",
    "to_date('2024-05-01 10:00', 'YYYY-MM-DD')": "2024-05-01",
    "to_date('May 1, 2024', 'Mon DD, YYYY')": "2024-05-01",
    "to_timestamp('2024-05-01 10:11:12', 'YYYY-MM-DD HH24:MI:SS')": "2024-05-01 10:11:12",
    "to_number('$1,234.5', '$9,999.9')": "1234.5000000000",
    "trunc(getdate()) = current_date": "t",
    "trunc('2024-05-07 10:00'::timestamp)": "2024-05-07",
    "trunc(1.789, 1)": "1.7",
    "getdate() - 365 < getdate()": "t",
    "strtol('ff', 16)": "255",
    "replicate('ab', 2)": "abab",
    "octet_length('ä')": "2",
    "quote_ident('a b') || quote_ident('ab')": '"a b"ab',
    "quote_literal('it''s')": "'it''s'",
    "dlog10(100)": "2.0",
    "json_extract_array_element_text('[1, \"b\"]', 1)": "b",
    "is_valid_json('{}')": "t",
    "is_valid_json('[')": "f",
    "is_valid_json_array('[1]')": "t",
    "can_json_parse('{')": "f",
    "get_array_length(split_to_array('a,b', ','))": "2",
    "date_cmp('2024-01-01', '2024-01-02')": "-1",
    "concat('a', null)": None,
    "concat('a', 'b')": "ab",
    r"'a_b' like 'a\\_b'": "t",
    r"'axb' like 'a\\_b'": "f",
    "session_user": "ann",
    "split_part('a,b', ',', 5)": "",
    "decode(null, null, 'same', 'other')": "same",
    "regexp_substr('a1b22', '[0-9]+', 1, 2)": "22",
}


@pytest.fixture
def people(database: Database) -> Database:
    database.execute(SETUP, user="ann")
    return database


@pytest.mark.parametrize("expression", VALUES)
def test_a_function_gives_what_it_does_on_redshift(database: Database, expression: str) -> None:
    assert database.execute(f"select {expression} as x", user="ann").text_rows() == [[VALUES[expression]]]


SCRIPTS: dict[str, list[list[str | None]]] = {
    "select id, generate_series(1, 2) from people where id = 1 order by 2": [["1", "1"], ["1", "2"]],
    "select n from generate_series(1, 10, 4) as n": [["1"], ["5"], ["9"]],
    "select round(ratio_to_report(id) over (), 2) from people order by id": [["0.17"], ["0.33"], ["0.5"]],
    "select to_char(id, 'FM00') from people where born > getdate() - 36500 order by 1": [["01"], ["02"]],
    "create local temp table t (a int); insert into t values (1); select * from t": [["1"]],
    "create table t (a int) diststyle even interleaved sortkey (a); select count(*) from t": [["0"]],
    "delete people where id = 1; select count(*) from people": [["2"]],
    "create materialized view v as select 1 as a; refresh materialized view v; select a from v": [["1"]],
    'select "column", type, encoding, distkey, sortkey, "notnull" from pg_table_def order by 1': [
        ["born", "date", "none", "f", "1", "f"],
        ["id", "integer", "lzo", "t", "0", "t"],
        ["name", "character varying(20)", "none", "f", "0", "f"],
    ],
    'select "schema", "table", tbl_rows, sortkey1 from svv_table_info': [["public", "people", "3", "born"]],
    "select table_schema, table_name, table_type from svv_tables": [["public", "people", "BASE TABLE"]],
    "select schema_name, table_name, table_type from svv_all_tables": [["public", "people", "TABLE"]],
    "select character_maximum_length from svv_columns where column_name = 'name'": [["20"]],
    "select data_type from svv_redshift_columns where column_name = 'id'": [["integer"]],
    "select schema_name from svv_all_schemas": [["public"]],
    "select datname from pg_database": [["local"]],
    "grant select on people to bob; "
    "select grantee, privilege_type from information_schema.table_privileges": [["bob", "SELECT"]],
}


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_gives_what_it_does_on_redshift(people: Database, script: str) -> None:
    assert people.execute(script, user="ann").text_rows() == SCRIPTS[script]


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=12))
def test_a_format_is_taken_apart_without_loss(text: str) -> None:
    assert "".join(date_parts(text)).lower() == text.lower()


def test_plain_formats_are_one_call() -> None:
    assert timestamp_text("t", "YYYY-MM-DD HH24:MI:SS").count("strftime(") == 1


@pytest.mark.parametrize("text", ["YYYY-MM-DD", "", "HH24:MI", "abc", "Month"])
def test_a_format_of_dates_is_none_of_numbers(text: str) -> None:
    assert number_text("x", text) is None


def test_formats_reach_no_sql(rows: Rows) -> None:
    sql = "select to_char('2024-05-07'::date, 'YYYY'' || (select 1) || ''')"
    assert rows(sql) == (("2024' || (select 1) || '",),)
