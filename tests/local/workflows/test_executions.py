"""Executions on a running platform: the shapes that people's workflows have, and what is done with them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from civis.local.platform import Platform
from tests._started import started_platform
from tests.local.workflows.conftest import Workflows, states


def flow(tasks: str, head: str = "") -> str:
    """Write a definition around tasks."""
    return f"version: '2.0'\nflow:\n{head}  tasks:\n{tasks}"


def job(id: int) -> str:
    """Write the action that runs a job."""
    return f"action: civis.run_job, input: {{job_id: {id}}}"


def test_a_sequence(api: Workflows) -> None:
    first, second = api.script("create table seq (n int)"), api.script("insert into seq values (1)")
    done = api.execute(flow(f"    a: {{{job(first)}, on-success: b}}\n    b: {{{job(second)}}}"))
    assert (done["state"], done["mistralState"]) == ("succeeded", "success")
    assert states(done) == {"a": "success", "b": "success"}
    assert [(run["jobId"], run["state"]) for run in done["tasks"][1]["runs"]] == [(second, "succeeded")]
    assert done["startedAt"] <= done["finishedAt"]
    assert api.sql("select n from seq") == [(1,)]


def test_a_fan_out_and_a_join(api: Workflows) -> None:
    api.sql("create table fan (n int)")
    add = [api.script(f"insert into fan values ({n})") for n in range(3)]
    branches = "".join(f"    b{n}: {{{job(id)}, on-success: end}}\n" for n, id in enumerate(add))
    count = api.script("create table fanned as select count(*) n from fan")
    done = api.execute(
        flow(f"    a: {{on-success: [b0, b1, b2]}}\n{branches}    end: {{join: all, {job(count)}}}")
    )
    assert set(states(done).values()) == {"success"}
    assert api.sql("select n from fanned") == [(3,)]


def test_a_retry_that_polls(api: Workflows) -> None:
    poll = api.script(
        "insert into polled select 1 from awaited limit 1; select 1/(select count(*) from polled)"
    )
    api.sql("create table polled (n int); create table tries (n int)")
    path = api.start(
        flow(f"    poll: {{{job(poll)}, retry: {{count: 60, delay: 0.2}}, on-success: done}}\n    done: {{}}")
    )
    api.until(path, lambda each: each["tasks"] and len(each["tasks"][0]["runs"]) > 1)
    api.sql("create table awaited as select 1 n")
    done = api.over(path)
    assert states(done) == {"poll": "success", "done": "success"}
    assert {run["state"] for run in done["tasks"][0]["runs"]} == {"failed", "succeeded"}


def test_what_a_restricted_key_executes_is_restricted_like_it(api: Workflows) -> None:
    source = (
        "import os, urllib.request as u\n"
        "u.urlopen(u.Request(os.environ['CIVIS_API_ENDPOINT'] + 'users/me',\n"
        "    headers={'Authorization': 'Bearer ' + os.environ['CIVIS_API_KEY']}))\n"
    )
    script = api.python(source)
    inner = api.workflow(flow(f"    a: {{{job(script)}}}"))
    outer = flow(f"    b: {{action: civis.workflows.execute, input: {{workflow_id: {inner.split('/')[1]}}}}}")
    only = {"constraintType": "prefix", "constraint": "/workflows", "getAllowed": True, "postAllowed": True}
    body = {"name": "restricted", "expiresIn": 600, "constraints": [only]}
    own, token = api.session.auth, api.call("POST", "users/me/api_keys", 200, body)["token"]
    assert states(api.execute(outer)) == {"b": "success"}
    api.session.auth = (token, "")
    try:
        assert states(api.execute(outer)) == {"b": "error"}
        assert states(api.over(f"{inner}/{api.get(inner)[0]['id']}")) == {"a": "error"}
    finally:
        api.session.auth = own
    assert [run["state"] for run in api.get(f"jobs/{script}/runs")] == ["failed", "succeeded"]


POST_OUTPUT = """
import os, json, urllib.request, base64
def call(path, body):
    url = os.environ["CIVIS_API_ENDPOINT"] + path
    request = urllib.request.Request(url, json.dumps(body).encode(), method="POST")
    key = base64.b64encode((os.environ["CIVIS_API_KEY"] + ":").encode()).decode()
    request.add_header("Authorization", "Basic " + key)
    request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)
