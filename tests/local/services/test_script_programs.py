"""Programs of scripts as users write them: parameters, repositories, templates, outputs, limits."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

if os.name != "posix":
    pytest.skip("programs run in groups of processes", allow_module_level=True)

from civis.local.platform import Platform
from civis.local.services.script_checkout import repository_url
from civis.local.state import accounts
from tests.local.services.conftest import Api

RESOURCES = {"cpu": 100, "memory": 1024}
PRINT = "env | grep '^MY_' | sort"


@pytest.fixture
def run_container(api: Any) -> Any:
    def run(command: str, **fields: Any) -> tuple[Any, list[str]]:
        body = {"required_resources": RESOURCES, "docker_command": command, **fields}
        script = api.call("POST", "scripts/containers", 201, body)
        run = api.run(script["id"])
        return run, api.log(script["id"], run["id"]).split("\n")

    return run


@pytest.fixture
def other(api: Any, platform: Platform) -> Iterator[Any]:
    """Another user of the platform."""
    name = f"user{os.urandom(4).hex()}"
    with platform.state.begin() as connection:
        now = platform.clock.time()
        id = accounts.create_user(connection, now=now, username=name, name=name, email="").id
        accounts.create_key(connection, id, now=now, name="key", token=name)
    client = Api(platform)
    with client.session:
        client.session.auth = (name, "")
        client.user_id, client.username = id, name  # type: ignore[attr-defined]
        yield client


def credential(api: Any, kind: str = "Custom") -> int:
    body = {"name": "c", "type": kind, "username": "ada", "password": "s3cret"}
    return int(api.call("POST", "credentials", 201, body)["id"])


# -- parameters ----------------------------------------------------------------------------------------

VALUES = [
    pytest.param({"type": "string"}, "O'Brien $HOME", ["MY_P=O'Brien $HOME"], id="text"),
    pytest.param({"type": "multi_line_string"}, "a\nb", ["MY_P=a"], id="lines"),
    pytest.param({"type": "integer"}, 7, ["MY_P=7"], id="a number"),
    pytest.param({"type": "bool"}, True, ["MY_P=true"], id="true"),
    pytest.param({"type": "bool", "default": "no"}, None, ["MY_P=false"], id="a default of another spelling"),
    pytest.param({"type": "float"}, None, ["MY_P=0"], id="none"),
    pytest.param({"type": "string", "value": "fixed"}, "other", ["MY_P=fixed"], id="a fixed value counts"),
    pytest.param({"type": "file"}, 12, ["MY_P=12", "MY_P_ID=12"], id="a file"),
    pytest.param(
        {"type": "string", "allowed_values": [{"label": "A", "value": "a"}]}, "a", ["MY_P=a"], id="allowed"
    ),
]


@pytest.mark.parametrize(("param", "argument", "lines"), VALUES)
def test_arguments_as_variables(
    run_container: Any, param: dict[str, Any], argument: Any, lines: list[str]
) -> None:
    arguments = {} if argument is None else {"my_p": argument}
    run, log = run_container(PRINT, params=[{"name": "my_p", **param}], arguments=arguments)
    assert (run["error"], log) == (None, lines)


def test_credentials_and_databases_as_variables(api: Any, run_container: Any) -> None:
    id = credential(api)
    params = [
        {"name": "my_c", "type": "credential_custom"},
        {"name": "my_aws", "type": "credential_aws"},
        {"name": "my_d", "type": "database"},
    ]
    database = {"database": api.database_id, "credential": api.credential_id}
    run, log = run_container(
        PRINT + "; env | grep -c REMOTE_HOST_CREDENTIAL_USERNAME=ada",
        params=params,
        arguments={"my_c": id, "my_aws": id, "my_d": database},
        remote_host_credential_id=id,
    )
    assert run["error"] is None
    assert log[-1] == "1"
    found = dict(line.split("=", 1) for line in log[:-1])
    assert (found["MY_C_ID"], found["MY_C_USERNAME"], found["MY_C_PASSWORD"]) == (str(id), "ada", "s3cret")
    assert (found["MY_AWS_USERNAME"], found["MY_AWS_SECRET_ACCESS_KEY"]) == ("ada", "s3cret")
    assert (found["MY_D_ID"], found["MY_D_CREDENTIAL_ID"]) == (str(api.database_id), str(api.credential_id))


REFUSED = [
    pytest.param(
        [{"name": "s", "type": "string", "required": True, "default": "x"}],
        "Validation failed: Code.Parameters s cannot have a default value since it is required.",
        id="a default of a required one, as recorded",
    ),
    pytest.param(
        [{"name": "c", "type": "credential_custom", "default": "1"}],
        "Code.Parameters c cannot have a default value since it is a credential.",
        id="a default of a credential",
    ),
    pytest.param(
        [{"name": "n", "type": "integer", "default": "many"}],
        "n has a wrong default",
        id="a default of no type",
    ),
    pytest.param(
        [{"name": "n", "type": "integer", "value": "many"}], "has a wrong value", id="a fixed value"
    ),
]


@pytest.mark.parametrize(("params", "message"), REFUSED)
def test_definitions_that_are_refused(api: Any, params: list[dict[str, Any]], message: str) -> None:
    body = {"required_resources": RESOURCES, "docker_command": "true", "params": params}
    assert message in api.refusal("POST", "scripts/containers", 400, body)


FAILING = [
    pytest.param({"type": "string", "required": True}, None, "parameters my_p have no value", id="missing"),
    pytest.param({"type": "credential_custom"}, 999_999, "999999", id="a credential that is not there"),
    pytest.param({"type": "string"}, "a\x00b", "NUL character", id="no text for an environment"),
]


@pytest.mark.parametrize(("param", "argument", "message"), FAILING)
def test_arguments_that_fail_the_run(
    run_container: Any, param: dict[str, Any], argument: Any, message: str
) -> None:
    arguments = {} if argument is None else {"my_p": argument}
    run, _ = run_container("true", params=[{"name": "my_p", **param}], arguments=arguments)
    assert run["state"] == "failed"
    assert message in run["error"]


# -- repositories --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A bare repository with a branch and a tag."""
    folder = tmp_path_factory.mktemp("git")
    work, bare = folder / "work", folder / "bare.git"
    work.mkdir()

    def git(*arguments: str) -> None:
        own = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", *own, *arguments], cwd=work, check=True, capture_output=True)

    git("init", "--quiet", "--initial-branch=main")
    for number, name in enumerate(("first", "second")):
        (work / "run.sh").write_text(f"echo {name}\n", encoding="utf-8")
        git("add", ".")
        git("commit", "--quiet", "-m", name)
        git(*(("tag", "v1") if number == 0 else ("branch", "next")))
    git("checkout", "--quiet", "-b", "odd/name")
    git("clone", "--quiet", "--bare", str(work), str(bare))
    return str(bare)


