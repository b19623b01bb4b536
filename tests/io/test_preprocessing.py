"""Whether several CSV files can become one table."""

from __future__ import annotations

from typing import Any

import pytest

from civis._errors import CivisImportError
from civis.io._preprocessing import agree


def info(columns: list[tuple[str, str]], **changes: Any) -> dict[str, Any]:
    """What the platform finds out about a file."""
    found = {"include_header": True, "column_delimiter": "comma", "compression": "gzip"}
    return {**found, "table_columns": [{"name": n, "sql_type": t} for n, t in columns], **changes}


TYPES = [
    (["INTEGER", "BIGINT"], "BIGINT"),
    (["SMALLINT", "SMALLINT"], "SMALLINT"),
    (["VARCHAR(5)", "VARCHAR(9)"], "VARCHAR(9)"),
    (["VARCHAR(5)", "VARCHAR"], "VARCHAR(65535)"),
    (["INTEGER", "VARCHAR(9)"], "VARCHAR(65535)"),
    (["DATE", "INTEGER"], "VARCHAR(65535)"),
]


@pytest.mark.parametrize(("types", "expected"), TYPES)
def test_a_column_gets_the_type_that_holds_all(types: list[str], expected: str):
    files = agree([1, 2], [(10 + n, info([("a", kind)])) for n, kind in enumerate(types)])
    assert files.columns == [{"name": "a", "sql_type": expected}]
    assert files.file_ids == (10, 11)


DIFFERENCES = [
    ({"include_header": False}, "header"),
    ({"column_delimiter": "pipe"}, "delimiter"),
    ({"compression": "none"}, "compression"),
    ({"table_columns": [{"name": "b", "sql_type": "INTEGER"}]}, "columns"),
    ({"table_columns": []}, "number of columns"),
]


@pytest.mark.parametrize(("change", "word"), DIFFERENCES)
def test_files_that_differ_are_named(change: dict[str, Any], word: str):
    columns = [("a", "INTEGER")]
    with pytest.raises(CivisImportError, match=f"{word}: file 1 .*file 3"):
        agree([1, 2, 3], [(10, info(columns)), (11, info(columns)), (12, {**info(columns), **change})])
