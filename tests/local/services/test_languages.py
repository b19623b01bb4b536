"""Scripts in R, in JavaScript and of dbt, run by the real programs, where they are installed."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

if os.name != "posix":
    pytest.skip("programs run in groups of processes", allow_module_level=True)

PARAMS = [
    {"name": "greeting", "type": "string", "required": True},
    {"name": "count", "type": "integer", "default": 3},
]
ARGUMENTS = {"greeting": "O'Brien & Zoë"}
PRINTS = {
    "r": 'cat(Sys.getenv("GREETING"), as.integer(Sys.getenv("COUNT")) + 1L, "\\n", sep="|")\n'
    'message("beside")',
    "javascript": "console.log([process.env.GREETING, +process.env.COUNT + 1, ''].join('|'));"
    'console.error("beside")',
}
SAYS_WHO = {
    "javascript": (
        "fetch(process.env.CIVIS_API_ENDPOINT + 'users/me',\n"
        "  {headers: {Authorization: 'Bearer ' + process.env.CIVIS_API_KEY}})\n"
        "  .then(answer => answer.json()).then(user => console.log(user.username))\n"
    )
}
BROKEN = [
    pytest.param("r", 'stop("it broke")', "ended with code 1: Error: it broke", id="R, an error"),
    pytest.param("r", "quit(status = 4)", "ended with code 4.", id="R, a code"),
    pytest.param("r", "x <- ", "unexpected end of input", id="R, no program"),
    pytest.param(
        "javascript", 'throw new Error("it broke")', "ended with code 1: Error: it broke", id="an error"
    ),
    pytest.param("javascript", "process.exit(4)", "ended with code 4.", id="a code"),
    pytest.param("javascript", "let x = ;", "SyntaxError: Unexpected token ';'", id="no program"),
]


def run(api: Any, segment: str, source: str, **fields: Any) -> tuple[Any, list[tuple[str, str]]]:
    """Run a source; give the run and the lines of its log with their levels."""
    program = {"r": "Rscript", "javascript": "node"}[segment]
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    body = {"name": "n", "source": source, **fields}
    if segment == "javascript":
        body |= {"remoteHostId": api.database_id, "credentialId": api.credential_id}
    script = api.call("POST", f"scripts/{segment}", 201, body)["id"]
    ended = api.run(script)
    lines = api.get(f"scripts/{segment}/{script}/runs/{ended['id']}/logs")
    return ended, [(each["level"], each["message"].rstrip()) for each in lines]


@pytest.mark.parametrize("segment", PRINTS)
def test_a_source_reads_its_parameters(api: Any, segment: str) -> None:
    ended, lines = run(api, segment, PRINTS[segment], params=PARAMS, arguments=ARGUMENTS)
    assert ended["error"] is None
    assert sorted(lines) == [("error", "beside"), ("info", "O'Brien & Zoë|4|")]


@pytest.mark.parametrize("segment", SAYS_WHO)
def test_a_source_talks_to_the_platform(api: Any, segment: str) -> None:
    ended, lines = run(api, segment, SAYS_WHO[segment])
    assert (ended["error"], lines) == (None, [("info", "local")])


@pytest.mark.parametrize(("segment", "source", "message"), BROKEN)
def test_a_source_that_fails_says_why(api: Any, segment: str, source: str, message: str) -> None:
    ended, _ = run(api, segment, source)
    assert ended["state"] == "failed"
    assert message in ended["error"]


# -- dbt -----------------------------------------------------------------------------------------------

PROJECT = {
    "dbt_project.yml": "name: shop\nversion: '1.0'\nprofile: shop\n",
    "models/base.sql": "{{ config(materialized='table') }} select id, name from public.dbt_source",
    "models/next.sql": "select id + 1 as next_id from {{ ref('base') }}",
    "models/kept.sql": (
        "{{ config(materialized='incremental', unique_key='id') }} select * from {{ ref('base') }}"
    ),
    "models/schema.yml": (
        "version: 2\nmodels:\n  - name: base\n    columns:\n      - name: id\n"
        "        data_tests: [unique, not_null]\n"
    ),
    "bad/dbt_project.yml": "name: shop\n",
    "seeds/codes.csv": "code,label\n1,x\n2,y\n",
}
BUILDS = 2  # the second finds what the first made


@pytest.fixture
def shop(tmp_path: Path) -> str:
    """The URL of a repository with a dbt project."""
    for name, text in PROJECT.items():
        path = tmp_path / "shop" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    own = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    for arguments in (
        ["init", "--quiet", "--initial-branch=main"],
        ["add", "."],
        ["commit", "--quiet", "-m", "a"],
    ):
        subprocess.run(["git", *own, *arguments], cwd=tmp_path / "shop", check=True)
    return f"file://{tmp_path}/shop"


def run_dbt(api: Any, shop: str, fields: dict[str, Any] | None = None, **project: Any) -> tuple[Any, str]:
    """Run a dbt script on the default database; give the run and its log."""
    if shutil.which("dbt") is None:
        pytest.skip("dbt is not installed")
    body = {
        "name": "d",
        "repoHttpUri": shop,
        "dbtProject": {"generateProfiles": True, "schema": "shop", **project},
        "targetDatabase": {"remoteHostId": api.database_id, "credentialId": api.credential_id},
        **(fields or {}),
    }
    script = api.call("POST", "scripts/dbt", 201, body)["id"]
    ended = api.run(script)
    return ended, api.log(script, ended["id"])


def test_dbt_builds_in_the_warehouse(api: Any, shop: str) -> None:
    api.sql("create table if not exists public.dbt_source as select 1 as id, 'a' as name union select 2, 'b'")
    for _ in range(BUILDS):
        ended, log = run_dbt(api, shop)
        assert ended["error"] is None, log
    assert "PASS=6" in log
    assert sorted(api.sql("select * from shop.next")) == [(2,), (3,)]
    assert sorted(api.sql("select * from shop.kept")) == [(1, "a"), (2, "b")]
    assert sorted(api.sql("select * from shop.codes")) == [(1, "x"), (2, "y")]
    assert not api.sql("select nspname from pg_namespace where nspname like 'dbt_temporary%'")


def test_dbt_that_fails_says_why(api: Any, shop: str) -> None:
    api.sql("drop table if exists public.dbt_source cascade")
    ended, log = run_dbt(api, shop)
    assert ended["state"] == "failed"
    assert 'relation "public.dbt_source" does not exist' in log
    ended, _ = run_dbt(api, shop, projectDir="nowhere")
    assert "no dbt_project.yml in the repository" in ended["error"]


FAKE = (
    '#!/bin/sh\necho "$@"\ncat "$DBT_PROFILES_DIR/profiles.yml"\ntest -n "$DBT_ENV_SECRET_CIVIS_PASSWORD"\n'
)


@pytest.fixture
def fake_dbt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that shows what a dbt script starts it with."""
    program = tmp_path / "bin" / "dbt"
    program.parent.mkdir()
    program.write_text(FAKE, encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")


@pytest.mark.usefixtures("fake_dbt")
def test_profiles_lead_to_the_target_database(api: Any, shop: str) -> None:
    ended, log = run_dbt(api, shop, target="ignored", dbtCommand="run", dbtCommandLineArgs="--select base")
    assert ended["error"] is None
    _, command, *profiles = log.split("\n")
    assert command == "run --select base"
    output = yaml.safe_load("\n".join(profiles))["shop"]["outputs"]["civis"]
    assert (output["type"], output["host"], output["dbname"]) == ("postgres", "127.0.0.1", "local")
    assert output["schema"] == "shop"
    assert output["password"] == "{{ env_var('DBT_ENV_SECRET_CIVIS_PASSWORD') }}"


REFUSED = [
    pytest.param({"targetDatabase": None}, {}, "no target_database", id="no database"),
    pytest.param({}, {"projectDir": "models"}, "no dbt_project.yml", id="no project"),
    pytest.param({}, {"projectDir": "bad"}, "names no profile", id="no profile"),
]


@pytest.mark.usefixtures("fake_dbt")
@pytest.mark.parametrize(("fields", "project", "message"), REFUSED)
def test_profiles_that_cannot_be_written(
    api: Any, shop: str, fields: dict[str, Any], project: dict[str, Any], message: str
) -> None:
    ended, _ = run_dbt(api, shop, fields, **project)
    assert ended["state"] == "failed"
    assert message in ended["error"]
