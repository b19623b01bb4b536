"""SQL scripts over HTTP: what they are, what their runs write."""

from __future__ import annotations

import csv
import gzip
import io
import json
import zipfile
from typing import Any

import pytest
import requests

#: SQL that takes far longer than any test waits.
LONG_SQL = (
    "with recursive d(i) as (select 1 union all select i + 1 from d where i < 10000) "
    "select count(*) from d a cross join d b cross join d c"
)


@pytest.fixture(scope="module", autouse=True)
def _first_download(api: Any) -> None:
    """Start the thread from which the server sends contents; it lasts as long as the platform."""
    api.download(api.upload(b"x"))


@pytest.fixture
def make(api: Any) -> Any:
    def make_script(sql: str, **fields: Any) -> Any:
        body = {
            "name": "a script",
            "sql": sql,
            "remote_host_id": api.database_id,
            "credential_id": api.credential_id,
            **fields,
        }
        return api.call("POST", "scripts/sql", 201, body)

    return make_script


def finish(api: Any, script: Any) -> Any:
    """Run a script to its end, and give the run as the script's operations show it."""
    run = api.call("POST", f"scripts/sql/{script['id']}/runs", 202)
    assert run["state"] == "queued"
    assert run["sqlId"] == script["id"]
    api.wait(script["id"], run["id"])
    return api.get(f"scripts/sql/{script['id']}/runs/{run['id']}")


def fetch(run: Any) -> bytes:
    """Fetch what a run wrote, without any credential."""
    assert run["state"] == "succeeded", run["error"]
    answer = requests.get(run["output"][0]["path"], timeout=60)
    assert answer.status_code == 200
    return answer.content


def rows(text: str, delimiter: str = ",") -> list[list[str]]:
    return list(csv.reader(io.StringIO(text), delimiter=delimiter))


def test_a_script_has_every_field_with_the_platforms_defaults(api: Any, make: Any) -> None:
    script = make("select 1")
    assert script["type"] == "SQL"
    assert (script["state"], script["lastRun"], script["archived"], script["hidden"]) == (
        "idle",
        None,
        False,
        False,
    )
    assert script["csvSettings"] == {
        "includeHeader": True,
        "compression": "gzip",
        "columnDelimiter": "comma",
        "unquoted": False,
        "forceMultifile": False,
        "filenamePrefix": None,
        "maxFileSize": None,
    }
    assert script["schedule"]["scheduledDays"] == []
    assert script["notifications"]["successOn"] is True
    assert script["links"]["runs"].endswith(f"scripts/sql/{script['id']}/runs")
    assert script["author"]["id"] == script["runningAsId"]
    assert api.get(f"scripts/sql/{script['id']}") == script
    assert api.get(f"scripts/{script['id']}")["type"] == "JobTypes::SqlRunner"


def test_a_run_writes_the_rows_into_a_file_that_its_output_links_to(api: Any, make: Any) -> None:
    script = make("select 1 as a, 'x,\"y' as b union all select 2, null order by 1")
    run = finish(api, script)
    assert rows(gzip.decompress(fetch(run)).decode()) == [["a", "b"], ["1", 'x,"y'], ["2", ""]]
    (output,) = run["output"]
    assert output["outputName"].endswith(".csv.gz")
    assert api.get(f"files/{output['fileId']}")["name"] == output["outputName"]
    (listed,) = api.get(f"scripts/sql/{script['id']}/runs/{run['id']}/outputs")
    assert (listed["objectType"], listed["objectId"]) == ("File", output["fileId"])
    assert (run["startedAt"] <= run["finishedAt"], run["error"], run["isCancelRequested"]) == (
        True,
        None,
        False,
    )
    assert api.get(f"scripts/sql/{script['id']}")["state"] == "succeeded"
    assert "The query returned 2 rows" in api.log(script["id"], run["id"])


