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
from typing import TYPE_CHECKING, Any, BinaryIO

from civis.io._file_clients import pick_client
from civis.io._file_compression import compressed_writer, compression_of, decompressed
from civis.io._file_downloads import download_to_handle, find_file
from civis.io._file_sources import open_source
from civis.io._file_uploads import DEFAULT_EXPIRY, FileDetails, file_details, upload

if TYPE_CHECKING:
    from civis.client import APIClient

__all__ = ["dataframe_to_file", "file_to_dataframe", "file_to_json", "json_to_file"]

LIBRARIES = ("pandas", "polars")


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
    api_key: str | None = None,
    **read_kwargs: Any,
) -> Any:
    """Download a CSV file into a data frame.

    Parameters
    ----------
    file_id : int
        The ID of the file.
    return_as : {"pandas", "polars"}, optional
        The library whose data frame is returned.
    compression : {"infer", "gzip", "bz2", "zip", "xz", "zstd", None}, optional
        How the file is compressed. By default its first bytes tell.
    client : civis.APIClient, optional
        By default one made from the environment.
    api_key : str, optional
        Older spelling of ``client=civis.APIClient(api_key)``.
    **read_kwargs
        Passed on to the library's `read_csv`.

    Returns
    -------
    pandas.DataFrame or polars.DataFrame

    Raises
    ------
    civis.base.EmptyResultError
        When there is no such file or it has expired.
    ImportError
        When the library is not installed.
    ValueError
        For another `return_as`.

    Examples
    --------
    >>> import civis
    >>> civis.io.file_to_dataframe(5001)  # doctest: +SKIP
       a  b
    0  1  2
    """
    library = _import_library(return_as)
    client = pick_client(client, api_key)
    with tempfile.TemporaryFile() as content:
        download_to_handle(client, find_file(client, file_id), content, None)
        content.seek(0)
        kind = compression_of(content) if compression == "infer" else compression
        if return_as == "pandas":
            return library.read_csv(content, compression=kind, **read_kwargs)
        with decompressed(content, kind) as plain:
            return library.read_csv(plain.read(), **read_kwargs)


def dataframe_to_file(
    df: Any,
    name: str = "data.csv",
    expires_at: str | datetime.datetime | None = DEFAULT_EXPIRY,
    description: str | None = None,
    client: APIClient | None = None,
    *,
    api_key: str | None = None,
    **to_csv_kws: Any,
) -> int:
    """Upload a data frame as a CSV file.

    Parameters
    ----------
    df : pandas.DataFrame or polars.DataFrame
        The data frame.
    name : str, optional
        The file's name on the platform; one that ends in ``.gz``, ``.bz2`` or ``.xz`` has it compressed so.
    expires_at, description, client, api_key
        As for `civis.io.file_to_civis`.
    **to_csv_kws
        Passed on to the data frame's `to_csv` (pandas) or `write_csv` (polars). An index of pandas is
        written if it has a name, unless `index` says otherwise: one without a name only numbers the rows.

    Returns
    -------
    int
        The ID of the file.

    Raises
    ------
    TypeError
        When `df` is no data frame.

    Examples
    --------
    >>> import civis, pandas
    >>> civis.io.dataframe_to_file(pandas.DataFrame({"a": [1]}), name="a.csv")  # doctest: +SKIP
    5001
    """
    details = file_details(name, expires_at, description, {})
    if not any(hasattr(df, method) for method in ("to_csv", "write_csv")):
        raise TypeError(
            f"expected a data frame of pandas or polars, not an object of type {type(df).__name__}"
        )
    client = pick_client(client, api_key)
    with tempfile.TemporaryFile() as content:
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
        else:
            df.write_csv(plain, **to_csv_kws)


def _upload_stream(client: APIClient, content: BinaryIO, details: FileDetails) -> int:
    """Upload what was written to a temporary stream."""
    with open_source(content) as source:
        return upload(client, source, details)


def _import_library(return_as: str) -> Any:
    """Import the library of a kind of data frame."""
    if return_as not in LIBRARIES:
        raise ValueError(f"return_as must be 'pandas' or 'polars', not {return_as!r}")
    try:
        return importlib.import_module(return_as)
    except ImportError as error:
        raise ImportError(
            f"return_as={return_as!r} needs {return_as}: pip install 'civis[{return_as}]'"
        ) from error
