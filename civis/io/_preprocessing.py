"""CSV files looked at by the platform before an import: what they are, whether several can be one table."""

from __future__ import annotations

import datetime
import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from civis._errors import CivisAPIError, CivisError, CivisImportError, CivisJobFailure
from civis.futures import CivisFuture

if TYPE_CHECKING:
    from civis.client import APIClient

__all__ = ["CsvQuestion", "PreparedFiles", "agree", "prepare_files", "soon"]

logger = logging.getLogger(__name__)

_INTEGERS = ("SMALLINT", "INTEGER", "BIGINT")
_VARCHAR = re.compile(r"\s*(?:varchar|character varying|nvarchar|text)\s*(?:\(\s*(\d+)\s*\))?", re.IGNORECASE)
_LARGEST_VARCHAR = 65535
#: How long files are kept that only an import needs.
_INTERMEDIATE_LIFE = datetime.timedelta(hours=24)


@dataclass(frozen=True)
class CsvQuestion:
    """What the platform is to look for in a file, and what it is told about it.

    Parameters
    ----------
    delimiter : {"comma", "tab", "pipe"} or None
    headers : bool or None
        None of either detects.
    detect_columns : bool
        Whether names and types of the columns are wanted.
    """

    delimiter: str | None
    headers: bool | None
    detect_columns: bool
    hidden: bool = True


@dataclass(frozen=True)
class PreparedFiles:
    """Files that are ready for an import, and what they have in common.

    Parameters
    ----------
    file_ids : tuple of int
        In the order of the files that were asked about.
    has_header : bool
    delimiter : {"comma", "tab", "pipe"}
    compression : {"none", "gzip", "zip"}
    columns : list of dict or None
        Name and SQL type a column, where they were wanted.
    """

    file_ids: tuple[int, ...]
    has_header: bool
    delimiter: str
    compression: str
    columns: list[dict[str, str]] | None


def prepare_files(
    client: APIClient, file_ids: Sequence[int], question: CsvQuestion, polling_interval: float | None
) -> PreparedFiles:
    """Have the platform look at all files at once, and see that they agree.

    Raises
    ------
    CivisImportError
        If a file cannot be read as CSV, or files differ, naming them and how.
    """
    started: list[CivisFuture] = []
    try:
        started.extend(_start(client, file_id, question, polling_interval) for file_id in file_ids)
        found = [_finish(client, file_id, future) for file_id, future in zip(file_ids, started, strict=True)]
    except BaseException:
        _give_up(started)
        raise
    return agree(list(file_ids), found)


def _give_up(started: Sequence[CivisFuture]) -> None:
    """Cancel the looks at files that nobody waits for any more."""
    for future in started:
        try:
            if not future.done():
                future.cancel()
            elif not future.cancelled():
                # One file's fault is raised already; those of the others are known of.
                future.exception()
        except CivisError as error:
            logger.warning("job %s could not be cancelled: %s", future.job_id, error)


def agree(file_ids: Sequence[int], found: Sequence[tuple[int, Any]]) -> PreparedFiles:
    """See that files can be loaded as one.

    Parameters
    ----------
    file_ids : sequence of int
        The files as the user knows them.
    found : sequence of (int, mapping)
        The prepared file and its ``detected_info`` of each.

    Raises
    ------
    CivisImportError
        If they differ in header, delimiter, compression or columns.
    """
    infos = [info for _, info in found]
    for field, what in (
        ("include_header", "having a header"),
        ("column_delimiter", "delimiter"),
        ("compression", "compression"),
    ):
        _same(file_ids, [info[field] for info in infos], what)
    columns = [
        [(str(c["name"]), str(c["sql_type"])) for c in info.get("table_columns") or ()] for info in infos
    ]
    _same(file_ids, [len(each) for each in columns], "number of columns")
    _same(file_ids, [[name.lower() for name, _ in each] for each in columns], "columns")
    first = infos[0]
    return PreparedFiles(
        tuple(file_id for file_id, _ in found),
        bool(first["include_header"]),
        str(first["column_delimiter"]),
        str(first["compression"]),
        _merge(columns) or None,
    )


def _start(
    client: APIClient, file_id: int, question: CsvQuestion, polling_interval: float | None
) -> CivisFuture:
    """Start the look at one file."""
    known: dict[str, Any] = {}
    if question.headers is not None:
        known["include_header"] = question.headers
    if question.delimiter is not None:
        known["column_delimiter"] = question.delimiter
    job = client.files.post_preprocess_csv(
        file_id,
        in_place=False,
        detect_table_columns=question.detect_columns,
        force_character_set_conversion=True,
        hidden=question.hidden,
        **known,
    )
    run = client.jobs.post_runs(job.id)
    return CivisFuture(client.jobs.get_runs, (job.id, run.id), polling_interval, client)


def _finish(client: APIClient, file_id: int, future: CivisFuture) -> tuple[int, Any]:
    """Wait for the look at one file; its prepared file and what was found out."""
    try:
        future.result()
    except CivisJobFailure as error:
        raise CivisImportError(f"file {file_id} cannot be read as CSV: {error}") from error
    prepared = [output for output in future.outputs() if output.object_type == "File"]
    if not prepared:
        raise CivisImportError(f"file {file_id} was looked at (job {future.job_id}), but nothing came of it")
    cleaned_id = int(prepared[0].object_id)
    if cleaned_id != file_id:
        _expire_soon(client, cleaned_id)
    info = client.files.get(cleaned_id).detected_info
    if not info:
        raise CivisImportError(
            f"file {file_id} was looked at (job {future.job_id}), but nothing was found out"
        )
    return cleaned_id, info


def _expire_soon(client: APIClient, file_id: int) -> None:
    """Have a file that only the import needs vanish within a day."""
    try:
        client.files.patch(file_id, expires_at=soon())
    except CivisAPIError as error:
        # It vanishes in 30 days anyway; the import is not to fail of it.
        logger.warning("the intermediate file %d stays for 30 days: %s", file_id, error)


def soon() -> str:
    """Give the time a day from now, by which every import has begun to read."""
    moment = datetime.datetime.now(datetime.timezone.utc) + _INTERMEDIATE_LIFE
    return moment.isoformat(timespec="seconds")


def _same(file_ids: Sequence[int], values: Sequence[Any], what: str) -> None:
    """Refuse values that are not all alike, naming the first two files that differ."""
    for file_id, value in zip(file_ids, values, strict=True):
        if value != values[0]:
            raise CivisImportError(
                f"files cannot become one table because they differ in {what}: "
                f"file {file_ids[0]} has {values[0]!r}, file {file_id} has {value!r}"
            )


def _merge(columns: Sequence[Sequence[tuple[str, str]]]) -> list[dict[str, str]]:
    """Give each column the type that holds its values of all files."""
    merged: list[dict[str, str]] = []
    for position, (name, _) in enumerate(columns[0]):
        types = list(dict.fromkeys(each[position][1] for each in columns))
        merged.append({"name": name, "sql_type": types[0] if len(types) == 1 else _widest(types)})
    return merged


def _widest(types: Sequence[str]) -> str:
    """Give a type that holds the values of several."""
    words = [each.upper() for each in types]
    if all(word in _INTEGERS for word in words):
        return max(words, key=_INTEGERS.index)
    lengths = [_VARCHAR.fullmatch(each) for each in types]
    if all(lengths):
        known = [int(match[1]) for match in lengths if match and match[1]]
        return f"VARCHAR({max(known)})" if len(known) == len(types) else f"VARCHAR({_LARGEST_VARCHAR})"
    return f"VARCHAR({_LARGEST_VARCHAR})"