value = call("json_values", {"name": "table_rows", "valueStr": json.dumps({"rows": 5})})
path = "scripts/python3/%s/runs/%s/outputs" % (os.environ["CIVIS_JOB_ID"], os.environ["CIVIS_RUN_ID"])
call(path, {"objectType": "JSONValue", "objectId": value["id"]})
"""


def test_a_condition_on_a_task_s_output(api: Workflows) -> None:
    source = "\n".join(f"          {line}" for line in POST_OUTPUT.strip().splitlines())
    tasks = f"""    check:
      action: civis.scripts.python3
      input:
        hidden: true
        source: |
{source}
      publish:
        rows: <% task(check).result.outputs.where($.name = 'table_rows').first().value['rows'] %>
        job: <% task().result.job_id %>
      on-success:
        - many: <% int($.rows) > 3 %>
        - few: <% $.rows <= 3 %>
    many: {{action: std.echo, input: {{output: <% $.rows %> rows by <% $.job %>}}}}
    few: {{action: std.fail}}
"""
    done = api.execute(flow(tasks))
    assert (done["state"], states(done)) == ("succeeded", {"check": "success", "many": "success"})
    run = done["tasks"][0]["runs"][0]
    assert api.get(f"scripts/python3/{run['jobId']}")["name"] == "check"


def test_items_of_a_list(api: Workflows) -> None:
    api.sql("create table items (n int)")
    tasks = f"""    each:
      with-items: thing in <% $.things %>
      concurrency: 2
      action: civis.scripts.sql
      input:
        remote_host_id: {api.database_id}
        credential_id: {api.credential_id}
        name: 'thing <% $.thing.id %>'
        sql: insert into items values (<% $.thing.id %>)
      publish: {{states: <% task(each).result.state %>}}
      on-success: [after]
    after: {{action: std.echo, input: {{output: <% $.states %>}}}}
