"""Run by a Python without pyarrow, against a local platform: what scripts do with frames."""

import datetime as dt
import importlib.util

import pandas as pd
import polars as pl

import civis

assert importlib.util.find_spec("pyarrow") is None

ROWS = {
    "id": [9007199254740993, 2, 3],
    "zip": ["02116", "", None],
    "word": ["NA", 'a "quoted", word', "line\nend"],
    "price": [1.5, None, 0.1],
    "seen": [dt.datetime(2024, 1, 1, 12, 30), None, dt.datetime(9999, 12, 31)],
    "day": [dt.date(2024, 1, 1), None, dt.date(2024, 2, 29)],
}
TYPES = {
    "id": "bigint",
    "zip": "varchar",
    "word": "varchar",
    "price": "double",
    "seen": "timestamp",
    "day": "date",
}


def same(value: object, expected: object) -> bool:
    """Whether two values, of which either may be missing, are the same."""
    if expected is None:
        return value is None or value != value or value is pd.NaT
    if isinstance(value, pd.Timestamp):
        value = value.to_pydatetime()
        expected = (
            dt.datetime.combine(expected, dt.time()) if not isinstance(expected, dt.datetime) else expected
        )
    return value == expected


def check(frame: object) -> None:
    """Compare a frame with the rows that were written."""
    ordered = (
        frame.sort_values("price")
        if isinstance(frame, pd.DataFrame)
        else frame.sort("price", nulls_last=True)
    )
    for name, values in ROWS.items():
        found = ordered[name].to_list()
        expected = [values[place] for place in (2, 0, 1)]
        assert all(map(same, found, expected)), (name, found)


def refusal(call: object) -> str:
    """Give what an ImportError says."""
    try:
        call()
    except ImportError as error:
        return str(error)
    return "it works"


frames = {"pandas": pd.DataFrame(ROWS), "polars": pl.DataFrame(ROWS)}
for kind, frame in frames.items():
    table = f"public.bare_{kind}"
    future = civis.io.dataframe_to_civis(frame, "local", table)
    assert future.result().state == "succeeded"
    assert future.done()
    civis.io.dataframe_to_civis(
        frame[list(ROWS)[::-1]], "local", table, existing_table_rows="truncate"
    ).result()
    assert len(civis.io.read_civis(table, "local")) == 4
    for return_as in frames:
        check(civis.io.read_civis(table, "local", return_as=return_as))
        check(civis.io.read_civis_sql(f"SELECT * FROM {table}", "local", return_as=return_as, dtypes=TYPES))
        check(civis.io.read_civis(table, "local", return_as=return_as, parallel=True))
        lone = civis.io.read_civis(table, "local", columns=["zip"], return_as=return_as)
        assert sorted(str(value) for value in lone["zip"].to_list()) in (
            ["", "02116", "None"],
            ["", "02116", "nan"],
        )
        file_id = civis.io.dataframe_to_file(frame[["id", "price"]], "data.csv")
        assert civis.io.file_to_dataframe(file_id, return_as)["id"].to_list() == ROWS["id"]
    described = civis.io.read_civis_sql(
        f"SELECT column_name, data_type FROM information_schema.columns WHERE table_name = 'bare_{kind}'",
        "local",
    )
    assert {name: kind.split("(")[0].lower() for name, kind in described[1:]}["seen"].startswith("timestamp")

# Its formats are the user's own, and its reader's arguments too.
formatted = pd.DataFrame({"a": [1.25, 2.5]})
civis.io.dataframe_to_civis(formatted, "local", "public.bare_formats", float_format="%.1f").result()
read = civis.io.read_civis("public.bare_formats", "local", return_as="pandas", dtype=str)
assert sorted(read["a"]) == ["1.2", "2.5"], read
assert list(civis.APIClient().databases.list().to_pandas()["name"])
for call in (
    lambda: civis.io.read_civis("public.bare_pandas", "local", return_as="arrow"),
    lambda: civis.io.read_civis("public.bare_pandas", "local", return_as="pandas", dtype_backend="pyarrow"),
    lambda: civis.io.iter_civis_sql("SELECT 1 AS one", "local", return_as="pandas"),
):
    message = refusal(call)
    assert "pip install 'civis[pandas]'" in message, message
print("all as expected")
