"""Imports from storage hosts: files of a bucket, brought here for the time of their load."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from civis.local.jobs import JobFailed, RunContext
from civis.local.services.storage_places import StoragePlace, open_storage
from civis.local.warehouse import CsvSource

__all__ = ["storage_sources"]


@contextmanager
def storage_sources(context: RunContext, path: Mapping[str, Any] | None) -> Iterator[list[CsvSource]]:
    """Bring the files of a storage path here; they are gone when the block is left.

    Parameters
    ----------
    context : RunContext
    path : mapping or None
        `storage_host_id`, `credential_id` and `file_paths`; nothing is brought where it is None.

    Raises
    ------
    JobFailed
        If a file is not there, or the bucket cannot be reached.
    """
    if path is None:
        yield []
        return
    place = open_storage(context, path["storage_host_id"], path.get("credential_id"))
    with tempfile.TemporaryDirectory(prefix="civis-import-") as folder:
        found = []
        for number, file_path in enumerate(_file_paths(place, path["file_paths"])):
            context.check()
            target = Path(folder) / str(number)
            try:
                place.get(file_path, target)
            except FileNotFoundError:
                raise JobFailed(f"There is no file {place.name_of('', file_path)!r}.") from None
            except OSError as error:
                raise JobFailed(f"{place.name_of('', file_path)!r} cannot be read: {error}") from None
            found.append(CsvSource(target, file_path.rsplit("/", 1)[-1]))
        yield found


def _file_paths(place: StoragePlace, paths: Sequence[str]) -> list[str]:
    """List the files that paths name, those of a folder by their names."""
    found: list[str] = []
    for path in map(str, paths):
        names = place.files(path)
        found.extend([f"{path.strip('/')}/{name}".lstrip("/") for name in names] or [path])
    return found
