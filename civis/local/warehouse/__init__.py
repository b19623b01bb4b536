"""The warehouse of the local platform: SQL in Redshift's dialect on DuckDB files, CSV in and out.

It knows nothing of HTTP routes, users' accounts or state; callers hand it a user's name and paths.

A first look::

    from pathlib import Path
    from civis.local.warehouse import CsvFormat, TableLoad, Warehouse, inspect_csv

    with Warehouse(Path("data")) as warehouse:          # one DuckDB file a database under data/
        database = warehouse.database("local")          # by name; .databases() lists, .add(name) makes one
        result = database.execute("select 1 as one", user="ann", preview_rows=100)
        result.columns, result.rows                     # (Column("one", "integer"),), ((1,),)

        info = inspect_csv(path)                        # header, delimiter, compression, columns
        database.load_csv([path], "public", "t", TableLoad(columns=info.columns, first_row_is_header=True),
                          user="ann")
        database.export("select * from public.t", Path("out"), CsvFormat(compression="gzip"), user="ann")

Cancel from another thread: pass ``interruption=Interruption()`` to `execute`, `export` or `load_csv` and call
its ``interrupt()``; the call then raises `Interrupted`. A SQL that fails raises `SqlError`, a load
`LoadError` (with ``.rejected``), an unreadable file `CsvError`; ``str(error)`` is fit for a run's log.
"""

from __future__ import annotations

from civis.local.warehouse.csv_inspect import inspect_csv
from civis.local.warehouse.errors import (
    CsvError,
    DatabaseNotFound,
    Interrupted,
    LoadError,
    RejectedRow,
    SqlError,
    WarehouseError,
)
from civis.local.warehouse.interface import (
    Column,
    ColumnInfo,
    CsvColumn,
    CsvFormat,
    CsvInfo,
    CsvSource,
    Database,
    ExportedFile,
    ExportResult,
    Interruption,
    LoadReport,
    ParquetFormat,
    Privilege,
    Result,
    TableAttributes,
    TableInfo,
    TableLoad,
)
from civis.local.warehouse.warehouse import Warehouse

__all__ = [
    "Column",
    "ColumnInfo",
    "CsvColumn",
    "CsvError",
    "CsvFormat",
    "CsvInfo",
    "CsvSource",
    "Database",
    "DatabaseNotFound",
    "ExportResult",
    "ExportedFile",
    "Interrupted",
    "Interruption",
    "LoadError",
    "LoadReport",
    "ParquetFormat",
    "Privilege",
    "RejectedRow",
    "Result",
    "SqlError",
    "TableAttributes",
    "TableInfo",
    "TableLoad",
    "Warehouse",
    "WarehouseError",
    "inspect_csv",
]
