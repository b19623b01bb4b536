"""The Python examples of pages without tests of their own, run against a local platform."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import civis
from civis.client import APIClient
from civis.local import Platform
from tests._pages import DOCS, ROOT, all_pages, examples, page_text, run, run_page

Names = dict[str, object]

#: Pages whose examples other tests run.
ELSEWHERE = {
    "client.md": "tests/client/test_client_page.py",
    "files.md": "tests/io/files/test_files_page.py",
    "performance.md": "benchmarks",
    "responses.md": "tests/client/test_response_docs.py",
    "testing.md": "tests/testing/test_docs.py",
    "types.md": "tests/client/test_stubs_on_platform.py",
}


@pytest.fixture
def client(platform: Platform, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[APIClient]:
    """A client, and an environment in which programs find the platform too."""
    monkeypatch.setenv("CIVIS_API_KEY", platform.api_key)
    monkeypatch.setenv("CIVIS_API_ENDPOINT", platform.url)
    monkeypatch.chdir(tmp_path)
    with civis.APIClient() as made:
        yield made


def nothing(client: APIClient, platform: Platform) -> Names:
    return {}


def with_flights(client: APIClient, platform: Platform) -> Names:
    """A table to read, and what stands for the program's own writer."""
    sql = "CREATE TABLE IF NOT EXISTS public.flights AS SELECT 1545 AS flight"
    civis.io.query_civis(sql, "local", client=client).result()

    class Writer:
        rows = 0

        def write_batch(self, batch: object) -> None:
            self.rows += batch.num_rows  # type: ignore[attr-defined]

    return {"civis": civis, "writer": Writer()}


def with_database(client: APIClient, platform: Platform) -> Names:
    platform.add_database("my-database")
    return {}


#: What a page's examples presuppose.
PAGES: dict[str, Callable[[APIClient, Platform], Names]] = {
    "README.md": nothing,
    "authentication.md": nothing,
    "data.md": with_flights,
    "dbapi.md": nothing,
    "errors.md": nothing,
    "futures.md": with_database,
    "index.md": nothing,
    "jobs.md": nothing,
    "local-platform.md": nothing,
    "migrating.md": nothing,
    "ml.md": nothing,
    "notebooks.md": nothing,
    "quickstart.md": nothing,
    "sql.md": nothing,
    "workflows.md": nothing,
}


@pytest.mark.parametrize("name", PAGES)
def test_the_examples_run(
    name: str, client: APIClient, platform: Platform, capsys: pytest.CaptureFixture[str]
) -> None:
    if "sklearn" in page_text(name):
        pytest.importorskip("sklearn")
    names = PAGES[name](client, platform)
    assert run_page(name, names) > 0
    printed = capsys.readouterr().out
    for said in re.findall(r"^prints `(.*)`$", page_text(name), re.MULTILINE):
        assert said in printed
    made = names.get("client")
    if isinstance(made, APIClient) and made is not client:
        made.close()


@pytest.mark.parametrize("is_quick", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_parallel(is_quick: bool, client: APIClient) -> None:
    """The search over models takes a minute; that scikit-learn works is told by tests/parallel."""
    pytest.importorskip("sklearn")
    names: Names = {}
    for example in examples("parallel.md"):
        if not (is_quick and "sklearn" in example.text):
            run("parallel.md", example, names)
    assert names["roots"] == [number**0.5 for number in range(100)]


#: What the pages for contributors presuppose, in a process of its own: their examples declare things anew.
PLATFORM_CODE = """
import sys
from civis.local.api import Call, Routes
from civis.local.services.families import Family
from tests._pages import run_page
from typing import Any
from collections.abc import Mapping
assert run_page(sys.argv[1], dict(globals())) > 0
"""


@pytest.mark.parametrize("name", ["design.md", "local-services.md"])
def test_contributors_pages(name: str) -> None:
    command = [sys.executable, "-c", PLATFORM_CODE, name]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stderr


def test_every_page_with_examples_is_run() -> None:
    names = {str(path.relative_to(DOCS)) for path in all_pages()}
    shown = {name for name in names if examples(name)}
    assert shown - {*PAGES, *ELSEWHERE} == {"design.md", "local-services.md", "parallel.md"}
