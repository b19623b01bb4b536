"""The tables that hold the platform's state; only their shape, no behaviour.

Every thing that has an ID in the API (a file, a script, a database, …) is a row of ``objects`` whose
particulars lie in a JSON document, so that a new kind needs no new table. Runs, their logs and outputs, and
accounts have tables of their own because they are searched and joined.
"""

from __future__ import annotations

import sqlalchemy as sa

from civis.local.state.moments import UtcDateTime

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _owner(name: str, target: str) -> sa.Column[int]:
    """Make the column that says what a row belongs to, and goes with."""
    return sa.Column(
        name, sa.BigInteger, sa.ForeignKey(target, ondelete="CASCADE"), nullable=False, index=True
    )


# One row: the ID given last. Objects and runs share it, so an ID never means two things.
identities = sa.Table(
    "identities",
    metadata,
    sa.Column("name", sa.String(32), primary_key=True),
    sa.Column("last_id", sa.BigInteger, nullable=False),
)

# One row: which shape the tables have; `migrations` tells what changed from one to the next.
versions = sa.Table("versions", metadata, sa.Column("version", sa.Integer, nullable=False))

objects = sa.Table(
    "objects",
    metadata,
    sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("kind", sa.String(64), nullable=False, index=True),
    sa.Column("parent_id", sa.BigInteger, index=True),
    sa.Column("name", sa.Text, nullable=False, default=""),
    sa.Column("author_id", sa.BigInteger),
    sa.Column("hidden", sa.Boolean, nullable=False, default=False),
    sa.Column("archived", sa.Boolean, nullable=False, default=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("updated_at", UtcDateTime, nullable=False),
    sa.Column("document", sa.JSON(none_as_null=True), nullable=False),
)

# A page of a long list is counted and chosen from the one, in whatever order, and no document is read; the
# other gives the latest of all kinds.
sa.Index(
    "ix_objects_listed",
    objects.c.kind,
    objects.c.hidden,
    objects.c.archived,
    objects.c.updated_at,
    objects.c.id,
    objects.c.author_id,
    objects.c.name,
    objects.c.created_at,
)
# The same of one author's objects alone.
sa.Index(
    "ix_objects_of_author",
    objects.c.author_id,
    objects.c.kind,
    objects.c.hidden,
    objects.c.archived,
    objects.c.updated_at,
    objects.c.id,
)
sa.Index("ix_objects_updated_at", objects.c.updated_at, objects.c.id)

# A search by words in names reads this index and no row.
sa.Index(
    "ix_objects_searched",
    objects.c.kind,
    objects.c.archived,
    objects.c.updated_at,
    objects.c.id,
    objects.c.author_id,
    objects.c.name,
)

# Who besides its author may see an object, change it, or manage who else may.
shares = sa.Table(
    "shares",
    metadata,
    sa.Column("object_id", sa.ForeignKey("objects.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("grantee", sa.String(8), primary_key=True),  # "user" or "group"
    sa.Column("grantee_id", sa.BigInteger, primary_key=True, autoincrement=False, index=True),
    sa.Column("level", sa.String(8), nullable=False),
)

# Which objects are in which projects, themselves objects.
contents = sa.Table(
    "contents",
    metadata,
    sa.Column("project_id", sa.ForeignKey("objects.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("object_id", sa.ForeignKey("objects.id", ondelete="CASCADE"), primary_key=True, index=True),
)

runs = sa.Table(
    "runs",
    metadata,
    sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
    _owner("job_id", "objects.id"),
    sa.Column("state", sa.String(16), nullable=False, index=True),
    sa.Column("is_cancel_requested", sa.Boolean, nullable=False, default=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("started_at", UtcDateTime),
    sa.Column("finished_at", UtcDateTime),
    sa.Column("error", sa.Text),
    sa.Column("document", sa.JSON(none_as_null=True), nullable=False),
)

# The latest run of a job and its state are read from this index alone.
sa.Index("ix_runs_latest", runs.c.job_id, runs.c.id, runs.c.state)

# Objects in the order of when their latest runs changed are read from this one, the latest first.
sa.Index(
    "ix_runs_changed",
    sa.func.coalesce(runs.c.finished_at, runs.c.started_at, runs.c.created_at),
    runs.c.id,
    runs.c.job_id,
)

# SQLite counts up by itself only in a column declared INTEGER; AUTOINCREMENT never gives an ID twice.
_counting = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

logs = sa.Table(
    "logs",
    metadata,
    sa.Column("id", _counting, primary_key=True, autoincrement=True),
    _owner("run_id", "runs.id"),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("level", sa.String(16), nullable=False),
    sa.Column("message", sa.Text, nullable=False),
    sqlite_autoincrement=True,
)

outputs = sa.Table(
    "outputs",
    metadata,
    sa.Column("id", _counting, primary_key=True, autoincrement=True),
    _owner("run_id", "runs.id"),
    sa.Column("object_type", sa.String(64), nullable=False),
    sa.Column("object_id", sa.BigInteger, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sqlite_autoincrement=True,
)

users = sa.Table(
    "users",
    metadata,
    sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("username", sa.String(255), nullable=False, unique=True),
    sa.Column("name", sa.Text, nullable=False, default=""),
    sa.Column("email", sa.Text, nullable=False, default=""),
    sa.Column("is_admin", sa.Boolean, nullable=False, default=False),
    sa.Column("is_active", sa.Boolean, nullable=False, default=True),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("updated_at", UtcDateTime, nullable=False),
    sa.Column("document", sa.JSON(none_as_null=True), nullable=False),
)

api_keys = sa.Table(
    "api_keys",
    metadata,
    sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
    _owner("user_id", "users.id"),
    sa.Column("name", sa.Text, nullable=False, default=""),
    # The key itself is never kept, only its SHA-256 in hexadecimal digits.
    sa.Column("key_hash", sa.String(64), nullable=False, unique=True),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("expires_at", UtcDateTime),
    sa.Column("last_seen_at", UtcDateTime),
    sa.Column("revoked_at", UtcDateTime),
    sa.Column("document", sa.JSON(none_as_null=True), nullable=False),
)