"""
    done = api.execute(
        flow(tasks, "  input:\n    - things: []\n"), input={"things": [{"id": n} for n in range(4)]}
    )
    assert states(done) == {"each": "success", "after": "success"}
    assert len(done["tasks"][0]["runs"]) == 4
    assert api.sql("select sum(n) from items") == [(6,)]


def test_an_error_branch(api: Workflows) -> None:
    bad = api.script("select * from not_there_at_all")
    done = api.execute(
        flow(f"    a: {{{job(bad)}, on-success: b, on-error: mail}}\n    b: {{}}\n    mail: {{}}")
    )
    assert (done["state"], states(done)) == ("succeeded", {"a": "error", "mail": "success"})
    assert "not_there_at_all" in done["tasks"][0]["mistralStateInfo"]
    done = api.execute(flow(f"    a: {{{job(bad)}, on-success: b}}\n    b: {{}}"))
    assert (done["state"], done["mistralState"], states(done)) == ("failed", "error", {"a": "error"})
    assert "The task 'a' failed" in done["mistralStateInfo"]


def test_a_workflow_that_executes_another_one(api: Workflows) -> None:
    head = "  input: [n]\n  output: {m: <% $.m %>}\n"
    echo = "    x: {action: std.echo output=<% $.n %>, publish: {m: <% task().result * 2 %>}}"
    inner = api.workflow(flow(echo, head))
    id = int(inner.split("/")[1])
    tasks = (
        f"    a: {{action: civis.workflows.execute, input: {{workflow_id: {id}, input: {{n: 21}}}}, "
        "publish: {got: <% task().result.output.m %>}, on-success: [b: <% $.got = 42 %>]}\n    b: {}"
    )
    done = api.execute(flow(tasks))
    assert states(done) == {"a": "success", "b": "success"}
    children = done["tasks"][0]["executions"]
    assert [(each["workflowId"], each["state"]) for each in children] == [(id, "succeeded")]


def test_a_workflow_that_executes_itself_ends(api: Workflows) -> None:
    path = api.workflow(flow("    a: {}"))
    id = int(path.split("/")[1])
    again = flow(f"    a: {{action: civis.workflows.execute, input: {{workflow_id: {id}}}}}")
    api.call("PATCH", f"workflows/{id}", 200, {"definition": again})
    started = api.call("POST", path, 201, {})
    assert api.over(f"{path}/{started['id']}")["state"] == "failed"
    assert len(api.get(path)) == 11


def test_pause_and_resume(api: Workflows) -> None:
    path = api.start(flow("    a: {on-success: [pause, b]}\n    b: {}"))
    paused = api.until(path, lambda each: each["mistralState"] == "paused")
    assert (paused["state"], states(paused)) == ("running", {"a": "success"})
    assert "not over" in api.refusal("POST", f"{path}/retry", 409, {})
    api.call("POST", f"{path}/resume", 202)
    assert states(api.over(path)) == {"a": "success", "b": "success"}
    assert "not paused" in api.refusal("POST", f"{path}/resume", 409)


def test_cancel(api: Workflows) -> None:
    sleep = api.python("import time; time.sleep(600)")
    path = api.start(
        flow(f"    a: {{{job(sleep)}, on-complete: b}}\n    b: {{}}\n    c: {{action: std.async_noop}}")
    )
    api.until(path, lambda each: each["tasks"] and each["tasks"][0]["runs"])
    answer = api.call("POST", f"{path}/cancel", 202)
    assert answer["state"] == "running"
    done = api.over(path)
    assert (done["state"], done["mistralState"]) == ("cancelled", "cancelled")
    done = api.until(path, lambda each: states(each) == {"a": "cancelled", "c": "cancelled"})
    assert done["tasks"][0]["runs"][0]["state"] == "cancelled"
    assert api.call("POST", f"{path}/cancel", 202)["state"] == "cancelled"


def test_failed_tasks_are_retried(api: Workflows) -> None:
    late = api.script("select * from comes_later")
    path = api.start(flow(f"    a: {{{job(late)}, on-success: b}}\n    b: {{}}"))
    assert api.over(path)["state"] == "failed"
    assert "no failed task 'b'" in api.refusal("POST", f"{path}/retry", 409, {"taskName": "b"})
    api.sql("create table comes_later (n int)")
    again = api.call("POST", f"{path}/retry", 202, {"taskName": "a"})
    assert (again["state"], again["finishedAt"]) == ("running", None)
    done = api.over(path)
    assert (done["state"], states(done)) == ("succeeded", {"a": "success", "b": "success"})
    task = api.get(f"{path}/tasks/a")
    assert [run["state"] for run in task["runs"]] == ["succeeded", "failed"]
    assert "no task 'z'" in api.refusal("GET", f"{path}/tasks/z", 404)


def test_some_tasks_only(api: Workflows) -> None:
    definition = flow(
        f"    a: {{on-success: b}}\n    b: {{{job(10**9)}, on-success: c}}\n    c: {{}}\n    d: {{}}"
    )
    done = api.execute(definition, includedTasks=["a", "c"])
    assert (done["state"], states(done)) == ("succeeded", {"a": "success", "c": "success"})
    assert done["includedTasks"] == ["a", "c"]


def test_a_target(api: Workflows) -> None:
    definition = flow("    a: {}\n    b: {requires: a}\n    c: {}", "  type: reverse\n")
    assert states(api.execute(definition, targetTask="b")) == {"a": "success", "b": "success"}


@pytest.mark.parametrize(
    ("action", "info"),
    [
        ("action: civis.run_job", "needs the input 'job_id'"),
        ("action: civis.run_job, input: {job_id: 999999999}", "civis.run_job: There is no job"),
        ("action: civis.scripts.python3, input: {source: 5, params: 7}", "civis.scripts.python3: "),
        ("action: <% $.nothing %>", "there is no 'nothing'"),
        ("action: civis.workflows.execute, input: {workflow_id: 999999999}", "There is no workflow"),
    ],
)
def test_actions_that_cannot_be_done(api: Workflows, action: str, info: str) -> None:
    done = api.execute(flow(f"    a: {{{action}}}"))
    assert states(done) == {"a": "error"}
    assert info in done["tasks"][0]["mistralStateInfo"]


@pytest.mark.parametrize(
    ("definition", "body", "status", "said"),
    [
        ("nonsense", {}, 400, "must be a mapping"),
        (flow("    a: {action: nope}"), {}, 400, "there is no action 'nope'"),
        (flow("    a: {}"), {"includedTasks": ["b"]}, 400, "no task 'b'"),
        (flow("    a: {}"), {"input": {"n": 1}}, 400, "no input 'n'"),
        (flow("    a: {}", "  input: [n]\n"), {}, 400, "needs the input 'n'"),
        (flow("    a: {}", "  vars: {n: <% $.m %>}\n"), {}, 400, "there is no 'm'"),
    ],
)
def test_what_cannot_be_executed(
    api: Workflows, definition: str, body: dict[str, Any], status: int, said: str
) -> None:
    id = api.call("POST", "workflows", 201, {"name": "w", "definition": definition})["id"]
    assert said in api.refusal("POST", f"workflows/{id}/executions", status, body)
    assert api.get(f"workflows/{id}/executions") == []


def test_one_at_a_time_where_the_workflow_says_so(api: Workflows) -> None:
    path = api.workflow(flow("    a: {on-success: pause}"), allowConcurrentExecutions=False)
    first = api.call("POST", path, 201)["id"]
    assert "already running" in api.refusal("POST", path, 409)
    workflow = api.get(path.removesuffix("/executions"))
    assert (workflow["state"], workflow["lastExecutionId"]) == ("running", first)
    assert workflow["id"] in {each["id"] for each in api.get("workflows", **{"state[]": "running"})}
    api.until(f"{path}/{first}", lambda each: each["mistralState"] == "paused")
    api.call("POST", f"{path}/{first}/cancel", 202)
    api.over(f"{path}/{first}")
    second = api.call("POST", path, 201)["id"]
    assert [each["id"] for each in api.get(path)] == [second, first]
    assert [each["id"] for each in api.get(path, order_dir="asc")] == [first, second]


def test_executions_are_their_workflow_s(api: Workflows) -> None:
    path, other = api.start(flow("    a: {}")), api.workflow(flow("    a: {}"))
    api.over(path)
    assert "no execution" in api.refusal("GET", f"{other}/{path.rpartition('/')[2]}", 404)


def test_waits_go_by_the_platform_s_clock(timed: Workflows, advance: Callable[[float], None]) -> None:
    path = timed.start(flow("    a: {wait-before: 3600, action: std.echo output=<% now().format('%H') %>}"))
    timed.until(path, lambda each: states(each) == {"a": "delayed"})
    advance(3599)
    assert states(timed.get(path)) == {"a": "delayed"}
    advance(1)
    assert states(timed.over(path)) == {"a": "success"}


def test_a_restart_carries_on(tmp_path: Path) -> None:
    definition = flow(
        "    a: {action: std.async_noop, timeout: 0.2, on-error: b}\n"
        "    b: {on-success: [pause, c]}\n    c: {}"
    )
    with Platform(tmp_path) as platform:
        api = Workflows(platform)
        with api.session:
            path = api.start(definition)
            api.until(
                path, lambda each: states(each).get("a") == "running" or states(each).get("a") == "error"
            )
    with Platform(tmp_path) as platform:
        api = Workflows(platform)
        with api.session:
            api.until(path, lambda each: each["mistralState"] == "paused")
    with Platform(tmp_path) as platform:
        api = Workflows(platform)
        with api.session:
            api.call("POST", f"{path}/resume", 202)
            assert states(api.over(path)) == {"a": "error", "b": "success", "c": "success"}


def test_a_crash_loses_nothing(tmp_path: Path) -> None:
    definition = flow("    a: {wait-before: 1, on-success: b}\n    b: {}")
    with started_platform(tmp_path) as started:
        api = _client(started.environment)
        with api.session:
            path = api.start(definition)
            api.until(path, lambda each: states(each) == {"a": "delayed"})
        started.kill()
    with started_platform(tmp_path) as started:
        api = _client(started.environment)
        with api.session:
            assert states(api.over(path)) == {"a": "success", "b": "success"}


def _client(environment: dict[str, str]) -> Workflows:
    """Make a client of a platform in another process."""

    class Remote:
        url = environment["CIVIS_API_ENDPOINT"]
        api_key = environment["CIVIS_API_KEY"]

    return Workflows(Remote())  # type: ignore[arg-type]  # only its address and key are used
