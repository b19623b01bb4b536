"""Where a job's data is: a frame, CSV, table, file or manifest; uploaded, and as the job's arguments."""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from civis.io import file_to_civis

if TYPE_CHECKING:
    from civis.client import APIClient

__all__ = ["Source", "database_argument", "joined", "upload_pickle"]


@dataclass(frozen=True)
class Source:
    """The data of a job, just one of several places.

    Parameters
    ----------
    df : pandas.DataFrame or polars.DataFrame, optional
    csv_path : str or os.PathLike, optional
    table_name : str, optional
        With `database_name`.
    database_name : str or int, optional
    file_id : int, optional
    manifest : int, optional
    sql_where, sql_limit : optional
        For tables only.

    Raises
    ------
    ValueError
        If there is none or several, or what is given does not go together.
    TypeError
        If a frame has an index or columns of several levels.
    """

    df: Any = None
    csv_path: str | os.PathLike[str] | None = None
    table_name: str | None = None
    database_name: str | int | None = None
    file_id: int | None = None
    manifest: int | None = None
    sql_where: str | None = None
    sql_limit: int | None = None

    def __post_init__(self) -> None:
        given = [name for name in _PLACES if getattr(self, name) is not None]
        if len(given) != 1:
            several = f"not {', '.join(given)}" if given else "and none is given"
            raise ValueError(f"the data is given by just one of {', '.join(_PLACES)}, {several}")
        if self.table_name is not None and self.database_name is None:
            raise ValueError(f"table_name={self.table_name!r} needs database_name")
        if self.table_name is None and self.manifest is None and self.database_name is not None:
            raise ValueError(f"database_name={self.database_name!r} needs table_name")
        for name in ("sql_where", "sql_limit"):
            if getattr(self, name) is not None and self.table_name is None:
                raise ValueError(f"{name} is for tables only; leave it out, or give table_name")
        if self.df is not None and any(
            getattr(getattr(self.df, axis, None), "nlevels", 1) > 1 for axis in ("index", "columns")
        ):
            raise TypeError("CivisML takes no frame with several levels; flatten it, by df.reset_index()")

    def arguments(self, client: APIClient) -> dict[str, Any]:
        """Upload what is here, and give the arguments that name the data."""
        if self.df is not None:
            return {"CIVIS_FILE_ID": str(_upload_frame(self.df, client))}
        if self.csv_path is not None:
            return {"CIVIS_FILE_ID": str(file_to_civis(Path(self.csv_path), client=client))}
        if self.file_id is not None:
            return {"CIVIS_FILE_ID": str(self.file_id)}
        found: dict[str, Any] = {}
        if self.manifest is not None:
            found["MANIFEST"] = str(self.manifest)
        if self.table_name is not None:
            found["TABLE_NAME"] = self.table_name
        if self.database_name is not None:
            found["DB"] = database_argument(client, self.database_name)
        if self.sql_where is not None:
            found["WHERESQL"] = self.sql_where
        if self.sql_limit is not None:
            found["LIMITSQL"] = str(self.sql_limit)
        return found


_PLACES = ("df", "csv_path", "table_name", "file_id", "manifest")


def database_argument(client: APIClient, database: str | int) -> dict[str, int]:
    """Give a database and its credential as a script's argument names them."""
    return {
        "database": int(client.get_database_id(database)),
        "credential": int(client.default_database_credential_id or 0),
    }


def joined(names: list[str]) -> str:
    """Write names as one argument: with blanks between, or as JSON where a name has one itself."""
    return json.dumps(names) if any(" " in name or name[:1] == "[" for name in names) else " ".join(names)


def upload_pickle(value: Any, name: str, client: APIClient) -> int:
    """Upload an estimator of the user's, by value as far as its classes are the user's own."""
    import cloudpickle  # type: ignore[import-untyped]  # noqa: PLC0415 - only models of users' own need it

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(cloudpickle.dumps(value))
        return file_to_civis(path, client=client)


def _upload_frame(df: Any, client: APIClient) -> int:
    """Upload a frame without its index: as Feather, which keeps types and categories, else as CSV."""
    with tempfile.TemporaryDirectory() as folder:
        if hasattr(df, "write_csv"):  # polars
            path = Path(folder) / "data.feather"
            df.write_ipc(path, compression="lz4")
            return file_to_civis(path, client=client)
        path = Path(folder) / "data.feather"
        plain = df.reset_index(drop=True)
        try:
            plain.to_feather(path)
        except Exception:  # no pyarrow, or a column of mixed values, which only text can hold
            path = Path(folder) / "data.csv"
            plain.to_csv(path, index=False, encoding="utf-8")
        return file_to_civis(path, client=client)
