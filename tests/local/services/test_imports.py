"""Imports over HTTP: CSV files into tables, tables into others, and what their runs say."""

from __future__ import annotations

import gzip

import pytest
import requests

from civis.local.api import BadRequest
from civis.local.services.import_syncs import split_table_path

FIRST, SECOND = b"id,name\n1,Ann\n2,Bob\n", b"id,name\n3,Eve\n"
COLUMNS = [{"name": "id", "sql_type": "integer"}, {"name": "name", "sql_type": "varchar(10)"}]


@pytest.fixture(scope="module", autouse=True)
def _schema(api):
    """A schema for all tables of this file."""
    api.sql("create schema imp")


@pytest.fixture(scope="module")
def base(api):
    """Describe an import of files into a table."""

    def describe(table, *contents, **fields):
        destination = {
            "schema": "imp",
            "table": table,
            "remote_host_id": api.database_id,
            "credential_id": api.credential_id,
            **fields.pop("destination", {}),
        }
        return {
            "source": {
                "file_ids": [api.upload(content, f"{number}.csv") for number, content in enumerate(contents)]
            },
            "destination": destination,
            "first_row_is_header": True,
            "table_columns": COLUMNS,
            **fields,
        }

    return describe


def load(api, body):
    """Create an import and run it."""
    job = api.call("POST", "imports/files/csv", 201, body)
    return job, api.run(job["id"])


def test_files_come_in_the_order_given(api, base):
    job, run = load(api, base("ordered", SECOND, FIRST, name="mine"))
    assert (job["name"], run["state"], run["error"]) == ("mine", "succeeded", None)
    assert api.sql("select id, name from imp.ordered order by id") == [(1, "Ann"), (2, "Bob"), (3, "Eve")]
    log = api.log(job["id"], run["id"])
    assert "0.csv, 1.csv" in log
    assert "3 rows" in log


MODES = {
    "append": ("append", [(1, "old"), (1, "Ann"), (2, "Bob")]),
    "truncate": ("truncate", [(1, "Ann"), (2, "Bob")]),
    "drop": ("drop", [(1, "Ann"), (2, "Bob")]),
    "upsert": ("upsert", [(1, "Ann"), (2, "Bob")]),
}


@pytest.mark.parametrize(("mode", "rows"), MODES.values(), ids=MODES)
def test_existing_table_rows(api, base, mode, rows):
    api.sql(f"create table imp.mode_{mode} (id integer, name varchar(10))")
    api.sql(f"insert into imp.mode_{mode} values (1, 'old')")
    keys = {"primary_keys": ["id"]} if mode == "upsert" else {}
    _, run = load(api, base(f"mode_{mode}", FIRST, existing_table_rows=mode, destination=keys))
    assert (run["state"], run["error"]) == ("succeeded", None)
    assert sorted(api.sql(f"select id, name from imp.mode_{mode}")) == sorted(rows)


def test_fail_leaves_the_table_and_says_so(api, base):
    api.sql("create table imp.kept (id integer, name varchar(10)); insert into imp.kept values (9, 'x')")
    _, run = load(api, base("kept", FIRST))
    assert run["state"] == "failed"
    assert "imp.kept" in run["error"].replace('"', "")
    assert api.sql("select * from imp.kept") == [(9, "x")]


FORMATS = {
    "tab": (b"id\tname\n1\tAnn\n", {"column_delimiter": "tab"}),
    "pipe": (b"id|name\n1|Ann\n", {"column_delimiter": "pipe"}),
    "gzip": (gzip.compress(b"id,name\n1,Ann\n"), {"compression": "gzip"}),
    "escaped": (b'id,name\n1,"Ann"\n', {"escaped": True}),
    "no header": (b"1,Ann\n", {"first_row_is_header": False}),
}


@pytest.mark.parametrize(("content", "fields"), FORMATS.values(), ids=FORMATS)
def test_formats(api, base, content, fields):
    _, run = load(api, base("format", content, existing_table_rows="drop", **fields))
    assert (run["state"], run["error"]) == ("succeeded", None)
    assert api.sql("select * from imp.format") == [(1, "Ann")]