REFS = [
    pytest.param(None, "second", id="the default branch"),
    pytest.param("next", "second", id="a branch"),
    pytest.param("v1", "first", id="a tag"),
    pytest.param("odd/name", "second", id="a branch with a slash"),
]


@pytest.mark.parametrize(("ref", "word"), REFS)
def test_a_repository_is_there_when_the_command_runs(
    run_container: Any, repository: str, ref: str | None, word: str
) -> None:
    run, log = run_container("cd app && sh run.sh", repo_http_uri=f"file://{repository}", repo_ref=ref)
    assert run["error"] is None
    assert log[-1] == word


BROKEN = [
    pytest.param("file:///nowhere.git", None, "cannot be fetched", id="not there"),
    pytest.param(None, "nowhere", "at 'nowhere'", id="no such branch"),
    pytest.param(None, "--upload-pack=touch /tmp/x", "cannot be fetched", id="an option for a branch"),
    pytest.param("ext::sh -c date", None, "cannot be fetched", id="a command for a URL"),
    pytest.param("https://me:secret@example.org/a.git", None, "must not hold a password", id="a password"),
]


@pytest.mark.parametrize(("url", "ref", "message"), BROKEN)
def test_a_repository_that_cannot_be_fetched_fails_the_run(
    run_container: Any, repository: str, url: str | None, ref: str | None, message: str
) -> None:
    run, log = run_container("echo ran", repo_http_uri=url or repository, repo_ref=ref)
    assert run["state"] == "failed"
    assert message in run["error"]
    assert "ran" not in log
    assert "secret" not in run["error"]


