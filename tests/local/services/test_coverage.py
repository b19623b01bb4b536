"""The page that tells how deep each operation goes."""

from __future__ import annotations

from pathlib import Path

import pytest

from civis.local import catalog
from civis.local.coverage import depths, main

ROOT = Path(__file__).resolve().parents[3]


def test_the_page_is_current(capsys: pytest.CaptureFixture[str]) -> None:
    page = ROOT / "docs/local-coverage.md"
    assert main(["--check", "--page", str(page)]) == 0, capsys.readouterr().err


def test_an_old_page_is_said_to_be_old(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "page.md"
    assert main(["--check", "--page", str(page)]) == 1
    assert "run python -m civis.local.coverage" in capsys.readouterr().err
    assert main(["--page", str(page)]) == 0
    assert main(["--check", "--page", str(page)]) == 0


def test_every_operation_has_a_depth() -> None:
    assert set(depths()) == {(each.method, each.path) for each in catalog.operations()}


@pytest.mark.parametrize(
    ("method", "path", "depth"),
    [
        ("POST", "/queries", "real work"),
        ("PUT", "/scripts/sql/{id}/shares/users", "real work"),
        ("POST", "/notebooks", "state"),
        ("POST", "/enhancements/geocode/{id}/runs", "state"),
        ("GET", "/apps/{slug}/instances/{id}", "state"),
        ("GET", "/endpoints", "real work"),
    ],
)
def test_depths(method: str, path: str, depth: str) -> None:
    assert depths()[method, path] == depth


def test_nothing_is_refused() -> None:
    assert set(depths().values()) == {"real work", "state"}