SETTINGS = [
    pytest.param({"compression": "none"}, "a,b\n", id="plain"),
    pytest.param({"compression": "none", "include_header": False}, "", id="without a header"),
    pytest.param({"compression": "none", "column_delimiter": "tab"}, "a\tb\n", id="tabs"),
    pytest.param({"compression": "none", "column_delimiter": "pipe"}, "a|b\n", id="pipes"),
    pytest.param({"compression": "gzip"}, "a,b\n", id="gzip"),
    pytest.param({"compression": "zip"}, "a,b\n", id="zip"),
    pytest.param({"compression": "none", "unquoted": True}, "a,b\n", id="unquoted"),
    pytest.param({"compression": "none", "filename_prefix": "my file"}, "a,b\n", id="a name"),
]


@pytest.mark.parametrize(("settings", "header"), SETTINGS)
def test_csv_settings_are_honoured(api: Any, make: Any, settings: dict[str, Any], header: str) -> None:
    run = finish(api, make("select 1 as a, 'x y' as b", csv_settings=settings))
    content = fetch(run)
    name = run["output"][0]["outputName"]
    if settings["compression"] == "gzip":
        content = gzip.decompress(content)
    elif settings["compression"] == "zip":
        archive = zipfile.ZipFile(io.BytesIO(content))
        content = archive.read(archive.namelist()[0])
    text = content.decode().replace("\r\n", "\n")
    delimiter = {"tab": "\t", "pipe": "|"}.get(settings.get("column_delimiter", ""), ",")
    expected = [*rows(header, delimiter), ["1", "x y"]]
    assert rows(text, delimiter) == expected
    assert ('"x y"' in text) is not settings.get("unquoted", False)
    assert name.startswith(settings.get("filename_prefix", "script_"))


def test_several_files_come_with_a_manifest(api: Any, make: Any) -> None:
    sql = "with recursive t(i) as (select 1 union all select i + 1 from t where i < 50) select i as a from t"
    settings = {
        "force_multifile": True,
        "compression": "none",
        "column_delimiter": "pipe",
        "filename_prefix": "p",
    }
    manifest = json.loads(fetch(finish(api, make(sql, csv_settings=settings))))
    assert manifest["header"] == ["a"]
    assert (manifest["query"], manifest["delimiter"]) == (sql, "|")
    assert (manifest["compression"], manifest["unquoted"]) == ("none", False)
    found: list[str] = []
    for entry in manifest["entries"]:
        assert set(entry) == {"id", "name", "size", "url", "url_signed"}
        content = requests.get(entry["url_signed"], timeout=60).content
        assert len(content) == entry["size"] == api.get(f"files/{entry['id']}")["fileSize"]
        found += [row[0] for row in rows(content.decode(), "|") if row != ["a"]]
    assert sorted(found, key=int) == [str(number) for number in range(1, 51)]


NO_OUTPUT = [
    pytest.param("select 1 as a where 1 = 0", id="a query without rows"),
    pytest.param("create table no_output_1 (a int)", id="no query at all"),
]


@pytest.mark.parametrize("sql", NO_OUTPUT)
def test_what_gives_no_rows_has_no_output(api: Any, make: Any, sql: str) -> None:
    run = finish(api, make(sql))
    assert (run["state"], run["output"]) == ("succeeded", [])


def test_sql_that_fails_says_why(api: Any, make: Any) -> None:
    script = make("select * from there_is_no_such_table")
    run = finish(api, script)
    assert (run["state"], run["output"]) == ("failed", [])
    assert "there_is_no_such_table" in run["error"]
    assert run["error"] in api.log(script["id"], run["id"])


def test_a_cancelled_run_stops(api: Any, make: Any) -> None:
    script = make(LONG_SQL)
    run = api.call("POST", f"scripts/sql/{script['id']}/runs", 202)
    api.call("DELETE", f"scripts/sql/{script['id']}/runs/{run['id']}", 202)
    ended = api.wait(script["id"], run["id"])
    assert (ended["state"], ended["error"]) == ("cancelled", None)


def test_arguments_fill_the_sql(api: Any, make: Any) -> None:
    api.sql("create table if not exists public.people as select 'O''Brien' as name, 7 as n")
    script = make(
        "select name, n from {{t}} where name = {{name}} and n = {{n}} and '{{name}}' = name",
        params=[
            {"name": "t", "type": "table", "required": True},
            {"name": "name", "type": "string"},
            {"name": "n", "type": "integer", "default": "7"},
        ],
        arguments={"t": "public.people", "name": "O'Brien"},
    )
    assert script["expandedArguments"]["name.literal"] == "'O''Brien'"
    assert "from public.people where name = 'O''Brien' and n = 7" in script["codePreview"]
    assert rows(gzip.decompress(fetch(finish(api, script))).decode()) == [["name", "n"], ["O'Brien", "7"]]


