"""What areas do beyond what all objects have alike."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
import requests

from tests.local.services.examples import Examples


@pytest.fixture(scope="module")
def examples(api: Any) -> Examples:
    """Examples of each kind on the platform of these tests."""
    examples = Examples(api.platform, api.session)
    examples.fill()
    return examples


def test_a_custom_script_runs_the_script_behind_its_template(api: Any, examples: Examples) -> None:
    made = examples.make("/scripts/custom")
    assert made["backingScriptType"] == "SQL"
    assert made["codePreview"] == "select 2 as one"
    run = api.wait(made["id"], api.call("POST", f"scripts/custom/{made['id']}/runs", 202)["id"])
    assert run["state"] == "succeeded", run
    (output,) = api.get(f"scripts/custom/{made['id']}/runs/{run['id']}/outputs")
    assert b"2" in api.download(output["objectId"]) or output["name"].endswith(".gz")
    shown = api.get(f"scripts/custom/{made['id']}")
    assert shown["lastSuccessfulRun"]["id"] == shown["lastRun"]["id"] == run["id"]
    assert api.get(f"templates/scripts/{made['fromTemplateId']}")["useCount"] >= 1
    assert made["id"] in [each["id"] for each in api.get("scripts", type="custom")]


def test_a_script_tells_that_it_is_a_template(api: Any, examples: Examples) -> None:
    script = examples.make("/scripts/python3")
    assert script["isTemplate"] is False
    template = api.call("POST", "templates/scripts", 201, {"name": "t", "scriptId": script["id"]})["id"]
    shown = api.get(f"scripts/python3/{script['id']}")
    assert (shown["isTemplate"], shown["publishedAsTemplateId"]) == (True, template)
    assert shown["templateDependentsCount"] == 0


def test_a_custom_script_runs_through_jobs_too(api: Any, examples: Examples) -> None:
    assert api.run(examples.make("/scripts/custom")["id"])["state"] == "succeeded"


def test_a_custom_script_takes_its_template_s_arguments(api: Any, examples: Examples) -> None:
    body = {"fromTemplateId": examples.ids["/templates/scripts"], "arguments": {"unknown": 1}}
    assert "unknown" in api.refusal("POST", "scripts/custom", 400, body)


def test_an_export_makes_a_file(api: Any, examples: Examples) -> None:
    made = api.call(
        "POST",
        "exports/files/csv",
        201,
        {
            "source": {
                "sql": "select 7 as seven",
                "remoteHostId": api.database_id,
                "credentialId": api.credential_id,
            },
            "destination": {"filenamePrefix": "sevens"},
            "compression": "none",
        },
    )
    started = api.call("POST", f"exports/files/csv/{made['id']}/runs", 202)
    assert api.wait(made["id"], started["id"])["state"] == "succeeded"
    (output,) = api.get(f"exports/files/csv/{made['id']}/runs/{started['id']}/outputs")
    assert output["name"] == "sevens.csv"
    assert api.download(output["objectId"]) == b'"seven"\n7\n'
    assert made["id"] in [each["id"] for each in api.get("exports")]
    assert "SELECT" not in api.refusal(
        "PUT", f"exports/files/csv/{made['id']}", 400, {"source": {"sql": " "}}
    )


def test_what_cannot_run_here_fails_and_says_so(api: Any, examples: Examples) -> None:
    for path in ("geocode", "cass-ncoa", "civis-data-match", "identity-resolution"):
        id = examples.ids[f"/enhancements/{path}"]
        run = api.wait(id, api.call("POST", f"enhancements/{path}/{id}/runs", 202)["id"])
        assert run["state"] == "failed"
        assert "hosted platform" in run["error"]
    assert len(api.get("enhancements")) == 4
    assert [each["type"] for each in api.get("enhancements", type="geocode")] == ["geocode"]


def test_a_batch_import_loads_its_files(api: Any) -> None:
    files = [api.upload(f"n\n{n}\n".encode()) for n in (1, 2)]
    body = {
        "fileIds": files,
        "schema": "public",
        "table": "batched",
        "remoteHostId": api.database_id,
        "credentialId": api.credential_id,
    }
    made = api.call("POST", "imports/batches", 201, body)
    (run,) = api.get(f"jobs/{made['id']}/runs")
    assert api.wait(made["id"], run["id"])["state"] == "succeeded"
    assert api.get(f"imports/batches/{made['id']}")["state"] == "succeeded"
    assert sorted(api.sql("select n from batched")) == [(1,), (2,)]
    assert [each["id"] for each in api.get("imports/batches")] == [made["id"]]


def test_a_project_shows_what_is_in_it(api: Any, examples: Examples) -> None:
    project = examples.make("/projects")["id"]
    api.sql("create table projected (n int); insert into projected values (1)")
    inside = {
        "scripts": "/scripts/sql",
        "files": "/files",
        "notebooks": "/notebooks",
        "services": "/services",
        "workflows": "/workflows",
        "enhancements": "/enhancements/geocode",
        "imports": "/imports",
        "reports": "/reports",
        "scriptTemplates": "/templates/scripts",
    }
    for path in inside.values():
        api.call("PUT", f"{path[1:]}/{examples.ids[path]}/projects/{project}", 204)
    table = f"databases/{api.database_id}/schemas/public/tables/projected/projects"
    api.call("PUT", f"{table}/{project}", 204)
    shown = api.get(f"projects/{project}")
    for name, path in inside.items():
        assert [each["id"] for each in shown[name]] == [examples.ids[path]], name
    assert [(each["name"], each["rowCount"], each["columnCount"]) for each in shown["tables"]] == [
        ("projected", 1, 1)
    ]
    assert len(shown["allObjects"]) == len(inside) + 1
    assert [each["id"] for each in api.get(f"scripts/sql/{examples.ids['/scripts/sql']}")["projects"]] == [
        project
    ]
    assert [each["id"] for each in api.get(table)] == [project]
    api.call("DELETE", f"{table}/{project}", 204)
    copy = api.call("POST", f"projects/{project}/clone", 201, {})
    assert copy["name"] == f"Clone of Project {project} Survey"
    assert [each["name"] for each in copy["scripts"]] == ["sql"]
    assert [each["id"] for each in copy["scripts"]] != [examples.ids["/scripts/sql"]]
    assert [each["id"] for each in copy["files"]] == [examples.ids["/files"]]
    assert [each["id"] for each in api.get(f"projects/{project}/dependencies")] != []


def test_projects_are_not_in_each_other(api: Any, examples: Examples) -> None:
    outer, middle, inner = (examples.make("/projects")["id"] for _ in range(3))
    api.call("PUT", f"projects/{middle}/parent_projects/{outer}", 204)
    api.call("PUT", f"projects/{inner}/parent_projects/{middle}", 204)
    assert api.get(f"projects/{middle}")["parentProject"]["id"] == outer
    assert [each["id"] for each in api.get(f"projects/{outer}")["projects"]] == [middle]
    for lower in (outer, middle, inner):
        assert "holds" in api.refusal("PUT", f"projects/{outer}/parent_projects/{lower}", 400)
    api.call("DELETE", f"projects/{middle}/parent_projects/{outer}", 204)
    assert api.get(f"projects/{middle}/parent_projects") == []


def test_commits_are_versions_of_a_script(api: Any, examples: Examples) -> None:
    path = f"scripts/sql/{examples.make('/scripts/sql')['id']}"
    assert api.get(f"{path}/git") == dict.fromkeys(
        ("gitRef", "gitBranch", "gitPath", "gitRepo", "gitRefType", "pullFromGit")
    )
    commit = {"content": "select 1", "message": "one", "fileHash": "-"}
    assert "tied" in api.refusal("POST", f"{path}/git/commits", 409, commit)
    tie = {"gitRepoUrl": "https://127.0.0.1:9/team/code", "gitBranch": "main", "gitPath": "a.sql"}
    assert api.call("PUT", f"{path}/git", 200, tie)["gitRepo"]["repoUrl"] == tie["gitRepoUrl"]
    assert api.call("PATCH", f"{path}/git", 200, {"gitPath": "b.sql"})["gitBranch"] == "main"
    first = api.call("POST", f"{path}/git/commits", 200, commit)
    assert first["fileHash"] == hashlib.sha1(b"blob 8\0select 1").hexdigest()
    assert "read it again" in api.refusal("POST", f"{path}/git/commits", 409, {**commit, "content": "x"})
    second = {"content": "select 2", "message": "two", "fileHash": first["fileHash"]}
    api.call("POST", f"{path}/git/commits", 200, second)
    assert api.get(path)["sql"] == "select 2"
    commits = api.get(f"{path}/git/commits")
    assert [each["message"] for each in commits] == ["two", "one"]
    assert api.get(f"{path}/git/commits/{commits[1]['commitHash'][:8]}")["content"] == "select 1"
    api.call("PATCH", path, 200, {"sql": "select 3"})
    assert api.call("POST", f"{path}/git/checkout-latest", 200)["content"] == "select 2"
    assert api.get(path)["sql"] == "select 2"
    assert api.get(f"git_repos/{examples.ids['/git_repos']}/refs")["branches"] == ["main"]


def test_deployments_follow_each_other(api: Any, examples: Examples) -> None:
    path = f"notebooks/{examples.make('/notebooks')['id']}"
    first = api.call("POST", f"{path}/deployments", 201)
    second = api.call("POST", f"{path}/deployments", 201, {"deploymentId": first["deploymentId"]})
    states = [each["state"] for each in api.get(f"{path}/deployments")]
    assert states[1:] == ["terminated"]
    assert api.get(path)["mostRecentDeployment"]["deploymentId"] == second["deploymentId"]
    api.call("DELETE", f"{path}/deployments/{second['deploymentId']}", 204)
    assert api.get(f"{path}/deployments/{second['deploymentId']}")["state"] == "terminated"
    assert len(api.get(f"{path}/deployments/{second['deploymentId']}/logs")) >= 2
    assert "no deployment" in api.refusal("GET", f"{path}/deployments/{examples.ids['/files']}", 404)


def test_a_notebook_s_content_is_put_where_it_says(api: Any, examples: Examples) -> None:
    path = f"notebooks/{examples.make('/notebooks')['id']}"
    before = api.get(path)
    assert before["notebookUrl"] is None
    assert requests.get(before["requirementsUrl"], timeout=60).text == "six"
    links = api.get(f"{path}/update-links")
    assert requests.put(links["updateUrl"], data=b"{}", timeout=60).ok
    assert requests.get(api.get(path)["notebookUrl"], timeout=60).content == b"{}"
    api.get(f"{path}/update-links")  # what is there stays until something new is put
    assert requests.get(api.get(path)["notebookUrl"], timeout=60).content == b"{}"


def test_favorites_are_in_an_order(api: Any, examples: Examples) -> None:
    for each in api.get("users/me/favorites"):
        api.call("DELETE", f"users/me/favorites/{each['id']}", 204)
    wanted = [("notebook", "/notebooks"), ("project", "/projects"), ("file", "/files")]
    body = [{"objectType": name, "objectId": examples.ids[path]} for name, path in wanted]
    first, second, third = (api.call("POST", "users/me/favorites", 201, each)["id"] for each in body)
    assert api.call("POST", "users/me/favorites", 201, body[0])["id"] == first

    def order() -> list[int]:
        return [each["id"] for each in api.get("users/me/favorites")]

    for favorite, way, expected in (
        (third, "top", [third, first, second]),
        (third, "lower", [first, third, second]),
        (second, "higher", [first, second, third]),
        (first, "bottom", [second, third, first]),
        (first, "lower", [second, third, first]),
    ):
        api.call("PATCH", f"users/me/favorites/{favorite}/ranking/{way}", 204)
        assert order() == expected
    assert [each["objectId"] for each in api.get("users/me/favorites", object_type="file")] == [
        body[2]["objectId"]
    ]


def test_a_permission_set_tells_what_a_user_may_do(api: Any, examples: Examples) -> None:
    path = f"permission_sets/{examples.make('/permission_sets')['id']}"
    api.call("POST", f"{path}/resources", 201, {"name": "reports"})
    assert "already" in api.refusal("POST", f"{path}/resources", 409, {"name": "reports"})
    user = examples.ids["other user"]
    body = {"userIds": [user], "permissionLevel": "write"}
    api.call("PUT", f"{path}/resources/reports/shares/users", 200, body)
    (allowed,) = api.get(f"{path}/users/{user}/permissions")
    assert allowed == {"resourceName": "reports", "read": True, "write": True, "manage": False}


def test_a_service_s_token_is_shown_once(api: Any, examples: Examples) -> None:
    path = f"services/{examples.make('/services')['id']}/tokens"
    made = api.call("POST", path, 201, {"name": "t", "expiresIn": 60})
    assert len(made["token"]) > 30
    (listed,) = api.get(path)
    assert "token" not in listed
    api.call("DELETE", f"{path}/{made['id']}", 204)
    assert api.get(path) == []


@pytest.mark.parametrize(
    ("definition", "problem"),
    [
        ("{version: '2.0', flow: {tasks: {a: {action: std.noop, on-success: [b]}, b: {}}}}", None),
        ("{version: '2.0', flow: {tasks: {a: {on-success: [{b: <% $.x %>}]}}}}", "'b'"),
        ("{version: '1.0', flow: {tasks: {a: {}}}}", "version"),
        ("{version: '2.0', flow: {}}", "no tasks"),
        ("[", "not YAML"),
        ("", "mapping"),
    ],
)
def test_a_workflow_s_definition_is_checked(api: Any, definition: str, problem: str | None) -> None:
    made = api.call("POST", "workflows", 201, {"name": "w", "definition": definition})
    assert made["valid"] is (problem is None)
    assert problem is None or problem in made["validationErrors"]


def test_a_workflow_is_made_of_a_chain_of_jobs(api: Any, examples: Examples) -> None:
    parent = examples.make("/scripts/sql")["id"]
    child = examples.make("/scripts/sql")["id"]
    api.call("PATCH", f"scripts/sql/{child}", 200, {"parentId": parent})
    made = api.call("POST", "workflows", 201, {"name": "chain", "fromJobChain": parent})
    assert made["valid"] is True
    assert f"job_{child}" in made["definition"]
    assert [each["id"] for each in api.get(f"jobs/{child}/workflows")] == [made["id"]]


def test_a_report_s_code_is_behind_a_link(api: Any, examples: Examples) -> None:
    report = api.get(f"reports/{examples.ids['/reports']}")
    assert requests.get(report["authCodeUrl"], timeout=60).text == "<p>Hello</p>"
    assert api.call("POST", f"reports/{report['id']}/grants", 200)["provideAPIKey"] is True
    assert {each["id"] for each in api.get("reports", type="sql")} == {examples.ids["/reports/sql"]}
    assert len(api.get("reports")) == 4


def test_a_tag_is_taken_from_tables_with_it(api: Any, examples: Examples) -> None:
    api.sql("create table tagged (n int)")
    table = api.get(f"databases/{api.database_id}/schemas/public/tables/tagged")["id"]
    tag = examples.make("/table_tags")["id"]
    api.call("PUT", f"tables/{table}/tags/{tag}", 200)
    assert api.get(f"table_tags/{tag}")["tableCount"] == 1
    api.call("DELETE", f"table_tags/{tag}", 204)
    assert api.get(f"tables/{table}")["tableTags"] == []


def test_queries_are_found_by_their_sql(api: Any) -> None:
    body = {"database": api.database_id, "sql": "select 'zebra'", "previewRows": 1}
    made = api.call("POST", "queries", 200, body)
    assert [each["id"] for each in api.get("search/queries", search_string="ZEBRA")] == [made["id"]]


def test_who_may_what_in_a_database(api: Any) -> None:
    path = f"databases/{api.database_id}"
    assert "local" in [each["username"] for each in api.get(f"{path}/users")]
    assert "USAGE" in api.get(f"{path}/schema_privileges/public")["privileges"]
    graphs = api.get(f"{path}/status_graphs/timeframe/1_day")
    assert requests.get(graphs["cpuGraphUrl"], timeout=60).text.startswith("<svg")
    assert "timeframe" in api.refusal("GET", f"{path}/status_graphs/timeframe/1_year", 400)


@pytest.mark.parametrize(
    ("method", "path", "status", "words"),
    [
        ("GET", "clusters/kubernetes/1", 404, "the local platform's is"),
        ("GET", "usage/llm/1", 404, "language model"),
        ("GET", "usage_limits/matching/1", 404, "usage limit of matching"),
        ("POST", "users/999/access_email", 404, "no user"),
    ],
)
def test_refusals_say_why(api: Any, method: str, path: str, status: int, words: str) -> None:
    assert words in api.refusal(method, path, status)


@pytest.mark.parametrize(
    ("path", "query", "is_found"),
    [
        ("notebooks", {"status": "pending"}, True),
        ("notebooks", {"status": "running"}, False),
        ("workflows", {"state[]": "idle"}, True),
        ("workflows", {"scheduled": "true"}, False),
        ("templates/scripts", {"category": "script"}, True),
        ("templates/scripts", {"category": "import"}, False),
        ("media/ratecards", {"filename": "r.csv"}, True),
        ("media/ratecards", {"dma_number": 6}, False),
        ("enhancements", {"status": "idle"}, True),
        ("enhancements", {"status": "succeeded"}, False),
        ("enhancements", {"order": "last_run.updated_at"}, True),
        ("exports", {"author": 10**6}, False),
        ("projects", {"auto_share": "false", "permission": "manage"}, True),
        ("reports", {"template_id": 10**6}, False),
        ("scripts/custom", {"from_template_id": str(10**6)}, False),
        ("git_repos", {"order": "repo_url", "order_dir": "desc"}, True),
    ],
)
def test_lists_are_filtered(
    api: Any, examples: Examples, path: str, query: dict[str, Any], is_found: bool
) -> None:
    if path == "notebooks":
        api.call("POST", f"notebooks/{examples.ids['/notebooks']}/deployments", 201)
    wanted = {
        "enhancements": "/enhancements/geocode",
        "exports": "/exports/files/csv",
    }.get(path, f"/{path}")
    if path == "enhancements":
        examples.ids[wanted] = examples.make(wanted)["id"]
    found = [each["id"] for each in api.get(path, **query)]
    assert (examples.ids[wanted] in found) is is_found


def test_custom_scripts_of_a_template_are_found(api: Any, examples: Examples) -> None:
    found = api.get("scripts/custom", from_template_id=f"{examples.ids['/templates/scripts']},{10**6}")
    assert examples.ids["/scripts/custom"] in [each["id"] for each in found]


def test_a_list_has_pages(api: Any, examples: Examples) -> None:
    examples.make("/studios")
    made = [examples.make("/services")["id"] for _ in range(3)]
    assert [each["id"] for each in api.get("services", limit=2, order="created_at")] == made[:0:-1]
    assert api.headers["X-Pagination-Per-Page"] == "2"
    assert made[0] in [each["id"] for each in api.get("services", limit=2, page_num=2, order="created_at")]
    assert "created_at" in api.refusal("GET", "services", 400, order="size")
