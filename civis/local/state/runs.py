"""Runs of jobs, with their logs and outputs, as they are stored.

What states there are and which may follow which is for ``civis.local.jobs`` to know.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from civis.local.state import schema
from civis.local.state.direct import Direct, parameters_of
from civis.local.state.identities import new_id
from civis.local.state.moments import Moment, as_datetime
from civis.local.state.objects import ObjectNotFound, as_id

_ORDERS = ("id", "state", "created_at", "started_at", "finished_at")
_CHANGES = ("state", "is_cancel_requested", "started_at", "finished_at", "error", "document")

# Asked in every run, so built once: building costs four times what asking does.
_RUN_OF_ID = Direct(sa.select(schema.runs).where(schema.runs.c.id == sa.bindparam("id")), schema.runs.c)
_INSERTED = ("id", "job_id", "state", "is_cancel_requested", "created_at", "document")
_INSERT_RUN = Direct(
    sa.insert(schema.runs).values(parameters_of(schema.runs, _INSERTED)).returning(schema.runs), schema.runs.c
)
_LOG = ("run_id", "created_at", "level", "message")
_ADD_LOG = Direct(
    sa.insert(schema.logs).values(parameters_of(schema.logs, _LOG)).returning(schema.logs.c.id),
    [schema.logs.c.id],
)
_OUTPUT = ("run_id", "object_type", "object_id", "name", "created_at")
_ADD_OUTPUT = Direct(
    sa.insert(schema.outputs).values(parameters_of(schema.outputs, _OUTPUT)).returning(schema.outputs.c.id),
    [schema.outputs.c.id],
)
_OUTPUTS = Direct(
    sa.select(schema.outputs)
    .where(schema.outputs.c.run_id == sa.bindparam("run_id"))
    .order_by(schema.outputs.c.id),
    schema.outputs.c,
)

#: Its parameters stand in the order of the tuples that `add_logs` makes.
_ADD_LOGS = sa.insert(schema.logs).inline().values(parameters_of(schema.logs, _LOG))

#: Values that one query may have; SQLite refuses more than 32,766.
_MOST_VALUES = 30_000


@dataclass(frozen=True)
class Run:
    """A run as it was when it was read; its fields stand in the order of the columns."""

    id: int
    job_id: int
    state: str
    is_cancel_requested: bool
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    error: str | None
    document: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class LogLine:
    """A line of a run's log; its ID grows from line to line."""

    id: int
    run_id: int
    created_at: datetime
    level: str
    message: str


@dataclass(frozen=True)
class Output:
    """Something a run put out: an object, and the name the run gave it."""

    id: int
    run_id: int
    object_type: str
    object_id: int
    name: str
    created_at: datetime


def insert_run(
    connection: Connection, job_id: int, *, now: Moment, document: Mapping[str, Any] | None = None
) -> Run:
    """Store a new run, queued.

    Parameters
    ----------
    connection : sqlalchemy.engine.Connection
        Inside a write transaction.
    job_id : int
        The object that is run.
    now : datetime or float
        When it is created.
    document : mapping, optional
        What the run has to remember, such as the arguments it was started with.
    """
    row = {
        "id": new_id(connection),
        "job_id": job_id,
        "state": "queued",
        "is_cancel_requested": False,
        "created_at": as_datetime(now),
        "document": dict(document or {}),
    }
    return Run(*_INSERT_RUN.rows(connection, row)[0])


def fetch_run(connection: Connection, job_id: int | str | None, run_id: int | str) -> Run:
    """Read one run of a job (of any job if `job_id` is None).

    Raises
    ------
    ObjectNotFound
        If the job has no such run.
    """
    job_number, run_number = None if job_id is None else as_id(job_id), as_id(run_id)
    if run_number is None or (job_id is not None and job_number is None):
        raise ObjectNotFound("run", run_id)
    row = _RUN_OF_ID.first(connection, {"id": run_number})
    run = None if row is None else Run(*row)
    if run is None or (job_number is not None and run.job_id != job_number):
        raise ObjectNotFound("run", run_id)
    return run


def last_run(connection: Connection, job_id: int) -> Run | None:
    """Read a job's latest run, or None if it has none."""
    return last_runs(connection, [job_id]).get(job_id)


