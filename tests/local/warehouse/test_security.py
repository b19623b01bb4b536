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
    connection = vars(database)["_connection"].cursor()
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
