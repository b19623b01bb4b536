"""Handing on results from inside a job: what a run leaves for those who look at its outputs."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from civis import _env
from civis._default_client import make_client
from civis.io import file_to_civis
from civis.utils._scripts import script_word

if TYPE_CHECKING:
    from civis.client import APIClient

#: The kinds of scripts whose programs can add outputs to their runs.
WITH_OUTPUTS = frozenset({"containers", "custom", "dbt", "javascript", "python3", "r"})


class _NotGiven:
    """The default of `value`: None is a value that a run can put out."""

    def __repr__(self) -> str:
        return "..."


NOT_GIVEN = _NotGiven()


def post_run_output(
    value: Any = NOT_GIVEN,
    name: str | None = None,
    *,
    path: str | os.PathLike[str] | None = None,
    table: str | None = None,
    database: str | int | None = None,
    client: APIClient | None = None,
) -> int:
    """Add an output to the run that this program is: a value, a file or a table.

    Parameters
    ----------
    value : object, optional
        What JSON can hold: put out as a JSON value. A `pathlib.Path` is taken for `path`.
    name : str, optional
        What the output is called. By default ``"output"`` for a value and the file's name for a file.
    path : str or os.PathLike, optional
        A file, which is uploaded and kept for ever, as outputs are.
    table : str, optional
        A table, as ``"schema.table"``.
    database : str or int, optional
        The name or ID of the table's database.
    client : civis.APIClient, optional
        By default one made from the environment.

    Returns
    -------
    int
        The ID of what was put out: of the JSON value, the file or the table.

    Raises
    ------
    RuntimeError
        When the program is not run by Civis Platform, or by a job whose runs take no outputs.
    TypeError
        When not just one of `value`, `path` and `table` is given, or JSON cannot hold the value.
    ValueError
        When there is no such table or database.

    Examples
    --------
    >>> import civis
    >>> civis.utils.post_run_output({"rows": 3}, "summary")  # doctest: +SKIP
    801
    >>> civis.utils.post_run_output(path="report.pdf")  # doctest: +SKIP
    5001
    """
    if isinstance(value, Path) and path is None:
        value, path = NOT_GIVEN, value
    _require_one(value is not NOT_GIVEN, path is not None, table is not None)
    if table is not None and database is None:
        raise TypeError("table= needs database=, the name or the ID of the database that the table is in")
    text = None if value is NOT_GIVEN else _encoded(value)
    job_id, run_id = _own_run()
    client = client or make_client()
    word = script_word(client, job_id)
    if word not in WITH_OUTPUTS:
        raise RuntimeError(f"runs of job {job_id} take no outputs; only scripts that are programs do")
    if text is not None:
        kind, object_id = "JSONValue", int(client.json_values.post(text, name=name or "output").id)
    elif path is not None:
        kind, object_id = "File", file_to_civis(path, name, expires_at=None, client=client)
    else:
        assert table is not None
        assert database is not None
        kind, object_id = "Table", client.get_table_id(table, database)
    getattr(client.scripts, f"post_{word}_runs_outputs")(job_id, run_id, kind, object_id)
    return object_id


def _require_one(*given: bool) -> None:
    """Refuse none or several outputs in one call."""
    if sum(given) != 1:
        raise TypeError(f"post_run_output() takes one of value, path= and table=, not {sum(given)} of them")


def _encoded(value: Any) -> str:
    """Write a value as JSON."""
    try:
        return json.dumps(value, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise TypeError(f"JSON cannot hold the value, a {type(value).__name__}: {error}") from None


def _own_run() -> tuple[int, int]:
    """Give the IDs of the job and the run that this program is."""
    job_id, run_id = _env.job_id(), _env.run_id()
    if job_id is None or run_id is None:
        raise RuntimeError(
            "this program is not run by Civis Platform (CIVIS_JOB_ID and CIVIS_RUN_ID are not set), "
            "so there is no run to add an output to"
        )
    return int(job_id), int(run_id)
