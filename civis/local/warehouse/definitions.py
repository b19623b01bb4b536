"""CREATE, DROP and ALTER: what the engine is asked, and what is noted beside it.

Keys, styles, encodings and lengths mean something on Redshift only (even there primary keys are not
enforced); they are taken out of a statement before the engine sees it, and noted.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlglot import exp

from civis.local.warehouse.catalogue import columns_of
from civis.local.warehouse.dialect import DECLARED, Tree, engine_sql
from civis.local.warehouse.errors import SqlError
from civis.local.warehouse.notes import HIDDEN_SCHEMA, Cursor, Notes
from civis.local.warehouse.script import Name, quote
from civis.local.warehouse.types import parse_type

__all__ = ["run_definition", "table_name"]


_IDENTITY = (exp.GeneratedAsIdentityColumnConstraint, exp.AutoIncrementColumnConstraint)


@dataclass
class _Noted:
    """What a CREATE TABLE says beyond what the engine keeps."""

    by_table: dict[str, str | tuple[str, ...]] = field(default_factory=dict)
    by_column: list[tuple[str, str, str]] = field(default_factory=list)  # column, kind, value


def table_name(cursor: Cursor, table: Tree) -> Name:
    """Give a table's name, completed by the schema that the search path begins with."""
    schema = table.text("db") or cursor.execute("select current_schema()").fetchone()[0]
    return Name(schema, table.name)


def run_definition(cursor: Cursor, tree: Tree, user: str) -> bool:
    """Run a CREATE, DROP or ALTER with what belongs to it; False if the tree is none of these."""
    if isinstance(tree, exp.Create):
        _create(cursor, tree, user)
    elif isinstance(tree, exp.Drop):
        _keep_public(tree)
        for table in tree.args.get("tables") or [tree.this]:  # the engine drops one at a time
            one = tree.copy()
            if tree.args.get("tables"):
                one.set("tables", [table.copy()])
            cursor.execute(engine_sql(one))
        Notes(cursor).forget_dropped()
    elif isinstance(tree, exp.Alter):
        _alter(cursor, tree)
    else:
        return False
    return True


def _keep_public(tree: exp.Drop) -> None:
    """Refuse to drop the schema that every call begins in; without it there would be no next call."""
    if str(tree.args.get("kind")).upper() != "SCHEMA":
        return
    for each in tree.args.get("tables") or [tree.this]:
        if (each.text("db") or each.name).lower() == "public":
            raise SqlError('schema "public" cannot be dropped here; drop the tables in it one by one')


def _create(cursor: Cursor, tree: exp.Create, user: str) -> None:
    """Create a table, view or schema."""
    if str(tree.args["kind"]).upper() == "SCHEMA":
        cursor.execute(engine_sql(tree))
        return
    target = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
    name = table_name(cursor, target)
    existed = _exists(cursor, name)
    noted = _take_out(tree)
    source = _like(cursor, tree)
    if source is not None:
        _create_like(cursor, tree, target, source)
    else:
        _add_sequences(cursor, tree, name)
        cursor.execute(engine_sql(tree))
    if tree.find(exp.TemporaryProperty) or (existed and tree.args.get("exists")):
        return
    notes = Notes(cursor)
    notes.put(name, "owner", user)
    if source is not None:
        notes.copy(source, name, ("type", "encoding", "distkey", "diststyle", "sortkeys"))
    for column, declared in _cast_lengths(tree):
        notes.put(name, "type", declared, column)
    for kind, value in noted.by_table.items():
        notes.put(name, kind, value)
    for column, kind, text in noted.by_column:
        notes.put(name, kind, text, column)


def _cast_lengths(tree: exp.Create) -> list[tuple[str, str]]:
    """List the columns of a CREATE TABLE AS that are casts to a text with a length, with that type."""
    query = tree.expression
    if not isinstance(query, exp.Select) or str(tree.args["kind"]).upper() != "TABLE":
        return []
    if any(isinstance(each, exp.Star) or each.is_star for each in query.selects):
        return []  # how many columns come before is not known here
    given = [each.name for each in tree.this.expressions] if isinstance(tree.this, exp.Schema) else []
    names = given or [each.alias_or_name for each in query.selects]
    declared = [each.unalias().meta.get(DECLARED) for each in query.selects]
    return [(name.lower(), kind) for name, kind in zip(names, declared, strict=False) if kind]


def _exists(cursor: Cursor, name: Name) -> bool:
    """Tell whether a table or view has that name already."""
    return bool(columns_of(cursor, name))


def _take_out(tree: exp.Create) -> _Noted:
    """Take from a CREATE TABLE what the engine is not to see."""
    noted = _Noted()
    tree.set("no_schema_binding", None)
    properties = tree.args.get("properties")
    for each in list(properties.expressions) if properties is not None else []:
        if isinstance(each, exp.DistStyleProperty):
            noted.by_table["diststyle"] = each.name.lower() or each.this.sql().lower()
        elif isinstance(each, exp.DistKeyProperty):
            noted.by_table["distkey"] = each.name.lower()
        elif isinstance(each, exp.SortKeyProperty):
            keys = each.this if isinstance(each.this, list) else [each.this]
            noted.by_table["sortkeys"] = tuple(key.name.lower() for key in keys)
        elif isinstance(each, (exp.TemporaryProperty, exp.LikeProperty)):
            continue
        each.pop()
    if isinstance(tree.this, exp.Schema):
        _take_out_of_columns(tree.this, noted)
    return noted


