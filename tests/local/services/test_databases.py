"""Databases over HTTP: schemas, tables by name, settings; and the functions that other parts use."""

from __future__ import annotations

import pytest

from civis.local.api import NotFound
from civis.local.services.databases import add_database, ensure_default_database, resolve_database


@pytest.fixture(scope="module", autouse=True)
def _tables(api):
    """A schema with two tables and a view."""
    api.sql("create schema dbs")
    api.sql("create table dbs.people (id integer not null, name varchar(20)) distkey(id) sortkey(id, name)")
    api.sql("insert into dbs.people values (1, 'Ann'), (2, 'Bob')")
    api.sql("create table dbs.visits (id integer)")
    api.sql("create view dbs.names as select name from dbs.people")


def test_databases(api):
    (database,) = api.get("databases")
    assert (database["name"], database["adapter"]) == ("local", "redshift")
    assert api.get(f"databases/{database['id']}") == database
    refusal = api.refusal("GET", "databases/999999", 404)
    assert "999999" in refusal
    assert "'local'" in refusal


def test_schemas(api):
    schemas = [each["schema"] for each in api.get(f"databases/{api.database_id}/schemas")]
    assert "dbs" in schemas
    assert schemas == sorted(schemas)
    assert api.get(f"databases/{api.database_id}/schemas", name="DB") == [{"schema": "dbs"}]
    assert "credential" in api.refusal(
        "GET", f"databases/{api.database_id}/schemas", 404, credential_id=987654
    )


def test_tables_of_a_schema(api):
    id = api.database_id
    found = api.get(f"databases/{id}/schemas/dbs/tables")
    assert [(each["name"], each["isView"]) for each in found] == [
        ("names", True),
        ("people", False),
        ("visits", False),
    ]
    assert {each["databaseId"] for each in found} == {id}
    assert "Did you mean 'dbs'" in api.refusal("GET", f"databases/{id}/schemas/dbss/tables", 404)


def test_a_table_by_name(api):
    path = f"databases/{api.database_id}/schemas/dbs/tables"
    table = api.get(f"{path}/people")
    assert (table["schema"], table["name"], table["rowCount"], table["columnCount"]) == (
        "dbs",
        "people",
        2,
        2,
    )
    assert (table["distkey"], table["sortkeys"], table["isView"]) == ("id", "id, name", False)
    assert [(column["name"], column["sqlType"], column["order"]) for column in table["columns"]] == [
        ("id", "integer", 1),
        ("name", "character varying(20)", 2),
    ]
    assert table["tableDef"].startswith('CREATE TABLE "dbs"."people" (\n    "id" INTEGER NOT NULL,')
    # The same table keeps its ID, however its name is written.
    assert api.get(f"{path}/PEOPLE")["id"] == table["id"] == api.get(f"tables/{table['id']}")["id"]
    assert "Did you mean 'people'" in api.refusal("GET", f"{path}/peple", 404)
    assert "dbz" in api.refusal("GET", f"databases/{api.database_id}/schemas/dbz/tables/people", 404)
    changed = api.call("PATCH", f"{path}/people", 200, {"description": "all of them"})
    assert (changed["id"], changed["description"]) == (table["id"], "all of them")


def test_lists_of_tables(api):
    path = f"databases/{api.database_id}"
    names = [each["name"] for each in api.get(f"{path}/tables", name="dbs.")]
    assert names == ["names", "people", "visits"]
    assert api.headers["X-Pagination-Per-Page"] == "200"
    page = api.get(f"{path}/tables", name="DBS.", limit=2, page_num=2)
    assert [each["name"] for each in page] == ["visits"]
    assert api.headers["X-Pagination-Total-Entries"] == "3"
    assert api.get(f"{path}/tables", name="dbs.", order_dir="desc")[0]["name"] == "visits"
    (found,) = api.get(f"{path}/tables-search", name="dbs.people", column_name="na%")
    assert found["columnNames"] == ["id", "name"]
    assert api.get(f"{path}/tables-search", name="dbs.people", column_name="na") == []


def test_settings(api):
    path = f"databases/{api.database_id}/advanced-settings"
    assert api.get(path) == {"exportCachingEnabled": False}
    assert api.call("PATCH", path, 200, {"export_caching_enabled": True}) == {"exportCachingEnabled": True}
    assert api.call("PUT", path, 200, {"export_caching_enabled": False}) == {"exportCachingEnabled": False}
    assert api.get(f"databases/{api.database_id}/whitelist-ips") == []
    assert "whitelisted" in api.refusal("GET", f"databases/{api.database_id}/whitelist-ips/1", 404)


def test_scan_of_a_schema(api):
    path = f"databases/{api.database_id}"
    answer = api.call("POST", f"{path}/schemas/scan", 201, {"schema": "dbs"})
    assert api.wait(answer["jobId"], answer["runId"])["state"] == "succeeded"
    columns = api.get(f"{path}/schemas/dbs/tables/people")["columns"]
    assert [column["distinctCount"] for column in columns] == [2, 2]
    assert "nope" in api.refusal("POST", f"{path}/schemas/scan", 404, {"schema": "nope"})


def test_functions(platform):
    with platform.state.begin() as connection:
        default = ensure_default_database(platform, connection, platform.now)
        assert ensure_default_database(platform, connection, platform.now) == default
        other = add_database(platform, connection, "second one", platform.now)
        assert add_database(platform, connection, "second one", platform.now) == other
        assert resolve_database(connection, str(other.id)) == other
        with pytest.raises(ValueError, match="not empty"):
            add_database(platform, connection, " ", platform.now)
        for wrong in (10**6, "x", default.id * -1):
            with pytest.raises(NotFound, match="second one"):
                resolve_database(connection, wrong)
    assert "second one" in platform.warehouse.databases()
