"""The template "Import from URL": fetches from a real server, into files and tables."""

from __future__ import annotations

import gzip
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from civis.local.services.import_templates import IMPORT_FROM_URL
from civis.local.templates.import_from_url import fetch, file_name
from tests._servers import Reply, Request, ScriptedServer, served

_CSV = b"a,b\n1,x\n2,y\n"


def _answer(request: Request) -> Reply:
    """Answer by the path."""
    if request.path == "/moved":
        return Reply(302, headers={"Location": "/people.csv"})
    if request.path == "/elsewhere":
        return Reply(302, headers={"Location": "file:///etc/passwd"})
    if request.path == "/private.csv" and "authorization" not in map(str.lower, request.headers):
        return Reply(401)
    if request.path == "/packed.csv.gz":
        return Reply(200, gzip.compress(_CSV))
    return Reply(200, _CSV) if request.path.endswith(".csv") else Reply(404)


@pytest.fixture(scope="module")
def server() -> Iterator[ScriptedServer]:
    """A server with files."""
    with served(_answer) as running:
        yield running


@pytest.fixture(scope="module")
def template(api: Any) -> int:
    """The template's ID, by its alias."""
    return int(api.get(f"aliases/template_script/{IMPORT_FROM_URL}")["objectId"])


def start(api: Any, template: int, **arguments: Any) -> tuple[Any, list[Any]]:
    """Run the template; give the run and its outputs."""
    body = {"fromTemplateId": template, "arguments": arguments}
    id = api.call("POST", "scripts/custom", 201, body)["id"]
    run = api.run(id)
    return run, api.get(f"scripts/custom/{id}/runs/{run['id']}/outputs")


def test_a_url_becomes_a_file(api: Any, template: int, server: ScriptedServer) -> None:
    run, (output,) = start(api, template, URL=f"{server.url}people.csv?x=1")
    assert run["state"] == "succeeded", run["error"]
    assert (output["objectType"], output["name"]) == ("File", "people.csv")
    assert api.download(output["objectId"]) == _CSV
    assert api.get(f"files/{output['objectId']}")["expiresAt"] is None


def test_a_url_becomes_a_table(api: Any, template: int, server: ScriptedServer) -> None:
    database = {"database": api.database_id, "credential": api.credential_id}
    into = {"DATABASE": database, "TABLE": "public.fetched"}
    run, (output,) = start(api, template, URL=f"{server.url}packed.csv.gz", **into)
    assert run["state"] == "succeeded", run["error"]
    assert output["objectType"] == "Table"
    assert api.sql("select a, b from public.fetched order by a") == [(1, "x"), (2, "y")]
    run, _ = start(api, template, URL=f"{server.url}moved", **into)
    assert "existing_table_rows" in run["error"]
    run, _ = start(api, template, URL=f"{server.url}moved", EXISTING_TABLE_ROWS="append", **into)
    assert run["state"] == "succeeded", run["error"]
    assert api.sql("select count(*) from public.fetched") == [(4,)]


FAILURES = {
    "nothing there": ({"URL": "{url}none"}, "status 404"),
    "a login is needed": ({"URL": "{url}private.csv"}, "status 401"),
    "no database": ({"URL": "{url}people.csv", "TABLE": "a.b"}, "needs a DATABASE"),
    "another scheme": ({"URL": "file:///etc/passwd"}, "http://"),
    "a redirect to another scheme": ({"URL": "{url}elsewhere"}, "cannot be read"),
}


@pytest.mark.parametrize("case", FAILURES)
def test_what_cannot_be_fetched_says_why(api: Any, template: int, server: ScriptedServer, case: str) -> None:
    arguments, expected = FAILURES[case]
    filled = {name: value.format(url=server.url) for name, value in arguments.items()}
    run, outputs = start(api, template, **filled)
    assert run["state"] == "failed"
    assert expected in run["error"]
    assert outputs == []


def test_a_login_is_sent(server: ScriptedServer, tmp_path: Path) -> None:
    assert fetch(f"{server.url}private.csv", tmp_path / "a", ("ada", "pw")) == len(_CSV)
    with pytest.raises(ValueError, match="CREDENTIAL"):
        fetch("http://ada:pw@127.0.0.1/", tmp_path / "a")
    with pytest.raises(ValueError, match="https"):
        fetch("ftp://127.0.0.1/", tmp_path / "a")


@pytest.mark.parametrize(
    "url",
    [
        "ftp://ada:hidden@127.0.0.1/",
        "http://ada:hidden@127.0.0.1/",
        "https://hidden@127.0.0.1/",  # a token in place of a user name
        "http://127.0.0.1:9/a.csv?token=hidden",  # nobody listens there
    ],
)
def test_what_is_secret_is_in_no_message(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("civis.local.templates.import_from_url._RETRIES", False)
    with pytest.raises((ValueError, OSError)) as caught:
        fetch(url, tmp_path / "a")
    assert "hidden" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    ("url", "given", "expected"),
    [
        ("http://h/a/b.csv?c=d.e", "", "b.csv"),
        ("http://h/", "", "download"),
        ("http://h/b", "c.csv", "c.csv"),
    ],
)
def test_names(url: str, given: str, expected: str) -> None:
    assert file_name(url, given) == expected