def _take_out_of_columns(schema: exp.Schema, noted: _Noted) -> None:
    """Go through columns and constraints of a CREATE TABLE."""
    for each in list(schema.expressions):
        if isinstance(each, exp.ColumnDef):
            _take_out_of_column(each, noted)
        elif isinstance(each, exp.PrimaryKey) or each.find(exp.PrimaryKey):
            key = each if isinstance(each, exp.PrimaryKey) else each.find(exp.PrimaryKey)
            noted.by_table["primary_keys"] = tuple(column.name.lower() for column in key.expressions)
            each.pop()
        elif not isinstance(each, (exp.LikeProperty, exp.Identifier)):
            each.pop()


def _take_out_of_column(column: exp.ColumnDef, noted: _Noted) -> None:
    """Note a column's type, encoding and keys; leave the engine its type, NOT NULL and default."""
    name = column.name.lower()
    if column.args.get("kind") is not None:
        text = _declared(column.kind, noted, name)
        column.set("kind", exp.DataType.build(text, dialect="duckdb"))
    for constraint in list(column.args.get("constraints") or []):
        kind = constraint.args.get("kind")
        if isinstance(kind, (exp.NotNullColumnConstraint, exp.DefaultColumnConstraint)):
            continue
        if isinstance(kind, _IDENTITY):
            continue
        if isinstance(kind, exp.PrimaryKeyColumnConstraint):
            noted.by_table["primary_keys"] = (name,)
        elif isinstance(kind, exp.EncodeColumnConstraint):
            noted.by_column.append((name, "encoding", kind.name.lower()))
        elif "DISTKEY" in constraint.sql().upper():
            noted.by_table["distkey"] = name
        elif "SORTKEY" in constraint.sql().upper():
            noted.by_table["sortkeys"] = (name,)
        constraint.pop()


def _declared(kind: Tree, noted: _Noted, column: str) -> str:
    """Understand a column's declared type; give the engine's and note Redshift's where it says more."""
    try:
        declared = parse_type(kind.sql(dialect="redshift"))
    except ValueError as error:
        raise SqlError(str(error)) from None
    if declared.length is not None:
        noted.by_column.append((column, "type", declared.name))
    return declared.engine


def _like(cursor: Cursor, tree: exp.Create) -> Name | None:
    """Find the table of ``CREATE TABLE (LIKE table)``."""
    like = tree.find(exp.LikeProperty)
    return None if like is None else table_name(cursor, like.this)


def _create_like(cursor: Cursor, tree: exp.Create, target: Tree, source: Name) -> None:
    """Create a table with the columns of another."""
    found = cursor.execute(
        "select column_name, data_type, is_nullable, column_default from duckdb_columns() "
        "where schema_name = ? and table_name = ? order by column_index",
        [source.schema, source.name],
    ).fetchall()
    if not found:
        raise SqlError(f'relation "{source.schema}.{source.name}" does not exist')
    like = tree.find(exp.LikeProperty)
    with_defaults = like is not None and "INCLUDING DEFAULTS" in like.sql().upper()
    columns = ", ".join(
        f"{quote(name)} {kind}{'' if nullable else ' not null'}"
        + (f" default {default}" if with_defaults and default is not None else "")
        for name, kind, nullable, default in found
    )
    temporary = "temporary " if tree.find(exp.TemporaryProperty) else ""
    missing = "if not exists " if tree.args.get("exists") else ""
    cursor.execute(f"create {temporary}table {missing}{target.sql(dialect='duckdb')} ({columns})")


def _add_sequences(cursor: Cursor, tree: exp.Create, table: Name) -> None:
    """Give an IDENTITY column a sequence of its own."""
    for constraint in list(tree.find_all(*_IDENTITY)):
        column = constraint.find_ancestor(exp.ColumnDef)
        if column is None:
            continue
        start = constraint.text("start") or "1"
        step = constraint.text("increment") or "1"
        name = f"{HIDDEN_SCHEMA}.{quote(f'{table.schema}.{table.name}.{column.name}')}"
        cursor.execute(f"create or replace sequence {name} start {int(start)} increment {int(step)}")
        default = exp.DefaultColumnConstraint(this=exp.func("nextval", exp.Literal.string(name)))
        constraint.replace(default)


def _alter(cursor: Cursor, tree: exp.Alter) -> None:
    """Alter a table, and carry its notes along."""
    table = table_name(cursor, tree.this)
    notes = Notes(cursor)
    actions = tree.args.get("actions") or []
    noted = _Noted()
    for action in actions:
        if isinstance(action, exp.ColumnDef):
            _take_out_of_column(action, noted)
        elif isinstance(action, exp.AlterColumn) and action.args.get("dtype") is not None:
            text = _declared(action.args["dtype"], noted, action.name.lower())
            action.set("dtype", exp.DataType.build(text, dialect="duckdb"))
    cursor.execute(engine_sql(tree))
    for action in actions:
        if isinstance(action, exp.AlterRename):
            notes.rename(table, Name(table.schema, action.this.name))
        elif isinstance(action, exp.RenameColumn):
            notes.rename_column(table, action.this.name, action.args["to"].name)
    for column, kind, value in noted.by_column:
        notes.put(table, kind, value, column)
    notes.forget_dropped()
