"""CSV files into a table: all of them or nothing.

The table's side of it: whether it exists, what its columns are, what happens to its rows. How values become
what they are is in `casts`, how files are read in `csv_rows`.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from civis._names import suggestion
from civis.local.warehouse.catalogue import columns_of, list_schemas, table_kind
from civis.local.warehouse.csv_files import make_plain
from civis.local.warehouse.csv_inspect import column_names, find_shape
from civis.local.warehouse.csv_rows import Shape
from civis.local.warehouse.csv_types import detect_types
from civis.local.warehouse.errors import LoadError
from civis.local.warehouse.interface import CsvSource, LoadReport, TableLoad
from civis.local.warehouse.notes import Notes
from civis.local.warehouse.rows_in import Filling, Target, fill
from civis.local.warehouse.script import Name, quote
from civis.local.warehouse.session import Session
from civis.local.warehouse.types import MAX_VARCHAR, SqlType, parse_type

__all__ = ["Loading", "check_load", "load_sources"]

_MODES = ("fail", "truncate", "append", "drop", "upsert")
_STAGE, _NEWEST, _ORDER = '"civis stage"', '"civis newest"', '"civis order"'


def load_sources(
    session: Session, sources: Sequence[CsvSource], table: Name, load: TableLoad, user: str
) -> LoadReport:
    """Load files into a table within the session's transaction; see :meth:`Database.load_csv`."""
    check_load(load)
    with tempfile.TemporaryDirectory() as folder:
        files = [make_plain(source, Path(folder), load.compression) for source in sources]
        return Loading(session, table, load, user, files).run()


def check_load(load: TableLoad) -> None:
    """Refuse what no load can be."""
    if load.existing_table_rows not in _MODES:
        raise LoadError(
            f"existing_table_rows is one of {', '.join(_MODES)}, not {load.existing_table_rows!r}"
        )
    if load.existing_table_rows == "upsert" and not load.primary_keys:
        raise LoadError("an upsert needs primary_keys: the columns by which rows are found again")


