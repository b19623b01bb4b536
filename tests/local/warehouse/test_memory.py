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
from civis.local.warehouse.errors import Interrupted, SqlError
from civis.local.warehouse.interface import Interruption, ParquetFormat

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


SCRIPTS = {
    "one that ends with its transaction can": f"begin; create table t as select 1 as a; {LONG}; commit",
    "commit": f"begin; create table t as select 1 as a; commit; {LONG}",
    "begin ends what was before": f"create table t as select 1 as a; begin; {LONG}",
    "truncate": f"create table t as select 1 as a; truncate t; {LONG}",
}


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=list(SCRIPTS))
def test_a_script_that_cannot_be_run_again_has_all_memory_at_once(database: Any, script: str) -> None:
    assert database.execute(script, user="ann").rows == ((64_000_000,),)
    assert database.table_exists("public", "t")
    assert limit_of(database).startswith("45.7")


def test_a_call_that_ends_before_its_second_attempt_leaves_the_limit(database: Any) -> None:
    """It is cancelled while it waits for its turn to write once more."""
    interruption = Interruption()
    found: list[BaseException] = []

    def call() -> None:
        try:
            database.execute(f"create table t as {LONG}", user="ann", interruption=interruption)
        except BaseException as error:
            found.append(error)

    release = database._file.release

    def cancel(cursor: Any, *, is_broken: bool) -> None:
        release(cursor, is_broken=is_broken)
        interruption.interrupt()

    database._file.release = cancel
    thread = threading.Thread(target=call)
    thread.start()
    thread.join()
    database._file.release = release
    assert [type(each) for each in found] == [Interrupted]
    assert not database._file.is_unlimited
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