def test_a_missing_argument_fails_the_run(api: Any, make: Any) -> None:
    script = make("select {{a}}", params=[{"name": "a", "type": "string", "required": True}])
    run = finish(api, script)
    assert run["state"] == "failed"
    assert "required parameters a have no value" in run["error"]


REFUSED = [
    pytest.param({"csv_settings": {"compression": "bz2"}}, "bz2", id="no compression"),
    pytest.param({"csv_settings": {"max_file_size": 5}}, "force_multifile", id="a size for one file"),
    pytest.param({"csv_settings": {"filename_prefix": "../x"}}, "filename_prefix", id="a path"),
    pytest.param({"arguments": {"a": 1}}, "no parameter 'a'", id="an argument for nothing"),
    pytest.param(
        {"params": [{"name": "a", "type": "string", "required": True, "default": "x"}]},
        "Validation failed: Code.Parameters a cannot have a default value since it is required.",
        id="required with a default",
    ),
]


@pytest.mark.parametrize(("fields", "message"), REFUSED)
def test_what_does_not_fit_is_refused(api: Any, fields: dict[str, Any], message: str) -> None:
    body = {
        "name": "x",
        "sql": "select 1",
        "remote_host_id": api.database_id,
        "credential_id": api.credential_id,
        **fields,
    }
    assert message in api.refusal("POST", "scripts/sql", 400, body)


@pytest.mark.parametrize("field", ["remote_host_id", "credential_id"])
def test_a_database_or_credential_that_is_not_there(api: Any, field: str) -> None:
    body = {
        "name": "x",
        "sql": "select 1",
        "remote_host_id": api.database_id,
        "credential_id": api.credential_id,
        field: 999_999,
    }
    assert "999999" in api.refusal("POST", "scripts/sql", 404, body)


def test_a_patch_changes_some_and_a_put_all(api: Any, make: Any) -> None:
    script = make("select 1", schedule={"scheduled": True, "scheduled_days": [1]}, time_zone="UTC")
    path = f"scripts/sql/{script['id']}"
    patched = api.call("PATCH", path, 200, {"sql": "select 2"})
    assert (patched["sql"], patched["timeZone"], patched["name"]) == ("select 2", "UTC", "a script")
    assert patched["schedule"]["scheduledDays"] == [1]
    body = {"name": "n", "sql": "s", "remote_host_id": api.database_id, "credential_id": api.credential_id}
    put = api.call("PUT", path, 200, body)
    assert (put["name"], put["sql"], put["schedule"]["scheduledDays"]) == ("n", "s", [])


def test_a_run_keeps_the_inputs_it_was_queued_with(api: Any, make: Any) -> None:
    script = make("select 1 as a")
    run = finish(api, script)
    api.call("PATCH", f"scripts/sql/{script['id']}", 200, {"sql": "select 2"})
    assert api.get(f"scripts/sql/{script['id']}/runs/{run['id']}/inputs")["sql"] == "select 1 as a"


def test_archived_scripts_leave_the_list_and_do_not_run(api: Any, make: Any) -> None:
    script = make("select 1")
    path = f"scripts/sql/{script['id']}"
    api.call("DELETE", path, 204)
    assert api.get(path)["archived"] is True
    assert script["id"] not in [each["id"] for each in api.get("scripts", limit=50)]
    assert script["id"] in [each["id"] for each in api.get("scripts", archived="true")]
    assert "archived" in api.refusal("POST", f"{path}/runs", 409)
    assert api.call("PUT", f"{path}/archive", 200, {"status": False})["archived"] is False


