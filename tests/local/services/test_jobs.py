"""Jobs, JSON values and aliases over HTTP."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from civis.local.platform import Platform

#: SQL that takes far longer than any test waits.
LONG_SQL = (
    "with recursive d(i) as (select 1 union all select i + 1 from d where i < 10000) "
    "select count(*) from d a cross join d b cross join d c"
)


@pytest.fixture
def script(api: Any) -> Any:
    body = {
        "name": "Test Job",
        "sql": "select 1 as a",
        "remote_host_id": api.database_id,
        "credential_id": api.credential_id,
    }
    return api.call("POST", "scripts/sql", 201, body)


def test_a_job_shows_its_runs(api: Any, script: Any) -> None:
    path = f"jobs/{script['id']}"
    job = api.get(path)
    assert (job["type"], job["state"], job["runs"], job["lastRun"]) == (
        "JobTypes::SqlRunner",
        "idle",
        [],
        None,
    )
    run = api.run(script["id"])
    assert set(run) == {"id", "state", "createdAt", "startedAt", "finishedAt", "error"}
    job = api.get(path)
    assert job["lastRun"] == run == job["runs"][0]
    assert job["runByUser"] == job["runningAsUser"] == job["author"]["username"]
    assert job["lastRunUpdatedAt"] == run["finishedAt"]
    assert api.get(f"{path}/runs") == [run]
    assert api.get(f"{path}/runs/{run['id']}/inputs")["values"]["sql"] == "select 1 as a"


def test_a_job_that_is_active_is_not_queued_again(api: Any, script: Any) -> None:
    sql = LONG_SQL
    api.call("PATCH", f"scripts/sql/{script['id']}", 200, {"sql": sql})
    path = f"jobs/{script['id']}"
    run = api.call("POST", f"{path}/runs", 201)
    assert api.call("POST", f"{path}/runs", 409) == {
        "error": "already_running",
        "errorDescription": "The job cannot be queued because it is already running",
        "code": 409,
    }
    assert "cannot be archived while it is running" in api.refusal(
        "PUT", f"{path}/archive", 409, {"status": True}
    )
    assert run["id"] in [each["lastRun"]["id"] for each in api.get("jobs", state="queued,running")]
    api.call("DELETE", f"{path}/runs/{run['id']}", 202)
    assert api.wait(script["id"], run["id"])["state"] == "cancelled"
    assert api.call("PUT", f"{path}/archive", 200, {"status": True})["archived"] is True


def test_logs_go_on_after_the_last_line(api: Any, script: Any) -> None:
    run = api.run(script["id"])
    path = f"jobs/{script['id']}/runs/{run['id']}/logs"
    lines = api.get(path)
    assert api.headers["Civis-Cache-Control"] == "store"
    assert api.headers["Civis-Max-Id"] == str(lines[-1]["id"])
    assert [set(line) for line in lines] == [{"id", "createdAt", "message", "level"}] * len(lines)
    assert api.get(path, last_id=lines[0]["id"]) == lines[1:]
    assert api.get(path, limit=1) == lines[-1:]
    assert api.get(path, last_id=lines[0]["id"], limit=1) == lines[1:2]
    assert api.headers["Civis-Cache-Control"] == "no-store"  # there may be more
    assert api.get(path, last_id=lines[-1]["id"]) == []
    assert api.headers["Civis-Max-Id"] == str(lines[-1]["id"])
    assert api.headers["Civis-Cache-Control"] == "store"
    assert "limit must be 1 or more" in api.refusal("GET", path, 400, limit=0)


FILTERS = [
    pytest.param({"q": "test JOB"}, True, id="part of the name"),
    pytest.param({"q": "sqlrunner"}, True, id="part of the type"),
    pytest.param({"q": "nothing like it"}, False, id="another name"),
    pytest.param({"type": "JobTypes::Query,JobTypes::SqlRunner"}, True, id="types"),
    pytest.param({"type": "JobTypes::Query"}, False, id="another type"),
    pytest.param({"type": "JobTypes::Unheard"}, False, id="a type there is not"),
    pytest.param({"state": "idle"}, True, id="never run"),
    pytest.param({"scheduled": "false"}, True, id="not scheduled"),
    pytest.param({"scheduled": "true"}, False, id="scheduled"),
    pytest.param({"hidden": "true"}, False, id="hidden"),
    pytest.param({"author": "999999"}, False, id="another author"),
    pytest.param({"order": "last_run_updated_at"}, True, id="another order"),
]


@pytest.mark.parametrize(("filters", "is_found"), FILTERS)
def test_filters(api: Any, script: Any, filters: dict[str, Any], is_found: bool) -> None:
    assert (script["id"] in [each["id"] for each in api.get("jobs", **filters)]) is is_found


def test_jobs_trigger_jobs(api: Any, script: Any) -> None:
    body = {"name": "child", "source": "print(1)", "parent_id": script["id"]}
    child = api.call("POST", "scripts/python3", 201, body)
    assert [each["id"] for each in api.get(f"jobs/{child['id']}/parents")] == [script["id"]]
    tree = api.get(f"jobs/{script['id']}/children")
    assert [each["id"] for each in tree["children"]] == [child["id"]]
    assert api.get(f"jobs/{script['id']}/parents") == []
    message = api.refusal("PATCH", f"scripts/sql/{script['id']}", 400, {"parent_id": child["id"]})
    assert "triggered by the job itself" in message
    api.run(script["id"])
    (run,) = api.get(f"jobs/{child['id']}/runs")  # queued in the transaction in which its parent succeeded
    assert api.wait(child["id"], run["id"])["state"] == "succeeded"


def test_a_run_that_a_stop_cuts_short_has_failed_when_the_platform_is_back(
    tmp_path: Path, make_api: Any
) -> None:
    with Platform(tmp_path) as platform:
        api = make_api(platform)
        body = {"database": api.database_id, "sql": LONG_SQL, "preview_rows": 1}
        query = api.call("POST", "queries", 200, body)
    with Platform(tmp_path) as platform:
        api = make_api(platform)
        path = f"queries/{query['id']}/runs/{query['lastRunId']}"
        api.call("DELETE", path, 202)  # it may have been queued still, and goes on then
        ended = api.wait(query["id"], query["lastRunId"])
        assert ended["state"] in ("failed", "cancelled")
        if ended["state"] == "failed":
            assert "The platform stopped while this run was running" in ended["error"]


@pytest.mark.parametrize("path", ["jobs/999999", "jobs/x", "jobs/999999/runs", "jobs/999999/parents"])
def test_a_job_that_is_not_there(api: Any, path: str) -> None:
    api.refusal("GET", path, 404)


def test_a_file_is_no_job(api: Any) -> None:
    id = api.store("note", {})
    assert f"no job with ID {id}" in api.refusal("GET", f"jobs/{id}", 404)


VALUES = ['{"foo": [1, 2.5, null]}', "7", '"text"', "null", "[]", '{"camelCase": {"snake_case": true}}']


@pytest.mark.parametrize("text", VALUES)
def test_json_values_come_back_as_they_were(api: Any, text: str) -> None:
    made = api.call("POST", "json_values", 201, {"name": "v", "value_str": text})
    assert api.get(f"json_values/{made['id']}") == made
    changed = api.call("PATCH", f"json_values/{made['id']}", 200, {"name": "w"})
    assert changed == {**made, "name": "w"}
    assert api.call("PATCH", f"json_values/{made['id']}", 200, {"value_str": "[1]"})["value"] == [1]


BAD_VALUES = [
    pytest.param("{", "must be JSON", id="half an object"),
    pytest.param("NaN", "NaN is no value", id="not a number"),
    pytest.param('"' + "x" * 1_000_000 + '"', "1000000 bytes", id="too long"),
]


@pytest.mark.parametrize(("text", "message"), BAD_VALUES)
def test_what_is_no_json_value(api: Any, text: str, message: str) -> None:
    assert message in api.refusal("POST", "json_values", 400, {"value_str": text})


def test_aliases_are_made_found_changed_and_deleted(api: Any, script: Any) -> None:
    body = {"object_id": script["id"], "object_type": "sql_script", "alias": f"my-alias-{script['id']}"}
    made = api.call("POST", "aliases", 201, body)
    assert made == {
        "id": made["id"],
        "objectId": script["id"],
        "objectType": "sql_script",
        "alias": body["alias"],
        "userId": script["author"]["id"],
        "displayName": "Test Job",
    }
    assert api.get(f"aliases/sql_script/{body['alias']}") == made
    assert made in api.get("aliases", object_type="sql_script,project")
    assert made not in api.get("aliases", object_type="project")
    assert "already" in api.refusal("POST", "aliases", 409, body)
    assert "letters, digits" in api.refusal("POST", "aliases", 400, {**body, "alias": "a b"})
    assert "999999" in api.refusal("POST", "aliases", 404, {**body, "alias": "x", "object_id": 999_999})
    changed = api.call("PATCH", f"aliases/{made['id']}", 200, {"display_name": "shown"})
    assert changed == {**made, "displayName": "shown"}
    api.call("DELETE", f"aliases/{made['id']}", 204)
    api.refusal("GET", f"aliases/{made['id']}", 404)
