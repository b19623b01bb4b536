"""What only release 1.0.0 of the public client documents, and clusters: done by requests, seen by others."""

from __future__ import annotations

import time
from typing import Any

import pytest
import requests

from civis.local.members import add_member


@pytest.fixture(scope="module")
def template(api: Any) -> Any:
    """A report template, which is an application."""
    return api.call("POST", "templates/reports", 201, {"name": "My App!", "codeBody": "<p>App</p>"})


@pytest.fixture(scope="module")
def other(api: Any) -> Any:
    """Send requests as another user, and give the status."""
    member = add_member(api.platform, "other")

    def call(method: str, path: str, body: Any = None) -> int:
        url = f"{api.platform.url}{path}"
        return requests.request(method, url, json=body, auth=(member.token, ""), timeout=60).status_code

    call.id = member.id  # type: ignore[attr-defined] - for sharing with the user
    return call


def test_an_instance_of_an_application(api: Any, template: Any) -> None:
    slug = f"my-app-{template['id']}"
    assert [each["slug"] for each in api.get("apps")] == [slug]
    release = api.get(f"apps/{slug}")["currentRelease"]
    made = api.call("POST", f"apps/{slug}/instances", 200, {"name": "Mine"})
    assert made["appReleaseId"] == release["id"]
    assert requests.get(made["authCodeUrl"], timeout=60).text == "<p>App</p>"
    assert api.get(f"reports/{made['reportId']}")["templateId"] == template["id"]
    inside = api.get(f"projects/{made['projectId']}")
    assert [each["id"] for each in inside["reports"]] == [made["reportId"]]
    path = f"apps/{slug}/instances/{made['id']}"
    assert api.call("PATCH", path, 200, {"name": "Yours"})["name"] == "Yours"
    assert [each["name"] for each in api.get(f"apps/{slug}/instances")] == ["Yours"]
    api.call("PUT", f"{path}/archive", 200, {"status": True})
    assert api.get(f"apps/{slug}/instances") == []
    assert len(api.get(f"apps/{slug}/instances", archived="all")) == 1


def test_an_instance_is_found_under_its_own_application_only(api: Any, template: Any) -> None:
    another = api.call("POST", "templates/reports", 201, {"name": "B", "codeBody": "b"})
    made = api.call("POST", f"apps/{template['id']}/instances", 200, {})
    assert made["name"] == "My App!"
    assert "no instance" in api.refusal("GET", f"apps/{another['id']}/instances/{made['id']}", 404)
    assert "no application" in api.refusal("GET", "apps/nothing/instances", 404)


@pytest.mark.parametrize(
    ("level", "reading", "writing", "managing"),
    [(None, 404, 404, 404), ("read", 200, 403, 403), ("write", 200, 200, 403), ("manage", 200, 200, 200)],
)
def test_who_may_what_with_an_instance(
    api: Any, other: Any, template: Any, level: str | None, reading: int, writing: int, managing: int
) -> None:
    path = f"apps/{template['id']}/instances"
    path = f"{path}/{api.call('POST', path, 200, {})['id']}"
    if level:
        api.call("PUT", f"{path}/shares/users", 200, {"userIds": [other.id], "permissionLevel": level})
    assert other("GET", path) == reading
    assert other("PATCH", path, {"name": "n"}) == writing
    assert other("PUT", f"{path}/archive", {"status": True}) == managing


def test_codes(api: Any, other: Any) -> None:
    api.call("POST", "codes", 204, {"name": "c", "type": "SQL", "body": "select 1", "readme": "r"})
    (code,) = api.get("codes", type="SQL")
    path = f"codes/{code['id']}"
    assert api.get(path)["body"] == "select 1"
    api.call("PATCH", path, 204, {"score": 3})
    assert [each["id"] for each in api.get("codes", featured="true")] == [code["id"]]
    replaced = api.call("PUT", path, 200, {"name": "d", "type": "JS", "body": "1", "readme": ""})
    assert (replaced["name"], replaced["score"]) == ("d", None)
    assert api.get("codes", limit=0) == []
    assert other("GET", path) == 404
    assert "name" in api.refusal("POST", "codes", 400, {"type": "t", "body": "b", "readme": "r"})
    api.call("DELETE", path, 204)
    assert "no code" in api.refusal("GET", path, 404)


def test_addresses_that_may_connect(api: Any, other: Any) -> None:
    path = f"databases/{api.database_id}/whitelist-ips"
    made = api.call("POST", path, 200, {"subnetMask": "192.0.2.7/24"})
    assert (made["subnetMask"], made["authorizedBy"], made["isActive"]) == ("192.0.2.0/24", "local", True)
    assert [each["id"] for each in api.get(path)] == [made["id"]]
    assert api.get(f"{path}/{made['id']}")["remoteHostId"] == api.database_id
    assert "192.0.2.0/24" in api.refusal("POST", path, 400, {"subnetMask": "somewhere"})
    assert other("POST", path, {"subnetMask": "192.0.2.1"}) == 403
    api.call("DELETE", f"{path}/{made['id']}", 204)
    assert api.get(path) == []


