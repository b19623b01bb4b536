"""UNLOAD in SQL scripts: rows as Parquet files of the platform, and back into a table."""

from __future__ import annotations

import io
import json
from typing import Any

import pyarrow.parquet as pq
import pytest

import civis
from civis.client import APIClient
from civis.futures import CivisFuture
from civis.local.jobs import JobFailed
from civis.local.services.sql_unload import Unload, read_unload


@pytest.fixture(scope="module", autouse=True)
def _table(client: APIClient) -> None:
    """A table of several types."""
    sql = """drop table if exists public.t;
    create table public.t (id int, b boolean, n numeric(10,2), z varchar(10), d date);
    insert into public.t values (1, true, 1.5, '01', '2020-01-02'), (2, null, null, null, null)"""
    civis.io.query_civis(sql, "local", client=client).result()


def _run(client: APIClient, sql: str) -> Any:
    """Run a SQL script, and give its run's output."""
    job = client.scripts.post_sql(
        name="unload",
        remote_host_id=client.get_database_id("local"),
        credential_id=client.default_database_credential_id,
        sql=sql,
    )
    ids = (job.id, client.scripts.post_sql_runs(job.id).id)
    CivisFuture(client.scripts.get_sql_runs, ids, polling_interval=0.1, client=client).result()
    return client.scripts.get_sql_runs(*ids).output


def _content(client: APIClient, file_id: int) -> io.BytesIO:
    """Read a file of the platform."""
    buffer = io.BytesIO()
    civis.io.civis_to_file(file_id, buffer, client=client)
    buffer.seek(0)
    return buffer


def test_rows_keep_their_types_and_come_back(client: APIClient) -> None:
    query = "select * from public.t where z is null or z = ''01'' order by id"
    sql = f"UNLOAD ('{query}') TO 'civis://kept' PARQUET"
    (output,) = _run(client, sql)
    manifest = json.load(_content(client, output.file_id))
    assert output.output_name == "kept.manifest.json"
    assert manifest["header"] == ["id", "b", "n", "z", "d"]
    assert [each["name"] for each in manifest["entries"]] == ["kept_000.parquet"]
    file_id = manifest["entries"][0]["id"]
    found = pq.read_table(_content(client, file_id))
    assert [str(each) for each in found.schema.types] == ["int32", "bool", "double", "string", "date32[day]"]
    assert found.to_pylist()[1] == {"id": 2, "b": None, "n": None, "z": None, "d": None}
    job = client.imports.post_files_csv(
        source={"file_ids": [file_id]},
        destination={
            "schema": "public",
            "table": "again",
            "remote_host_id": client.get_database_id("local"),
            "credential_id": client.default_database_credential_id,
        },
        first_row_is_header=True,
    )
    CivisFuture(client.jobs.get_runs, (job.id, client.jobs.post_runs(job.id).id), client=client).result()
    rows = civis.io.read_civis_sql("select * from public.again order by id", "local", client=client)
    assert rows[1:] == [["1", "t", "1.5", "01", "2020-01-02"], ["2", "", "", "", ""]]


def test_many_rows_become_several_files(client: APIClient) -> None:
    make = "create table public.many as select 1 as one, 2.5::float as x, 'abcdefghij' as text"
    civis.io.query_civis(make, "local", client=client).result()
    for _ in range(18):
        civis.io.query_civis(
            "insert into public.many select * from public.many", "local", client=client
        ).result()
    (output,) = _run(
        client, "unload ($$select * from public.many$$) to 'civis://' format parquet maxfilesize 2 mb"
    )
    entries = json.load(_content(client, output.file_id))["entries"]
    assert len(entries) > 2
    counts = [pq.read_metadata(_content(client, each["id"])).num_rows for each in entries]
    assert sum(counts) == 2**18
    assert min(counts) > 0


def test_no_rows_no_output(client: APIClient) -> None:
    assert not _run(client, "unload ('select * from public.t where id > 9') to 'civis://x' parquet")


READ = {
    "no unload": ("select 'unload'", None),
    "default": ("UNLOAD ('select 1') TO 'civis://a' PARQUET", Unload("select 1", "a")),
    "no name": ("unload('select 1') to 'civis://' format as parquet;", Unload("select 1", None)),
    "size": (
        "unload ($$select 'a'$$) to 'civis://a' maxfilesize as 2 gb parquet",
        Unload("select 'a'", "a", 2048),
    ),
}


@pytest.mark.parametrize("case", READ)
def test_it_is_recognised(case: str) -> None:
    sql, expected = READ[case]
    assert read_unload(sql) == expected


REFUSED = {
    "s3": ("unload ('select 1') to 's3://bucket/a' parquet", "does not reach 's3://bucket/a'"),
    "csv": ("unload ('select 1') to 'civis://a' csv", "does not know 'csv'"),
    "no format": ("unload ('select 1') to 'civis://a'", "Parquet only"),
    "slash": ("unload ('select 1') to 'civis://a/b' parquet", "leave the slash out"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_there_is_not_is_refused(case: str) -> None:
    sql, message = REFUSED[case]
    with pytest.raises(JobFailed, match=message):
        read_unload(sql)
