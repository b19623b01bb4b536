"""Transfers over HTTP: tables copied from one database into another, as `transfer_table` asks for it."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="module", autouse=True)
def _schema(api):
    """A schema for all tables of this file."""
    api.sql("create schema imp")


def transfer(api, ends, source, destination, **options):
    """Copy a table as the client does; give the import and its run."""
    job = api.call(
        "POST", "imports", 201, {"name": "copy", "sync_type": "Dbsync", "is_outbound": True, **ends}
    )
    body = {"source": {"path": source}, "destination": {"path": destination}, "advanced_options": options}
    api.call("POST", f"imports/{job['id']}/syncs", 201, body)
    run_id = api.call("POST", f"imports/{job['id']}/runs", 202)["runId"]
    api.wait(job["id"], run_id)
    return job["id"], api.get(f"imports/files/{job['id']}/runs/{run_id}")


def other_sql(api, text):
    """Give rows of the other database."""
    database = api.platform.warehouse.database("other")
    return list(database.execute(text, user="local", preview_rows=100).rows)


@pytest.fixture(scope="module")
def _source_table(api, ends):
    """A table with values that a copy could lose."""
    api.sql(
        """create table imp.source
        (id integer, text varchar(300), amount numeric(12, 2), yes boolean, at timestamp)"""
    )
    api.sql("""insert into imp.source values
        (1, '', 1.50, true, '2024-02-29 12:30:00.123456'),
        (2, null, null, false, null),
        (3, 'a, "b"', 0.01, null, null)""")
    other_sql(api, "create schema imp")


@pytest.mark.usefixtures("_source_table")
def test_a_transfer_keeps_every_value_and_type(api, ends):
    id, run = transfer(api, ends, "imp.source", "imp.copied", verify_table_row_counts=True)
    assert (run["state"], run["error"], run["importId"]) == ("succeeded", None, id)
    query = "select * from imp.{} order by id"
    assert other_sql(api, query.format("copied")) == api.sql(query.format("source"))
    tables = [api.get("tables", schema="imp", name=name)[0]["id"] for name in ("source", "copied")]
    types = [
        [(each["name"], each["sqlType"]) for each in api.get(f"tables/{id}")["columns"]] for id in tables
    ]
    assert types[0] == types[1]


@pytest.mark.usefixtures("_source_table")
@pytest.mark.parametrize("rows", [20_000, pytest.param(300_000, marks=pytest.mark.slow)])
def test_a_large_table_arrives_whole(api, ends, rows):
    api.sql(f"""create table imp.large{rows} as
        select i::integer as id, md5(i::varchar)::varchar(32) as text, (i * 1.01)::numeric(12, 2) as amount,
            i % 3 = 0 as yes, '2026-01-01'::timestamp + i * interval '1 second' as at
        from range({rows}) t(i)""")
    _, run = transfer(api, ends, f"imp.large{rows}", f"imp.large{rows}", verify_table_row_counts=True)
    assert (run["state"], run["error"]) == ("succeeded", None)
    query = f"""select count(*), sum(id), sum(amount), sum(yes::integer), max(at),
        md5(string_agg(text, '' order by id)) from imp.large{rows}"""
    assert other_sql(api, query) == api.sql(query)
    assert api.sql(query)[0][0] == rows


TRANSFERS = {
    "append": ({"existing_table_rows": "append"}, 4),
    "truncate": ({"existing_table_rows": "truncate"}, 3),
    "drop": ({"existing_table_rows": "drop"}, 3),
    "wipe": ({"wipe_destination_table": True}, 3),
    "identity": ({"identity_column": "id"}, 3),
}


@pytest.mark.usefixtures("_source_table")
@pytest.mark.parametrize(("options", "rows"), TRANSFERS.values(), ids=TRANSFERS)
def test_transfers_into_a_table_that_is_there(api, ends, options, rows):
    other_sql(
        api,
        """drop table if exists imp.target;
        create table imp.target
        (id integer, text varchar(300), amount numeric(12, 2), yes boolean, at timestamp);
        insert into imp.target (id, text) values (1, 'old')""",
    )
    _, run = transfer(api, ends, "imp.source", "imp.target", **options)
    assert (run["state"], run["error"]) == ("succeeded", None)
    assert other_sql(api, "select count(*) from imp.target") == [(rows,)]


@pytest.mark.usefixtures("_source_table")
def test_failing_transfers(api, ends):
    _, run = transfer(api, ends, "imp.sourc", "imp.copied")
    assert run["state"] == "failed"
    assert "'source'" in run["error"]
    other_sql(api, "create table if not exists imp.there (id integer)")
    _, run = transfer(api, ends, "imp.source", "imp.there")
    assert run["state"] == "failed"
    assert "existing_table_rows" in run["error"]
    other_sql(
        api,
        """create table if not exists imp.narrow
        (id integer, text varchar(2), amount numeric(12, 2), yes boolean, at timestamp)""",
    )
    _, run = transfer(api, ends, "imp.source", "imp.narrow", existing_table_rows="append")
    assert run["state"] == "failed"
    _, run = transfer(
        api, ends, "imp.source", "imp.narrow", existing_table_rows="append", truncate_long_lines=True
    )
    assert (run["state"], run["error"]) == ("succeeded", None)
    assert other_sql(api, "select text from imp.narrow where id = 3") == [("a,",)]


PLACES = {
    "an empty table": ("imp.nothing", 0),
    "a view": ("imp.seen", 2),
    "another case": ("IMP.SOURCE", 3),
    "quotes and dots": ('imp."odd.ta""ble"', 1),
}


@pytest.mark.usefixtures("_source_table")
@pytest.mark.parametrize(("path", "rows"), PLACES.values(), ids=PLACES)
def test_sources_of_transfers(api, ends, path, rows):
    api.sql("create table if not exists imp.nothing (id integer, text varchar(10))")
    api.sql('create table if not exists imp."odd.ta""ble" as select 1 as "a column"')
    if "seen" in path:
        api.sql("create view imp.seen as select id, text from imp.source where id < 3")
    _, run = transfer(api, ends, path, "imp.moved", existing_table_rows="drop", verify_table_row_counts=True)
    assert (run["state"], run["error"]) == ("succeeded", None)
    assert other_sql(api, "select count(*) from imp.moved") == [(rows,)]


def test_an_import_without_syncs(api, ends):
    job = api.call(
        "POST", "imports", 201, {"name": "none", "sync_type": "Dbsync", "is_outbound": True, **ends}
    )
    run = api.run(job["id"])
    assert run["state"] == "failed"
    assert "sync" in run["error"]
