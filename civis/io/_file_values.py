"""Python values as files of the platform: JSON and data frames.

Names of files are only ever names here: temporary files are named by the system.
"""

from __future__ import annotations

import datetime
import importlib
import io
import json
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, BinaryIO

from civis.io._file_clients import pick_client
from civis.io._file_compression import compressed_writer, compression_of, decompressed
from civis.io._file_downloads import download_to_handle, find_file
from civis.io._file_sources import open_source
from civis.io._file_uploads import DEFAULT_EXPIRY, FileDetails, file_details, upload
from civis.io._frame_formats import columnar_format, read_columnar, write_columnar
from civis.io._frames import as_frame
from civis.io._native_readers import close_with, is_lazy

if TYPE_CHECKING:
    from civis.client import APIClient

__all__ = ["dataframe_to_file", "file_to_dataframe", "file_to_json", "json_to_file"]

LIBRARIES = {"pandas": "pandas", "polars": "polars", "arrow": "pyarrow"}


def file_to_json(
    file_id: int, client: APIClient | None = None, *, api_key: str | None = None, **json_kwargs: Any
) -> Any:
    """Download a JSON file and decode it.

    Parameters
    ----------
    file_id : int
        The ID of the file.
    client : civis.APIClient, optional
        By default one made from the environment.
    api_key : str, optional
        Older spelling of ``client=civis.APIClient(api_key)``.
    **json_kwargs
        Passed on to `json.loads`.

    Returns
    -------
    object
        What the file holds.

    Raises
    ------
    civis.base.EmptyResultError
        When there is no such file or it has expired.
    json.JSONDecodeError
        When the file is no JSON.

    Examples
    --------
    >>> import civis
    >>> civis.io.file_to_json(5001)  # doctest: +SKIP
    {'answer': 42}
    """
    client = pick_client(client, api_key)
    buffer = io.BytesIO()
    download_to_handle(client, find_file(client, file_id), buffer, None)
    return json.loads(buffer.getvalue(), **json_kwargs)


def json_to_file(
    obj: Any,
    name: str = "file.json",
    expires_at: str | datetime.datetime | None = DEFAULT_EXPIRY,
    description: str | None = None,
    client: APIClient | None = None,
    *,
    api_key: str | None = None,
    **json_kwargs: Any,
) -> int:
    """Upload a value as a JSON file.

    Parameters
    ----------
    obj : object
        What `json.dumps` can encode.
    name : str, optional
        The file's name on the platform.
    expires_at, description, client, api_key
        As for `civis.io.file_to_civis`.
    **json_kwargs
        Passed on to `json.dumps`.

    Returns
    -------
    int
        The ID of the file.

    Raises
    ------
    TypeError
        When the value cannot be encoded.

    Examples
    --------
    >>> import civis
    >>> civis.io.json_to_file({"answer": 42}, name="answer.json")  # doctest: +SKIP
    5001
    """
    content = io.BytesIO(json.dumps(obj, **json_kwargs).encode())
    details = file_details(name, expires_at, description, {})
    return _upload_stream(pick_client(client, api_key), content, details)


def file_to_dataframe(
    file_id: int,
    return_as: str = "pandas",
    compression: str | Mapping[str, Any] | None = "infer",
    client: APIClient | None = None,
    *,
    format: str | None = None,
    api_key: str | None = None,
    **read_kwargs: Any,
) -> Any:
    """Download a file into a data frame: Parquet, Feather, or CSV.

    Parameters
    ----------
    file_id : int
        The ID of the file.
    return_as : {"pandas", "polars", "arrow"}, optional
        The library whose data frame is returned; "arrow" gives a `pyarrow.Table`.
    compression : {"infer", "gzip", "bz2", "zip", "xz", "zstd", None}, optional
        How a CSV file is compressed. By default its first bytes tell.
    client : civis.APIClient, optional
        By default one made from the environment.
    format : {"csv", "parquet", "feather"}, optional
        What the file is. By default its name tells: Parquet ends in ``.parquet``, Feather in ``.feather`` or
        ``.arrow``, and every other name means CSV.
    api_key : str, optional
        Older spelling of ``client=civis.APIClient(api_key)``.
    **read_kwargs
        Passed on to the library's reader, such as `pandas.read_csv` or `polars.read_parquet`.

    Returns
    -------
    pandas.DataFrame, polars.DataFrame or pyarrow.Table

    Raises
    ------
    civis.base.EmptyResultError
        When there is no such file or it has expired.
    ImportError
        When the library is not installed.
    ValueError
        For another `return_as` or `format`.

    Examples
    --------
    >>> import civis
    >>> civis.io.file_to_dataframe(5001)  # doctest: +SKIP
       a  b
    0  1  2
    """
    library = _import_library(return_as)
    columnar_format("", format)
    client = pick_client(client, api_key)
    file = find_file(client, file_id)
    columnar = columnar_format(str(file.name), format)
    with ExitStack() as stack:
        content = stack.enter_context(tempfile.TemporaryFile())
        download_to_handle(client, file, content, None)
        content.seek(0)
        if columnar is not None:
            return read_columnar(content, columnar, return_as, read_kwargs)
        kind = compression_of(content) if compression == "infer" else compression
        if return_as == "pandas":
            found = library.read_csv(content, compression=kind, **read_kwargs)
            if is_lazy(read_kwargs):
                close_with(found, stack.pop_all().close)
            return found
        with decompressed(content, kind) as plain:
            if return_as == "arrow":
                return importlib.import_module("pyarrow.csv").read_csv(plain, **read_kwargs)
            return library.read_csv(plain.read(), **read_kwargs)


