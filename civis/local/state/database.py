"""The database that holds the state: its engine, transactions, and what has to happen after a commit.

Behaviour that differs between SQLite and other databases stands here and nowhere else.
"""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction

from civis.local.state.migrations import upgrade
from civis.local.state.moments import moment_text

Value = TypeVar("Value")

BUSY_TIMEOUT_MS = 60_000
"""How long a transaction waits for another one to end before SQLite gives up, in milliseconds."""

_NOTES = "civis_notes"
_AFTER_COMMIT = "civis_after_commit"
_READ_ONLY = "civis_read_only"
_LASTING = "civis_lasting"
_REMEMBERED = "civis_remembered"
_LEVEL = "civis_synchronous"
_ACCOUNTS = "civis_accounts"


class State:
    """The platform's state in a database.

    Parameters
    ----------
    url : str
        SQLAlchemy's database URL: ``sqlite:////folder/state.db`` or ``postgresql+psycopg://…``. Tables that
        are missing are made, and those of an older release are brought up to date.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from civis.local.state import State, objects
    >>> with TemporaryDirectory() as folder:
    ...     state = State(f"sqlite:///{Path(folder) / 'state.db'}")
    ...     with state.begin() as connection:
    ...         stored = objects.insert(connection, "project", {"note": "first"}, now=0.0, name="Survey")
    ...     state.close()
    >>> stored.id, stored.name
    (1, 'Survey')
    """

    def __init__(self, url: str) -> None:
        self._engine = _engine(url)
        is_sqlite = self._engine.url.get_backend_name() == "sqlite"
        self._turn: _Turn | nullcontext[None] = _Turn() if is_sqlite else nullcontext()
        self._counter = itertools.count(1)
        self._commits = self._account_commits = 0
        self._remembered: tuple[int, dict[Hashable, Any]] = (0, {})
        self.is_on_this_machine = is_sqlite
        """Whether asking it something short takes no way over a network."""
        upgrade(self._engine)

    def __repr__(self) -> str:
        return f"State({self._engine.url.render_as_string(hide_password=True)!r})"

    @property
    def engine(self) -> Engine:
        """SQLAlchemy's engine, for what needs more than a transaction."""
        return self._engine

    @property
    def commits(self) -> int:
        """A number that every commit of :meth:`begin` replaces: what was read under it holds until then."""
        return self._commits

    @property
    def account_commits(self) -> int:
        """As :attr:`commits`, of commits that changed users or keys: see :func:`note_account_change`."""
        return self._account_commits

    @contextmanager
    def begin(self, *, is_lasting: bool = True) -> Iterator[Connection]:
        """Open one write transaction: committed when the block ends, rolled back when it raises.

        On SQLite there is one writer at a time, and the transaction is one from its start (BEGIN IMMEDIATE),
        so what it reads is what it writes upon. Callbacks given to :func:`after_commit` run after the commit.

        Parameters
        ----------
        is_lasting : bool, default True
            Whether the commit waits for the disk. Without, on SQLite, it outlives this process but perhaps
            not a power cut, which is enough for a line of a log.

        Raises
        ------
        RuntimeError
            On SQLite, if the thread has a write transaction open already: it would wait for itself.
        """
        with self._turn, self._engine.connect() as connection:
            callbacks: list[Callable[[], object]] = []
            with _noted(connection, {_AFTER_COMMIT: callbacks, _LASTING: is_lasting}) as noted:
                with connection.begin():
                    yield connection
                self._commits = next(self._counter)
                if noted.get(_ACCOUNTS):
                    self._account_commits = self._commits
        # The connection is back in the pool by now: a callback may open a transaction of its own.
        _call_all(callbacks)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open one transaction that only reads: it never waits for a writer, nor a writer for it."""
        with self._engine.connect() as connection:
            # Before the transaction begins: what it reads is then at least as new as what it is kept for.
            commits, remembered = self._remembered
            if commits != self._commits:
                commits, remembered = self._remembered = (self._commits, {})
            with _noted(connection, {_READ_ONLY: True, _REMEMBERED: remembered}):
                yield connection  # begins when first asked something: many a short request asks nothing
                if connection.in_transaction():
                    connection.commit()

    def close(self) -> None:
        """Close all connections; the state can be opened again by a new :class:`State`."""
        self._engine.dispose()


def remembered(connection: Connection, key: Hashable, read: Callable[[], Value]) -> Value:
    """Give what was read before under a key, as long as nothing was committed since.

    In a transaction that writes, everything is read anew: what it reads may never be committed.

    Parameters
    ----------
    connection : sqlalchemy.engine.Connection
        As :meth:`State.read` or :meth:`State.begin` gave it.
    key : hashable
        What is read, such as ``("groups", 7)``; there should be few.
    read : callable
        Reads it, without arguments; what it gives must not be changed.
    """
    known: dict[Hashable, Any] | None = noted_in(connection).get(_REMEMBERED)
    if known is None:
        return read()
    if key not in known:
        known[key] = read()
    value: Value = known[key]
    return value


def note_in(connection: Connection, key: Hashable, value: object) -> None:
    """Note something for as long as a transaction lasts, such as who acts in it.

    Parameters
    ----------
    connection : sqlalchemy.engine.Connection
        As :meth:`State.read` or :meth:`State.begin` gave it.
    key : hashable
    value : object

    Raises
    ------
    RuntimeError
        If the connection is another one: what is noted on it would outlive what it is about.
    """
    if _NOTES not in connection.info:
        raise RuntimeError("Notes need a connection of `with state.read()` or `with state.begin()`.")
    connection.info[_NOTES][key] = value


def noted_in(connection: Connection) -> Mapping[Hashable, Any]:
    """Give what :func:`note_in` noted while a transaction lasts; nothing on other connections."""
    notes: Mapping[Hashable, Any] = connection.info.get(_NOTES, {})
    return notes


@contextmanager
def _noted(connection: Connection, notes: dict[Hashable, Any]) -> Iterator[Mapping[Hashable, Any]]:
    """Have notes on a connection while the block lasts: the pool hands the connection on afterwards.

    Not SQLAlchemy's execution options, each change of which is a twentieth of the work of a short request.
    """
    connection.info[_NOTES] = notes
    try:
        yield notes
    finally:
        connection.info.pop(_NOTES, None)


class _Turn:
    """Whose turn it is to write, among the threads of this process.

    SQLite makes writers wait by sleeping longer and longer, so that under load most of them sleep while
    nobody writes. Waiting here wakes the next one at once; SQLite's own lock still guards against other
    processes.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._holder: int | None = None

    def __enter__(self) -> None:
        if self._holder == threading.get_ident():
            raise RuntimeError("This thread has a write transaction open already; use its connection.")
        if not self._lock.acquire(timeout=BUSY_TIMEOUT_MS / 1000):
            raise TimeoutError(
                f"Another write transaction did not end within {BUSY_TIMEOUT_MS / 1000:.0f} seconds."
            )
        self._holder = threading.get_ident()

    def __exit__(self, *error: object) -> None:
        self._holder = None
        self._lock.release()