def test_rejected_rows(api, base):
    content = b"id,name\n1,Ann\nno number,Bob\n3,Eve\n"
    job, run = load(api, base("strict", content))
    assert run["state"] == "failed"
    assert "line 3" in api.log(job["id"], run["id"])
    assert "strict" not in [each["name"] for each in api.get("tables", schema="imp")]
    job, run = load(api, base("lenient", content, max_errors=1))
    assert run["state"] == "succeeded"
    assert api.sql("select * from imp.lenient") == [(1, "Ann"), (3, "Eve")]
    log = api.log(job["id"], run["id"])
    assert "line 3" in log
    assert "left out 1" in log


def test_attributes_of_a_new_table(api, base):
    options = {"diststyle": "key", "distkey": "id", "sortkeys": ["name", "id"]}
    _, run = load(api, base("keyed", FIRST, redshift_destination_options=options, loosen_types=True))
    assert run["state"] == "succeeded"
    table = api.get("tables", schema="imp", name="keyed")[0]
    assert (table["distkey"], table["sortkeys"]) == ("id", "name, id")


def test_the_answer(api, base):
    body = base("shown", FIRST)
    job = api.call("POST", "imports/files/csv", 201, body)
    assert job == {
        "id": job["id"],
        "name": f"CSV Import #{job['id']}",
        "source": {"fileIds": body["source"]["file_ids"], "storagePath": None},
        "destination": {
            "schema": "imp",
            "table": "shown",
            "remoteHostId": api.database_id,
            "credentialId": api.credential_id,
            "primaryKeys": [],
            "lastModifiedKeys": [],
        },
        "firstRowIsHeader": True,
        "columnDelimiter": "comma",
        "escaped": False,
        "compression": "none",
        "existingTableRows": "fail",
        "maxErrors": None,
        "tableColumns": [{"name": each["name"], "sqlType": each["sql_type"]} for each in COLUMNS],
        "loosenTypes": False,
        "execution": "delayed",
        "redshiftDestinationOptions": {"diststyle": None, "distkey": None, "sortkeys": []},
        "hidden": False,
        "myPermissionLevel": "manage",
    }
    path = f"imports/files/csv/{job['id']}"
    assert api.get(path) == job
    changed = api.call(
        "PATCH", path, 200, {"destination": {"table": "other"}, "existing_table_rows": "append"}
    )
    assert (changed["destination"]["table"], changed["destination"]["schema"]) == ("other", "imp")
    assert changed["existingTableRows"] == "append"
    assert api.call("PUT", path, 200, body) == job
    assert api.call("PUT", f"{path}/archive", 200, {"status": True})["id"] == job["id"]
    assert "archived" in api.refusal("POST", f"{path}/runs", 409)
    assert api.call("DELETE", path, 204) is None


def test_runs_of_a_csv_import(api, base):
    job = api.call("POST", "imports/files/csv", 201, base("runs", FIRST, existing_table_rows="append"))
    path = f"imports/files/csv/{job['id']}/runs"
    run = api.call("POST", path, 202)
    assert set(run) == {
        "id",
        "csvImportId",
        "state",
        "isCancelRequested",
        "createdAt",
        "startedAt",
        "finishedAt",
        "error",
    }
    assert (run["csvImportId"], run["isCancelRequested"], run["error"]) == (job["id"], False, None)
    api.wait(job["id"], run["id"])
    assert api.get(f"{path}/{run['id']}")["state"] == "succeeded"
    assert [each["id"] for each in api.get(path)] == [run["id"]]
    assert [line["level"] for line in api.get(f"{path}/{run['id']}/logs")]
    assert api.get(f"{path}/{run['id']}/inputs")["destination"]["table"] == "runs"
    api.session.delete(f"{api.platform.url}{path}/{run['id']}").close()
    assert api.get(f"{path}/{run['id']}")["state"] == "succeeded"  # a run that is over stays as it is
    assert "999999" in api.refusal("GET", f"{path}/999999", 404)


REFUSALS = {
    "unknown database": ({"destination": {"remote_host_id": 999999}}, 404, "'local'"),
    "unknown credential": ({"destination": {"credential_id": 999999}}, 404, "999999"),
    "empty table": ({"destination": {"table": ""}}, 400, "destination.table"),
    "unknown file": ({"source": {"file_ids": [999999]}}, 404, "999999"),
    "no file": ({"source": {"file_ids": []}}, 400, "file_ids"),
    "storage": (
        {"source": {"storage_path": {"storage_host_id": 1, "credential_id": 1, "file_paths": ["a"]}}},
        404,
        "storage host",
    ),
    "unknown mode": ({"existing_table_rows": "apend"}, 400, "append"),
    "unknown delimiter": ({"column_delimiter": ";"}, 400, "comma"),
    "upsert without keys": ({"existing_table_rows": "upsert"}, 422, "primary_keys"),
    "negative errors": ({"max_errors": -1}, 400, "-1"),
    "three sortkeys": ({"redshift_destination_options": {"sortkeys": ["a", "b", "c"]}}, 400, "3"),
    "key without key": ({"redshift_destination_options": {"diststyle": "key"}}, 422, "distkey"),
    "a column twice": ({"table_columns": [{"name": "a"}, {"name": "A"}]}, 422, "'a'"),
}


