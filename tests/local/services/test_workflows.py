"""Executions of workflows: which task follows which, and the jobs that they run."""

from __future__ import annotations

import time
from typing import Any

import pytest

from civis.local.services.workflow_plan import failed_for_good, next_tasks, tasks_wanted
from civis.local.services.workflow_tasks import read_definition

FLOW = """
version: '2.0'
flow:
  tasks:
    load: {action: std.noop, on-success: [left, right], on-error: [mail]}
    left: {action: std.noop, on-complete: [end]}
    right: {action: std.noop, on-success: [end]}
    end: {action: std.noop, join: all}
    mail: {action: std.noop}
"""
REVERSE = "{version: '2.0', flow: {type: reverse, tasks: {a: {}, b: {requires: [a]}, c: {}}}}"


@pytest.mark.parametrize(
    ("states", "due"),
    [
        ({}, ["load"]),
        ({"load": "running"}, []),
        ({"load": "success"}, ["left", "right"]),
        ({"load": "error"}, ["mail"]),
        ({"load": "success", "left": "error", "right": "running"}, []),
        ({"load": "success", "left": "error", "right": "success"}, ["end"]),
        ({"load": "success", "left": "success", "right": "error"}, []),
    ],
)
def test_what_comes_next(states: dict[str, str], due: list[str]) -> None:
    assert next_tasks(read_definition(FLOW), states) == due


def test_only_what_is_asked_for() -> None:
    tasks = read_definition(REVERSE)
    assert list(tasks_wanted(tasks, "b")) == ["a", "b"]
    assert list(tasks_wanted(tasks, included=["c"])) == ["c"]
    assert next_tasks(tasks, {}) == ["a", "c"]
    assert failed_for_good(tasks, {"a": "error"}) == ["a"]
    assert failed_for_good(read_definition(FLOW), {"load": "error"}) == []


def script(api: Any, sql: str) -> int:
    """Create a SQL script."""
    ends = {"remoteHostId": api.database_id, "credentialId": api.credential_id}
    return int(api.call("POST", "scripts/sql", 201, {"name": "step", "sql": sql, **ends})["id"])


def execute(api: Any, definition: str, **body: Any) -> Any:
    """Execute a workflow to its end, and give the execution."""
    made = api.call("POST", "workflows", 201, {"name": "w", "definition": definition})
    path = f"workflows/{made['id']}/executions"
    started = api.call("POST", path, 201, body)
    for _ in range(3000):
        execution = api.get(f"{path}/{started['id']}")
        if execution["state"] not in ("queued", "running"):
            assert [each["id"] for each in api.get(path)] == [started["id"]]
            return execution | {"path": f"{path}/{started['id']}"}
        time.sleep(0.01)  # it goes on in a thread of the platform's; there is no clock to fake
    raise AssertionError("the execution does not end")


def test_an_execution_runs_jobs_in_their_order(api: Any) -> None:
    first = script(api, "create table flowed (n int)")
    second = script(api, "insert into flowed values (5)")
    done = execute(
        api,
        "{version: '2.0', flow: {tasks: {"
        f"a: {{action: civis.run_job, input: {{job_id: {first}}}, on-success: [b]}}, "
        f"b: {{action: civis.scripts.sql, input: {{script_id: {second}}}}}}}}}}}",
    )
    assert (done["state"], done["mistralState"]) == ("succeeded", "success")
    assert [each["mistralState"] for each in done["tasks"]] == ["success", "success"]
    assert api.sql("select n from flowed") == [(5,)]
    task = api.get(f"{done['path']}/tasks/b")
    assert task["runs"][0]["jobId"] == second
    assert "start another" in api.refusal("POST", f"{done['path']}/retry", 422, {})


def test_an_execution_fails_with_its_task(api: Any) -> None:
    wrong = script(api, "select * from nowhere")
    definition = (
        "{version: '2.0', flow: {tasks: {"
        f"a: {{action: civis.run_job, input: {{job_id: {wrong}}}, on-success: [b]}}, b: {{}}}}}}}}"
    )
    done = execute(api, definition)
    assert done["state"] == "failed"
    assert "'a' failed" in done["mistralStateInfo"]
    assert [each["mistralState"] for each in done["tasks"]] == ["error", "idle"]
    unknown = execute(api, "{version: '2.0', flow: {tasks: {a: {action: std.http}}}}")
    assert "no action 'std.http'" in unknown["mistralStateInfo"]


def test_an_execution_is_cancelled_with_its_runs(api: Any) -> None:
    source = {
        "name": "s",
        "source": "import time; time.sleep(600)",
        "requiredResources": {"cpu": 1, "memory": 1},
    }
    job = api.call("POST", "scripts/python3", 201, source)["id"]
    definition = (
        f"{{version: '2.0', flow: {{tasks: {{a: {{action: civis.run_job, input: {{job_id: {job}}}}}}}}}}}"
    )
    made = api.call("POST", "workflows", 201, {"name": "w", "definition": definition})
    path = f"workflows/{made['id']}/executions"
    started = api.call("POST", path, 201, {})
    while not api.get(f"jobs/{job}/runs"):
        time.sleep(0.01)
    api.call("POST", f"{path}/{started['id']}/cancel", 202)
    while (state := api.get(f"{path}/{started['id']}")["state"]) in ("queued", "running"):
        time.sleep(0.01)
    assert state == "cancelled"
    assert api.wait(job, api.get(f"jobs/{job}/runs")[0]["id"])["state"] == "cancelled"


def test_what_cannot_be_executed_is_refused(api: Any) -> None:
    made = api.call("POST", "workflows", 201, {"name": "w", "definition": "-"})
    assert "cannot be run" in api.refusal("POST", f"workflows/{made['id']}/executions", 400, {})
    good = api.call("POST", "workflows", 201, {"name": "w", "definition": FLOW})
    wanted = {"includedTasks": ["nothing"]}
    assert "'nothing'" in api.refusal("POST", f"workflows/{good['id']}/executions", 400, wanted)
    assert "no execution" in api.refusal("GET", f"workflows/{good['id']}/executions/1", 404)
