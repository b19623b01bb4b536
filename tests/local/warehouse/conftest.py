"""A warehouse with one empty database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from civis.local.warehouse import Database, Warehouse

Rows = Callable[..., tuple[tuple[Any, ...], ...]]


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[Warehouse]:
    with Warehouse(tmp_path / "warehouse") as opened:
        opened.add("local")
        yield opened


@pytest.fixture
def database(warehouse: Warehouse) -> Database:
    return warehouse.database("local")


@pytest.fixture
def rows(database: Database) -> Rows:
    """Run a script and give the rows of its last query."""
    return lambda sql, **options: database.execute(sql, user="ann", **options).rows


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write a file and give its path."""

    def write_file(content: str | bytes, name: str = "data.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write_file