def last_runs(connection: Connection, job_ids: Collection[int]) -> dict[int, Run]:
    """Read the latest run of each of several jobs, with one query for each few thousand."""
    ids, found = list(job_ids), {}
    for start in range(0, len(ids), _MOST_VALUES):
        latest = (
            sa.select(sa.func.max(schema.runs.c.id))
            .where(schema.runs.c.job_id.in_(ids[start : start + _MOST_VALUES]))
            .group_by(schema.runs.c.job_id)
        )
        rows = connection.execute(sa.select(schema.runs).where(schema.runs.c.id.in_(latest))).mappings()
        found.update({row["job_id"]: Run(**row) for row in rows})
    return found


def select_runs(
    connection: Connection,
    job_id: int | None = None,
    limit: int | None = None,
    offset: int = 0,
    *,
    order_by: str = "id",
    descending: bool = True,
    state: str | Collection[str] | None = None,
) -> list[Run]:
    """Read runs: of one job or of all, in some states or in any.

    Raises
    ------
    ValueError
        If there is nothing to order by under that name.
    """
    if order_by not in _ORDERS:
        raise ValueError(f"Runs cannot be ordered by {order_by!r}, only by {', '.join(_ORDERS)}.")
    column, id = schema.runs.c[order_by], schema.runs.c.id
    query = _filtered(sa.select(schema.runs), job_id, state)
    query = query.order_by(
        column.desc() if descending else column.asc(), id.desc() if descending else id.asc()
    )
    if limit is not None:
        query = query.limit(limit).offset(offset)
    rows = connection.execute(query).mappings().all()
    return [Run(**row) for row in (rows if limit is not None else rows[offset:])]


def count_runs(
    connection: Connection, job_id: int | None = None, *, state: str | Collection[str] | None = None
) -> int:
    """Count the runs that :func:`select_runs` would give."""
    query = _filtered(sa.select(sa.func.count()).select_from(schema.runs), job_id, state)
    return int(connection.execute(query).scalar_one())


def has_run_in(connection: Connection, job_id: int, states: Collection[str]) -> bool:
    """Tell whether a job has a run in one of some states."""
    values = {f"state_{place}": state for place, state in enumerate(states)}
    if not values:
        return False
    return _in_states(len(values)).first(connection, {"job_id": job_id, **values}) is not None


@cache
def _in_states(number: int) -> Direct:
    """Build the statement that looks for a job's run in one of so many states."""
    table = schema.runs
    states = [sa.bindparam(f"state_{place}", type_=table.c.state.type) for place in range(number)]
    query = sa.select(table.c.id).where(table.c.job_id == sa.bindparam("job_id"), table.c.state.in_(states))
    return Direct(query.limit(1), [table.c.id])


def oldest_queued(connection: Connection, *, except_jobs: Collection[int] = ()) -> Run | None:
    """Read the run that waits longest, locked against other workers where the database can do that."""
    query = sa.select(schema.runs).where(schema.runs.c.state == "queued")
    if except_jobs:
        query = query.where(schema.runs.c.job_id.not_in(list(except_jobs)))
    query = query.order_by(schema.runs.c.id).limit(1).with_for_update(skip_locked=True)
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else Run(**row)


def update_run(connection: Connection, run_id: int, **changes: Any) -> Run:
    """Change a run.

    Parameters
    ----------
    connection : sqlalchemy.engine.Connection
        Inside a write transaction.
    run_id : int
    **changes
        New values of `state`, `is_cancel_requested`, `started_at`, `finished_at`, `error`; and `document`,
        whose fields are set while its others stay.

    Raises
    ------
    ObjectNotFound
        If there is no such run.
    TypeError
        If a run has no such value, or one that cannot change.
    """
    unknown = sorted(set(changes) - set(_CHANGES))
    if unknown:
        raise TypeError(f"A run's {', '.join(unknown)} cannot be changed, only {', '.join(_CHANGES)}.")
    if "document" in changes:
        current = fetch_run(connection, None, run_id)
        changes["document"] = {**current.document, **changes["document"]}
    if not changes:
        return fetch_run(connection, None, run_id)
    row = _updating(tuple(changes)).first(connection, {"its_id": run_id, **changes})
    if row is None:
        raise ObjectNotFound("run", run_id)
    return Run(*row)


