"""Data in and out: tables, queries and files, to and from lists, frames and files of this machine.

Neither pandas nor polars is imported before a function that needs it is called.
"""

from __future__ import annotations

from civis.io._exporting import civis_to_csv, civis_to_multifile_csv, export_to_civis_file
from civis.io._file_values import dataframe_to_file, file_to_dataframe, file_to_json, json_to_file
from civis.io._files import civis_to_file, file_id_from_run_output, file_to_civis
from civis.io._past_runs import read_run, read_script
from civis.io._querying import query_civis, transfer_table
from civis.io._reading import read_civis, read_civis_sql
from civis.io._streaming import iter_civis_sql
from civis.io._tablenames import split_schema_tablename
from civis.io._writing import civis_file_to_table, csv_to_civis, dataframe_to_civis

__all__ = [
    "civis_file_to_table",
    "civis_to_csv",
    "civis_to_file",
    "civis_to_multifile_csv",
    "csv_to_civis",
    "dataframe_to_civis",
    "dataframe_to_file",
    "export_to_civis_file",
    "file_id_from_run_output",
    "file_to_civis",
    "file_to_dataframe",
    "file_to_json",
    "iter_civis_sql",
    "json_to_file",
    "query_civis",
    "read_civis",
    "read_civis_sql",
    "read_run",
    "read_script",
    "split_schema_tablename",
    "transfer_table",
]


def __getattr__(name: str) -> object:
    """Refuse a name that there is not, and name those that may have been meant."""
    if name.startswith("_"):  # ``from civis.io import _files`` asks here before it loads the module
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from civis._names import suggestion  # noqa: PLC0415 - only an error needs it

    raise AttributeError(f"module {__name__!r} has no attribute {name!r}.{suggestion(name, __all__)}")