def test_predictions_are_as_open_as_their_model(api: Any, other: Any) -> None:
    model = api.call("POST", "models", 200, {"modelName": "m", "tableName": "public.t"})["id"]
    wanted = {"tableName": "public.t", "primaryKey": ["id"], "outputTable": "public.o"}
    made = api.call("PUT", f"models/{model}/predictions", 200, wanted)
    assert (made["tableName"], made["outputTable"], made["state"]) == ("public.t", "public.o", "idle")
    path = f"predictions/{made['id']}"
    assert api.get(path)["outputTableName"] == "public.o"
    assert [each["id"] for each in api.get(f"models/{model}")["predictions"]] == [made["id"]]
    assert (other("GET", path), other("GET", f"jobs/{made['id']}")) == (404, 404)
    share = {"userIds": [other.id], "permissionLevel": "read"}
    api.call("PUT", f"models/{model}/shares/users", 200, share)
    assert (other("GET", path), other("PATCH", path, {"limitingSQL": "1 = 1"})) == (200, 403)
    schedule = {"schedule": {"scheduled": True, "scheduledDays": [1]}, "scoreOnModelBuild": True}
    assert api.call("PUT", f"{path}/schedules", 200, schedule)["scoreOnModelBuild"] is True
    assert api.get(path)["schedule"]["scheduledDays"] == [1]
    run = api.call("POST", f"{path}/runs", 202)
    assert "civis.ml" in api.wait(made["id"], run["id"])["error"]
    assert "civis.ml" in api.get(f"{path}/runs/{run['id']}")["exception"]


def test_a_build_of_a_model_says_what_to_use(api: Any) -> None:
    model = api.call("POST", "models", 200, {"modelName": "m"})["id"]
    api.call("PATCH", f"models/{model}", 204, {"numberOfFolds": 3})
    assert api.get(f"models/{model}")["numberOfFolds"] == 3
    assert "2 or more" in api.refusal("PATCH", f"models/{model}", 400, {"numberOfFolds": 1})
    build = api.call("POST", f"models/{model}/builds", 200)
    api.wait(model, build["id"])
    assert "civis.ml" in api.get(f"models/{model}/builds/{build['id']}")["error"]
    assert api.get(f"models/{model}")["currentBuildState"] == "failed"


def test_a_snapshot_keeps_a_report_s_code(api: Any) -> None:
    report = api.call("POST", "results", 200, {"name": "r", "codeBody": "<p>Now</p>"})["id"]
    assert api.get(f"reports/{report}/snapshots")["state"] == "idle"
    assert "600" in api.refusal("PATCH", f"results/{report}/snapshots", 400, {"height": 10})
    made = api.call("POST", f"results/{report}/snapshots", 200, {"width": 700})
    assert (made["state"], made["width"], made["height"]) == ("succeeded", 700, 900)
    assert api.get("results", type="tableau") == []
    assert report in [each["id"] for each in api.get("results")]
    (file,) = api.get("search", query=f"report-{report}", type="file")["results"]
    assert api.download(file["id"]) == b"<p>Now</p>"


def test_a_refresh_runs_the_script_behind_a_report(api: Any) -> None:
    body = {
        "name": "s",
        "sql": "select 1",
        "remoteHostId": api.database_id,
        "credentialId": api.credential_id,
    }
    script = api.call("POST", "scripts/sql", 201, body)["id"]
    report = api.call("POST", "reports", 200, {"name": "r", "scriptId": script})["id"]
    made = api.call("POST", f"reports/{report}/refresh", 202)
    assert made["organization"]["tableauRefreshUsage"] == 1
    id = made["tableauRefreshJobId"]
    api.wait(script, int(id))
    assert api.get(f"reports/{report}/refresh/{id}")["state"] == "succeeded"
    (run,) = api.get(f"scripts/{script}/history")
    assert requests.get(run["output"][0]["path"], timeout=60).status_code == 200
    changed = api.call("PATCH", f"scripts/{script}", 200, {"sql": "select 2"})
    assert (changed["sql"], changed["type"]) == ("select 2", "JobTypes::SqlRunner")
    empty = api.call("POST", "reports", 200, {"name": "r"})["id"]
    assert "no script" in api.refusal("POST", f"reports/{empty}/refresh", 422)