def note_account_change(connection: Connection) -> None:
    """Note that a transaction changes users or keys; for whoever remembers who is behind a key.

    Parameters
    ----------
    connection : sqlalchemy.engine.Connection
        Inside a write transaction.
    """
    note_in(connection, _ACCOUNTS, True)


def _call_all(callbacks: list[Callable[[], object]]) -> None:
    """Call all; what one of them raises keeps none of the others from being called."""
    errors: list[Exception] = []
    for callback in callbacks:
        try:
            callback()
        except Exception as error:  # raised below, when all have been called
            errors.append(error)
    if errors:
        raise errors[0]


@contextmanager
def part_of(connection: Connection) -> Iterator[None]:
    """Make a part of a write transaction: when the block raises, what it did is undone, and nothing else.

    Parameters
    ----------
    connection : sqlalchemy.engine.Connection
        As :meth:`State.begin` gave it.
    """
    callbacks: list[Callable[[], object]] = noted_in(connection)[_AFTER_COMMIT]
    number = len(callbacks)
    # Past SQLAlchemy, whose nested transactions take twenty times as long; databases of all kinds know these.
    do = _driver_of(connection)
    do("SAVEPOINT civis_part")
    try:
        yield
    except BaseException:
        del callbacks[number:]
        if is_open(connection):
            do("ROLLBACK TO SAVEPOINT civis_part")
            do("RELEASE SAVEPOINT civis_part")
        raise
    do("RELEASE SAVEPOINT civis_part")


