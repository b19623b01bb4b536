"""The CSV settings of SQL scripts: defaults, checks, and what they are for the warehouse."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from civis.local.api import BadRequest
from civis.local.services.lookups import require_choice
from civis.local.services.spelling import snake_keys
from civis.local.warehouse import CsvFormat, ParquetFormat

__all__ = ["DEFAULTS", "SUFFIXES", "export_format", "max_file_bytes", "read_settings"]

DEFAULTS: dict[str, Any] = {
    "include_header": True,
    "compression": "gzip",
    "column_delimiter": "comma",
    "unquoted": False,
    "force_multifile": False,
    "filename_prefix": None,
    "max_file_size": None,
}
SUFFIXES = {"none": ".csv", "gzip": ".csv.gz", "zip": ".zip"}
_DELIMITERS = ("comma", "tab", "pipe")


def read_settings(given: Mapping[str, Any] | None) -> dict[str, Any]:
    """Check a request's settings and fill in the defaults; null counts as not given.

    Raises
    ------
    BadRequest
        If a value is none of those allowed.
    """
    sent = {key: value for key, value in snake_keys(given or {}).items() if value is not None}
    settings = DEFAULTS | {key: sent[key] for key in DEFAULTS if key in sent}
    require_choice(settings["compression"], tuple(SUFFIXES), "compression")
    require_choice(settings["column_delimiter"], _DELIMITERS, "column_delimiter")
    for name in ("include_header", "unquoted", "force_multifile"):
        if not isinstance(settings[name], bool):
            raise BadRequest(f"{name} must be true or false, not {settings[name]!r}.")
    size, prefix = settings["max_file_size"], settings["filename_prefix"]
    if size is not None and (not isinstance(size, int) or isinstance(size, bool) or size < 1):
        raise BadRequest(f"max_file_size must be a number of megabytes, 1 or more, not {size!r}.")
    if size is not None and not settings["force_multifile"]:
        raise BadRequest("max_file_size is only available when force_multifile is true.")
    if prefix is not None and (not isinstance(prefix, str) or "/" in prefix or "\x00" in prefix):
        raise BadRequest(f"filename_prefix must be the beginning of a file's name, not {prefix!r}.")
    return settings


def export_format(settings: Mapping[str, Any]) -> CsvFormat | ParquetFormat:
    """Give the format in the warehouse's terms; Parquet is UNLOAD's, and no request can ask for it."""
    if settings["compression"] == "parquet":
        return ParquetFormat()
    return CsvFormat(
        include_header=settings["include_header"],
        delimiter=settings["column_delimiter"],
        compression=settings["compression"],
        unquoted=settings["unquoted"],
    )


def max_file_bytes(settings: Mapping[str, Any]) -> int | None:
    """Give how large a file may become, in bytes."""
    size = settings["max_file_size"]
    return None if size is None else int(size) * 1024 * 1024
