"""What a second user may do: nothing with what is not shared, and no more than was shared."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from civis.local import Platform, catalog
from civis.local.services import all_routes
from civis.local.services.guard import level_needed
from civis.local.state import accounts
from tests.local.services.examples import CREATED, OPERATIONS, Examples, base_of

#: What everybody sees and may use.
OPEN = ("/git_repos", "/table_tags", "/groups", "/users/me/favorites", "/organizations/favorites")
ROUTES = all_routes()
#: Operations on one object of a kind that is not everybody's.
ON_ONE = [
    OPERATIONS[key]
    for key in sorted(ROUTES)
    if key in OPERATIONS and "/{" in key[1] and base_of(key[1]) and base_of(key[1]) not in OPEN
    if "{object_type}" not in key[1]
]
READ = [each for each in ON_ONE if re.fullmatch(r"[^{]*\{\w+\}(/shares|/dependencies|/projects)?", each.path)]


class Others:
    """Two sessions: the owner's, who is an administrator, and another user's."""

    def __init__(self, examples: Examples, session: requests.Session) -> None:
        self.examples = examples
        self._session = session

    def call(self, method: str, path: str, body: Any = None) -> requests.Response:
        """Send a request as the other user."""
        url = self.examples.platform.url + path.lstrip("/")
        return self._session.request(method, url, json=body, timeout=60)

    def ask(self, operation: catalog.CatalogOperation, id: int) -> requests.Response:
        """Send a request about an object as the other user."""
        values = {each.wire_name: each for each in operation.parameters if each.location == "path"}
        first = next(iter(values))
        filled = dict.fromkeys(values, "1") | {first: str(id)}
        if "project_id" in filled and first != "project_id":
            filled["project_id"] = str(self.examples.ids["project of other"])
        if "user_id" in filled:
            filled["user_id"] = str(self.examples.ids["other user"])
        return self.call(operation.method, operation.path.format(**filled), self.examples.body(operation))

    def share(self, path: str, level: str) -> None:
        """Share an object with the other user."""
        body = {"userIds": [self.examples.ids["other user"]], "permissionLevel": level}
        answer = self.examples.call("PUT", f"{path}/shares/users", body)
        assert answer.ok, answer.text


@pytest.fixture(scope="module")
def others(platform: Platform) -> Iterator[Others]:
    """A platform with the owner's examples, and another user."""
    with requests.Session() as own, requests.Session() as other:
        own.auth = (platform.api_key, "")
        examples = Examples(platform, own)
        examples.fill()
        with platform.state.begin() as connection:
            user_id, now = examples.ids["other user"], platform.clock.time()
            accounts.create_key(connection, user_id, now=now, name="key", token="other-token")
        other.auth = ("other-token", "")
        found = Others(examples, other)
        project = found.call("POST", "projects", {"name": "Mine", "description": ""}).json()
        examples.ids["project of other"] = project["id"]
        yield found


BASES = sorted({base_of(each.path) or "" for each in ON_ONE})


@pytest.mark.parametrize("base", BASES)
def test_what_is_not_shared_is_not_there(others: Others, base: str) -> None:
    id = others.examples.ids[base]
    for operation in ON_ONE:
        if base_of(operation.path) != base:
            continue
        answer, missing = others.ask(operation, id), others.ask(operation, 10**9)
        assert answer.status_code == missing.status_code == 404, f"{operation.method} {operation.path}"
        # The words are those of an object that there is not: nothing tells that it exists.
        words = [each.json()["errorDescription"] for each in (answer, missing)]
        assert words[0].replace(str(id), "N") == words[1].replace(str(10**9), "N")


@pytest.fixture(scope="module")
def shared_to_read(others: Others) -> dict[str, int]:
    """Examples of their own, shared with the other user to be read, by where they were made."""
    made = {}
    for base in CREATED:
        if base not in OPEN and ("GET", f"{base}/{{id}}/shares") in ROUTES:
            made[base] = others.examples.make(base)["id"]
            others.share(f"{base}/{made[base]}", "read")
    return made


SHAREABLE = [each for each in ON_ONE if ("GET", f"{base_of(each.path)}/{{id}}/shares") in ROUTES]