def test_where_repositories_are_fetched_from() -> None:
    assert repository_url("github.com/a/b.git") == "https://github.com/a/b.git"
    assert repository_url("/srv/a b.git") == "file:///srv/a%20b.git"


def test_a_login_for_git_is_on_no_command_line(
    api: Any, run_container: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = 'echo "$@ as $GIT_USERNAME"\ntest "$1" = init && mkdir -p app\nexit 0'
    fake_program(tmp_path, monkeypatch, "git", fake)
    run, log = run_container("true", repo_http_uri="github.com/a/b", git_credential_id=credential(api))
    assert run["error"] is None
    assert "fetch --quiet --depth 1 -- https://github.com/a/b HEAD as ada" in "\n".join(log)
    assert "s3cret" not in "\n".join(log)


# -- other interpreters --------------------------------------------------------------------------------


def fake_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / name).write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")


@pytest.mark.parametrize(("segment", "program"), [("r", "Rscript"), ("javascript", "node")])
def test_sources_in_other_languages_run_where_their_program_is(
    api: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, segment: str, program: str
) -> None:
    fake_program(tmp_path, monkeypatch, program, 'for last; do :; done; cat "$last"')
    body = {"name": "n", "source": "the source", "params": [{"name": "p", "type": "string"}]}
    if segment == "javascript":
        body |= {"remoteHostId": api.database_id, "credentialId": api.credential_id}
    script = api.call("POST", f"scripts/{segment}", 201, body)
    run = api.run(script["id"])
    assert (run["error"], api.log(script["id"], run["id"])) == (None, "the source")


DBT = [
    pytest.param({"dbtCommand": "test", "target": "dev"}, "test --target dev", id="a target"),
    pytest.param({"dbtCommandLineArgs": "--select 'a b'"}, "build --select a b", id="arguments"),
    pytest.param({"dbtCommand": "retry", "dbtCommandLineArgs": "-x"}, "retry", id="a retry has none"),
]


@pytest.mark.parametrize(("project", "command"), DBT)
def test_dbt_runs_in_its_repository(
    api: Any,
    repository: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    project: dict[str, Any],
    command: str,
) -> None:
    fake_program(tmp_path, monkeypatch, "dbt", 'ls; echo "$@"; basename "$DBT_PROJECT_DIR"')
    body = {
        "name": "d",
        "repoHttpUri": f"file://{repository}",
        "dbtProject": {**project, "projectDir": "models"},
    }
    script = api.call("POST", "scripts/dbt", 201, body)
    run = api.run(script["id"])
    assert run["error"] is None
    assert api.log(script["id"], run["id"]).split("\n")[1:] == ["run.sh", command, "models"]


# -- templates -----------------------------------------------------------------------------------------

WHO = (
    "import json, os, urllib.request as u\n"
    "request = u.Request(os.environ['CIVIS_API_ENDPOINT'] + 'users/me',\n"
    "    headers={'Authorization': 'Bearer ' + os.environ['CIVIS_API_KEY']})\n"
    "print(json.load(u.urlopen(request))['username'], os.environ['GREETING'])\n"
)