def test_a_text_becomes_a_table(api: Any) -> None:
    wanted = {"databaseId": api.database_id, "schema": "public", "name": "sent", "data": "n,t\n1,a\n2,b\n"}
    assert api.call("POST", "tables", 200, wanted)["state"] == "queued"
    deadline = time.monotonic() + 30
    job = api.get("jobs", q="Import into public.sent")[0]
    while api.get(f"jobs/{job['id']}")["state"] in ("queued", "running") and time.monotonic() < deadline:
        time.sleep(0.01)  # a run goes on in a thread of the platform's; there is no clock to fake
    assert api.sql("select n, t from public.sent order by n") == [(1, "a"), (2, "b")]


def test_an_enhancement_of_a_table_is_one_of_all(api: Any) -> None:
    api.sql("create table addresses (street text)")
    table = api.get(f"databases/{api.database_id}/schemas/public/tables/addresses")["id"]
    path = f"tables/{table}/enhancements"
    made = api.call("POST", f"{path}/geocodings", 200)
    assert made["enhancedTableName"] == "addresses_geocoded"
    assert made["id"] in [each["id"] for each in api.get("enhancements", type="geocode")]
    assert "no enhancement" in api.refusal("GET", f"{path}/cass-ncoa/{made['id']}", 404)
    wrong = {"threshold": 2, "matchTableId": table}
    assert "from 0 to 1" in api.refusal("POST", f"{path}/table-matchings", 400, wrong)
    assert "ncoaCredentialId" in api.refusal("POST", f"{path}/cass-ncoa", 400, {"performNcoa": True})


def test_the_machine_is_a_cluster(api: Any, other: Any) -> None:
    (cluster,) = api.get("clusters/kubernetes")
    assert api.get("clusters/kubernetes", organization_id=10**6) == []
    assert [each["name"] for each in cluster["clusterPartitions"]] == ["jobs", "notebook_services"]
    config = cluster["clusterPartitions"][1]["defaultInstanceConfigId"]
    waits = {"CIVIS_SERVICE_COMMAND": "exec sleep 600"}  # never answers, and so is pending until it is ended
    body = {"name": "n", "memory": 512, "cpu": 300, "environmentVariables": waits}
    service = api.call("POST", "services", 201, body)["id"]
    api.call("POST", f"services/{service}/deployments", 201, {})
    (workload,) = api.get(f"clusters/kubernetes/instance_configs/{config}/active_workloads")
    assert (workload["baseType"], workload["baseId"], workload["memory"]) == ("Service", service, 512)
    path = f"clusters/kubernetes/instance_configs/{config}"
    assert api.get(f"{path}/user_statistics")[0]["pendingCpuRequested"] == 300
    assert api.get(path, include_usage_stats="true")["usageStats"]["pendingDeployments"] == 1
    assert api.get(f"{path}/historical_metrics", metric="memory")["unit"] == "MB"
    deployed = api.get(f"clusters/kubernetes/{cluster['id']}/deployments", base_type="Service")
    assert [each["baseId"] for each in deployed] == [service]
    link = api.get(f"clusters/kubernetes/{cluster['id']}/compute_metrics")["url"]
    assert requests.get(link, timeout=60).text.startswith("run_id,job_id")
    assert api.get("clusters/workers")[0]["id"] == cluster["id"]
    partitions = f"clusters/kubernetes/{cluster['id']}/partitions"
    new = {"name": "p", "labels": ["Notebook"], "instanceConfigs": []}
    assert "at least one" in api.refusal("POST", partitions, 400, new)
    assert other("POST", partitions, new) == 403
    for each in api.get(partitions)[1:]:
        api.call("DELETE", f"{partitions}/{each['clusterPartitionId']}", 204)
    last = api.get(partitions)[0]["clusterPartitionId"]
    assert "last one" in api.refusal("DELETE", f"{partitions}/{last}", 409)


def test_the_stream_of_notifications_goes_on_where_a_listener_was(api: Any) -> None:
    script = api.call(
        "POST",
        "scripts/sql",
        201,
        {"name": "s", "sql": "select 1", "remoteHostId": api.database_id, "credentialId": api.credential_id},
    )["id"]
    run = api.run(script)
    text = api.session.get(f"{api.platform.url}notifications", timeout=60).text
    assert text.startswith("retry: 3000\n")
    assert f"id: {run['id']}\nevent: run\n" in text
    later = api.session.get(f"{api.platform.url}notifications?last_event_id={run['id']}", timeout=60)
    assert f"id: {run['id']}\n" not in later.text
    assert "last_event_id" in api.refusal("GET", "notifications", 400, last_event_id="x")


def test_a_job_keeps_its_address(api: Any) -> None:
    script = api.call("POST", "scripts/python3", 201, {"name": "s", "source": "1"})["id"]
    first = api.call("POST", f"jobs/{script}/trigger_email", 200)["triggerEmail"]
    assert first.startswith(f"run.{script}.")
    assert api.call("POST", f"jobs/{script}/trigger_email", 200)["triggerEmail"] == first
