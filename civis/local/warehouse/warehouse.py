"""The warehouse: a folder with one file a database, opened, and made, when first asked for.

Until then neither the engine nor the parser of its dialect is loaded: together a fifth of a start.
"""

from __future__ import annotations

import re
import threading
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from civis._names import suggestion
from civis.local.deferral import Deferred
from civis.local.storage import sync_folder
from civis.local.warehouse.errors import DatabaseNotFound, WarehouseError

if TYPE_CHECKING:
    from civis.local.warehouse import engine
else:
    engine = Deferred("civis.local.warehouse.engine")

__all__ = ["Warehouse"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_. -]{0,62}")
_SUFFIX = ".duckdb"
#: The file that stands for a database that nobody has used yet, so that it lasts, too.
_UNUSED = ".unused"
_BEGUN = b"begun"  # what is in it while the platform makes the database's file
_LARGE_BYTES = 16 * 1024 * 1024


class Warehouse:
    """The databases under a folder.

    Parameters
    ----------
    folder : Path
        Is made if it is missing.

    Examples
    --------
    >>> import tempfile
    >>> with Warehouse(Path(tempfile.mkdtemp())) as warehouse:
    ...     warehouse.add("local")
    ...     warehouse.database("local").execute("select count(*)", user="ann").rows
    ((1,),)
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open: dict[str, engine.DuckDatabase] = {}
        self._lock = threading.Lock()
        folder.mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> Warehouse:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def databases(self) -> list[str]:
        """List the databases' names, in order."""
        return sorted(
            {
                path.name[: -len(suffix)]
                for suffix in (_SUFFIX, _UNUSED)
                for path in self._folder.glob(f"*{suffix}")
            }
        )

    def add(self, name: str) -> None:
        """Make an empty database; nothing happens if it exists. Its file is made when it is first used.

        Raises
        ------
        WarehouseError
            If the name will not do.
        """
        if not _NAME.fullmatch(name) or name.endswith((".", " ")):
            raise WarehouseError(
                f"{name!r} cannot be the name of a database: it takes up to 63 letters, digits, blanks, '_', "
                "'-' and '.', and begins with a letter or digit"
            )
        with self._lock:
            if not self._path(name).exists():
                self._unused(name).touch()
                sync_folder(self._folder)

    def database(self, name: str) -> engine.DuckDatabase:
        """Give a database by its name; :exc:`DatabaseNotFound` if there is none."""
        with self._lock:
            if name not in self._open:
                if name not in self.databases():
                    near = suggestion(name, self.databases())
                    raise DatabaseNotFound(f"there is no database {name!r}.{near}")
                is_new = self._unused(name).exists()
                self._open[name] = self._made(name) if is_new else self._opened(name)
            return self._open[name]

    def empty(self, kept: str) -> bool:
        """Empty one database and remove the others; False if its file had better be made anew.

        A file that was large stays large; and one that is not open costs as much to open as to make.
        """
        with self._lock:
            database = self._open.get(kept)
            is_used = self._path(kept).exists()
            if is_used and (database is None or self._path(kept).stat().st_size > _LARGE_BYTES):
                return False
            for name in self.databases():
                if name != kept:
                    self._remove(name)
        if database is not None:
            database.empty()
        return True

    def close(self) -> None:
        """Close all databases; the warehouse opens them again when asked."""
        with self._lock:
            for database in self._open.values():
                database.close()
            self._open.clear()

    def _opened(self, name: str) -> engine.DuckDatabase:
        """Open a database's file, made if it is missing."""
        return engine.DuckDatabase(name, self._path(name))

    def _made(self, name: str) -> engine.DuckDatabase:
        """Make the file of a database that nobody has used yet; one that somebody put there is opened."""
        marker = self._unused(name)
        if not self._path(name).exists():
            marker.write_bytes(_BEGUN)
        try:
            database = self._opened(name)
        except WarehouseError:
            if marker.read_bytes() != _BEGUN:
                raise
            # A crash came between the file's begin and its end, so there is nothing in it.
            self._remove_files(name)
            database = self._opened(name)
        try:
            sync_folder(self._folder)
            marker.unlink()
            sync_folder(self._folder)  # before anybody's rows are in the file
        except BaseException:
            database.close()
            raise
        return database

    def _remove(self, name: str) -> None:
        """Close a database and remove its files."""
        other = self._open.pop(name, None)
        if other is not None:
            other.close()
        self._remove_files(name)
        self._unused(name).unlink(missing_ok=True)

    def _remove_files(self, name: str) -> None:
        """Remove what the engine has written of a database."""
        for path in (self._path(name), self._folder / f"{name}{_SUFFIX}.wal"):
            path.unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        """Give the file of a database."""
        return self._folder / f"{name}{_SUFFIX}"

    def _unused(self, name: str) -> Path:
        """Give the file that stands for a database that nobody has used yet."""
        return self._folder / f"{name}{_UNUSED}"
