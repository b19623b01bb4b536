"""SQL as scripts send it, in Redshift's dialect: each statement that usage was counted of, and its kin."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import civis
from civis.base import CivisJobFailure
from civis.client import APIClient

QUICKLY = 0.01

SETUP = """
    create table public.people (id int, name varchar(20), zip varchar(5), joined timestamp);
    insert into public.people values (1, 'Ada', '02139', '2020-01-01 12:00:00'),
        (2, 'Grace', '22202', '2020-06-01 12:00:00'), (3, 'Alan', '02116', null);
    create group analysts;
"""

#: A word each; what is sent; the columns of the last query; its rows, as the platform gives them: texts.
QUERIES = [
    ("several statements",
     "create table s1 (x int); insert into s1 values (1), (2); select count(*) from s1", ["count"], [["2"]]),
    ("definitions only", "create table d1 (x int); drop table d1", [], []),
    ("create table as",
     "create table c1 as select id, name from people; select name from c1 where id = 1", ["name"], [["Ada"]]),
    ("create table like", "create table l1 (like public.people); select count(*) from l1", ["count"],
     [["0"]]),
    ("except", "select id from people except select 1 order by id", ["id"], [["2"], ["3"]]),
    ("grant to a group", "grant select on public.people to group analysts; select 1 as done", ["done"],
     [["1"]]),
    ("grant on a schema", "grant usage on schema public to group analysts; select 1 as done", ["done"],
     [["1"]]),
    ("grant on all tables", "grant all on all tables in schema public to group analysts; select 1 as done",
     ["done"], [["1"]]),
    ("grant to the public", "grant select on table public.people to public; select 1 as done", ["done"],
     [["1"]]),
    ("revoke", "revoke all on public.people from group analysts; select 1 as done", ["done"], [["1"]]),
    ("default privileges",
     "alter default privileges in schema public grant select on tables to group analysts; select 1 as done",
     ["done"], [["1"]]),
    ("default privileges of a user",
     "alter default privileges for user local in schema public grant select on tables to group analysts",
     [], []),
    ("comments",
     "create table k1 (x int); comment on table k1 is 'a table''s'; comment on column k1.x is 'a column'",
     [], []),
    ("the tables", "select table_name from information_schema.tables where table_schema = 'public' "
     "and table_name = 'people'", ["table_name"], [["people"]]),
    ("the columns", "select column_name, data_type, character_maximum_length from information_schema.columns "
     "where table_name = 'people' order by ordinal_position",
     ["column_name", "data_type", "character_maximum_length"],
     [["id", "integer", None], ["name", "character varying", "20"], ["zip", "character varying", "5"],
      ["joined", "timestamp without time zone", None]]),
    ("the schemata", "select schema_name from information_schema.schemata where schema_name = 'public'",
     ["schema_name"], [["public"]]),
    ("the users", "select usename from pg_user where usename = 'local'", ["usename"], [["local"]]),
    ("the groups", "select groname from pg_group where groname = 'analysts'", ["groname"], [["analysts"]]),
    ("who is in a group", "alter group analysts add user local; select u.usename from pg_user u, pg_group g "
     "where u.usesysid = any(g.grolist) and g.groname = 'analysts'", ["usename"], [["local"]]),
    ("reading only", "BEGIN READ ONLY; select count(*) from people", ["count"], [["3"]]),
    ("reading only, ended", "BEGIN READ ONLY; select count(*) from people; COMMIT", ["count"], [["3"]]),
    ("a transaction", "begin; create table t1 as select 1 as x; commit; select x from t1", ["x"], [["1"]]),
    ("casts", "select '1.5'::float as f, '7'::int as i, 7::varchar as v, '2020-01-02'::date as d",
     ["f", "i", "v", "d"], [["1.5", "7", "7", "2020-01-02"]]),
    ("division", "select sum(id)::float / count(*) as mean, 7 / 2 as whole from people",
     ["mean", "whole"], [["2.0", "3"]]),
    ("md5", "select md5('a') as h", ["h"], [["0cc175b9c0f1b6a831c399e269772661"]]),
    ("text functions", "select LEN('abc') as n, RIGHT('abcdef', 2) as r, LEFT('abc', 1) as l, "
     "lpad('1', 3, '0') as p, split_part('a-b', '-', 2) as s", ["n", "r", "l", "p", "s"],
     [["3", "ef", "a", "001", "b"]]),
    ("time zones", "select convert_timezone('US/Central', joined) as t from people where id = 1",
     ["t"], [["2020-01-01 06:00:00"]]),
    ("time zones from and to", "select convert_timezone('UTC', 'America/Chicago', joined) as t from people "
     "where id = 2", ["t"], [["2020-06-01 07:00:00"]]),
    ("dates", "select datediff(day, '2020-01-01', '2020-01-05') as n, date_trunc('month', joined) as m "
     "from people where id = 2", ["n", "m"], [["4", "2020-06-01 00:00:00"]]),
    ("the date",
     "select getdate() is not null as a, sysdate is not null as b, current_date > '2020-01-01' as c",
     ["a", "b", "c"], [["t", "t", "t"]]),
    ("quoted names", 'select "name" from "public"."people" where "id" = 2', ["name"], [["Grace"]]),
    ("keys of distribution and order", "create table k2 (id int encode zstd, z varchar(10)) diststyle key "
     "distkey(id) compound sortkey(id, z); select \"column\", distkey, sortkey from pg_table_def "
     "where tablename = 'k2' order by sortkey", ["column", "distkey", "sortkey"],
     [["id", "t", "1"], ["z", "f", "2"]]),
    ("keys of a table from a query", "create table k3 distkey(id) sortkey(id) as select id from people; "
     "select count(*) from k3", ["count"], [["3"]]),
    ("no value", "select nvl(null, 2) as a, coalesce(null, 'x') as b, null as c", ["a", "b", "c"],
     [["2", "x", None]]),
    ("truth", "select true as a, 1 = 2 as b", ["a", "b"], [["t", "f"]]),
    ("a list in one value", "select listagg(name, ',') within group (order by name) as names from people",
     ["names"], [["Ada,Alan,Grace"]]),
    ("windows", "select name, row_number() over (order by name desc) as r from people qualify r = 1",
     ["name", "r"], [["Grace", "1"]]),
    ("patterns", "select name from people where name ilike 'a%' and name ~ 'n$'", ["name"], [["Alan"]]),
    ("the first rows", "select top 1 name from people order by name", ["name"], [["Ada"]]),
    ("a temporary table", "create temp table t2 as select 1 as x; select x from t2", ["x"], [["1"]]),
    ("steps", "with r as (select 1 as a union all select 2) select sum(a) as s from r", ["s"], [["3"]]),
    ("a view", "create or replace view v1 as select id from people; select count(*) from v1", ["count"],
     [["3"]]),
    ("a late-bound view", "create view v2 as select id from public.people with no schema binding; "
     "select count(*) from v2", ["count"], [["3"]]),
    ("changed rows", "create table u1 as select * from people; update u1 set name = upper(name); "
     "delete from u1 where id > 1; select name from u1", ["name"], [["ADA"]]),
    ("changed tables", "create table a1 (x int); alter table a1 add column y varchar(9) default 'q'; "
     "alter table a1 rename to a2; insert into a2 (x) values (1); select y from a2", ["y"], [["q"]]),
    ("housekeeping", "analyze public.people; vacuum public.people; select 1 as done", ["done"], [["1"]]),
    ("sizes", "select tbl_rows from svv_table_info where \"table\" = 'people'", ["tbl_rows"], [["3"]]),
    ("privileges", "select has_table_privilege('local', 'public.people', 'select') as h", ["h"], [["t"]]),
    ("settings", "set statement_timeout to 60000; select 1 as done", ["done"], [["1"]]),
    ("unnamed columns", "select count(*), max(id) from people", ["count", "max"], [["3", "3"]]),
    ("remarks and a last semicolon", "-- a remark;\nselect 1 as x /* and; another */;\n", ["x"], [["1"]]),
    ("percent signs", "select name from people where name like 'G%'", ["name"], [["Grace"]]),
]  # fmt: skip

#: What goes wrong, and what is said of it.
REFUSED = [
    ("bad grammar", "selec 1", "syntax error"),
    ("no such table", "select * from public.nowhere", 'relation "public.nowhere" does not exist'),
    ("no such column", "select nme from public.people", "nme"),
    ("writing while reading only", "BEGIN READ ONLY; create table w1 (x int)", "read"),
    ("storage that is not here", "unload ('select 1') to 's3://bucket/key'", "UNLOAD"),
]


@pytest.fixture(scope="module", autouse=True)
def _tables(client: APIClient) -> Iterator[None]:
    civis.io.query_civis(SETUP, "local", client=client, polling_interval=QUICKLY).result(60)
    return


@pytest.mark.parametrize(
    ("sql", "columns", "rows"), [case[1:] for case in QUERIES], ids=[case[0] for case in QUERIES]
)
def test_queries(sql, columns, rows, client):
    found = civis.io.query_civis(sql, "local", client=client, polling_interval=QUICKLY).result(60)
    assert found.result_columns == columns
    assert [list(row) for row in found.result_rows] == rows


@pytest.mark.parametrize(("sql", "said"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_refused(sql, said, client):
    future = civis.io.query_civis(sql, "local", client=client, polling_interval=QUICKLY)
    with pytest.raises(CivisJobFailure, match=said):
        future.result(60)


def test_what_grants_leave_behind(platform, client):
    sql = "create table public.g1 (x int); grant select, insert on public.g1 to group analysts"
    civis.io.query_civis(sql, "local", client=client, polling_interval=QUICKLY).result(60)
    found = platform.warehouse.database("local").privileges("public", "g1")
    assert {(each.privilege.lower(), each.grantee) for each in found} >= {
        ("select", "analysts"),
        ("insert", "analysts"),
    }


def test_what_comments_leave_behind(platform, client):
    sql = """create table public.g2 (x int); comment on table public.g2 is 'ours';
        comment on column public.g2.x is 'it'"""
    civis.io.query_civis(sql, "local", client=client, polling_interval=QUICKLY).result(60)
    found = platform.warehouse.database("local").table_attributes("public", "g2")
    assert (found.description, found.column_descriptions["x"]) == ("ours", "it")


def test_a_failed_script_undoes_all(platform, client):
    sql = "create table public.undone (x int); select * from public.nowhere"
    with pytest.raises(CivisJobFailure):
        civis.io.query_civis(sql, "local", client=client, polling_interval=QUICKLY).result(60)
    assert not platform.warehouse.database("local").table_exists("public", "undone")