def _driver_of(connection: Connection) -> Callable[[str], object]:
    """Give what executes a statement without values, past SQLAlchemy on SQLite."""
    driver: Any = connection.connection.dbapi_connection
    if connection.dialect.name == "sqlite":
        execute: Callable[[str], object] = driver.execute
        return execute
    return connection.exec_driver_sql


def is_open(connection: Connection) -> bool:
    """Tell whether a transaction is still one: SQLite undoes all of it when, say, the disk is full.

    What is written then would be outside of any transaction.

    Parameters
    ----------
    connection : sqlalchemy.engine.Connection
        As :meth:`State.begin` gave it.
    """
    return bool(getattr(connection.connection.dbapi_connection, "in_transaction", True))


def after_commit(connection: Connection, callback: Callable[[], object]) -> None:
    """Have something done once the transaction is committed, and not at all if it is rolled back.

    Parameters
    ----------
    connection : sqlalchemy.engine.Connection
        As :meth:`State.begin` gave it.
    callback : callable
        Called without arguments, on the same thread, in the order of registration.

    Raises
    ------
    RuntimeError
        If the connection is not one of :meth:`State.begin`.
    """
    callbacks = noted_in(connection).get(_AFTER_COMMIT)
    if callbacks is None:
        raise RuntimeError("after_commit needs a connection inside `with state.begin() as connection:`.")
    callbacks.append(callback)


class _Casefold(GenericFunction[str]):
    """A text without the differences between capitals and small letters, of any alphabet."""

    type = sa.Text()
    name = "casefold"
    inherit_cache = True


@compiles(_Casefold)
def _write_casefold(element: Any, compiler: Any, **options: Any) -> str:
    """Write it for databases whose `lower` knows all alphabets; SQLite's knows one, and gets a function."""
    return f"replace(lower({compiler.process(element.clauses, **options)}), 'ß', 'ss')"


@compiles(_Casefold, "sqlite")
def _write_casefold_on_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    """Write it for SQLite, whose own `lower` does for texts of ASCII, ten times as fast as our function.

    It is the column's text that counts, not what is looked for: "Straße" has the word "strasse".
    """
    text = compiler.process(element.clauses, **options)
    is_ascii = f"length({text}) = length(CAST({text} AS BLOB))"
    return f"CASE WHEN {is_ascii} THEN lower({text}) ELSE casefold({text}) END"


def folded(column: sa.ColumnElement[str]) -> sa.ColumnElement[str]:
    """Give a column in the form in which a case-folded text is looked for in it.

    Parameters
    ----------
    column : sqlalchemy.ColumnElement
    """
    return _Casefold(column)


class _Contains(GenericFunction[bool]):
    """Whether a text has a case-folded one in it, in whatever case; the third is the pattern for LIKE."""

    type = sa.Boolean()
    name = "contains_folded"
    inherit_cache = True


@compiles(_Contains)
def _write_contains(element: Any, compiler: Any, **options: Any) -> str:
    """Write it for databases whose `lower` knows all alphabets."""
    column, pattern = element.clauses
    text, like = compiler.process(_Casefold(column), **options), compiler.process(pattern, **options)
    return f"({text} LIKE {like} ESCAPE '/')"


