"""The examples of docs/client.md run, and the page names what there is."""

from __future__ import annotations

import doctest
import gc
import re
from pathlib import Path
from typing import Any

import pytest

import civis.base
from civis import _env
from civis._http.failures import Failure
from civis._http.retries import is_retried
from civis._profile import KEYS
from tests._servers import Reply, Request, json_reply, served

PAGE = Path(__file__).resolve().parents[2] / "docs" / "client.md"
SPEC: dict[str, Any] = {
    "swagger": "2.0",
    "paths": {
        "/users/me": {"get": {}},
        "/files/{id}": {"get": {"parameters": [{"name": "id", "in": "path", "type": "integer"}]}},
    },
}


def platform(request: Request) -> Reply:
    if request.path == "/endpoints":
        return json_reply(SPEC)
    return json_reply({"username": "ada"}) if request.path == "/users/me" else Reply(404)


def test_examples(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with served(platform) as server:
        monkeypatch.setenv("CIVIS_API_KEY", "the-key")
        monkeypatch.setenv("CIVIS_API_ENDPOINT", server.url)
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
        found = doctest.testfile(str(PAGE), module_relative=False, optionflags=doctest.ELLIPSIS)
        gc.collect()  # the clients that the page leaves open
    assert found.attempted > 12
    assert found.failed == 0


def test_the_profile_of_the_page(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    text = re.search(r"```toml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)
    assert text is not None
    assert set(re.findall(r"^(\w+) =", text[1], re.M)) == set(KEYS)
    path = tmp_path / "civis" / "config.toml"
    path.parent.mkdir()
    path.touch(0o600)
    path.write_text(text[1].replace("…", "k"), encoding="utf-8")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("CIVIS_PROFILE", "staging")
    assert _env.web_address() == "https://staging.example.com"


def test_every_error_is_named() -> None:
    text = PAGE.read_text(encoding="utf-8")
    errors = [
        name
        for name in civis.base.__all__
        if isinstance(getattr(civis.base, name), type) and issubclass(getattr(civis.base, name), Exception)
    ]
    assert len(errors) == 19
    assert [name for name in errors if f"`{name}`" not in text] == []


#: The rows of the page's table, and the outcomes that they speak of.
ROWS: dict[str, list[int | Failure]] = {
    "429, 503": [429, 503],
    "502, 504": [502, 504],
    "413 with `Retry-After`": [413],
    "no connection could be made": [Failure.CONNECT],
    "the connection broke, or no answer in time": [Failure.BROKEN, Failure.TIMEOUT],
    "anything else": [400, 401, 403, 404, 409, 422, 500, Failure.FINAL],
}


def test_the_table_of_retries_is_the_one_in_force() -> None:
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("| what happened"))
    columns = [cell.strip() for cell in lines[start].strip("|").split("|")[1:]]
    for line in lines[start + 2 : start + 2 + len(ROWS)]:
        name, *cells = (cell.strip() for cell in line.strip("|").split("|"))
        for verbs, said in zip(columns, cells, strict=True):
            for verb in verbs.split(", "):
                for outcome in ROWS[name]:
                    told = "413" in name
                    assert is_retried(verb, outcome, told) == (said == "again" or (told and said != "")), line
                    if said == "with `Retry-After`":
                        assert is_retried(verb, outcome, True), line