def test_lists_filter_order_and_page(api: Any, make: Any) -> None:
    made = [make("select 1", name=f"listed {number}")["id"] for number in range(3)]
    python = api.call("POST", "scripts/python3", 201, {"name": "listed p", "source": "print(1)"})["id"]
    assert api.get("scripts", type="python3", limit=1)[0]["id"] == python
    assert api.headers["X-Pagination-Per-Page"] == "1"
    ordered = [each["id"] for each in api.get("scripts", type="sql", order="created_at", limit=3)]
    assert ordered == made[::-1]
    assert all(each["state"] == "idle" for each in api.get("scripts?status=idle"))
    assert "type must be one of" in api.refusal("GET", "scripts", 400, type="cobol")
    assert [each["name"] for each in api.get("scripts/types")][:2] == ["sql", "python3"]


def test_a_clone_has_no_runs_and_a_name_of_its_own(api: Any, make: Any) -> None:
    script = make("select 1", schedule={"scheduled": True, "scheduled_days": [1]})
    finish(api, script)
    clone = api.call("POST", f"scripts/sql/{script['id']}/clone", 201)
    assert clone["name"] == f"Clone of Script {script['id']} a script"
    assert (clone["sql"], clone["lastRun"], clone["schedule"]["scheduled"]) == ("select 1", None, None)


def test_the_old_operations_work(api: Any) -> None:
    body = {
        "name": "old",
        "sql": "select 1",
        "remote_host_id": api.database_id,
        "credential_id": api.credential_id,
    }
    script = api.call("POST", "scripts", 200, body)
    assert "not running" in api.refusal("POST", f"scripts/{script['id']}/cancel", 409)
    api.call("POST", f"scripts/{script['id']}/run", 204)
    (run,) = api.get(f"scripts/sql/{script['id']}/runs")
    assert api.wait(script["id"], run["id"])["state"] == "succeeded"
    api.call("DELETE", f"scripts/{script['id']}", 204)


CREATED = [
    pytest.param("r", {"name": "n", "source": "cat(1)"}, "R", id="R"),
    pytest.param(
        "containers",
        {"name": "n", "required_resources": {"cpu": 1, "memory": 1024}},
        "Container",
        id="container",
    ),
    pytest.param("dbt", {"name": "n", "repo_http_uri": "github.com/a/b"}, "dbt", id="dbt"),
]


@pytest.mark.parametrize(("segment", "body", "label"), CREATED)
def test_other_kinds_can_be_made_and_read(api: Any, segment: str, body: dict[str, Any], label: str) -> None:
    script = api.call("POST", f"scripts/{segment}", 201, body)
    assert script["type"] == label
    assert api.get(f"scripts/{segment}/{script['id']}") == script
    assert "no SQL script" in api.refusal("GET", f"scripts/sql/{script['id']}", 404)
    # Only those that must name their resources have any, as recorded.
    assert script["requiredResources"]["memory"] == body.get("required_resources", {}).get("memory")


def test_outputs_and_logs_of_containers_can_be_added(api: Any) -> None:
    script = api.call(
        "POST",
        "scripts/containers",
        201,
        {"required_resources": {"cpu": 1, "memory": 8}, "docker_command": "true"},
    )
    run = api.call("POST", f"scripts/containers/{script['id']}/runs", 202)
    path = f"scripts/containers/{script['id']}/runs/{run['id']}"
    value = api.call("POST", "json_values", 201, {"name": "v", "value_str": '{"foo": "bar"}'})
    body = {"object_type": "JSONValue", "object_id": value["id"]}
    output = api.call("POST", f"{path}/outputs", 202, body)
    assert (output["name"], output["value"]) == ("v", {"foo": "bar"})
    assert api.get(f"jobs/{script['id']}/runs/{run['id']}/outputs") == [output]
    api.call("POST", f"{path}/logs", 204, {"message": "hi", "level": "warn"})
    message = {"message": "early", "created_at": "2026-01-31T12:00:00Z"}
    api.call("POST", f"{path}/logs", 204, {"messages": [message]})
    assert "2026-01-31T12:00:00.000Z" in [line["createdAt"] for line in api.get(f"{path}/logs")]
    assert "level must be one of" in api.refusal(
        "POST", f"{path}/logs", 400, {"message": "x", "level": "loud"}
    )
    assert ("hi", "warn") in [(line["message"], line["level"]) for line in api.get(f"{path}/logs")]
    body["object_id"] = 999_999
    assert "no JSONValue with ID 999999" in api.refusal("POST", f"{path}/outputs", 404, body)
    api.wait(script["id"], run["id"])
