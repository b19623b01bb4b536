"""The engine's memory has a limit, which goes where a statement cannot do with it, and comes again."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import duckdb
import pytest

from civis.local.warehouse import Warehouse, memory
from civis.local.warehouse.errors import Disturbed, SqlError
from civis.local.warehouse.interface import ParquetFormat

#: A text that has to be in memory whole, of 64 MB.
LONG = "select length(string_agg(repeat('x', 1000), '')) as n from generate_series(1, 64000)"


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A database whose engine has 48 MB."""
    monkeypatch.setattr(memory, "usual_mb", lambda threads: 48)
    with Warehouse(tmp_path) as warehouse:
        warehouse.add("local")
        yield warehouse.database("local")


def limit_of(database: Any) -> str:
    """Read the limit, as the engine writes it."""
    cursor = database._file.connect()  # users may not ask for it
    try:
        found = cursor.execute("select current_setting('memory_limit')").fetchone()[0]
    finally:
        database._file.release(cursor, is_broken=False)
    assert isinstance(found, str)
    return found


@pytest.fixture(autouse=True)
def _can_be_changed() -> None:
    """Leave an older engine out: it keeps its own limit."""
    try:
        duckdb.connect().execute("set allowed_configs = ['memory_limit']")
    except duckdb.Error:
        pytest.skip("this engine's limit cannot be changed once its configuration is locked")


def test_the_usual_limit_grows_with_the_threads() -> None:
    assert [memory.usual_mb(threads) for threads in (1, 4, 8)] == [400, 400, 800]


def exported(database: Any, csv_format: Any = None) -> int:
    """Export, and tell how many rows there were."""
    files: dict[int, io.BytesIO] = {}

    @contextmanager
    def target(number: int) -> Iterator[BinaryIO]:
        files[number] = io.BytesIO()
        yield files[number]

    arguments = {} if csv_format is None else {"csv_format": csv_format}
    rows = database.export(LONG, target, user="ann", **arguments).row_count
    assert len(files) == 1
    assert len(files[0].getvalue()) > 0
    return int(rows)


CALLS: dict[str, Callable[[Any], int]] = {
    "execute": lambda database: len(database.execute(LONG, user="ann").rows),
    "export as CSV": exported,
    "export as Parquet": lambda database: exported(database, ParquetFormat()),
}


@pytest.mark.parametrize("call", CALLS)
def test_what_needs_more_gets_it_for_once(database: Any, call: str) -> None:
    before = limit_of(database)
    assert before.startswith("45.7")  # MiB
    assert CALLS[call](database) == 1
    assert limit_of(database) == before


def test_a_script_that_was_committed_in_part_is_not_run_again(database: Any) -> None:
    script = f"begin; create table t as select 1 as a; commit; {LONG}"
    with pytest.raises(Disturbed, match=r"short of memory.*run it again"):
        database.execute(script, user="ann")
    assert database.execute(LONG, user="ann").rows == ((64_000_000,),)
    assert limit_of(database).startswith("45.7")


def test_what_no_memory_suffices_for_says_so(database: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def still_little(connection: Any) -> None:
        connection.execute("set global memory_limit = '49MB'")

    monkeypatch.setattr("civis.local.warehouse.opened.unlimit_memory", still_little)
    with pytest.raises(SqlError, match="Out of Memory"):
        database.execute(LONG, user="ann")


def test_the_limit_stays_away_while_others_work(database: Any) -> None:
    """Two at once, and afterwards it is there again."""
    found: list[Any] = []
    threads = [
        threading.Thread(target=lambda: found.append(database.execute(LONG, user="ann").rows[0][0]))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [64_000_000] * 3
    assert limit_of(database).startswith("45.7")


def test_a_sort_goes_by_way_of_the_disk(database: Any) -> None:
    database.execute(
        "create table big as select a, random() as b, a + 1 as c, a + 2 as d "
        "from generate_series(1, 1500000) as t(a)",
        user="ann",
    )
    database.execute("create table sorted as select * from big order by b", user="ann")
    assert database.execute("select count(*) from sorted", user="ann").rows == ((1_500_000,),)
    assert limit_of(database).startswith("45.7")