@compiles(_Contains, "sqlite")
def _write_contains_on_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    """Write it for SQLite, whose LIKE knows the capitals of ASCII: what it finds needs no folding.

    Folding is left to texts with other letters in which it finds nothing, as it takes several times as long.
    """
    column, pattern = element.clauses
    text, like = compiler.process(column, **options), compiler.process(pattern, **options)
    has_others = f"length({text}) <> length(CAST({text} AS BLOB))"
    folded_like = f"casefold({text}) LIKE {like} ESCAPE '/'"
    # Not OR and AND, of which SQLite works out both sides wherever the result is compared.
    return f"CASE WHEN {text} LIKE {like} ESCAPE '/' THEN 1 WHEN {has_others} THEN {folded_like} ELSE 0 END"


def contains(column: sa.ColumnElement[str], text: str) -> sa.ColumnElement[bool]:
    """Ask for a text in a column, whatever the case of both.

    Parameters
    ----------
    column : sqlalchemy.ColumnElement
    text : str
        Case-folded.
    """
    for special in "/%_":
        text = text.replace(special, f"/{special}")
    return _Contains(column, sa.literal(f"%{text}%"))


def document_text(document: Any) -> str:
    """Write a document as JSON; dates and times as the API writes them, decimal numbers as numbers."""
    return json.dumps(document, default=_plain_value, ensure_ascii=False, allow_nan=True)


def _plain_value(value: object) -> object:
    """Give something JSON can hold for a value that it cannot."""
    if isinstance(value, datetime):
        return moment_text(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    raise TypeError(
        f"A document cannot hold a {type(value).__name__}; give text, numbers, lists or mappings instead."
    )


def _engine(url: str) -> Engine:
    """Make the engine for a URL, with SQLite's switches if it is one of SQLite's."""
    parsed = sa.make_url(url)
    options: dict[str, Any] = {"json_serializer": document_text, "pool_size": 16, "max_overflow": 64}
    options["pool_use_lifo"] = True  # the connection used last has most of what is asked for in its cache
    if parsed.get_backend_name() != "sqlite":
        return sa.create_engine(parsed, pool_pre_ping=True, **options)
    if parsed.database in (None, "", ":memory:"):
        raise ValueError(f"The state needs a file that several threads can open, not the URL {url!r}.")
    engine = sa.create_engine(parsed, **options)
    sa.event.listen(engine, "connect", _prepare_sqlite)
    sa.event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(dbapi_connection: Any, _record: object) -> None:
    """Set a new connection's switches; see SQLAlchemy's page on pysqlite about `isolation_level`."""
    dbapi_connection.isolation_level = None  # the driver must not begin transactions on its own
    dbapi_connection.create_function("casefold", 1, _casefold, deterministic=True)
    cursor = dbapi_connection.cursor()
    try:
        cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = FULL")  # a commit that was answered survives a power cut
        cursor.execute("PRAGMA foreign_keys = ON")
    finally:
        cursor.close()


def _casefold(text: str | None) -> str | None:
    """Fold a text of SQLite's."""
    return None if text is None else text.casefold()


def _begin_sqlite(connection: Connection) -> None:
    """Begin a transaction as a writer at once: one that turns into a writer later can fail as "locked"."""
    notes = noted_in(connection)
    if notes.get(_READ_ONLY, False):
        # Past SQLAlchemy, since it cannot fail, and is a good part of the work of a short request.
        driver: Any = connection.connection.dbapi_connection
        driver.execute("BEGIN")
        return
    level = "FULL" if notes.get(_LASTING, True) else "NORMAL"
    if connection.info.get(_LEVEL) != level:
        _driver_of(connection)(f"PRAGMA synchronous = {level}")
        connection.info[_LEVEL] = level
    connection.exec_driver_sql("BEGIN IMMEDIATE")
