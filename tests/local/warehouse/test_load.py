"""CSV files into tables."""

from __future__ import annotations

import datetime as dt
import gzip
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from civis.local.warehouse import (
    CsvColumn,
    CsvError,
    CsvSource,
    Database,
    Interrupted,
    Interruption,
    LoadError,
    TableLoad,
)
from tests.local.warehouse.conftest import Rows

Write = Callable[..., Path]
SETUP = (
    "create table t (id int not null, name varchar(5), d date); insert into t values (1, 'old', '2020-01-01')"
)


@pytest.fixture
def table(database: Database) -> Database:
    database.execute(SETUP, user="ann")
    return database


def load(database: Database, path: Path, table: str = "t", **options: Any) -> Any:
    return database.load_csv([path], "public", table, TableLoad(**options), user="ann")


def test_values_arrive_as_they_were(database: Database, rows: Rows, write: Write) -> None:
    path = write(
        'text,n,d,x,b,at\r\n"a ""b"", c\nd",1,2024-01-31,0.1,t,2024-01-31 12:34:56.5\r\n'
        '"",,,,,\r\n,-5,,1e300,f,\r\n'
    )
    report = load(database, path, "new")
    assert (report.rows, report.table_created) == (3, True)
    assert rows("select * from new") == (
        ('a "b", c\nd', 1, dt.date(2024, 1, 31), 0.1, True, dt.datetime(2024, 1, 31, 12, 34, 56, 500000)),
        ("", None, None, None, None, None),
        (None, -5, None, 1e300, False, None),
    )


VALUES: dict[str, tuple[str, str, Any]] = {
    "integer with a plus": ("INTEGER", "+7", 7),
    "integer with zeros": ("INTEGER", "007", 7),
    "integer with blanks": ("INTEGER", " 7 ", 7),
    "quoted empty number": ("INTEGER", '""', None),
    "bigint": ("BIGINT", "9223372036854775807", 2**63 - 1),
    "numeric": (
        "NUMERIC(38,10)",
        "1234567890123456789012345678.0123456789",
        Decimal("1234567890123456789012345678.0123456789"),
    ),
    "numeric rounded": ("NUMERIC(5,2)", "1.239", Decimal("1.24")),
    "double": ("FLOAT", "0.30000000000000004", 0.30000000000000004),
    "infinite": ("FLOAT", "inf", float("inf")),
    "yes": ("BOOLEAN", "Yes", True),
    "zero": ("BOOLEAN", "0", False),
    "char": ("CHAR(3)", "a  ", "a"),
    "char full of blanks behind": ("CHAR(3)", "a     ", "a"),
    "varchar keeps blanks": ("VARCHAR(3)", "a  ", "a  "),
    "date with midnight": ("DATE", "2024-01-31 00:00:00", dt.date(2024, 1, 31)),
    "timestamp of a day": ("TIMESTAMP", "2024-01-31", dt.datetime(2024, 1, 31)),
    "timestamp with a zone": ("TIMESTAMP", "2024-01-31T12:00:00+02:00", dt.datetime(2024, 1, 31, 10)),
    "zoned": ("TIMESTAMPTZ", "2024-01-31 12:00:00-05", dt.datetime(2024, 1, 31, 17, tzinfo=dt.timezone.utc)),
    "binary": ("VARBYTE", "00ff", b"\x00\xff"),
}


@pytest.mark.parametrize("case", VALUES)
def test_a_value_of_a_type(database: Database, rows: Rows, write: Write, case: str) -> None:
    sql_type, text, expected = VALUES[case]
    load(
        database, write(f"k,v\n1,{text}\n"), "new", columns=[CsvColumn("k", "INT"), CsvColumn("v", sql_type)]
    )
    assert rows("select v from new") == ((expected,),)


MISFITS = {
    "decimal for an integer": ("INTEGER", "1.5", "an integer that fits the type integer"),
    "exponent for an integer": ("INTEGER", "1e3", "an integer"),
    "hexadecimal": ("INTEGER", "0x1F", "an integer"),
    "underscore": ("INTEGER", "1_000", "an integer"),
    "too large": ("SMALLINT", "32768", "smallint"),
    "too large for bigint": ("BIGINT", "9223372036854775808", "bigint"),
    "too many digits": ("NUMERIC(4,2)", "123.4", "numeric(4,2)"),
    "no number": ("NUMERIC(4,2)", "abc", "a number"),
    "too large for a double": ("FLOAT", "1e999", "double precision"),
    "maybe": ("BOOLEAN", "maybe", "boolean"),
    "no day": ("DATE", "2024-02-30", "date"),
    "a time of day lost": ("DATE", "2024-01-31 12:00:00", "date"),
    "no timestamp": ("TIMESTAMP", "yesterday", "timestamp"),
    "no hexadecimal": ("VARBYTE", "xyz", "binary varying"),
    "too long": ("VARCHAR(3)", "abcd", "4 bytes long, which is too long for type character varying(3)"),
    "too many bytes": ("VARCHAR(3)", "üü", "4 bytes long"),
}


