"""What Redshift refuses is refused here: values that do not fit, and changes that cannot be made."""

from __future__ import annotations

import logging
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from civis.base import CivisAPIError
from civis.local import Platform
from civis.local.warehouse import Database, SqlError
from tests.local.warehouse.conftest import Rows

SETUP = """
create table t (id int, s varchar(3), c char(2), n numeric(10,2), m numeric(18,2));
create table long (s varchar); insert into long values ('abcdefg'); create schema z;
insert into t values (1, 'abc', 'a  ', 1.5, 1.5), (2, null, default, 2.51, 1234567890123.25);
"""
TOO_LONG = "value too long for type character varying(3)"
NO_INTEGER = 'invalid input syntax for type integer: "1.9"'

#: A word for the case -> statement and what the error says.
REFUSED = {
    "a constant": ("insert into t (s) values ('abcd')", TOO_LONG),
    "bytes count": ("insert into t (s) values ('öö')", TOO_LONG),
    "without a list of columns": ("insert into t values (1, 'abcd', 'a', 1, 1)", TOO_LONG),
    "worked out": ("insert into t (s) values (upper('abcd'))", TOO_LONG),
    "a number": ("insert into t (s) values (1234)", TOO_LONG),
    "char": ("insert into t (c) values ('abc')", "value too long for type character(2)"),
    "a query": ("insert into t (s) select s from long", TOO_LONG),
    "a union": ("insert into t (s, id) select 'a', 1 union all select s, 2 from long", TOO_LONG),
    "with": ("insert into t (s) with x as (select s from long) select * from x", TOO_LONG),
    "an update": ("update t set s = 'abcd'", TOO_LONG),
    "an update by itself": ("update t set s = s || 'x'", TOO_LONG),
    "an update from": ("update t set s = long.s from long where id = 1", TOO_LONG),
    "a merge": (
        "merge into t using long on t.s = long.s when matched then update set id = 2 "
        "when not matched then insert (id, s) values (3, long.s)",
        TOO_LONG,
    ),
    "after a rename": ("alter table t rename column s to r; insert into t (r) values ('abcd')", TOO_LONG),
    "of a new column": (
        "alter table t add column x varchar(1); insert into t (x) values ('ab')",
        "value too long for type character varying(1)",
    ),
    "of a table made by a query": (
        "create table k as select s::varchar(3) as a from long; insert into k values ('abcd')",
        TOO_LONG,
    ),
    "in the search path": (
        "set search_path to z; create table y (s varchar(3)); insert into y values ('abcd')",
        TOO_LONG,
    ),
    "no whole number": ("insert into t (id) values ('1.9')", NO_INTEGER),
    "no whole number set": ("update t set id = '1.9'", NO_INTEGER),
    "no whole number cast": ("select '1.9'::int", NO_INTEGER),
    "an exponent cast": ("select cast('1e3' as bigint)", 'type bigint: "1e3"'),
    "a product of many digits": ("select sum(m * m) from t", "cast one factor to numeric(38, s)"),
    "public": ("drop schema public", 'schema "public" cannot be dropped here'),
    "public and all in it": ("drop schema if exists PUBLIC cascade", "cannot be dropped here"),
    "public of the database": ("drop schema local.public cascade", "cannot be dropped here"),
    "a schema's name": ("alter schema z rename to y", "cannot be altered so here"),
    "too few values": ("insert into t (id, s) select 1", "2"),
}


@pytest.fixture
def filled(database: Database) -> Database:
    database.execute(SETUP, user="ann")
    return database


@pytest.mark.parametrize("case", REFUSED)
def test_it_is_refused_and_nothing_changes(filled: Database, rows: Rows, case: str) -> None:
    sql, words = REFUSED[case]
    before = rows("select * from t order by id")
    with pytest.raises(SqlError) as caught:
        filled.execute(sql, user="ann")
    assert words in str(caught.value)
    assert rows("select * from t order by id") == before
    assert filled.schemas() == ["public", "z"]


#: A word for the case -> script and the rows of its query.
ACCEPTED: dict[str, tuple[str, tuple[tuple[Any, ...], ...]]] = {
    "as long as may be": ("insert into t (s) values ('äb'); select count(*) from t", ((3,),)),
    "blanks of char": ("select c from t where id = 1", (("a  ",),)),
    "cut by a cast": (
        "insert into t (s) select s::varchar(3) from long; select count(*) from t",
        ((3,),),
    ),
    "an update in place": (
        "update t set s = left(s || 'xyz', 3) where id = 1; select s from t where id = 1",
        (("abc",),),
    ),
    "all columns by a star": (
        "insert into t select * from t where id = 1; select count(*) from t",
        ((3,),),
    ),
    "texts into other types": (
        "insert into t (s, id, n) select 'a', '5', '1.5'; select id, n from t where id = 5",
        ((5, Decimal("1.50")),),
    ),
    "a text of a whole number": (
        "insert into t (id) values (' 12 '), ('-3'); select id from t where id not in (1, 2) order by 1",
        ((-3,), (12,)),
    ),
    "the order of a query": (
        "create table o (id int identity(1, 1), s varchar(3));"
        "insert into o (s) select s from (select 'b' as s union all select 'a') x order by s;"
        "select s from o order by id",
        (("a",), ("b",)),
    ),
    "a wider type": (
        "alter table t alter column s type varchar(9); update t set s = 'abcdefg'; select distinct s from t",
        (("abcdefg",),),
    ),
    "a merge": (
        "merge into t using long on t.s = left(long.s, 3) when matched then update set s = 'b' "
        "when not matched then insert (id, s) values (3, 'c'); select s from t order by id",
        (("b",), (None,)),
    ),
    "a product of a wide factor": (
        "select sum(n::numeric(38, 2) * n) from t",
        ((Decimal("8.5501"),),),
    ),
    "an owner of a schema": ("alter schema z owner to bob; alter schema z quota 5 GB; select 1", ((1,),)),
    "truncate is lasting": ("begin; truncate t; rollback; select count(*) from t", ((0,),)),
    "truncate keeps what was before": (
        "begin; insert into long values ('x'); truncate t; rollback; select count(*) from long",
        ((2,),),
    ),
}


