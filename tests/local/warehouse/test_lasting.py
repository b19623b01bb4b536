"""What is done lasts, also if the process dies; several calls at once get on with each other."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from civis.local.warehouse import Database, Interrupted, Interruption, SqlError, Warehouse
from tests.local.warehouse.conftest import Rows

WRITER = """
import sys
from pathlib import Path
from civis.local.warehouse import TableLoad, Warehouse
folder = Path(sys.argv[1])
warehouse = Warehouse(folder)
warehouse.add("local")
database = warehouse.database("local")
database.execute("create table t (a int); insert into t values (1)", user="ann")
(folder / "in.csv").write_text("a\\n2\\n3\\n")
database.load_csv([folder / "in.csv"], "public", "t", TableLoad("append"), user="ann")
database.execute("grant select on t to group analysts", user="ann")
print("done", flush=True)
try:
    database.execute("begin; insert into t values (99); "
                     "select count(*) from generate_series(1, 100000000000) g(i)", user="ann")
finally:
    print("never", flush=True)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no SIGKILL on Windows")
def test_a_killed_process_loses_nothing_that_was_done(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "done\n"
        os.kill(process.pid, signal.SIGKILL)
    with Warehouse(tmp_path) as warehouse:
        database = warehouse.database("local")
        assert database.execute("select a from t order by a", user="ann").rows == ((1,), (2,), (3,))
        assert [each.grantee for each in database.privileges()] == ["analysts"]


def test_writers_at_once_all_succeed(database: Database, rows: Rows) -> None:
    database.execute("create table t (a int); insert into t values (0)", user="ann")
    with ThreadPoolExecutor(8) as pool:
        calls = [pool.submit(database.execute, "update t set a = a + 1", user="ann") for _ in range(40)]
        reads = [pool.submit(database.row_count, "public", "t") for _ in range(40)]
    assert {call.result().rows_affected for call in calls} == {1}
    assert {read.result() for read in reads} == {1}
    assert rows("select a from t") == ((40,),)


LONG = "select count(*) from generate_series(1, 100000000000) g(i)"


def test_a_call_is_cancelled_from_another_thread(database: Database) -> None:
    interruption = Interruption()
    timer = threading.Timer(0.2, interruption.interrupt)
    timer.start()
    with pytest.raises(Interrupted, match="cancelled"):
        database.execute(f"create table t (a int); {LONG}", user="ann", interruption=interruption)
    timer.join()
    assert not database.table_exists("public", "t")


def test_a_call_that_waits_for_its_turn_is_cancelled_too(database: Database) -> None:
    first, second = Interruption(), Interruption()
    with ThreadPoolExecutor(2) as pool:
        running = pool.submit(
            database.execute, f"create table t (a int); {LONG}", user="ann", interruption=first
        )
        waiting = pool.submit(database.execute, "create table u (a int)", user="ann", interruption=second)
        second.interrupt()
        if isinstance(waiting.exception(), Interrupted):
            first.interrupt()
            assert isinstance(running.exception(), Interrupted)
        else:
            first.interrupt()
    assert database.execute("select 1 as a", user="ann").rows == ((1,),)


def test_an_interrupted_call_never_begins(database: Database) -> None:
    interruption = Interruption()
    interruption.interrupt()
    for sql in ("create table t (a int)", "select 1"):
        with pytest.raises(Interrupted):
            database.execute(sql, user="ann", interruption=interruption)


BROKEN = (
    "create temp table a (id int, v varchar, d date); insert into a values (2, 'b', '2024-01-01');"
    "select * from a qualify row_number() over (partition by id order by rowid desc) = 1 "
    "or id is null order by rowid"
)


def test_an_error_of_the_engine_itself_ends_one_call_only(database: Database, rows: Rows) -> None:
    database.execute("create table t (a int)", user="ann")
    with contextlib.suppress(SqlError):  # a flaw that only some versions of the engine have
        database.execute(BROKEN, user="ann")
    assert rows("select count(*) from t") == ((0,),)