@pytest.mark.parametrize("context", ["runner", "author"])
def test_another_users_custom_script_runs_the_template_as_its_script_says(
    api: Any, other: Any, context: str
) -> None:
    script = api.call(
        "POST",
        "scripts/python3",
        201,
        {
            "name": "who",
            "source": WHO,
            "userContext": context,
            "params": [{"name": "greeting", "type": "string", "required": True}],
        },
    )
    template = api.call("POST", "templates/scripts", 201, {"scriptId": script["id"], "name": "who"})["id"]
    shared = {"userIds": [other.user_id], "permissionLevel": "read"}
    api.call("PUT", f"templates/scripts/{template}/shares/users", 200, shared)
    body = {"name": "mine", "fromTemplateId": template, "arguments": {"greeting": "hello"}}
    custom = other.call("POST", "scripts/custom", 201, body)
    run = other.run(custom["id"])
    name = other.username if context == "runner" else api.get("users/me")["username"]
    assert (run["error"], other.log(custom["id"], run["id"])) == (None, f"{name} hello")
    other.refusal("GET", f"scripts/python3/{script['id']}", 404)


# -- outputs and limits --------------------------------------------------------------------------------


def test_outputs_of_all_types(api: Any, run_container: Any) -> None:
    script = api.call(
        "POST", "scripts/containers", 201, {"required_resources": RESOURCES, "docker_command": "true"}
    )
    run = api.run(script["id"])
    path = f"scripts/containers/{script['id']}/runs/{run['id']}/outputs"
    made = {
        "File": api.upload(b"x"),
        "JSONValue": api.call("POST", "json_values", 201, {"name": "j", "valueStr": "[1]"})["id"],
        "Project": api.store("project", {}, name="p"),
        "Credential": credential(api),
        "Report": api.store("report", {}, name="r"),
        "Table": api.store("table", {"schema": "s", "name": "t"}, name="s.t"),
        "Model": api.store("model", {}, name="m"),
    }
    for kind, id in made.items():
        api.call("POST", path, 202, {"objectType": kind, "objectId": id})
    found = api.get(path)
    assert [(each["objectType"], each["objectId"]) for each in found] == list(made.items())
    assert found[1]["value"] == [1]
    assert all(each["link"].endswith(f"/{each['objectId']}") for each in found)
    newest = api.get(path, order="id", order_dir="desc", limit=1)
    assert newest[0]["objectType"] == "Model"


def test_too_much_memory_is_a_memory_error_of_the_client(api: Any) -> None:
    client = api.platform.client()
    script = client.scripts.post_python3(
        name="hog",
        source="kept = bytearray(300_000_000)\nimport time; time.sleep(60)",
        required_resources={"cpu": 100, "memory": 100},
    )
    future = client.scripts.post_python3_runs(script.id)
    assert "ran out of its 100 MB memory" in api.wait(script.id, future.id)["error"]
    run = api.get(f"scripts/python3/{script.id}/runs/{future.id}")
    assert run["maxMemoryUsage"] > 100
    assert run["maxCpuUsage"] > 0


def test_a_run_may_take_as_long_as_the_platform_says(make_api: Any) -> None:
    with Platform(run_seconds=0.3, workers=2) as platform:
        api = make_api(platform)
        body = {"required_resources": RESOURCES, "docker_command": "sleep 60"}
        script = api.call("POST", "scripts/containers", 201, body)
        run = api.run(script["id"])
        assert (run["state"], run["error"]) == (
            "failed",
            "The run took longer than the 0.3 seconds that a run may take.",
        )


@pytest.mark.parametrize("limits", [{"workers": 0}, {"run_seconds": 0}])
def test_limits_that_are_none(limits: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="needs"):
        Platform(**limits)