@pytest.mark.parametrize("case", ACCEPTED)
def test_it_is_accepted(filled: Database, rows: Rows, case: str) -> None:
    script, expected = ACCEPTED[case]
    assert rows(script) == expected


#: Query -> type and rows as text.
AVERAGES: dict[str, tuple[str, list[list[str | None]]]] = {
    "select avg(id) from t": ("bigint", [["1"]]),
    "select avg(-id) from t": ("bigint", [["-1"]]),
    "select avg(distinct id) from t": ("bigint", [["1"]]),
    "select avg(n) from t": ("numeric(10,2)", [["2.01"]]),
    "select avg(id::float) from t": ("double precision", [["1.5"]]),
    "select avg(id * 1.0::float) from t limit 0": ("double precision", []),
    "select avg(id) from t limit 0": ("bigint", []),
    "select avg(id) over (order by id) from t order by 1": ("bigint", [["1"], ["1"]]),
    "select avg(x) from (select avg(id) as x from t group by id) y": ("bigint", [["1"]]),
    "with q as (select id as w from t) select avg(w) from q having avg(w) > 0": ("bigint", [["1"]]),
    "select (select avg(u.id) from t u where u.id >= t.id) from t order by 1": ("bigint", [["1"], ["2"]]),
    "create view v as select avg(id) as a from t; select a from v": ("bigint", [["1"]]),
    "create table v as select avg(n) as a from t; select a from v": ("numeric(10,2)", [["2.01"]]),
    "insert into t (id) select avg(id) + 10 from t; select id from t where id > 10": ("integer", [["11"]]),
    "select avg(id) from t where id is null": ("bigint", [[None]]),
}


@pytest.mark.parametrize("script", AVERAGES)
def test_an_average_has_redshifts_type(filled: Database, script: str) -> None:
    result = filled.execute(script, user="ann")
    assert (result.columns[0].sql_type, result.text_rows()) == AVERAGES[script]


NAMES = {
    "power(2, 3)": "power",
    "mod(5, 2)": "mod",
    "2 ^ 3": "?column?",
    "5 % 2": "?column?",
    "lpad('a', 3)": "lpad",
    "rpad('a', 3, 'x')": "rpad",
    "json_extract_path_text('{}', 'a')": "json_extract_path_text",
    "sysdate::date": "sysdate",
    "getdate()": "getdate",
    "version()": "version",
}


@pytest.mark.parametrize("expression", NAMES)
def test_a_column_is_called_by_its_function(rows: Rows, database: Database, expression: str) -> None:
    assert database.execute(f"select {expression}", user="ann").columns[0].name == NAMES[expression]


VALUES: dict[str, Any] = {
    "json_extract_path_text('not json', 'a', true)": None,
    """json_extract_path_text('{"a":{"b":2}}', 'a', 'b', true)""": "2",
    """json_extract_path_text('{"a":{"b c":2}}', 'a', 'b c', false)""": "2",
    "json_extract_path_text(x.j, x.k)": "1",
    "substring('abc', -1, 3)": "a",
    "substring('abc', 0, 3)": "ab",
    "substring('abc', -1)": "abc",
    "substring('abc', -5, 2)": "",
    "substring('abcdef' from 2 for 2)": "bc",
    "substring('abcdef', x.n, 3)": "a",
    "left(version(), 16)": "PostgreSQL 8.0.2",
    "split_part(version(), 'Redshift ', 2)": "1.0.0",
}


@pytest.mark.parametrize("expression", VALUES)
def test_a_function_gives_what_it_does_on_redshift(rows: Rows, expression: str) -> None:
    source = """(select '{"k":1}' as j, 'k' as k, -1 as n) x"""
    assert rows(f"select {expression} as value from {source}") == ((VALUES[expression],),)


def test_the_parser_logs_no_sql(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG), pytest.raises(SqlError):
        database.execute("alter sequence secret_name rename to b", user="ann")
    assert "secret_name" not in caplog.text


def test_a_damaged_database_is_told_of(tmp_path: Path) -> None:
    with Platform(tmp_path / "data") as platform:
        number = platform.add_database("other")
    (tmp_path / "data" / "warehouse" / "other.duckdb").write_bytes(b"no database" * 1000)
    with Platform(tmp_path / "data") as platform:
        client = platform.client()
        with pytest.raises(CivisAPIError) as caught:
            client.databases.list_schemas(number)
        assert caught.value.status_code == 422
        [sound] = [each.id for each in client.databases.list() if each.id != number]
        assert [each.schema for each in client.databases.list_schemas(sound)] == ["public"]
