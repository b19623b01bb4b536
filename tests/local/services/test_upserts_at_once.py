"""Upserts from several threads over HTTP, into the same table and into others: none loses a row."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

IMPORTS = 16
TABLES = ("shared", "shared", "own_a", "own_b")


def rows_of(number: int) -> range:
    """Give the keys of an import; half of them are the next one's, too."""
    return range(number * 4, number * 4 + 8)


def test_upserts_at_once_lose_no_row(api: Any) -> None:
    ends = {"remote_host_id": api.database_id, "credential_id": api.credential_id}
    columns = [{"name": "id", "sql_type": "INTEGER"}, {"name": "d", "sql_type": "DATE"}]

    def upsert(number: int) -> str:
        rows = "".join(f"{key},2024-01-{1 + number:02d}\n" for key in rows_of(number))
        destination = {"schema": "public", "table": TABLES[number % 4], "primary_keys": ["id"], **ends}
        body = {
            "source": {"file_ids": [api.upload(f"id,d\n{rows}".encode())]},
            "destination": destination,
            "first_row_is_header": True,
            "existing_table_rows": "upsert",
            "table_columns": columns,
        }
        run: Any = api.run(api.call("POST", "imports/files/csv", 201, body)["id"])
        return f"{run['state']} {run['error']}"

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(upsert, range(IMPORTS))) == {"succeeded None"}
    for table in set(TABLES):
        expected = {
            key for number in range(IMPORTS) if TABLES[number % 4] == table for key in rows_of(number)
        }
        found = [key for (key,) in api.sql(f"select id from {table} order by id")]
        assert found == sorted(expected)
