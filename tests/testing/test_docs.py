"""The examples of docs/testing.md run, and the page names every fixture and every fault there is."""

from __future__ import annotations

import inspect
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import civis.testing
from civis.testing._faults import TRANSFERS, FaultMaker

PAGE = Path(__file__).parents[2] / "docs" / "testing.md"


@pytest.fixture(scope="module")
def page() -> str:
    if not PAGE.is_file():
        pytest.skip("no docs beside these tests")
    return PAGE.read_text()


@pytest.fixture
def examples(page: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the page's blocks of Python define; the first is the module that the others import."""
    script, *tests = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    module = ModuleType("sales_report")
    exec(script, vars(module))
    monkeypatch.setitem(sys.modules, "sales_report", module)

    def rename_report(report_id: int, name: str, client: Any) -> None:
        client.reports.patch(report_id, name=name)

    found: dict[str, Any] = {"rename_report": rename_report}
    for block in tests:
        exec(block, found)
    return {name: each for name, each in found.items() if name.startswith("test_")}


def test_every_example_runs(examples, request: pytest.FixtureRequest):
    assert len(examples) == 3
    for example in examples.values():
        arguments = {name: request.getfixturevalue(name) for name in inspect.signature(example).parameters}
        if "civis_database" in arguments:
            arguments["civis_database"].execute("drop table if exists sales; drop table if exists totals")
        example(**arguments)


@pytest.mark.parametrize("name", [name for name in civis.testing.__all__ if not name.startswith("pytest_")])
def test_every_fixture_is_named(name, page):
    assert f"`{name}`" in page


@pytest.mark.parametrize("name", [name for name in vars(FaultMaker) if not name.startswith("_")])
def test_every_fault_is_named(name, page):
    assert f"{name}(" in page


@pytest.mark.parametrize("name", TRANSFERS)
def test_every_transfer_is_named(name, page):
    assert f'`"{name}"`' in page