@pytest.mark.parametrize("base", sorted({base_of(each.path) or "" for each in SHAREABLE}))
def test_what_is_shared_to_be_read_can_be_read_and_not_changed(
    others: Others, shared_to_read: dict[str, int], base: str
) -> None:
    id = shared_to_read[base]
    for operation in SHAREABLE:
        if base_of(operation.path) != base:
            continue
        if level_needed(operation) != "read":
            answer = others.ask(operation, id)
            assert answer.status_code == 403, f"{operation.method} {operation.path}: {answer.text}"
        elif operation in READ and operation.method == "GET":
            answer = others.ask(operation, id)
            assert answer.status_code == 200, answer.text
            content = answer.json()
            assert "myPermissionLevel" not in content or content["myPermissionLevel"] == "read"


def test_each_level_includes_those_below(others: Others) -> None:
    id = others.examples.make("/projects")["id"]
    path = f"projects/{id}"
    others.share(path, "write")
    assert others.call("PUT", path, {"name": "Changed"}).json()["myPermissionLevel"] == "write"
    assert others.call("PUT", f"{path}/archive", {"status": True}).status_code == 403
    others.share(path, "manage")
    assert others.call("PUT", f"{path}/archive", {"status": True}).json()["archived"] is True
    shares = others.call("GET", f"{path}/shares").json()
    assert [each["name"] for each in shares["owners"]["users"]] == ["Local User", "Other"]
    assert others.examples.call("DELETE", f"{path}/shares/users/{others.examples.ids['other user']}").ok
    assert others.call("GET", path).status_code == 404


def test_a_group_s_shares_are_its_members(others: Others) -> None:
    id = others.examples.make("/notebooks")["id"]
    body = {"groupIds": [others.examples.ids["group"]], "permissionLevel": "write"}
    assert others.examples.call("PUT", f"notebooks/{id}/shares/groups", body).json()["totalGroupShares"] == 1
    assert others.call("GET", f"notebooks/{id}").json()["myPermissionLevel"] == "write"


def test_a_project_can_share_all_that_is_in_it(others: Others) -> None:
    project, file = others.examples.make("/projects")["id"], others.examples.make("/files")["id"]
    assert others.examples.call("PUT", f"files/{file}/projects/{project}").ok
    others.share(f"projects/{project}", "read")
    assert others.call("GET", f"projects/{project}").json()["files"] == []
    assert others.call("GET", f"files/{file}").status_code == 404
    assert others.examples.call("PUT", f"projects/{project}/auto_share", {"autoShare": True}).ok
    assert others.call("GET", f"files/{file}").json()["myPermissionLevel"] == "read"
    inside = others.call("GET", f"projects/{project}").json()
    assert [each["id"] for each in inside["files"]] == [file]
    assert inside["allObjects"][0]["myPermissionLevel"] == "read"


@pytest.mark.parametrize("base", [base for base in CREATED if ("GET", base) in ROUTES and base not in OPEN])
def test_lists_hold_what_may_be_seen(others: Others, base: str) -> None:
    hidden = others.examples.make(base)["id"]
    assert hidden not in [each["id"] for each in others.call("GET", base).json()]
    others.share(f"{base if base != '/queries' else '/jobs'}/{hidden}", "read")
    assert hidden in [each["id"] for each in others.call("GET", base).json()]


def test_search_finds_what_may_be_seen(others: Others) -> None:
    id = others.examples.make("/notebooks")["id"]
    assert others.examples.call("PATCH", f"notebooks/{id}", {"name": "Xylophone"}).ok
    assert others.call("GET", "search?query=xylophone").json()["totalResults"] == 0
    others.share(f"notebooks/{id}", "read")
    found = others.call("GET", "search?query=xylophone&type=notebook").json()
    assert [each["id"] for each in found["results"]] == [id]
    assert found["aggregations"]["owner"] == {"mine": 0, "all": 1}


def test_an_object_can_be_handed_over(others: Others) -> None:
    id = others.examples.make("/json_values")["id"]
    body = {"userId": others.examples.ids["other user"], "includeDependencies": False}
    assert others.examples.call("PUT", f"json_values/{id}/transfer", body).json() == {"dependencies": []}
    shares = others.call("GET", f"json_values/{id}/shares").json()["owners"]["users"]
    assert [each["name"] for each in shares] == ["Other", "Local User"]
    other_way = {"userId": others.examples.ids["user"], "includeDependencies": False}
    assert others.call("PUT", f"json_values/{id}/transfer", other_way).ok


