"""SQL of users reaches no file, no network, no environment and no setting of the machine."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from civis.local.warehouse import Database, SqlError, Warehouse, WarehouseError

SECRET = "a secret of the machine"

REFUSED = {
    "read_csv": "select * from read_csv('{path}')",
    "read_csv_auto": "select * from read_csv_auto('{path}')",
    "read_text": "select * from read_text('{path}')",
    "read_blob": "select * from read_blob('{path}')",
    "read_json": "select * from read_json('{path}')",
    "read_parquet": "select * from read_parquet('{path}')",
    "read_text as a value": "select read_text('{path}')",
    "a path as a table": "select * from '{path}'",
    "a path as a quoted name": 'select * from "{path}"',
    "glob": "select * from glob('{folder}/*')",
    "sniff_csv": "select * from sniff_csv('{path}')",
    "copy to": "copy (select 1) to '{folder}/out.csv'",
    "copy table to": "copy t to '{folder}/out.csv'",
    "copy from": "copy t from '{path}'",
    "unload": "unload ('select 1') to '{folder}/out.csv'",
    "export database": "export database '{folder}/out'",
    "import database": "import database '{folder}'",
    "attach": "attach '{folder}/other.duckdb' as other",
    "attach memory": "attach ':memory:' as other",
    "detach": "detach local",
    "use": "use main",
    "install": "install httpfs",
    "load": "load httpfs",
    "load core": "load icu",
    "pragma": "pragma database_list",
    "pragma function": "select * from pragma_database_list()",
    "pragma setting": "pragma memory_limit = '1GB'",
    "getenv": "select getenv('HOME')",
    "settings": "select * from duckdb_settings()",
    "databases": "select database_name, path from duckdb_databases()",
    "settings by another name": "select * from pg_catalog.pg_settings",
    "settings unqualified": "select * from pg_settings",
    "settings as a view": "select * from duckdb_settings",
    "databases as a view": "select * from duckdb_databases",
    "the engine's tables": "select * from sqlite_master",
    "columns of all": "select * from pg_attribute",
    "the system's": "select * from system.information_schema.key_column_usage",
    "secrets": "select * from duckdb_secrets()",
    "create secret": "create secret x (type s3)",
    "current_setting": "select current_setting('temp_directory')",
    "query": "select * from query('select 1')",
    "query_table": "select * from query_table('t')",
    "a pointer": "select * from arrow_scan(1, 2, 3)",
    "a pandas pointer": "select * from pandas_scan(1)",
    "a variable of Python": "select * from outside_of_sql",
    "macro": "create macro f(x) as x + 1",
    "function": "create function f(x) as x + 1",
    "type": "create type mood as enum ('a')",
    "sequence": "create sequence x",
    "prepare": "prepare p as select 1",
    "call": "call enable_logging()",
    "checkpoint": "checkpoint",
    "log": "select write_log('x')",
    "serialized": "select * from json_execute_serialized_sql('x')",
    "hidden schema": "select * from civis_hidden.notes",
    "hidden schema written": "insert into civis_hidden.principals values ('user', 'x')",
    "hidden schema quoted": 'select * from "CIVIS_hidden".notes',
    "hidden in a view": "create view v as select * from civis_hidden.notes",
    "hidden dropped": "drop schema civis_hidden cascade",
    "hidden made": "create table civis_hidden.x (a int)",
    "engine's schema": "select * from main.x",
    "within explain": "explain select * from read_csv('{path}')",
    "within a subquery": "select 1 where exists (select * from read_text('{path}'))",
    "within insert": "insert into t select * from read_text('{path}')",
    "within a lateral": "select * from t, lateral (select * from read_text('{path}')) x",
    "sqlite": "select * from sqlite_scan('{path}', 't')",
    "postgres": "select * from postgres_scan('host=localhost', 'public', 't')",
    "a file of PostgreSQL": "select pg_read_file('{path}')",
    "a folder of PostgreSQL": "select pg_ls_dir('{folder}')",
    "a network path": "select * from 'https://127.0.0.1:9/x.csv'",
    "a bucket": "select * from read_csv('s3://bucket/x.csv')",
    "a schema like a folder": 'select * from "{folder}"."secret.csv"',
    "joined with a path": "select * from t join '{path}' p on true",
    "a path in an update": "update t set a = x.a from '{path}' x",
    "a path in a delete": "delete from t using read_csv('{path}') x",
    "a path in a view": "create view v as select * from read_text('{path}')",
    "a path in a table": "create table x as select * from read_text('{path}')",
    "a default": "create table x (a varchar default getenv('HOME'))",
    "a new column's default": "alter table t add column x varchar default getenv('HOME')",
    "a lambda": "select list_transform([1], lambda i: getenv('HOME'))",
    "a temporary macro": "create or replace temp macro f() as table select * from read_text('{path}')",
    "a later statement": "select 1; select 2; select * from read_text('{path}')",
    "after a commit": "begin; select 1; commit; copy t to '{folder}/x'",
    "a function in quotes": "select * from \"read_text\"('{path}')",
    "a function with its schema": "select * from main.read_text('{path}')",
    "a function of the system": "select * from system.main.read_text('{path}')",
    "a function after a comment": "select * from read_text/**/('{path}')",
    "a function by a dot": "select ('{path}').read_text()",
    "a condition": "select 1 where getenv('PATH') is not null",
    "the engine's memory": "select * from duckdb_memory()",
    "the engine's extensions": "select * from duckdb_extensions()",
    "a program": "copy t from program 'cat {path}'",
    "force install": "force install httpfs from community",
    "update extensions": "update extensions",
    "a secret that stays": "create persistent secret s (type s3, key_id 'a')",
    "vacuum, then export": "analyze; export database '{folder}/out' (format csv)",
    "from first": "from '{path}'",
    "from a function first": "from read_text('{path}')",
    "describe": "describe select * from read_text('{path}')",
    "summarize": "summarize select * from read_text('{path}')",
    "pivot": "pivot read_csv('{path}') on a",
    "explain analyze": "explain analyze select * from read_text('{path}')",
    "hidden behind a comment": "/* select */ copy/**/ t to '{folder}/out.csv'",
}


@pytest.mark.parametrize("case", REFUSED)
def test_the_machine_is_out_of_reach(database: Database, tmp_path: Path, case: str) -> None:
    outside_of_sql = [SECRET]
    folder = tmp_path / "machine"
    folder.mkdir()
    path = folder / "secret.csv"
    path.write_text(SECRET)
    database.execute("create table t (a varchar)", user="ann")
    with pytest.raises(SqlError) as caught:
        database.execute(REFUSED[case].format(path=path, folder=folder), user="ann")
    assert SECRET not in str(caught.value)
    assert [each.name for each in folder.iterdir()] == ["secret.csv"]
    assert outside_of_sql


ENGINE_REFUSED = [
    "select * from read_text('{path}')",
    "copy (select 1) to '{path}x'",
    "attach '{path}x'",
    "load httpfs",
]


@pytest.mark.parametrize(
    "sql", [*ENGINE_REFUSED, "set enable_external_access = true", "reset lock_configuration"]
)
def test_the_engine_is_locked_besides(database: Database, tmp_path: Path, sql: str) -> None:
    path = tmp_path / "secret"
    path.write_text(SECRET)
    connection = vars(database)["_file"].connect()
    with connection, pytest.raises(duckdb.Error, match=r"disabled|locked"):
        connection.execute(sql.format(path=path))


def test_set_reaches_no_setting(database: Database) -> None:
    database.execute("set enable_external_access to true; set lock_configuration = false", user="ann")
    with pytest.raises(SqlError):
        database.execute("select * from read_text('/etc/hostname')", user="ann")


def test_the_catalogue_shows_nothing_hidden(database: Database) -> None:
    for view in (
        "information_schema.tables",
        "information_schema.columns",
        "information_schema.schemata",
        "information_schema.views",
        "pg_tables",
        "pg_views",
        "pg_catalog.pg_tables",
        "pg_table_def",
        "pg_namespace",
        "pg_class",
    ):
        assert "civis_hidden" not in str(database.execute(f"select * from {view}", user="ann").rows)
    assert database.schemas() == ["public"]
    assert database.tables() == []


NAMES = ["", "../x", "a/b", ".hidden", "a" * 64, "x\x00", "x.", "é"]


@pytest.mark.parametrize("name", NAMES)
def test_a_database_cannot_be_anywhere_else(warehouse: Warehouse, name: str) -> None:
    with pytest.raises(WarehouseError):
        warehouse.add(name)
    with pytest.raises(WarehouseError):
        warehouse.database(name)


@pytest.mark.parametrize("name", ["../x", "a/b", "/tmp/x"])
def test_an_export_stays_in_its_folder(database: Database, tmp_path: Path, name: str) -> None:
    with pytest.raises(SqlError, match="name of a file"):
        database.export("select 1 as a", tmp_path / "out", user="ann", name=name)
