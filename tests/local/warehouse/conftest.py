"""A warehouse with one empty database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from civis.local.storage import empty_folder
from civis.local.warehouse import Database, Warehouse

Rows = Callable[..., tuple[tuple[Any, ...], ...]]


@pytest.fixture(scope="module")
def _folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the databases of a module are."""
    return tmp_path_factory.mktemp("opened") / "warehouse"


@pytest.fixture(scope="module")
def _opened(_folder: Path) -> Iterator[Warehouse]:
    """A warehouse of a module: to open a file costs more than most tests do."""
    with Warehouse(_folder) as opened:
        yield opened


@pytest.fixture
def warehouse(_opened: Warehouse, _folder: Path) -> Warehouse:
    """A warehouse with one empty database; nothing is left of the test before."""
    if not _opened.empty("local"):  # the file had better be made anew
        _opened.close()
        empty_folder(_folder)
    _opened.add("local")
    return _opened


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
