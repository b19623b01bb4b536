"""Databases that nobody has used yet: there, though neither file nor engine is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from civis.local.warehouse import DatabaseNotFound, Warehouse


def test_a_new_database_has_no_file_until_it_is_used(tmp_path: Path) -> None:
    with Warehouse(tmp_path) as warehouse:
        warehouse.add("local")
        assert warehouse.databases() == ["local"]
        assert not (tmp_path / "local.duckdb").exists()
        warehouse.database("local").execute("create table t as select 1 as a", user="ann")
        assert [each.name for each in tmp_path.iterdir() if each.name.startswith("local.unused")] == []
        warehouse.add("local")  # nothing happens
        assert warehouse.databases() == ["local"]
        assert warehouse.database("local").execute("select a from t", user="ann").rows == ((1,),)


def test_one_that_was_never_used_lasts(tmp_path: Path) -> None:
    with Warehouse(tmp_path) as warehouse:
        warehouse.add("local")
    with Warehouse(tmp_path) as warehouse:
        assert warehouse.databases() == ["local"]
        assert warehouse.database("local").execute("select 1", user="ann").rows == ((1,),)


def test_emptying_keeps_one_that_was_never_used(tmp_path: Path) -> None:
    with Warehouse(tmp_path) as warehouse:
        warehouse.add("local")
        warehouse.add("unused too")
        warehouse.add("used")
        warehouse.database("used").execute("create table t as select 1 as a", user="ann")
        assert warehouse.empty("local")
        assert warehouse.databases() == ["local"]
        with pytest.raises(DatabaseNotFound):
            warehouse.database("used")


def test_a_start_loads_neither_engine_nor_parser() -> None:
    """They take a fifth of its time."""
    program = (
        "import sys; from civis.local import Platform\n"
        "with Platform(is_working=False): print(sorted({'duckdb', 'sqlglot', 'pyarrow'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
