"""Resets that empty what is open, and those that cannot and open all anew."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

import civis
from civis.base import CivisError
from civis.local import Platform

MANY_ROWS = "create table public.large as select i, md5(i::varchar) as h from range(1300000) t(i)"


def query(client, sql: str) -> list[list[str]]:
    """Run SQL; give its rows."""
    found = civis.io.query_civis(sql, "local", client=client, polling_interval=0.01).result(60)
    return [list(row) for row in found.result_rows]


def test_running_jobs_end_with_it(civis_platform, civis_client):
    script = civis_client.scripts.post_python3(name="endless", source="import time; time.sleep(3600)")
    run = civis_client.scripts.post_python3_runs(script.id)
    while civis_client.scripts.get_python3_runs(script.id, run.id).state == "queued":
        threading.Event().wait(0.01)
    civis_platform.reset()
    with pytest.raises(civis.base.CivisNotFoundError):
        civis_client.scripts.get_python3_runs(script.id, run.id)
    assert query(civis_client, "select 1 as a") == [["1"]]


def test_futures_that_still_wait_fail(civis_platform, civis_client):
    sql = "select count(*) from range(1000000000000)"
    future = civis.io.query_civis(sql, "local", client=civis_client, polling_interval=0.01)
    civis_platform.reset()
    with pytest.raises(CivisError):
        future.result(60)


def test_of_a_directory_with_older_data(tmp_path: Path):
    with Platform(tmp_path) as platform, platform.client() as client:
        query(client, "create table public.kept as select 1 as a")
    with Platform(tmp_path) as platform, platform.client() as client:
        assert query(client, "select a from public.kept") == [["1"]]
        for _ in range(2):  # the first opens all anew, the second empties what is open
            platform.reset()
            assert platform.warehouse.database("local").tables() == []
            assert query(client, "create table public.kept as select 2 as a; select a from public.kept") == [
                ["2"]
            ]
    with Platform(tmp_path) as platform, platform.client() as client:
        assert query(client, "select a from public.kept") == [["2"]]


def test_what_is_written_after_it_lasts(tmp_path: Path):
    with Platform(tmp_path) as platform, platform.client() as client:
        platform.reset()
        client.projects.post("after", "the reset")
        query(client, "create table public.after as select 3 as a")
    with Platform(tmp_path) as platform, platform.client() as client:
        assert [each.name for each in client.projects.list()] == ["after"]
        assert query(client, "select a from public.after") == [["3"]]


def test_a_large_database_is_made_anew(tmp_path: Path):
    with Platform(tmp_path) as platform, platform.client() as client:
        query(client, MANY_ROWS)
        file = tmp_path / "warehouse" / "local.duckdb"
        # The rows are in the file only after a checkpoint, which closing it does.
        platform.warehouse.close()
        platform.warehouse.database("local")
        assert file.stat().st_size > 16 << 20
        platform.reset()
        assert query(client, "select 1 as a") == [["1"]]
        assert file.stat().st_size < 8 << 20


def test_other_databases_go(civis_platform, civis_client):
    civis_platform.add_database("second")
    civis_platform.warehouse.database("second").execute("create table public.t (a int)", user="local")
    civis_platform.reset()
    assert civis_platform.warehouse.databases() == ["local"]
    assert [each.name for each in civis_client.databases.list()] == ["local"]
    civis_platform.add_database("second")
    assert civis_platform.warehouse.database("second").tables() == []
