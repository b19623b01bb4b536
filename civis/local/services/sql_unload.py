"""Redshift's UNLOAD in SQL scripts: a query's rows as Parquet files, which keep the columns' types.

On Redshift they go to S3, which there is not here; ``civis://`` makes files of the platform of them::

    UNLOAD ('select * from public.people where town = ''Ulm''') TO 'civis://people' FORMAT PARQUET
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from civis.local.jobs import JobFailed

__all__ = ["Unload", "read_unload"]

_DEFAULT_MB = 64
_UNLOAD = re.compile(
    r"\s*unload\s*\(\s*(?:'(?P<query>(?:[^']|'')*)'|\$\$(?P<dollars>.*?)\$\$)\s*\)\s*"
    r"to\s*'(?P<place>[^']*)'(?P<options>[^';]*);?\s*",
    re.IGNORECASE | re.DOTALL,
)
_OPTION = re.compile(
    r"\s*(?:(?P<format>(?:format\s+(?:as\s+)?)?parquet)"
    r"|maxfilesize\s+(?:as\s+)?(?P<size>\d+)\s*(?P<unit>mb|gb)?)(?=\s|\Z)",
    re.IGNORECASE,
)
_PLACE = "civis://"


@dataclass(frozen=True)
class Unload:
    """What an UNLOAD asks for.

    Parameters
    ----------
    query : str
    prefix : str or None
        What the files' names begin with.
    max_file_mb : int
        The most megabytes of a file, as the rows take them in memory.
    """

    query: str
    prefix: str | None
    max_file_mb: int = _DEFAULT_MB


def read_unload(sql: str) -> Unload | None:
    """Recognise an UNLOAD; None for any other SQL.

    Raises
    ------
    JobFailed
        If it wants something that there is not here.

    Examples
    --------
    >>> read_unload("UNLOAD ('select ''a''') TO 'civis://letters' FORMAT PARQUET MAXFILESIZE 16 MB").query
    "select 'a'"
    """
    found = _UNLOAD.fullmatch(sql)
    if found is None:
        return None
    if not found["place"].startswith(_PLACE):
        raise JobFailed(
            f"The local platform does not reach {found['place']!r}; unload to '{_PLACE}NAME', and the rows "
            "become files of the platform."
        )
    is_parquet, size = _options(found["options"])
    if not is_parquet:
        raise JobFailed("The local platform unloads Parquet only: write FORMAT PARQUET.")
    prefix = found["place"].removeprefix(_PLACE)
    if "/" in prefix:
        raise JobFailed(f"{prefix!r} cannot be the beginning of a file's name; leave the slash out.")
    query = found["dollars"] if found["query"] is None else found["query"].replace("''", "'")
    return Unload(query, prefix or None, size)


def _options(text: str) -> tuple[bool, int]:
    """Read what stands behind the place: whether it says Parquet, and the size of files in megabytes."""
    is_parquet, size, position = False, _DEFAULT_MB, 0
    while text[position:].strip():
        option = _OPTION.match(text, position)
        if option is None:
            raise JobFailed(f"The local platform's UNLOAD does not know {text[position:].strip()!r}.")
        is_parquet = is_parquet or option["format"] is not None
        if option["size"] is not None:
            size = max(1, int(option["size"]) * (1024 if str(option["unit"]).lower() == "gb" else 1))
        position = option.end()
    return is_parquet, size