@dataclass
class Loading:
    """One load on its way."""

    session: Session
    table: Name
    load: TableLoad
    user: str
    files: list[Any]

    def run(self) -> LoadReport:
        """Do it."""
        exists = self._existing()
        shape, header = self._shape()
        columns = self._columns_of_file(shape, header, exists=exists)
        if not exists:
            self._create(columns)
        elif self.load.existing_table_rows == "truncate":
            self.session.run(f"delete from {self._place}")  # noqa: S608 - quoted names
        if self.load.existing_table_rows == "upsert":
            self.session.run(f"create temporary table {_STAGE} as from {self._place} limit 0")
            self.session.run(f"alter table {_STAGE} add column {_ORDER} bigint")
            target = Target(_STAGE, tuple(columns), _ORDER)
            filling = self._fill(shape, target)
            self._merge([name for name, _, _ in columns])
        else:
            filling = self._fill(shape, Target(self._place, tuple(columns)))
        return self._report(filling, created=not exists)

    @property
    def _place(self) -> str:
        """The table's name for the engine."""
        return f"{quote(self.table.schema or 'public')}.{quote(self.table.name)}"

    def _report(self, filling: Filling, *, created: bool) -> LoadReport:
        """Say what was done."""
        return LoadReport(filling.rows, tuple(filling.rejected[:100]), len(filling.rejected), created)

    def _fill(self, shape: Shape, target: Target) -> Filling:
        """Put all rows of all files into the table."""
        return fill(self.session, self.files, shape, target, self.load.max_errors)

    def _found_types(self, shape: Shape) -> list[str]:
        """Find types of columns for which none is declared."""
        found, _ = detect_types(self.files, shape)
        return found

    def _existing(self) -> bool:
        """Tell whether the table is there and stays, and do what is said about existing ones."""
        kind = table_kind(self.session.cursor, self.table)
        name = f"{self.table.schema}.{self.table.name}"
        if kind == "view":
            raise LoadError(f"{name} is a view; rows can be loaded into a table only")
        if kind is None:
            return False
        if self.load.existing_table_rows == "fail":
            raise LoadError(
                f"the table {name} exists already; choose existing_table_rows='append', 'truncate', 'drop' "
                "or 'upsert', or another name"
            )
        if self.load.existing_table_rows == "drop":
            self.session.run(f"drop table {self._place}")
            Notes(self.session.cursor).forget_dropped()
            return False
        return True

    def _shape(self) -> tuple[Shape, list[str]]:
        """Find how the files are to be read; they have to agree."""
        first: tuple[Shape, list[str]] | None = None
        for file in self.files:
            shape, head = find_shape(
                file, self.load.delimiter, self.load.first_row_is_header, escaped=self.load.escaped
            )
            if not head:
                continue
            header = head[0] if shape.has_header else []
            if first is None:
                first = shape, header
            elif shape != first[0] or column_names(header) != column_names(first[1]):
                raise LoadError(
                    f"{file.label} is not like {self.files[0].label}: header, delimiter or columns differ"
                )
        if first is None:
            raise LoadError("there is nothing to load: every file is empty")
        return first

    def _columns_of_file(
        self, shape: Shape, header: list[str], *, exists: bool
    ) -> list[tuple[str, SqlType, bool]]:
        """Give (name, type, whether NULL is allowed) for each column of the file, in its order."""
        known = {each.name: each for each in columns_of(self.session.cursor, self.table)} if exists else {}
        names = self._names(shape, header, list(known))
        self._check_keys([*names, *known])
        if exists:
            return [(name, _understood(known[name].sql_type), known[name].is_nullable) for name in names]
        declared = [column.sql_type for column in self.load.columns or ()] or [None] * len(names)
        if None in declared:
            found = self._found_types(shape)
            declared = [given or detected for given, detected in zip(declared, found, strict=True)]
        types = [self._type(text or "VARCHAR") for text in declared]
        return [(name, each, True) for name, each in zip(names, types, strict=True)]

    def _names(self, shape: Shape, header: list[str], known: list[str]) -> list[str]:
        """Name the file's columns: as given, by the header, or in the table's order."""
        if self.load.columns:
            names = [column.name.strip().lower() for column in self.load.columns]
        elif header:
            plain = [each.strip().lower() for each in header]
            cleaned = column_names(header)
            names = [one if one in known else two for one, two in zip(plain, cleaned, strict=True)]
        elif known:
            names = known
        else:
            names = column_names([""] * shape.width)
        if len(names) != shape.width:
            raise LoadError(
                f"{self.files[0].label} has {shape.width} columns, but {len(names)} are expected: "
                + ", ".join(names)
            )
        for name in names:
            if names.count(name) > 1:
                raise LoadError(f"the column {name!r} comes twice")
            if known and name not in known:
                raise LoadError(
                    f"the table {self.table.schema}.{self.table.name} has no column {name!r}."
                    f"{suggestion(name, known)} Its columns are {', '.join(known)}"
                )
        return names

    def _check_keys(self, names: list[str]) -> None:
        """Make sure that keys are columns."""
        keys = [*self.load.primary_keys, *self.load.last_modified_keys, *self.load.sortkeys]
        for key in [*keys, *([self.load.distkey] if self.load.distkey else [])]:
            if key.lower() not in names:
                raise LoadError(f"the key {key!r} is not a column.{suggestion(key, names)}")

    def _type(self, text: str) -> SqlType:
        """Understand a declared type, with room to grow if that is wanted."""
        declared = _understood(text)
        if not self.load.loosen_types:
            return declared
        if declared.family == "text" and not declared.is_fixed_text:
            return parse_type(f"VARCHAR({min(max(256, 2 * (declared.length or 0)), MAX_VARCHAR)})")
        if declared.family == "integer":
            return parse_type("BIGINT")
        if declared.family == "numeric":
            return parse_type(f"NUMERIC(38,{declared.scale})")
        return declared

    def _create(self, columns: list[tuple[str, SqlType, bool]]) -> None:
        """Create the table, its schema too if it is missing, and note what belongs to it."""
        schema = self.table.schema or "public"
        cursor, notes = self.session.cursor, Notes(self.session.cursor)
        if schema not in list_schemas(cursor):
            if not re.fullmatch(r"[\w$ -]{1,127}", schema) or schema in ("main", "temp"):
                raise LoadError(f"{schema!r} cannot be the name of a schema")
            cursor.execute(f"create schema if not exists {quote(schema)}")
        listed = ", ".join(f"{quote(name)} {declared.engine}" for name, declared, _ in columns)
        cursor.execute(f"create table {self._place} ({listed})")
        notes.put(self.table, "owner", self.user)
        notes.put(self.table, "diststyle", self.load.diststyle)
        notes.put(self.table, "distkey", self.load.distkey and self.load.distkey.lower())
        notes.put(self.table, "sortkeys", tuple(key.lower() for key in self.load.sortkeys))
        notes.put(self.table, "primary_keys", tuple(key.lower() for key in self.load.primary_keys))
        for name, declared, _ in columns:
            if declared.length is not None:
                notes.put(self.table, "type", declared.name, name)

    def _merge(self, names: list[str]) -> None:
        """Put staged rows in the place of those with the same keys, unless these are newer; add the rest."""
        keys = [quote(key.lower()) for key in self.load.primary_keys]
        newer = [quote(key.lower()) for key in self.load.last_modified_keys]
        order = ", ".join([*(f"{key} desc nulls last" for key in newer), f"{_ORDER} desc"])
        run = self.session.run
        run(
            f"create temporary table {_NEWEST} as select * from {_STAGE} "  # noqa: S608 - quoted names
            f"qualify row_number() over (partition by {', '.join(keys)} order by {order}) = 1 "
            f"or {' or '.join(f'{key} is null' for key in keys)} order by {_ORDER}"
        )
        same = " and ".join(f"old.{key} = new.{key}" for key in keys)
        is_newer = ""
        if newer:
            old, new = (", ".join(f"{side}.{key}" for key in newer) for side in ("old", "new"))
            unknown = " or ".join(f"old.{key} is null" for key in newer)
            is_newer = f" and ({unknown} or row({new}) >= row({old}))"
        quoted = [quote(name) for name in names]
        changes = ", ".join(f"{name} = new.{name}" for name in quoted if name not in keys)
        if changes:
            run(f"update {self._place} as old set {changes} from {_NEWEST} as new where {same}{is_newer}")  # noqa: S608
        run(
            f"insert into {self._place} ({', '.join(quoted)}) "  # noqa: S608 - quoted names
            f"select {', '.join(quoted)} from {_NEWEST} as new "
            f"where not exists (select 1 from {self._place} as old where {same}) order by {_ORDER}"
        )
        run(f"drop table {_STAGE}")
        run(f"drop table {_NEWEST}")


def _understood(text: str) -> SqlType:
    """Understand a type; :exc:`LoadError` if there is none such."""
    if text == "character varying":  # of a table made by a query, which declares no length
        return SqlType("text", text, "VARCHAR")
    if text == "binary varying":
        return SqlType("binary", text, "BLOB")
    try:
        return parse_type(text)
    except ValueError as error:
        raise LoadError(str(error)) from None
