"""Each difference from Redshift that the documentation lists is one, and each of its rows is tested."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from civis.local.warehouse import Database, SqlError

PAGE = Path(__file__).parents[3] / "docs" / "local-platform.md"

#: Row of the page's table -> script and the rows of its query, or what its error says.
DIFFERENCES: dict[str, tuple[str, list[list[str | None]] | str]] = {
    "Blanks at the end of texts": ("select 'a' = 'a  '", [["f"]]),
    "Dropping what a view needs": (
        "create table t (a int); create view v as select a from t; drop table t; select * from v",
        'relation "t" does not exist',
    ),
    "Dividing decimals": ("select 1.50::numeric(10,2) / 2", [["0.75"]]),
    "Multiplying decimals": (
        "create table t (a numeric(18,2)); insert into t values (1234567890123.25); select a * a from t",
        "cast one factor to numeric(38, s)",
    ),
    "Averages of decimals": (
        "select avg(a) from (select 1.00::numeric(10,2) as a union all select 1.01 union all select 1.01) x",
        [["1.01"]],
    ),
    "Lengths in temporary tables": (
        "create temp table t (a varchar(1)); insert into t values ('ab'); select a from t",
        [["ab"]],
    ),
    "Lengths in tables made by a query": (
        "create table t (a varchar(1)); create table u as select a from t; insert into u values ('ab');"
        "select a from u",
        [["ab"]],
    ),
    "Defaults that are too long": (
        "create table t (a varchar(1) default 'ab', b int); insert into t (b) values (1); select a from t",
        [["ab"]],
    ),
    "Texts turned into integers": ("select ('1' || '.9')::int", [["2"]]),
    "Privileges": (
        "create table t (a int); revoke all on t from ann; select count(*) from t",
        [["0"]],
    ),
    "Settings": (
        "set timezone to 'America/New_York'; select '2024-01-01 00:00+00'::timestamptz",
        [["2024-01-01 00:00:00+00"]],
    ),
    "`COPY`, `UNLOAD`": ("unload ('select 1') to 's3://bucket/x'", "civis_to_csv"),
    "Functions and procedures of one's own": (
        "create function f() returns int as $$ select 1 $$",
        "FUNCTION",
    ),
    "`ALTER SCHEMA … RENAME TO`": (
        "create schema s; alter schema s rename to t",
        "cannot be altered so here",
    ),
    "`DROP SCHEMA public`": ("drop schema public", "cannot be dropped here"),
    "System tables": ("select * from stl_query", 'relation "stl_query" does not exist'),
    "Formats": ("select to_char(getdate(), 'YY' || 'YY')", "has to be a text constant"),
    "`EXPLAIN`": ("explain delete from t", "EXPLAIN is for queries only"),
    "Materialized views": (
        "create table t (a int); create materialized view v as select count(*) as n from t;"
        "insert into t values (1); select n from v",
        [["1"]],
    ),
}


@pytest.mark.parametrize("what", DIFFERENCES)
def test_a_difference_is_one(database: Database, what: str) -> None:
    script, expected = DIFFERENCES[what]
    if isinstance(expected, str):
        with pytest.raises(SqlError) as caught:
            database.execute(script, user="ann")
        assert expected in str(caught.value)
    else:
        assert database.execute(script, user="ann").text_rows() == expected


def test_the_page_lists_these_differences() -> None:
    section = PAGE.read_text("utf-8").partition("## Where SQL differs")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (.*?) \|", section, re.MULTILINE)
    assert [row for row in rows if row not in ("what", "---")] == list(DIFFERENCES)
