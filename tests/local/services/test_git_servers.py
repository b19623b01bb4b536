"""Repositories of scripts, fetched over HTTP from a Git server that wants a login."""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

if os.name != "posix" or shutil.which("git") is None:
    pytest.skip("repositories are fetched by git, for programs", allow_module_level=True)

from tests._servers import Reply, Request, ScriptedServer

RESOURCES = {"cpu": 100, "memory": 1024}
LOGIN = base64.b64encode(b"ada:s3cret").decode()


def git(folder: Path, *arguments: str) -> str:
    """Run git as somebody."""
    own = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    return subprocess.check_output(
        ["git", *own, *arguments], cwd=folder, text=True, stderr=subprocess.DEVNULL
    )


def serve(root: Path, request: Request) -> Reply:
    """Answer as Git's own server for HTTP does, to those who know the password."""
    if request.headers.get("Authorization") != f"Basic {LOGIN}":
        return Reply(401, headers={"WWW-Authenticate": 'Basic realm="git"'})
    path, _, query = request.target.partition("?")
    headers = {name.lower(): value for name, value in request.headers.items()}
    environment = {
        "PATH": os.environ["PATH"],
        "GIT_PROJECT_ROOT": str(root),
        "GIT_HTTP_EXPORT_ALL": "1",
        "GIT_PROTOCOL": headers.get("git-protocol", ""),
        "HTTP_CONTENT_ENCODING": headers.get("content-encoding", ""),
        "REQUEST_METHOD": request.method,
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "CONTENT_TYPE": headers.get("content-type", ""),
        "CONTENT_LENGTH": str(len(request.body)),
        "REMOTE_USER": "ada",
    }
    done = subprocess.run(
        ["git", "http-backend"], input=request.body, env=environment, capture_output=True, check=True
    )
    head, _, body = done.stdout.partition(b"\r\n\r\n")
    given = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
    return Reply(int(given.pop("Status", "200").split()[0]), body, given)


@pytest.fixture(scope="module")
def commits(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, list[str]]]:
    """The URL of a repository, and its commits from the first on."""
    folder = tmp_path_factory.mktemp("git")
    work = folder / "work"
    work.mkdir()
    git(work, "init", "--quiet", "--initial-branch=main")
    made = []
    for name in ("first", "second"):
        (work / "run.sh").write_text(f"echo {name}\n", encoding="utf-8")
        git(work, "add", ".")
        git(work, "commit", "--quiet", "-m", name)
        made.append(git(work, "rev-parse", "HEAD").strip())
    git(work, "clone", "--quiet", "--bare", str(work), str(folder / "bare.git"))
    with ScriptedServer(lambda request: serve(folder, request)) as server:
        yield f"{server.url}bare.git", made


def credential(api: Any, kind: str, password: str) -> int:
    """Make a credential."""
    body = {"name": kind, "type": kind, "username": "ada", "password": password}
    return int(api.call("POST", "credentials", 201, body)["id"])


def run(api: Any, url: str, **fields: Any) -> tuple[Any, str]:
    """Run a script in a repository; give the run and its log."""
    body = {"dockerCommand": "cat app/run.sh", "requiredResources": RESOURCES, "repoHttpUri": url, **fields}
    script = api.call("POST", "scripts/containers", 201, body)["id"]
    ended = api.run(script)
    return ended, api.log(script, ended["id"])


@pytest.mark.parametrize(
    ("ref", "word"),
    [
        pytest.param(None, "second", id="the default branch"),
        pytest.param("main", "second", id="a branch"),
        pytest.param("first", "first", id="a commit"),
    ],
)
def test_a_repository_that_wants_a_login(
    api: Any, commits: tuple[str, list[str]], ref: str | None, word: str
) -> None:
    url, made = commits
    ended, log = run(
        api,
        url,
        repoRef=made[0] if ref == "first" else ref,
        gitCredentialId=credential(api, "Custom", "s3cret"),
    )
    assert (ended["error"], log.split("\n")[-1]) == (None, f"echo {word}")
    assert "s3cret" not in log


def test_without_the_right_password_the_run_says_so(api: Any, commits: tuple[str, list[str]]) -> None:
    wrong = credential(api, "Custom", "wr0ng")
    ended, log = run(api, commits[0], gitCredentialId=wrong)
    assert ended["state"] == "failed"
    assert "Authentication failed" in ended["error"]
    assert "wr0ng" not in ended["error"] + log


def test_a_user_s_own_credential_for_git_is_found(api: Any, commits: tuple[str, list[str]]) -> None:
    ended, _ = run(api, commits[0])
    assert ended["state"] == "failed"
    credential(api, "Github", "s3cret")
    ended, log = run(api, commits[0])
    assert (ended["error"], log.split("\n")[-1]) == (None, "echo second")
