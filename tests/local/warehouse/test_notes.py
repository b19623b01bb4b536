"""What means something on Redshift only is kept and can be read back."""

from __future__ import annotations

import pytest

from civis.local.warehouse import Database, Privilege, TableAttributes
from tests.local.warehouse.conftest import Rows

SETUP = """create schema s; create table s.t (
    id bigint primary key distkey, name varchar(20) encode zstd sortkey, p numeric(10,2) not null default 1.5,
    unique (name), foreign key (id) references s.other (id))"""


@pytest.fixture
def table(database: Database) -> Database:
    database.execute(SETUP, user="ann")
    return database


ATTRIBUTES = {
    "create table x (a int, b int) diststyle key distkey(a) compound sortkey(a, b)": TableAttributes(
        "ann", diststyle="key", distkey="a", sortkeys=("a", "b")
    ),
    "create table x (a int, b int, primary key (a, b)) diststyle all": TableAttributes(
        "ann", diststyle="all", primary_keys=("a", "b")
    ),
    "create table x diststyle even sortkey(a) as select 1 as a": TableAttributes(
        "ann", diststyle="even", sortkeys=("a",)
    ),
    "create table x (a int encode az64, b varchar encode lzo)": TableAttributes(
        "ann", encodings={"a": "az64", "b": "lzo"}
    ),
    "create table x (a int); comment on table x is 'it''s X'; comment on column x.a is 'A'": TableAttributes(
        "ann", description="it's X", column_descriptions={"a": "A"}
    ),
    "create table x (a int); alter table x owner to bob; alter table x alter distkey a;"
    "alter table x alter sortkey (a); alter table x add primary key (a)": TableAttributes(
        "bob", distkey="a", sortkeys=("a",), primary_keys=("a",)
    ),
    "create table x (a int); comment on table x is 'x'; comment on table x is null": TableAttributes("ann"),
    "create table y (a int) sortkey(a); comment on table y is 'y';alter table y rename to x": TableAttributes(
        "ann", description="y", sortkeys=("a",)
    ),
    "create table x (a int) sortkey(a); drop table x; create table x (a int)": TableAttributes("ann"),
    "create view x as select 1 as a; comment on view x is 'v'": TableAttributes("ann", description="v"),
}


@pytest.mark.parametrize("script", ATTRIBUTES)
def test_attributes(database: Database, script: str) -> None:
    database.execute(script, user="ann")
    assert database.table_attributes("PUBLIC", "X") == ATTRIBUTES[script]


def test_columns_in_full(table: Database) -> None:
    first, second, third = table.columns("S", "T")
    assert (first.sql_type, first.is_distkey, first.sortkey_order) == ("bigint", True, None)
    assert (second.sql_type, second.encoding, second.sortkey_order) == ("character varying(20)", "zstd", 1)
    assert (third.sql_type, third.is_nullable, third.default, third.order) == (
        "numeric(10,2)",
        False,
        "1.5",
        3,
    )
    assert table.table_attributes("s", "t").primary_keys == ("id",)
    assert table.columns("s", "nothing") == []


def test_types_follow_changes(table: Database) -> None:
    table.execute(
        "alter table s.t rename column name to label; alter table s.t add column n varchar(7)", user="a"
    )
    table.execute("alter table s.t alter column label type varchar(40)", user="ann")
    assert [each.sql_type for each in table.columns("s", "t")] == [
        "bigint",
        "character varying(40)",
        "numeric(10,2)",
        "character varying(7)",
    ]