@pytest.mark.parametrize("case", MISFITS)
def test_what_does_not_fit_is_named(database: Database, write: Write, case: str) -> None:
    sql_type, text, reason = MISFITS[case]
    path = write(f'k,v\n1,\n"2\n2",{text}\n3,\n', "odd.csv")
    columns = [CsvColumn("k", "VARCHAR(9)"), CsvColumn("v", sql_type)]
    with pytest.raises(LoadError) as caught:
        load(database, path, "new", columns=columns)
    [rejected] = caught.value.rejected
    assert (rejected.file, rejected.line, rejected.column, rejected.value) == ("odd.csv", 3, "v", text)
    assert reason in rejected.reason
    assert f"odd.csv, line 3, column 'v': {rejected.reason}: {text!r}" in str(caught.value)
    assert not database.table_exists("public", "new")


def test_a_failed_load_leaves_the_table_as_it_was(table: Database, rows: Rows, write: Write) -> None:
    path = write("id,name,d\n" + "2,ok,2024-01-01\n" * 1000 + "x,no,2024-01-01\n")
    for mode in ("append", "truncate", "drop"):
        columns = [CsvColumn("id", "INT"), CsvColumn("name", "VARCHAR(5)"), CsvColumn("d", "DATE")]
        with pytest.raises(LoadError, match="line 1002, column 'id'"):
            load(table, path, existing_table_rows=mode, columns=columns)
    assert rows("select * from t") == ((1, "old", dt.date(2020, 1, 1)),)
    assert table.columns("public", "t")[0].is_nullable is False


def test_some_errors_may_be_left_out(table: Database, rows: Rows, write: Write) -> None:
    path = write("id,name,d\nx,a,\n2,b,\n3,c\n,d,\n5,toolong,\n6,f,\n")
    with pytest.raises(LoadError, match="4 rows do not fit the table, 3 may be left out"):
        load(table, path, existing_table_rows="append", max_errors=3)
    report = load(table, path, existing_table_rows="append", max_errors=4)
    assert (report.rows, report.rejected_count) == (2, 4)
    assert [(each.line, each.column) for each in report.rejected] == [
        (2, "id"),
        (4, None),
        (5, "id"),
        (6, "name"),
    ]
    assert rows("select id from t order by id") == ((1,), (2,), (6,))


MODES = {
    "append": [(1, "old"), (2, "new")],
    "truncate": [(2, "new")],
    "drop": [(2, "new")],
    "upsert": [(1, "old"), (2, "new")],
}


@pytest.mark.parametrize("mode", MODES)
def test_existing_table_rows(table: Database, rows: Rows, write: Write, mode: str) -> None:
    path = write("id,name,d\n2,new,2024-01-01\n")
    keys = ["id"] if mode == "upsert" else []
    report = load(table, path, existing_table_rows=mode, primary_keys=keys)
    assert (report.rows, report.table_created) == (1, mode == "drop")
    assert list(rows("select id, name from t order by id")) == MODES[mode]


def test_fail_fails_where_there_is_a_table(table: Database, write: Write) -> None:
    with pytest.raises(LoadError, match=r"public\.t exists already"):
        load(table, write("id\n1\n"))


def test_an_upsert_takes_the_newest(database: Database, rows: Rows, write: Write) -> None:
    database.execute("create table t (id int, v varchar(9), at int, extra int)", user="ann")
    database.execute("insert into t values (1, 'a', 5, 7), (2, 'b', 5, 8), (3, 'c', null, 9)", user="ann")
    path = write("id,v,at\n1,newer,6\n2,older,4\n3,known,1\n4,first,1\n4,second,2\n,null,1\n")
    options: dict[str, Any] = {"existing_table_rows": "upsert", "primary_keys": ["ID"]}
    load(database, path, **options, last_modified_keys=["at"])
    assert rows("select id, v, extra from t order by id") == (
        (1, "newer", 7),
        (2, "b", 8),
        (3, "known", 9),
        (4, "second", None),
        (None, "null", None),
    )
    load(database, write("id,v\n2,x\n2,last\n"), **options)
    assert rows("select v, extra from t where id = 2") == (("last", 8),)
    with pytest.raises(LoadError, match="needs primary_keys"):
        load(database, path, existing_table_rows="upsert")