def test_an_object_s_dependencies_can_go_with_it(others: Others) -> None:
    id = others.examples.make("/templates/scripts")["id"]
    script = others.examples.ids["/scripts/sql"]
    body = {"userId": others.examples.ids["other user"], "includeDependencies": True}
    answer = others.examples.call("PUT", f"templates/scripts/{id}/transfer", body).json()
    assert [(each["id"], each["shared"]) for each in answer["dependencies"]] == [(script, True)]
    assert others.call("GET", f"scripts/sql/{script}").json()["myPermissionLevel"] == "read"
    assert others.examples.call(
        "DELETE", f"scripts/sql/{script}/shares/users/{others.examples.ids['other user']}"
    ).ok
    seen = others.call("GET", f"templates/scripts/{id}/dependencies").json()
    assert seen[0]["permissionLevel"] is None
    assert seen[0]["shareable"] is False


def test_nobody_uses_what_is_not_shared(others: Others) -> None:
    ids = others.examples.ids
    body = {
        "name": "s",
        "sql": "select 1",
        "remoteHostId": ids["database"],
        "credentialId": ids["credential"],
    }
    assert others.call("POST", "scripts/sql", body).status_code == 404
    assert others.call("POST", "notebooks", {"credentials": [ids["credential"]]}).status_code == 404
    assert (
        others.call("POST", "scripts/custom", {"fromTemplateId": ids["/templates/scripts"]}).status_code
        == 404
    )
    put = others.call("PUT", f"projects/{ids['/projects']}/parent_projects/{ids['project of other']}")
    assert put.status_code == 404


def test_the_owner_cannot_be_given_less(others: Others) -> None:
    body = {"userIds": [others.examples.ids["user"]], "permissionLevel": "read"}
    answer = others.examples.call("PUT", f"files/{others.examples.ids['/files']}/shares/users", body)
    assert answer.status_code == 422
    unknown = {"userIds": [10**6], "permissionLevel": "read"}
    answer = others.examples.call("PUT", f"files/{others.examples.ids['/files']}/shares/users", unknown)
    assert answer.status_code == 404


def test_who_may_write_need_not_see_what_is_named(others: Others) -> None:
    for base in ("/scripts/sql", "/notebooks"):
        id = others.examples.make(base)["id"]
        others.share(f"{base}/{id}", "write")
        assert others.call("PATCH", f"{base}/{id}", {"name": "Changed"}).json()["name"] == "Changed"
        whole = {**others.examples.resolved(CREATED[base]), "name": "Replaced"}
        assert others.call("PUT", f"{base}/{id}", whole).json()["name"] == "Replaced"


def test_a_job_is_triggered_by_jobs_that_the_user_may_change(others: Others) -> None:
    parent = others.examples.make("/scripts/python3")["id"]
    body = {**others.examples.resolved(CREATED["/scripts/python3"]), "parentId": parent}
    assert others.call("POST", "scripts/python3", body).status_code == 404
    others.share(f"scripts/python3/{parent}", "read")
    assert others.call("POST", "scripts/python3", body).status_code == 403
    others.share(f"scripts/python3/{parent}", "write")
    assert others.call("POST", "scripts/python3", body).json()["parentId"] == parent


def test_a_shared_credential_can_be_used(others: Others) -> None:
    credential = others.examples.make("/credentials")["id"]
    param = {"name": "c", "type": "credential_custom", "value": str(credential)}
    source = "import os; assert os.environ['C_USERNAME'] == 'u'"
    body = {"source": source, "params": [param], "requiredResources": {"cpu": 1, "memory": 1}}
    made = others.call("POST", "scripts/python3", {"name": "uses", **body})
    assert made.ok, made.text
    id = made.json()["id"]
    assert "not one of the user" in run_to_end(others, id)["error"]
    others.share(f"credentials/{credential}", "read")
    assert run_to_end(others, id)["state"] == "succeeded"


def run_to_end(others: Others, id: int) -> Any:
    """Run a script as the other user, and give the run when it is over."""
    run = others.call("POST", f"scripts/python3/{id}/runs").json()
    for _ in range(3000):
        run = others.call("GET", f"scripts/python3/{id}/runs/{run['id']}").json()
        if run["state"] not in ("queued", "running"):
            return run
        time.sleep(0.01)  # a run goes on in a thread of the platform's; there is no clock to fake
    raise AssertionError(f"the run does not end: {run}")


def test_who_may_read_a_file_does_not_change_it_by_a_job(others: Others) -> None:
    file = others.examples.make("/files")["id"]
    others.share(f"files/{file}", "read")
    assert others.call("POST", "files/preprocess/csv", {"fileId": file, "inPlace": True}).status_code == 403
    made = others.call("POST", "files/preprocess/csv", {"fileId": file, "inPlace": False})
    assert made.status_code == 201
    job = f"files/preprocess/csv/{made.json()['id']}"
    assert others.call("PATCH", job, {"inPlace": True}).status_code == 403