@pytest.mark.parametrize(("fields", "status", "words"), REFUSALS.values(), ids=REFUSALS)
def test_refusals(api, base, fields, status, words):
    assert words in api.refusal("POST", "imports/files/csv", status, base("never", FIRST, **fields))


def test_a_file_that_is_gone_fails_the_run(api, base):
    body = base("gone", FIRST)
    made = api.call("POST", "files", 201, {"name": "later.csv"})
    body["source"]["file_ids"].append(made["id"])
    _, run = load(api, body)
    assert run["state"] == "failed"
    assert "later.csv" in run["error"]


def test_syncs(api, ends):
    job = api.call("POST", "imports", 201, {"name": "s", "sync_type": "Dbsync", "is_outbound": False, **ends})
    path = f"imports/{job['id']}/syncs"
    tables = {
        "source": {"databaseTable": {"schema": "test", "table": "table1"}},
        "destination": {"databaseTable": {"schema": "test2", "table": "table2"}},
    }
    sync = api.call("POST", path, 201, {**tables, "advancedOptions": {"rowChunkSize": 100}})
    assert sync["source"] == {
        "id": None,
        "databaseTable": {"schema": "test", "table": "table1", "useWithoutSchema": False},
        "file": None,
        "googleWorksheet": None,
        "path": '"test"."table1"',
    }
    assert (
        sync["advancedOptions"]["rowChunkSize"],
        sync["advancedOptions"]["mysqlCatalogMatchesSchema"],
    ) == (100, True)
    assert api.get(f"imports/{job['id']}")["syncs"] == [sync]
    moved = {"destination": {"database_table": {"schema": "a", "table": "b"}}}
    changed = api.call("PATCH", f"{path}/{sync['id']}", 200, moved)
    assert changed["destination"]["databaseTable"]["table"] == "b"
    assert changed["advancedOptions"]["rowChunkSize"] == 100
    replaced = api.call("PUT", f"{path}/{sync['id']}", 200, tables)
    assert replaced["advancedOptions"]["rowChunkSize"] is None
    clone = api.call("POST", f"imports/{job['id']}/clone", 201, {})
    assert clone["name"] == f"Clone of Import {job['id']} s"
    assert [each["source"] for each in clone["syncs"]] == [sync["source"]]
    api.call("PUT", f"{path}/{sync['id']}/archive", 200, {"status": True})
    assert api.get(f"imports/{job['id']}")["syncs"] == []
    assert api.call("DELETE", f"{path}/{sync['id']}", 204) is None
    assert "999999" in api.refusal("PATCH", f"{path}/999999", 404, moved)
    assert "schema.table" in api.refusal(
        "POST", path, 400, {"source": {"path": "x"}, "destination": {"path": "a.b"}}
    )


def test_lists_of_imports(api, ends):
    made = [
        api.call(
            "POST",
            "imports",
            201,
            {"name": name, "sync_type": kind, "is_outbound": False, "hidden": True, **ends},
        )
        for name, kind in (("b", "Dbsync"), ("a", "AutoImport"))
    ]
    ids = [each["id"] for each in made]

    def listed(**query):
        return [each["id"] for each in api.get("imports", hidden="true", **query)]

    assert listed() == ids[::-1]
    assert listed(order="name", order_dir="asc") == ids[::-1]
    assert listed(type="Dbsync") == ids[:1]
    assert listed(status="idle") == ids[::-1]
    assert listed(status="running,failed") == []
    assert listed(destination=str(ends["destination"]["remote_host_id"])) == ids[::-1]
    assert listed(source="999999") == []
    assert listed(limit=1, page_num=2) == ids[:1]
    assert api.headers["X-Pagination-Total-Entries"] == "2"
    api.call("PUT", f"imports/{ids[0]}/archive", 200, {"status": True})
    assert listed() == ids[1:]
    assert listed(archived="true") == ids[:1]
    assert sorted(listed(archived="all")) == ids
    assert "Dbsync" in api.refusal("GET", "imports", 400, type="Dbsnc")