def dataframe_to_file(
    df: Any,
    name: str = "data.csv",
    expires_at: str | datetime.datetime | None = DEFAULT_EXPIRY,
    description: str | None = None,
    client: APIClient | None = None,
    *,
    format: str | None = None,
    api_key: str | None = None,
    **to_csv_kws: Any,
) -> int:
    """Upload a data frame as a file: Parquet, Feather, or CSV.

    Parameters
    ----------
    df : pandas.DataFrame, polars.DataFrame or pyarrow.Table
        The data frame.
    name : str, optional
        The file's name on the platform. It tells the format: ``.parquet``, ``.feather`` (or ``.arrow``), else
        CSV, which is compressed where the name ends in ``.gz``, ``.bz2``, ``.xz`` or ``.zip``.
    expires_at, description, client, api_key
        As for `civis.io.file_to_civis`.
    format : {"csv", "parquet", "feather"}, optional
        What the file is to be, whatever its name.
    **to_csv_kws
        Passed on to the data frame's writer, such as `to_csv` (pandas) or `write_csv` (polars). As CSV, an
        index of pandas is written if it has a name, unless `index` says otherwise: one without a name only
        numbers the rows.

    Returns
    -------
    int
        The ID of the file.

    Raises
    ------
    TypeError
        When `df` is no data frame.
    ValueError
        When the name ends as that of a compressed file that cannot be written, such as ``.zst``.

    Examples
    --------
    >>> import civis, pandas
    >>> civis.io.dataframe_to_file(pandas.DataFrame({"a": [1]}), name="a.csv")  # doctest: +SKIP
    5001
    """
    details = file_details(name, expires_at, description, {})
    if hasattr(df, "__arrow_c_stream__") or not any(hasattr(df, way) for way in ("to_csv", "write_csv")):
        df = as_frame(df)
    columnar = columnar_format(name, format)
    client = pick_client(client, api_key)
    with tempfile.TemporaryFile() as content:
        if columnar is not None:
            write_columnar(df, content, columnar, to_csv_kws)
        else:
            _write_csv(df, content, name, to_csv_kws)
        return _upload_stream(client, content, details)


def _write_csv(df: Any, content: BinaryIO, name: str, to_csv_kws: dict[str, Any]) -> None:
    """Write a data frame as CSV, compressed as the file's name or the user says."""
    compression = to_csv_kws.pop("compression", "infer")
    if hasattr(df, "to_csv") and not isinstance(compression, str | None):
        df.to_csv(content, mode="wb", compression=compression, **to_csv_kws)
        return
    with compressed_writer(content, compression, name) as plain:
        if hasattr(df, "to_csv"):
            to_csv_kws.setdefault("index", any(label is not None for label in df.index.names))
            df.to_csv(plain, mode="wb", **to_csv_kws)
        elif not hasattr(df, "write_csv"):
            importlib.import_module("pyarrow.csv").write_csv(df, plain, **to_csv_kws)
        else:
            df.write_csv(plain, **to_csv_kws)


def _upload_stream(client: APIClient, content: BinaryIO, details: FileDetails) -> int:
    """Upload what was written to a temporary stream."""
    with open_source(content) as source:
        return upload(client, source, details)


def _import_library(return_as: str) -> Any:
    """Import the library of a kind of data frame."""
    if return_as not in LIBRARIES:
        raise ValueError(f"return_as must be 'pandas', 'polars' or 'arrow', not {return_as!r}")
    try:
        return importlib.import_module(LIBRARIES[return_as])
    except ImportError as error:
        extra = "polars" if return_as == "polars" else "pandas"
        raise ImportError(
            f"return_as={return_as!r} needs {LIBRARIES[return_as]}: pip install 'civis[{extra}]'"
        ) from error