PRIVILEGES: dict[str, list[Privilege]] = {
    "grant select, insert on s.t to bob": [
        Privilege("INSERT", "table", "s", "t", "user", "bob"),
        Privilege("SELECT", "table", "s", "t", "user", "bob"),
    ],
    "grant select on table s.t to group analysts, public with grant option": [
        Privilege("SELECT", "table", "s", "t", "group", "analysts"),
        Privilege("SELECT", "table", "s", "t", "public", "public"),
    ],
    "grant usage on schema s to role r": [Privilege("USAGE", "schema", "s", None, "role", "r")],
    "grant all on schema s to bob; revoke create on schema s from bob": [
        Privilege("USAGE", "schema", "s", None, "user", "bob")
    ],
    "grant all privileges on s.t to bob; revoke all on s.t from bob": [],
    "grant select on all tables in schema s to group g": [
        Privilege("SELECT", "all table", "s", "*", "group", "g")
    ],
    "alter default privileges in schema s grant select on tables to group g": [
        Privilege("SELECT", "table", "s", None, "group", "g", is_default=True)
    ],
    "alter default privileges for user ann in schema s grant select on tables to g;"
    "alter default privileges in schema s revoke select on tables from g": [],
    "grant select (id, name) on s.t to bob; grant select on s.t to bob": [
        Privilege("SELECT", "table", "s", "t", "user", "bob")
    ],
    "grant select on s.t to bob; drop table s.t": [],
    "grant select on s.t to bob; alter table s.t rename to u": [
        Privilege("SELECT", "table", "s", "u", "user", "bob")
    ],
    "grant some_role to bob": [],
}


@pytest.mark.parametrize("script", PRIVILEGES)
def test_privileges(table: Database, script: str) -> None:
    table.execute(script, user="ann")
    assert table.privileges() == PRIVILEGES[script]


def test_privileges_of_one(table: Database) -> None:
    table.execute("create table o (a int); grant select on o to bob; grant select on s.t to bob", user="ann")
    assert [each.name for each in table.privileges("S")] == ["t"]
    assert [each.name for each in table.privileges("s", "T")] == ["t"]
    assert table.privileges("s", "o") == []


def test_users_and_groups(rows: Rows) -> None:
    script = """create user bob password 'Secret1x'; create group g with user bob, eve;
    alter group g add user zoe;
    alter group g drop user eve; create group empty"""
    assert rows(f"{script}; select usename from pg_user order by 1") == (("bob",), ("local",), ("zoe",))
    members = "select groname, usename from pg_group, pg_user where usesysid = any(grolist) order by 1, 2"
    assert rows(members) == (("g", "bob"), ("g", "zoe"))
    assert rows("drop user bob; drop group if exists empty; select groname from pg_group") == (("g",),)


CATALOGUE = {
    "select table_schema, table_name, table_type from information_schema.tables order by 2": (
        ("s", "t", "BASE TABLE"),
        ("public", "v", "VIEW"),
    ),
    "select column_name, data_type, character_maximum_length, is_nullable from INFORMATION_SCHEMA.columns "
    "where table_name = 't' order by ordinal_position": (
        ("id", "bigint", None, "YES"),
        ("name", "character varying", 20, "YES"),
        ("p", "numeric", None, "NO"),
    ),
    "select schema_name from information_schema.schemata order by 1": (("public",), ("s",)),
    "select c.table_name from information_schema.tables c where c.table_schema = 's'": (("t",),),
    "select columns.column_name from information_schema.columns where columns.column_name = 'p'": (("p",),),
    "select schemaname, tablename, tableowner from pg_tables": (("s", "t", "ann"),),
    "select viewname from pg_catalog.pg_views": (("v",),),
    'select "column", type from pg_table_def where tablename = \'t\' and "notnull"': (
        ("p", "numeric(10,2)"),
    ),
    "select nspname, relname from pg_class c join pg_namespace n on n.oid = c.relnamespace order by 2": (
        ("s", "t"),
        ("public", "v"),
    ),
}


@pytest.mark.parametrize("sql", CATALOGUE)
def test_the_catalogue_in_sql(table: Database, rows: Rows, sql: str) -> None:
    table.execute("create view v as select 1 as a", user="ann")
    assert rows(sql) == CATALOGUE[sql]


def test_the_catalogue_as_lists(table: Database) -> None:
    table.execute("create view v as select 1 as a; create temp table hidden (a int)", user="ann")
    assert table.schemas() == ["public", "s"]
    assert [
        (each.schema, each.name, each.is_view, each.owner, each.column_count) for each in table.tables()
    ] == [
        ("public", "v", True, "ann", 1),
        ("s", "t", False, "ann", 3),
    ]
    assert [each.name for each in table.tables("S")] == ["t"]
    assert (table.table_exists("s", "T"), table.table_exists("s", "u")) == (True, False)
