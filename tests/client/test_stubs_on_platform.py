"""What ships is what the local platform offers, and what it answers is what the types say."""

from __future__ import annotations

import ast
import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from civis import resources
from civis.client import APIClient
from civis.local import Platform
from civis.resources._stubs import FOLDER
from civis.response import ListResponse, Response


@pytest.fixture
def client(platform: Platform) -> Iterator[APIClient]:
    """A client of that platform."""
    with platform.client() as made:
        yield made


def classes(stub: Path) -> Mapping[str, Mapping[str, str]]:
    """The classes of a stub's answers, each with its fields' annotations."""
    return {
        node.name: {
            each.target.id: ast.unparse(each.annotation)
            for each in node.body
            if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name)
        }
        for node in ast.parse(stub.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef) and [ast.unparse(base) for base in node.bases] == ["Answer"]
    }


SHAPES = {name: fields for stub in FOLDER.glob("*.pyi") for name, fields in classes(stub).items()}
PLAIN = {"int": int, "float": (int, float), "str": str, "bool": bool, "Response": Response}


def check(value: object, annotation: str) -> None:
    """Assert that a value is of the type that is written, at every depth."""
    kind = annotation.removesuffix(" | Any").removesuffix(" | None")
    if value is None or kind == "Any":
        assert annotation == "Any" or annotation.endswith(("| Any", "| None")), annotation
    elif kind.startswith(("list[", "ListResponse[")):
        assert isinstance(value, list)
        assert kind.startswith("list[") or isinstance(value, ListResponse)
        for each in value:
            check(each, kind[kind.index("[") + 1 : -1])
    elif kind in SHAPES:
        assert isinstance(value, Response)
        for name, inner in SHAPES[kind].items():
            check(getattr(value, name), inner)
    else:
        assert isinstance(value, PLAIN[kind]), f"{value!r} is no {kind}"


def test_answers_are_of_their_types(client: APIClient) -> None:
    file = client.files.post("a.txt")
    check(file, "FileUpload")
    check(client.files.get(file.id), "File")
    me = client.users.get_me()
    check(client.users.get(me.id), "UserDetail")
    query = client.queries.post(client.get_database_id("local"), "SELECT 1 AS a", 10)
    check(query, "Query")
    check(client.databases.list(), "ListResponse[Database]")
    script = client.scripts.post_containers(
        {"cpu": 1, "memory": 1}, docker_command="true", docker_image_name="python", name="a"
    )
    check(script, "ContainerScript")
    check(client.jobs.get(script.id), "Job")
    check(client.jobs.list(), "ListResponse[JobSummary]")
    check(client.credentials.list(), "ListResponse[Credential]")
    assert all(each.id for each in client.jobs.list(iterator=True))


def test_the_page_runs(
    platform: Platform, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CIVIS_API_ENDPOINT", platform.url)
    monkeypatch.setenv("CIVIS_API_KEY", platform.api_key)
    page = (Path(__file__).parents[2] / "docs" / "types.md").read_text(encoding="utf-8")
    (program,) = re.findall(r"```python\n(.*?)```", page, re.S)
    names: dict[str, Any] = {}
    exec(compile(program, "docs/types.md", "exec"), names)
    names["client"].close()
    assert capsys.readouterr().out == "example\n"


def test_the_description_that_ships_is_the_platforms(client: APIClient) -> None:
    shipped = json.loads(Path(resources.API_SPEC_PATH).read_text(encoding="utf-8"))
    del shipped["x-generated"]
    served = client.endpoints.get().json(snake_case=False)
    assert {path.split("/")[1] for path in served["paths"]} <= {
        path.split("/")[1] for path in shipped["paths"]
    }
    # Which fields may be null, the hosted platform does not say, and so what ships does not.
    unmarked = json.loads(json.dumps(served["definitions"]).replace(', "x-nullable": true', ""))
    assert unmarked.items() <= shipped["definitions"].items()


def test_classes_without_a_platform() -> None:
    made = resources.generate_classes_maybe_cached(resources.API_SPEC_PATH)
    assert made["scripts"].__name__ == "Scripts"
    assert callable(made["scripts"].post_containers)
    with pytest.raises(FileNotFoundError):
        resources.generate_classes_maybe_cached(os.path.join("no", "such", "file"))