@cache
def _updating(columns: tuple[str, ...]) -> Direct:
    """Build the statement that sets some columns of a run, named like its parameters, and gives the run."""
    table = schema.runs
    change = sa.update(table).where(table.c.id == sa.bindparam("its_id"))
    return Direct(change.values(parameters_of(table, columns)).returning(table), table.c)


def add_log(connection: Connection, run_id: int, message: str, now: Moment, level: str = "info") -> LogLine:
    """Add a line to a run's log.

    Parameters
    ----------
    connection : sqlalchemy.engine.Connection
        Inside a write transaction.
    run_id : int
    message : str
    now : datetime or float
    level : {"debug", "info", "warn", "error", "fatal", "unknown"}, default "info"
    """
    moment = as_datetime(now)
    row = {"run_id": run_id, "message": message, "created_at": moment, "level": level}
    [[id]] = _ADD_LOG.rows(connection, row)
    return LogLine(id, run_id, moment, level, message)


def add_logs(connection: Connection, run_id: int, entries: Sequence[tuple[str, str]], now: Moment) -> None:
    """Add lines to a run's log, each given as its level and its text; many cost little more than one.

    Parameters
    ----------
    connection : sqlalchemy.engine.Connection
        Inside a write transaction.
    run_id : int
    entries : sequence of (str, str)
    now : datetime or float
        The time of all of them.
    """
    if not entries:
        return
    # Past SQLAlchemy's work on each value of each row, which is most of what a line costs.
    dialect = connection.dialect
    compiled = _ADD_LOGS.compile(dialect=dialect)
    to_database = schema.logs.c.created_at.type.dialect_impl(dialect).bind_processor(dialect) or as_datetime
    moment: Any = to_database(as_datetime(now))
    if compiled.positional:
        connection.exec_driver_sql(
            str(compiled), [(run_id, moment, level, message) for level, message in entries]
        )
        return
    named = [
        {"run_id": run_id, "created_at": moment, "level": level, "message": message}
        for level, message in entries
    ]
    connection.exec_driver_sql(str(compiled), named)


def logs(
    connection: Connection, run_id: int, after_id: int = 0, limit: int | None = None, *, latest: bool = False
) -> list[LogLine]:
    """Read lines of a run's log, oldest first.

    Parameters
    ----------
    connection : sqlalchemy.engine.Connection
    run_id : int
    after_id : int, default 0
        Only lines with a higher ID.
    limit : int, optional
        How many at most.
    latest : bool, default False
        Whether, of more lines than `limit`, the last ones are given rather than the first.
    """
    table = schema.logs
    query = sa.select(table).where(table.c.run_id == run_id, table.c.id > after_id)
    query = query.order_by(table.c.id.desc() if latest else table.c.id.asc())
    if limit is not None:
        query = query.limit(limit)
    lines = [LogLine(**row) for row in connection.execute(query).mappings()]
    return lines[::-1] if latest else lines


def add_output(
    connection: Connection, run_id: int, *, object_type: str, object_id: int, name: str, now: Moment
) -> Output:
    """Note that a run put out an object (``"File"``, ``"JSONValue"``, …) under a name."""
    moment = as_datetime(now)
    row = {
        "run_id": run_id,
        "object_type": object_type,
        "object_id": object_id,
        "name": name,
        "created_at": moment,
    }
    [[id]] = _ADD_OUTPUT.rows(connection, row)
    return Output(id, run_id, object_type, object_id, name, moment)


def outputs(connection: Connection, run_id: int) -> list[Output]:
    """Read what a run put out, in the order it did."""
    return [Output(*row) for row in _OUTPUTS.rows(connection, {"run_id": run_id})]


def _filtered(
    query: sa.Select[Any], job_id: int | None, state: str | Collection[str] | None
) -> sa.Select[Any]:
    """Restrict a query to a job's runs and to states."""
    if job_id is not None:
        query = query.where(schema.runs.c.job_id == job_id)
    if state is not None:
        states = [state] if isinstance(state, str) else list(state)
        query = query.where(schema.runs.c.state.in_(states))
    return query
