"""What README's table says to write is written, row by row, against a local platform."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

import civis
from civis.local import Platform
from tests._pages import page_text

_SPAN = re.compile(r"`([^`]+)`")
#: Rows whose text cannot be run as it stands, and the tests that run what they point to.
ELSEWHERE = {
    "Python calls in many containers": "tests/docs/test_examples.py, parallel.md",
    "a model trained on the platform": "tests/docs/test_examples.py, ml.md",
    "a workflow written and checked in Python": "tests/docs/test_examples.py, workflows.md",
    "all of this in a shell": "tests/docs/test_commands.py",
    "a test without an account": "tests/testing/test_docs.py",
}
#: Rows that make what others read come first.
FIRST = ("a frame as a table", "a file up; down")


def rows() -> dict[str, list[str]]:
    """Give the expressions of each row, by what one wants."""
    table = page_text("README.md").partition("## What you want, what to write")[2].partition("\n## ")[0]
    cells = [line.strip("| ").split(" | ") for line in table.splitlines() if line.startswith("| ")]
    found = {wanted: _SPAN.findall(written) for wanted, written in cells[2:]}
    return {wanted: found[wanted] for wanted in sorted(found, key=lambda each: each not in FIRST)}


def test_every_row_that_can_be_run_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fsspec = pytest.importorskip("fsspec")
    path = tmp_path / "report.txt"
    path.write_text("one line\n", encoding="utf-8")
    with Platform() as platform:
        monkeypatch.setenv("CIVIS_API_KEY", platform.api_key)
        monkeypatch.setenv("CIVIS_API_ENDPOINT", platform.url)
        frame = pd.DataFrame({"one": [1, 2]})
        names = {"civis": civis, "frame": frame, "database": "local", "path": path, "sql": "SELECT 1 AS one"}
        with civis.APIClient() as client:
            job_id = client.scripts.post_python3(name="hello", source="print('hello')").id
            names |= {"job_id": job_id, "client": client}
            given: dict[str, object] = {}
            for wanted, written in rows().items():
                if wanted in ELSEWHERE:
                    continue
                for text in written:
                    if text.startswith("client = ") or not re.match(r"(civis|client)\.[a-z_.]+\(", text):
                        continue
                    given[text] = eval(text.replace(", …", ""), names)
                    if "file_to_civis(" in text:
                        names["file_id"] = given[text]
                    if "iter_civis_sql" in text:
                        given[text] = list(given[text])  # type: ignore[call-overload]
            address = f"civis://file/{names['file_id']}"
            assert fsspec.open(address).open().read() == b"one line\n"
    assert path.read_text(encoding="utf-8") == "one line\n"
    assert len(given) == 10, list(given)
    assert given['civis.io.read_civis("schema.table", database, return_as="pandas")'].equals(frame)  # type: ignore[attr-defined]


def test_every_row_is_known() -> None:
    named = set(ELSEWHERE)
    assert named <= set(rows())
    assert len(rows()) == len(named) + 7