def test_columns_are_matched_by_name(table: Database, rows: Rows, write: Write) -> None:
    load(table, write("D|ID\n2024-01-01|2\n"), existing_table_rows="append")
    assert rows("select * from t where id = 2") == ((2, None, dt.date(2024, 1, 1)),)
    load(table, write("3,x,\n4,y,\n"), existing_table_rows="append", first_row_is_header=False)
    assert rows("select id, name from t where id > 2 order by 1") == ((3, "x"), (4, "y"))


REFUSALS: dict[str, tuple[str, dict[str, Any], str]] = {
    "unknown column": ("id,nme\n1,x\n", {}, "no column 'nme'. Did you mean 'name'?"),
    "too few columns": ("1,x\n", {"first_row_is_header": False}, "has 2 columns, but 3 are expected"),
    "twice": ("id,id\n1,2\n", {"columns": [CsvColumn("id"), CsvColumn("ID")]}, "'id' comes twice"),
    "missing not null": ("name\nx\n", {}, "null value in column"),
    "unknown key": (
        "id\n1\n",
        {"existing_table_rows": "upsert", "primary_keys": ["idd"]},
        "Did you mean 'id'?",
    ),
    "unknown mode": ("id\n1\n", {"existing_table_rows": "replace"}, "not 'replace'"),
    "nothing at all": ("", {}, "every file is empty"),
    "unknown type": (
        "a\n1\n",
        {"existing_table_rows": "drop", "columns": [CsvColumn("a", "thing")]},
        "thing",
    ),
    "open quote": ('id,name\n1,"x\n2,y\n', {}, "data.csv, line 2: a quote is opened and never closed"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_a_load_that_cannot_be_is_refused(table: Database, rows: Rows, write: Write, case: str) -> None:
    content, options, message = REFUSALS[case]
    with pytest.raises((LoadError, CsvError, ValueError)) as caught:
        load(table, write(content), **{"existing_table_rows": "append", **options})
    assert message in str(caught.value)
    assert rows("select count(*) from t") == ((1,),)


def test_several_files_are_one(database: Database, rows: Rows, write: Write) -> None:
    first = write("id,v\n1,2\n", "a.csv")
    second = write(gzip.compress(b"id,v\n2,x\n"), "b.csv.gz")
    report = database.load_csv([first, CsvSource(second, "second")], "New Schema", "T", user="ann")
    assert report.rows == 2
    assert rows('select * from "new schema".t order by id') == ((1, "2"), (2, "x"))
    other = write("id|w\n1|2\n", "c.csv")
    with pytest.raises(LoadError, match=r"c\.csv is not like a\.csv"):
        database.load_csv([first, other], "public", "x", user="ann")


def test_what_a_load_notes(database: Database, write: Write) -> None:
    load(
        database,
        write("id,name\n1,abc\n"),
        "new",
        diststyle="key",
        distkey="ID",
        sortkeys=["name", "id"],
        primary_keys=["id"],
        loosen_types=True,
    )
    attributes = database.table_attributes("public", "new")
    assert (attributes.owner, attributes.diststyle, attributes.distkey) == ("ann", "key", "id")
    assert (attributes.sortkeys, attributes.primary_keys) == (("name", "id"), ("id",))
    columns = database.columns("public", "new")
    assert [each.sql_type for each in columns] == ["bigint", "character varying(256)"]
    assert (columns[0].is_distkey, columns[0].sortkey_order, columns[1].sortkey_order) == (True, 2, 1)


def test_backslashes_where_they_escape(database: Database, rows: Rows, write: Write) -> None:
    load(database, write('a,b\n"x\\"y",1\n"z\\\\",2\n'), "new", escaped=True)
    assert rows("select a from new order by b") == (('x"y',), ("z\\",))


def test_a_long_text_is_one_value(database: Database, rows: Rows, write: Write) -> None:
    long = "x" * 60_000
    load(
        database,
        write("a,b\n" + f'"{long}\n{long[:5000]}",1\n' * 200),
        "new",
        columns=[CsvColumn("a", "VARCHAR(max)"), CsvColumn("b", "INT")],
    )
    assert rows("select count(*), min(len(a)), max(len(a)) from new") == ((200, 65_001, 65_001),)


def test_an_interrupted_load_leaves_nothing(table: Database, rows: Rows, write: Write) -> None:
    interruption = Interruption()
    interruption.interrupt()
    with pytest.raises(Interrupted):
        table.load_csv(
            [write("id\n2\n")], "public", "t", TableLoad("append"), user="ann", interruption=interruption
        )
    assert rows("select count(*) from t") == ((1,),)
