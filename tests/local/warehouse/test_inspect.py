"""What a CSV file is found to be."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from civis.local.warehouse import CsvError, inspect_csv

Write = Callable[..., Path]

COLUMN_TYPES = {
    "integers": (["1", "-2", "0"], "INTEGER"),
    "large integers": (["1", "2147483648"], "BIGINT"),
    "the largest bigint": (["9223372036854775807", "-9223372036854775808"], "BIGINT"),
    "beyond bigint": (["9223372036854775808", "1"], "NUMERIC(19,0)"),
    "38 digits": (["9" * 38], "NUMERIC(38,0)"),
    "39 digits": (["9" * 39, "1"], "VARCHAR(39)"),
    "leading zeros": (["01234", "12345"], "VARCHAR(5)"),
    "a plus": (["+1", "2"], "VARCHAR(2)"),
    "minus zero": (["-0", "2"], "DOUBLE PRECISION"),
    "blanks around": ([" 1", "2"], "VARCHAR(2)"),
    "thousands": (["1_000", "2"], "VARCHAR(5)"),
    "decimals": (["1.5", "2", "-0.25"], "DOUBLE PRECISION"),
    "exponents": (["1e5", "2.5E-3"], "DOUBLE PRECISION"),
    "a double in full": (["0.30000000000000004", "1.7976931348623157e+308"], "DOUBLE PRECISION"),
    "more digits than a double": (["1234567890123456.789", "1.5"], "NUMERIC(19,3)"),
    "too many digits": (["1" * 30 + "." + "1" * 30], "VARCHAR(61)"),
    "too large an exponent": (["1e400", "2.0"], "VARCHAR(5)"),
    "infinity": (["1.5", "inf", "-inf"], "DOUBLE PRECISION"),
    "no number": (["1.5", "NaN"], "VARCHAR(3)"),
    "mixed": (["1", "x"], "VARCHAR(1)"),
    "short booleans": (["t", "f"], "BOOLEAN"),
    "booleans": (["true", "false"], "BOOLEAN"),
    "yes and no": (["yes", "no"], "VARCHAR(3)"),
    "dates": (["2024-01-31", "1999-12-01"], "DATE"),
    "no date": (["2024-02-30", "2024-01-01"], "VARCHAR(10)"),
    "timestamps": (["2024-01-31 12:00:00", "2024-01-31T12:00:00.123456"], "TIMESTAMP"),
    "nanoseconds": (["2024-01-31 12:00:00.123456789"], "VARCHAR(29)"),
    "with a zone": (["2024-01-31 12:00:00+00:00", "2024-01-31T12:00:00Z"], "TIMESTAMPTZ"),
    "zone for some": (["2024-01-31 12:00:00+00:00", "2024-01-31 12:00:00"], "VARCHAR(25)"),
    "empty": (["", ""], "VARCHAR(1)"),
    "gaps": (["1", "", "3"], "INTEGER"),
    "quoted empty among numbers": (["1", '""', "3"], "VARCHAR(1)"),
    "bytes count": (["ü", "ab"], "VARCHAR(2)"),
}


@pytest.mark.parametrize("case", COLUMN_TYPES)
def test_types_lose_nothing(write: Write, case: str) -> None:
    values, expected = COLUMN_TYPES[case]
    path = write("k,v\n" + "".join(f"{number},{value}\n" for number, value in enumerate(values)))
    info = inspect_csv(path)
    assert info.columns[1].sql_type == expected
    assert (info.row_count, info.include_header) == (len(values), True)


def test_hundreds_of_columns_are_looked_at_one_by_one(write: Write) -> None:
    kinds = {"17": "INTEGER", "1.5": "DOUBLE PRECISION", "hello": "VARCHAR(5)", "2020-01-02": "DATE"}
    path = write(f"{','.join(f'c{n}' for n in range(400))}\n{','.join([*kinds] * 100)}\n")
    assert [each.sql_type for each in inspect_csv(path).columns] == [*kinds.values()] * 100


def test_the_last_row_counts_too(write: Write) -> None:
    path = write("k,v\n" + "1,1\n" * 30_000 + "1,x\n")
    assert [each.sql_type for each in inspect_csv(path).columns] == ["INTEGER", "VARCHAR(1)"]


SHAPES = {
    "comma": ("a,b\n1,2\n", (True, "comma")),
    "tab": ("a\tb\n1\t2\n", (True, "tab")),
    "pipe": ("a|b\n1|2\n", (True, "pipe")),
    "commas in quotes": ('a|b\n"1,2,3"|2\n"1,2"|3\n', (True, "pipe")),
    "one column": ("a\n1\n2\n", (True, "comma")),
    "no header, numbers": ("1,2\n3,4\n", (False, "comma")),
    "no header, a date": ("x,2024-01-01\ny,2024-01-02\n", (False, "comma")),
    "no header, the same again": ("a,b\na,c\n", (False, "comma")),
    "a name twice": ("name,name\nx,y\n", (True, "comma")),
    "a name twice, found again": ("name,name\nname,y\n", (False, "comma")),
    "texts below names": ("name,city\nann,rome\n", (True, "comma")),
    "names only": ("name,city\n", (True, "comma")),
    "an unnamed index": (",name\n0,ann\n", (True, "comma")),
    "line feed in quotes": ('a,b\n"1\n2",3\n', (True, "comma")),
    "carriage returns": ("a,b\r\n1,2\r\n", (True, "comma")),
    "no line end": ("a,b\n1,2", (True, "comma")),
}


@pytest.mark.parametrize("case", SHAPES)
def test_header_and_delimiter(write: Write, case: str) -> None:
    content, expected = SHAPES[case]
    info = inspect_csv(write(content))
    assert (info.include_header, info.delimiter) == expected


def zipped(content: bytes, *names: str) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name in names:
            archive.writestr(name, content)
    return target.getvalue()


PLAIN = "name,n\nGröße,1\n"
ENCODINGS = {
    "utf-8": (PLAIN.encode(), "utf-8", "none"),
    "utf-8-sig": (PLAIN.encode("utf-8-sig"), "utf-8-sig", "none"),
    "utf-16": (PLAIN.encode("utf-16"), "utf-16", "none"),
    "utf-16 big": (b"\xfe\xff" + PLAIN.encode("utf-16-be"), "utf-16", "none"),
    "utf-16 unmarked": (PLAIN.encode("utf-16-le"), "utf-16-le", "none"),
    "latin-1": (PLAIN.encode("latin-1"), "latin-1", "none"),
    "gzip": (gzip.compress(PLAIN.encode()), "utf-8", "gzip"),
    "two gzip members": (gzip.compress(b"name,n\n") + gzip.compress("Größe,1\n".encode()), "utf-8", "gzip"),
    "gzip latin-1": (gzip.compress(PLAIN.encode("latin-1")), "latin-1", "gzip"),
    "zip": (zipped(PLAIN.encode(), "a.csv"), "utf-8", "zip"),
    "zip of a Mac": (zipped(PLAIN.encode(), "a.csv", "__MACOSX/._a.csv"), "utf-8", "zip"),
}


@pytest.mark.parametrize("case", ENCODINGS)
def test_encodings_and_compressions(write: Write, case: str) -> None:
    content, encoding, compression = ENCODINGS[case]
    info = inspect_csv(write(content))
    assert (info.encoding, info.compression) == (encoding, compression)
    assert [(each.name, each.sql_type) for each in info.columns] == [("name", "VARCHAR(7)"), ("n", "INTEGER")]


BROKEN = {
    "empty": (b"", "is empty"),
    "blank lines": (b"\n\n", "is empty"),
    "gzip cut off": (gzip.compress(PLAIN.encode() * 100)[:-10], "damaged or cut off"),
    "gzip with a flaw": (gzip.compress(PLAIN.encode())[:-8] + b"\x00" * 8, "damaged or cut off"),
    "zip cut off": (zipped(PLAIN.encode(), "a.csv")[:-10], "damaged or cut off"),
    "two files in a zip": (zipped(PLAIN.encode(), "a.csv", "b.csv"), "holds 2 files"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_cannot_be_read_is_an_error(write: Write, case: str) -> None:
    content, message = BROKEN[case]
    with pytest.raises(CsvError, match=message):
        inspect_csv(write(content))


def test_what_is_said_wins_and_is_checked(write: Write) -> None:
    path = write("a,b\nc,d\n")
    assert [each.name for each in inspect_csv(path, include_header=False).columns] == ["column_1", "column_2"]
    assert len(inspect_csv(path, delimiter="|").columns) == 1
    assert inspect_csv(path, detect_columns=False).columns == ()
    with pytest.raises(CsvError, match="said to be 'gzip', but it is 'none'"):
        inspect_csv(path, compression="gzip")
    with pytest.raises(CsvError, match="no such file"):
        inspect_csv(path.with_name("missing.csv"))
    with pytest.raises(CsvError, match="delimiter ';'"):
        inspect_csv(path, delimiter=";")


def test_names_are_legal_and_unique(write: Write) -> None:
    info = inspect_csv(write('"A b",a-b,,2x,_id,ID\n1,2,3,4,5,6\n'), include_header=True)
    assert [each.name for each in info.columns] == ["a_b", "a_b_2", "column_3", "_2x", "_id", "id"]
