"""Results that lie on the platform: where they are, the types of their columns, their bytes as streams."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, BinaryIO

from civis._errors import CivisAPIError
from civis._http import SignedUrl, Transport, WindowSettings, open_download, shared_transport
from civis.io._file_clients import transport_of
from civis.io._file_downloads import fresh_url

if TYPE_CHECKING:
    from civis._http import Progress
    from civis.client import APIClient
    from civis.io._readers import ReadOptions
    from civis.io._result_tables import OpenStream

__all__ = ["Part", "column_types", "manifest_parts", "open_parts", "types_by_name", "with_types"]

#: How contents are fetched where memory counts more than the last bit of speed.
_SMALL_WINDOWS = WindowSettings(size=2 << 20, width=4)


@dataclass(frozen=True)
class Part:
    """A file of a result.

    Parameters
    ----------
    url : SignedUrl
    file_id : int or None
        Its ID on the platform, where it is known.
    refresh : callable or None
        Gives another URL when this one has expired.
    inflates : bool
        Whether it is gzip.
    """

    url: SignedUrl
    file_id: int | None = None
    refresh: Callable[[], str] | None = None
    inflates: bool = True


def open_parts(
    client: APIClient, parts: Sequence[Part], progress: Progress | None, *, is_frugal: bool = False
) -> list[OpenStream]:
    """Give for each part of a result what opens it; several may be read at the same time."""
    told = progress if progress is None or len(parts) == 1 else _one_at_a_time(progress)
    transport = transport_of(client)
    if is_frugal:
        found = transport or shared_transport()
        transport = Transport(found.pools, found.clock, found.attempts, found.timeout, _SMALL_WINDOWS)
    return [_opener(part, told, transport) for part in parts]


def with_types(client: APIClient, options: ReadOptions, file_id: int | None) -> ReadOptions:
    """Add the types that the platform gives for the columns of a result, as far as the user named none."""
    if not options.needs_types or file_id is None:
        return options
    placed = column_types(client, file_id)
    return replace(
        options, sql_types={**types_by_name(placed), **options.sql_types}, placed_types=tuple(placed)
    )


def column_types(client: APIClient, file_id: int) -> list[tuple[str, str]]:
    """Ask which names and SQL types the columns of a file have, in order; often nobody knows."""
    try:
        found = client.files.get(file_id).get("detected_info") or {}
    except CivisAPIError:
        return []
    return [
        (str(column["name"]), str(column["sql_type"]))
        for column in found.get("table_columns") or ()
        if column.get("sql_type")
    ]


def types_by_name(columns: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Give SQL types by name in small letters; text where columns of one name differ in it.

    Examples
    --------
    >>> types_by_name([("a", "INTEGER"), ("A", "DATE"), ("b", "DATE")])
    {'a': 'varchar', 'b': 'DATE'}
    """
    types: dict[str, str] = {}
    for name, sql_type in columns:
        known = types.setdefault(name.lower(), sql_type)
        if known != sql_type:
            types[name.lower()] = "varchar"
    return types


def manifest_parts(client: APIClient, url: str) -> tuple[list[Part], list[str]]:
    """Read the manifest of a result in several files: the files, and the names of the columns."""
    with open_download(url, transport=transport_of(client)) as stream:
        manifest: Mapping[str, Any] = json.load(stream)
    parts = [
        Part(SignedUrl(entry["url_signed"]), int(entry["id"]), fresh_url(client, int(entry["id"])))
        for entry in manifest["entries"]
    ]
    return parts, [str(name) for name in manifest.get("header") or ()]


def _opener(part: Part, progress: Progress | None, transport: Transport | None) -> OpenStream:
    """Give what opens a part from its beginning."""

    @contextmanager
    def opened() -> Iterator[BinaryIO]:
        with open_download(
            part.url,
            inflate=part.inflates,
            progress=progress,
            refresh_url=part.refresh,
            transport=transport,
        ) as stream:
            yield stream

    return opened


def _one_at_a_time(progress: Progress) -> Progress:
    """Let several threads tell of their progress without meeting."""
    lock = threading.Lock()

    def told(count: int) -> None:
        with lock:
            progress(count)

    return told