def test_an_import_as_the_answers_show_it(api, ends):
    job = api.call("POST", "imports", 201, {"name": "n", "sync_type": "Dbsync", "is_outbound": False, **ends})
    assert (job["state"], job["lastRun"], job["jobType"]) == ("idle", None, "JobTypes::Import")
    assert (job["source"]["name"], job["destination"]["name"]) == ("local", "other")
    assert job["schedule"]["scheduled"] is None
    changed = api.call("PATCH", f"imports/{job['id']}", 200, {"name": "m", "schedule": {"scheduled": True}})
    assert (changed["name"], changed["state"], changed["schedule"]["scheduledDays"]) == ("m", "scheduled", [])
    body = {"name": "n", "sync_type": "Dbsync", "is_outbound": False, **ends}
    assert api.call("PUT", f"imports/{job['id']}", 200, body)["state"] == "idle"
    assert "destination" in api.refusal(
        "POST",
        "imports",
        422,
        {"name": "n", "sync_type": "Dbsync", "is_outbound": False, "source": ends["source"]},
    )
    assert "Dbsync" in api.refusal(
        "POST", "imports", 400, {"name": "n", "sync_type": "Dbsinc", "is_outbound": False}
    )
    assert "cancelled" in api.refusal("POST", f"imports/{job['id']}/cancel", 409)


UPLOADS = {"put": False, "form": True}


@pytest.mark.parametrize("multipart", UPLOADS.values(), ids=UPLOADS)
def test_a_file_import(api, multipart):
    table = f"sent_{multipart}".lower()
    body = {
        "schema": "imp",
        "name": table,
        "remote_host_id": api.database_id,
        "credential_id": api.credential_id,
        "first_row_is_header": True,
        "multipart": multipart,
    }
    made = api.call("POST", "imports/files", 201, body)
    if multipart:
        sent = requests.post(made["uploadUri"], data=made["uploadFields"], files={"file": FIRST}, timeout=60)
    else:
        assert made["uploadFields"] == {}
        sent = requests.put(made["uploadUri"], data=FIRST, timeout=60)
    assert sent.ok, sent.text
    answer = api.session.post(made["runUri"], timeout=60)
    assert answer.status_code == 202
    run = api.wait(made["id"], answer.json()["id"])
    assert (run["state"], run["error"]) == ("succeeded", None)
    assert [tuple(row) for row in api.sql(f"select * from imp.{table} order by 1")] == [
        (1, "Ann"),
        (2, "Bob"),
    ]


def test_a_sync_of_a_file_with_overrides(api, ends):
    job = api.call(
        "POST",
        "imports",
        201,
        {"name": "f", "sync_type": "AutoImport", "is_outbound": False, "destination": ends["source"]},
    )
    file_id = api.upload(FIRST, "over.csv")
    body = {
        "source": {"file": {"id": file_id}},
        "destination": {"database_table": {"schema": "imp", "table": "overridden"}},
        "advanced_options": {"column_overrides": {"1": {"name": "who", "type": "VARCHAR(64)"}}},
    }
    sync = api.call("POST", f"imports/{job['id']}/syncs", 201, body)
    assert (sync["source"]["file"], sync["source"]["path"]) == (
        {"id": file_id, "name": "over.csv"},
        "over.csv",
    )
    assert api.run(job["id"])["state"] == "succeeded"
    assert api.sql("select who from imp.overridden order by id") == [("Ann",), ("Bob",)]


PATHS = {
    "plain": ("a.b", ("a", "b")),
    "quoted": ('"a.b"."c""d"', ("a.b", 'c"d')),
    "half": ('a."b.c"', ("a", "b.c")),
    "blanks": (" a.b ", ("a", "b")),
}


@pytest.mark.parametrize(("path", "parts"), PATHS.values(), ids=PATHS)
def test_paths_of_tables(path, parts):
    assert split_table_path(path) == parts


@pytest.mark.parametrize("path", ["a", "", ".", "a.", ".b", "a.b.c", '"a.b'])
def test_paths_that_are_none(path):
    with pytest.raises(BadRequest, match=r"schema\.table"):
        split_table_path(path)
