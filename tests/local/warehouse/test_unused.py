"""Databases that nobody has used yet: there, though neither file nor engine is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from civis.local.warehouse import DatabaseNotFound, Warehouse
from civis.local.warehouse.errors import WarehouseError


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


@pytest.fixture
def killed(tmp_path: Path) -> Path:
    """A folder whose process ended while it made the file of its database."""
    program = (
        "import os, sys; from pathlib import Path; import duckdb\n"
        "from civis.local.warehouse import Warehouse\n"
        "duckdb.connect = lambda *a, **b: os._exit(0)\n"
        "warehouse = Warehouse(Path(sys.argv[1])); warehouse.add('local'); warehouse.database('local')"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path / "killed")], check=True)
    return tmp_path / "killed"


@pytest.mark.parametrize("size", [None, 0, 100, 12_288], ids=["no file", "nothing", "a few", "headers"])
def test_a_file_that_a_crash_left_half_made_is_made_anew(
    tmp_path: Path, killed: Path, size: int | None
) -> None:
    with Warehouse(tmp_path / "whole") as warehouse:
        warehouse.add("local")
        warehouse.database("local")
    if size is not None:
        (killed / "local.duckdb").write_bytes((tmp_path / "whole" / "local.duckdb").read_bytes()[:size])
    with Warehouse(killed) as warehouse:
        assert warehouse.databases() == ["local"]
        assert warehouse.database("local").execute("select 1 as a", user="ann").rows == ((1,),)
    assert [each.name for each in killed.iterdir()] == ["local.duckdb"]


def test_a_damaged_file_that_somebody_put_there_is_left_as_it_is(tmp_path: Path) -> None:
    with Warehouse(tmp_path) as warehouse:
        warehouse.add("local")
        (tmp_path / "local.duckdb").write_bytes(b"from a backup")
        with pytest.raises(WarehouseError, match="restore its file"):
            warehouse.database("local")
    assert (tmp_path / "local.duckdb").read_bytes() == b"from a backup"


def test_a_file_that_was_used_is_never_made_anew(tmp_path: Path) -> None:
    with Warehouse(tmp_path) as warehouse:
        warehouse.add("local")
        warehouse.database("local")
    (tmp_path / "local.duckdb").write_bytes(b"damaged")
    with Warehouse(tmp_path) as warehouse, pytest.raises(WarehouseError, match="restore its file"):
        warehouse.database("local")
    assert (tmp_path / "local.duckdb").read_bytes() == b"damaged"


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
