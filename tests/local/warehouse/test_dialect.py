"""Redshift's dialect: what comes back, and how columns are called."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from civis.local.warehouse import Database, SqlError
from tests.local.warehouse.conftest import Rows

SETUP = """
create schema s;
create table people (id int not null, name varchar(20), born date, score numeric(10,2));
insert into people values (1, 'Ann', '1990-01-31', 1.50), (2, 'bob', '1985-12-01', 2.25);
insert into people values (3, null, null, null);
"""

ONE_VALUE: dict[str, tuple[str, Any]] = {
    "integer division": ("select 5 / 2", 2),
    "decimal division": ("select 5 / 2.0", 2.5),
    "float is a double": ("select '0.1'::float", 0.1),
    "numeric without scale": ("select 1.7::numeric", Decimal(2)),
    "cut by varchar(n)": ("select 'abcdef'::varchar(3)", "abc"),
    "cast function": ("select cast('abcdef' as char(2))", "ab"),
    "len": ("select len('größe')", 5),
    "right": ("select right('abc', 2)", "bc"),
    "left": ("select left('abc', 2)", "ab"),
    "md5": ("select md5('a')", "0cc175b9c0f1b6a831c399e269772661"),
    "nvl": ("select nvl(null, 2)", 2),
    "isnull": ("select isnull(null, 2)", 2),
    "nvl2": ("select nvl2(null, 1, 2)", 2),
    "decode": ("select decode(2, 1, 'x', 2, 'y', 'z')", "y"),
    "dateadd": ("select dateadd(month, 1, '2024-01-31'::date)::date", dt.date(2024, 2, 29)),
    "datediff": ("select datediff(day, '2024-01-01', '2024-02-01')", 31),
    "date_trunc": ("select date_trunc('month', '2024-05-17'::date)::date", dt.date(2024, 5, 1)),
    "date_part": ("select date_part(year, '2024-05-17'::date)", 2024),
    "extract": ("select extract(month from '2024-05-17'::date)", 5),
    "to_char": ("select to_char('2024-05-17'::date, 'YYYY/MM/DD')", "2024/05/17"),
    "to_date": ("select to_date('17.05.2024', 'DD.MM.YYYY')", dt.date(2024, 5, 17)),
    "convert_timezone": (
        "select convert_timezone('America/New_York', '2024-01-01 12:00'::timestamp)",
        dt.datetime(2024, 1, 1, 7),
    ),
    "convert_timezone from": (
        "select convert_timezone('America/New_York', 'UTC', '2024-01-01 12:00'::timestamp)",
        dt.datetime(2024, 1, 1, 17),
    ),
    "epoch": ("select timestamp 'epoch' + 60 * interval '1 second'", dt.datetime(1970, 1, 1, 0, 1)),
    "getdate has no zone": ("select getdate() > '2020-01-01'::timestamp", True),
    "sysdate": ("select sysdate > '2020-01-01'::timestamp", True),
    "current_user": ("select current_user", "ann"),
    "user": ("select user", "ann"),
    "split_part": ("select split_part('a-b-c', '-', 2)", "b"),
    "strpos": ("select strpos('abc', 'c')", 3),
    "charindex": ("select charindex('c', 'abc')", 3),
    "regexp_substr": ("select regexp_substr('a12b', '[0-9]+')", "12"),
    "regexp_replace": ("select regexp_replace('abc', 'b', 'x')", "axc"),
    "backslash in a text": (r"select 'it\'s'", "it's"),
    "doubled quote": ("select 'it''s'", "it's"),
    "initcap": ("select initcap('ann lee')", "Ann Lee"),
    "json": ("""select json_extract_path_text('{"a":{"b":"c"}}', 'a', 'b')""", "c"),
    "power": ("select 2 ^ 3", 8),
    "concat with null": ("select ('a' || null) is null", True),
    "listagg": ("select listagg(name, ',') within group (order by name desc) from people", "bob,Ann"),
    "listagg distinct": ("select listagg(distinct name, ',') from people where id = 1", "Ann"),
    "top": ("select top 1 id from people order by id desc", 3),
    "nulls are last": ("select top 1 id from people order by name", 1),
    "nulls are first from the end": ("select top 1 id from people order by name desc", 3),
    "ilike": ("select count(*) from people where name ilike 'B%'", 1),
    "posix": ("select count(*) from people where name ~ '^A'", 1),
    "similar to": ("select count(*) from people where name similar to 'A%'", 1),
    "case-insensitive names": ('select "NAME" from PEOPLE where ID = 1', "Ann"),
    "except": ("select count(*) from (select id from people except select 1)", 2),
    "minus": ("select count(*) from (select id from people minus select 1)", 2),
    "with": ("with x as (select 1 as a) select a from x", 1),
    "unnamed column from within": ("select count from (select count(*) from people) x", 3),
    "schema and database": ("select max(id) from local.public.people", 3),
    "approximate count": ("select approximate count(distinct id) from people", 3),
    "median": ("select median(id) from people", 2),
    "window": ("select max(r) from (select row_number() over (order by id) as r from people) x", 3),
    "values": ("select sum(generate_series) from generate_series(1, 3)", 6),
}


@pytest.fixture
def people(database: Database) -> Database:
    database.execute(SETUP, user="ann")
    return database


@pytest.mark.parametrize("case", ONE_VALUE)
def test_a_value(people: Database, case: str) -> None:
    sql, expected = ONE_VALUE[case]
    [[value]] = people.execute(sql, user="ann").rows
    assert (value, type(value)) == (expected, type(value))


NAMES = {
    "select count(*) from people": ["count"],
    "select max(id), min(id), sum(id) from people": ["max", "min", "sum"],
    "select id + 1, 'x', 1 from people": ["?column?", "?column?", "?column?"],
    "select id::varchar, Name from people": ["id", "name"],
    'select id as "Big Name" from people': ["big name"],
    "select case when id = 1 then 2 end, coalesce(id, 1), upper(name) from people": [
        "case",
        "coalesce",
        "upper",
    ],
    "select nvl(id, 1), len(name), md5(name) from people": ["coalesce", "len", "md5"],
    "select count(*) from people union all select 1": ["count"],
    "select * from (select count(*), id from people group by 2) x": ["count", "id"],
    "select date_trunc('day', born), row_number() over (order by id) from people": [
        "date_trunc",
        "row_number",
    ],
    "select (select max(id) from people)": ["max"],
}


@pytest.mark.parametrize("sql", NAMES)
def test_columns_are_called_as_on_redshift(people: Database, sql: str) -> None:
    assert [column.name for column in people.execute(sql, user="ann").columns] == NAMES[sql]


TYPES = {
    "1": "integer",
    "1::bigint": "bigint",
    "1::smallint": "smallint",
    "1.5::numeric(10,2)": "numeric(10,2)",
    "1::real": "real",
    "1::float": "double precision",
    "'a'": "character varying",
    "true": "boolean",
    "'2024-01-01'::date": "date",
    "getdate()": "timestamp without time zone",
    "'2024-01-01'::timestamptz": "timestamp with time zone",
}


@pytest.mark.parametrize("expression", TYPES)
def test_types_are_in_redshifts_words(database: Database, expression: str) -> None:
    [column] = database.execute(f"select {expression} as x", user="ann").columns
    assert column.sql_type == TYPES[expression]


def test_like_copies_columns_and_lengths(people: Database) -> None:
    people.execute("create table copy (like people); create temp table t (like people)", user="ann")
    assert [(each.name, each.sql_type, each.is_nullable) for each in people.columns("public", "copy")] == [
        ("id", "integer", False),
        ("name", "character varying(20)", True),
        ("born", "date", True),
        ("score", "numeric(10,2)", True),
    ]
    assert not people.table_exists("public", "t")


DEFINITIONS = {
    "ctas with keys": "create table x distkey(id) sortkey(id) as select * from people",
    "temporary ctas": "create temp table x as select * from people; select * from x",
    "select into": "select * into x from people; select * from x",
    "late binding view": "create view x as select id from people with no schema binding; select * from x",
    "replaced view": "create or replace view x as select 1 as a",
    "add column": "alter table people add column x varchar(30) default 'a'; select x from people",
    "drop column": "alter table people drop column score",
    "rename": "alter table people rename to x; select * from x",
    "rename column": "alter table people rename column name to x; select x from people",
    "truncate": "truncate table people; select * from people",
    "truncate short": "truncate people",
    "update from": "update people set name = x.n from (select 1 as i, 'z' as n) x where x.i = people.id",
    "delete using": "delete from people using (select 1 as i) x where x.i = people.id",
    "merge": "merge into people using (select 9 as id) x on people.id = x.id "
    "when matched then update set name = 'm' when not matched then insert (id) values (x.id)",
    "insert select": "insert into people (id) select 7",
    "drop many": "create table a (x int); create table b (x int); drop table if exists a, b, c cascade",
    "schema for somebody": "create schema if not exists x authorization bob",
    "identity": "create table x (i bigint identity(5, 2), n int); insert into x (n) values (1)",
    "quoted names": 'create table "Odd T" ("A B" int, "select" int); select "a b", "SELECT" from "odd t"',
    "search path": "create table s.x (a int); set search_path to s, public;"
    "select a from x; select id from people",
    "explain": "explain select * from people",
    "comments": "/* one ; */ select 1; -- two ;\n select 2",
    "nothing": " ; ;; -- nothing",
    "all the noise": "analyze people; vacuum full people; set statement_timeout to 1000; reset all;"
    "alter table people owner to bob; lock table people; set enable_case_sensitive_identifier to true",
}


@pytest.mark.parametrize("case", DEFINITIONS)
def test_a_script_runs(people: Database, case: str) -> None:
    people.execute(DEFINITIONS[case], user="ann")


def test_identity_counts(rows: Rows) -> None:
    script = (
        "create table x (i bigint identity(5, 2), n int); insert into x (n) values (1), (2); select i from x"
    )
    assert rows(script) == ((5,), (7,))


ERRORS = {
    "select nme from people": "column \"nme\" does not exist. Did you mean 'name'?",
    "select * from peple": "relation \"peple\" does not exist. Did you mean 'people'?",
    "select * from s.people": "relation \"s.people\" does not exist. Did you mean 'public.people'?",
    "select * from public.peple": "relation \"public.peple\" does not exist. Did you mean 'public.people'?",
    "drop table public.peple": "relation \"public.peple\" does not exist. Did you mean 'public.people'?",
    "grant select on peple to bob": 'relation "public.peple" does not exist. Did you mean',
    "create table pulic.x (a int)": "schema \"pulic\" does not exist. Did you mean 'public'?",
    "insert into people (idd) values (1)": "column \"idd\" does not exist. Did you mean 'id'?",
    "update people set nme = 'x'": "column \"nme\" does not exist. Did you mean 'name'?",
    "select p.nme from people p": "column \"nme\" does not exist. Did you mean 'name'?",
    "alter table people drop column nme": "column \"nme\" does not exist. Did you mean 'name'?",
    "select 1 / 0": "division by zero",
    "unload ('select 1') to 's3://b/x' iam_role 'r'": "It reaches no storage; read the rows with civis.io",
    "copy people from 's3://b/x' iam_role 'r'": "It reaches no storage; load the file with civis.io",
    "select to_char(id, name) from people": "the format of to_char() has to be a text constant",
    "select * from nowhere.people": 'relation "nowhere.people" does not exist',
    "selec 1": "syntax error at or near",
    "select 1 from": "syntax error",
    "select 'abc'::int": 'invalid input syntax for type integer: "abc"',
    "create table people (a int)": 'relation "people" already exists',
    "create schema s": 'schema "s" already exists',
    "select nofunction(1)": "function nofunction() does not exist",
    "insert into people (id) values (null)": 'null value in column "id" violates not-null constraint',
    "create table x (a varchar(0))": "at least 1",
    "create table x (a nonsense)": "nonsense",
    "drop table nothing": 'relation "nothing" does not exist',
    "select 'open": "left open",
    "select :a": "no value was given for the parameter :a",
    "select 1; select * from peple; select 2": "peple",
    "create table x (like nothing)": 'relation "public.nothing" does not exist',
    "grant select on nothing to bob": 'relation "public.nothing" does not exist',
    "set search_path to nowhere": 'schema "nowhere" does not exist',
}


@pytest.mark.parametrize("sql", ERRORS)
def test_errors_name_what_is_unknown(people: Database, sql: str) -> None:
    with pytest.raises(SqlError) as caught:
        people.execute(sql, user="ann")
    assert ERRORS[sql] in str(caught.value)
    assert "civis_hidden" not in str(caught.value)


def test_parameters_are_values_never_sql(rows: Rows) -> None:
    evil = "'; drop table x; --"
    assert rows("select :a as a, :b as b", parameters={"a": evil, "b": None}) == ((evil, None),)
    assert rows("select ?, ?", parameters=[1, "x"]) == ((1, "x"),)


def test_a_call_is_one_transaction(people: Database, rows: Rows) -> None:
    with pytest.raises(SqlError):
        people.execute("delete from people; create table x (a int); select nonsense", user="ann")
    assert rows("select count(*) from people") == ((3,),)
    assert not people.table_exists("public", "x")


TRANSACTIONS = {
    "committed, then failing": ("begin; delete from people; commit; select nonsense", 0),
    "rolled back": ("begin; delete from people; rollback;", 3),
    "never ended": ("begin; delete from people", 3),
    "only ended": ("delete from people; end", 0),
    "two": ("begin; delete from people where id = 1; commit; begin; delete from people; abort", 2),
    "reading": ("begin read only; select * from people; commit", 3),
    "writing in what is read only": ("begin read only; delete from people; commit", 3),
}


@pytest.mark.parametrize("case", TRANSACTIONS)
def test_transactions(people: Database, rows: Rows, case: str) -> None:
    script, left = TRANSACTIONS[case]
    try:
        people.execute(script, user="ann")
    except SqlError:
        assert case in ("committed, then failing", "writing in what is read only")
    assert rows("select count(*) from people") == ((left,),)


def test_a_preview_says_whether_it_is_all(people: Database) -> None:
    result = people.execute("select id from people order by id", user="ann", preview_rows=2)
    assert (result.rows, result.is_complete) == (((1,), (2,)), False)
    assert people.execute("select id from people", user="ann", preview_rows=3).is_complete


def test_the_last_query_counts(people: Database) -> None:
    result = people.execute("select 1 as a; update people set name = 'x'; analyze", user="ann")
    assert (result.columns[0].name, result.rows, result.statements, result.rows_affected) == (
        "a",
        ((1,),),
        3,
        3,
    )
    assert not people.execute("delete from people", user="ann").returns_rows
    empty = people.execute("select 1 as a where false", user="ann")
    assert (empty.returns_rows, empty.rows) == (True, ())


def test_values_are_exact(rows: Rows) -> None:
    script = (
        f"select 9223372036854775807::bigint, {'12345678901234567890123456789012345678'}::numeric(38,0), "
    )
    script += "0.10::numeric(5,2)"
    assert rows(script) == ((2**63 - 1, Decimal("12345678901234567890123456789012345678"), Decimal("0.10")),)


def test_text_rows(database: Database) -> None:
    result = database.execute("select true, null, 1.0::float, '2024-01-01 10:00'::timestamp", user="ann")
    assert result.text_rows() == [["t", None, "1.0", "2024-01-01 10:00:00"]]