def test_a_program_that_ignores_a_cancel_is_dead_within_its_timeout(api: Any) -> None:
    command = "trap '' TERM; echo up; sleep 61; sleep 61"
    body = {"required_resources": RESOURCES, "docker_command": command, "cancel_timeout": 1}
    script = api.call("POST", "scripts/containers", 201, body)
    path = f"scripts/containers/{script['id']}/runs"
    run = api.call("POST", path, 202)
    while api.log(script["id"], run["id"]) != "up":
        requests.get(f"{api.platform.url}users/me", auth=api.session.auth, timeout=60)
    api.call("DELETE", f"{path}/{run['id']}", 202)
    ended = api.wait(script["id"], run["id"])
    assert (ended["state"], ended["error"]) == ("cancelled", None)


def test_jobs_that_start_jobs_end_with_one_worker(make_api: Any) -> None:
    source = (
        "import os, civis\n"
        "client = civis.APIClient()\n"
        "depth = int(os.environ['DEPTH'])\n"
        "if depth:\n"
        "    made = client.scripts.post_python3_clone(int(os.environ['CIVIS_JOB_ID']))\n"
        "    client.scripts.patch_python3(made.id, arguments={'depth': depth - 1})\n"
        "    civis.utils.run_job(made.id, polling_interval=0.05).result()\n"
    )
    with Platform(workers=1) as platform:
        api = make_api(platform)
        params = [{"name": "depth", "type": "integer"}]
        body = {"name": "d", "source": source, "params": params, "arguments": {"depth": 2}}
        script = api.call("POST", "scripts/python3", 201, body)
        run = api.run(script["id"])
        assert (run["state"], run["error"]) == ("succeeded", None)


# -- logs ----------------------------------------------------------------------------------------------


def test_a_log_is_there_while_the_program_writes_it(api: Any, tmp_path: Path) -> None:
    go = tmp_path / "go"
    command = f"echo one; echo two >&2; until test -e {go}; do sleep 0.01; done; echo three"
    body = {"required_resources": RESOURCES, "docker_command": command}
    script = api.call("POST", "scripts/containers", 201, body)["id"]
    run = api.call("POST", f"scripts/containers/{script}/runs", 202)["id"]
    path = f"scripts/containers/{script}/runs/{run}/logs"
    while len(lines := api.get(path)) < 2:
        assert api.headers["Civis-Cache-Control"] == "no-store"
    assert {(each["message"], each["level"]) for each in lines} == {("one", "info"), ("two", "error")}
    last_id = int(api.headers["Civis-Max-Id"])
    assert last_id == max(each["id"] for each in lines)
    go.touch()
    assert api.wait(script, run)["state"] == "succeeded"
    assert [each["message"] for each in api.get(path, last_id=last_id)] == ["three"]
    assert api.headers["Civis-Cache-Control"] == "store"
    assert [each["message"] for each in api.get(path, limit=1)] == ["three"]


def test_lines_that_a_program_sends_are_ordered_by_their_times(api: Any) -> None:
    body = {"required_resources": RESOURCES, "docker_command": "true"}
    script = api.call("POST", "scripts/containers", 201, body)["id"]
    run = api.run(script)["id"]
    path = f"scripts/containers/{script}/runs/{run}/logs"
    times = ("2026-01-01T00:00:02Z", "2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z")
    messages = [{"message": each[17:19], "createdAt": each, "level": "warn"} for each in times]
    api.call("POST", path, 204, {"messages": messages})
    assert [each["message"] for each in api.get(path)] == ["00", "01", "02"]
    assert [each["message"] for each in api.get(path, last_id=1)][-3:] == ["00", "01", "02"]


def test_a_log_of_many_lines_comes_in_pages(api: Any) -> None:
    body = {"required_resources": RESOURCES, "docker_command": "seq 25000"}
    script = api.call("POST", "scripts/containers", 201, body)["id"]
    run = api.run(script)["id"]
    found: list[str] = []
    last_id = 0
    while True:
        page = api.get(f"scripts/containers/{script}/runs/{run}/logs", last_id=last_id or 1)
        found += [each["message"] for each in page]
        if api.headers["Civis-Cache-Control"] == "store":
            break
        last_id = int(api.headers["Civis-Max-Id"])
    assert found == [str(number) for number in range(1, 25_001)]
