"""Bring the tables of an older release to the shape that this one works with.

A step is added for each change of ``schema.py`` to tables that are there already; a new database is made in
its latest shape and takes none.
"""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from civis.local.state import schema

__all__ = ["NewerState", "upgrade"]


class NewerState(OSError):  # noqa: N818 - it reads as a sentence at the place that raises it
    """A later release of this package made the state."""


def upgrade(engine: Engine) -> None:
    """Make the tables that are missing, and change those that are older; does nothing to current ones.

    Raises
    ------
    NewerState
        If the tables are of a later release: what that one keeps in them, this one would lose.
    """
    with engine.begin() as connection:
        has_tables = sa.inspect(connection).has_table(schema.objects.name)
        version = _version_of(connection) if has_tables else LATEST
        if version > LATEST:
            raise NewerState(
                f"its state has version {version}, of a later release of civis; this release works with "
                f"{LATEST} and earlier. Upgrade civis, or use another directory."
            )
        if has_tables and version == LATEST:
            return
        schema.metadata.create_all(connection, checkfirst=has_tables)
        for step in _STEPS[version:]:
            step(connection)
        connection.execute(sa.delete(schema.versions))
        connection.execute(sa.insert(schema.versions).values(version=LATEST))


def _version_of(connection: Connection) -> int:
    """Read the version of the tables that are there; releases that kept none had 0."""
    if not sa.inspect(connection).has_table(schema.versions.name):
        return 0
    return int(connection.execute(sa.select(schema.versions.c.version)).scalar_one_or_none() or 0)


def _add_indices(connection: Connection) -> None:
    """Make the indices that searches and the states of jobs are read from."""
    for table in schema.metadata.sorted_tables:
        for index in table.indexes:
            # SQLAlchemy's own check cannot read indices of expressions.
            connection.execute(sa.schema.CreateIndex(index, if_not_exists=True))


def _widen_the_indices_of_lists(connection: Connection) -> None:
    """Make the indices of lists anew, with all that lists are ordered by, and that of the latest runs."""
    for name in ("ix_objects_listed", "ix_objects_author_id"):
        connection.exec_driver_sql(f"drop index if exists {name}")
    _add_indices(connection)


#: Step n makes version n + 1 of version n.
_STEPS: tuple[Callable[[Connection], None], ...] = (_add_indices, _widen_the_indices_of_lists)
LATEST = len(_STEPS)
