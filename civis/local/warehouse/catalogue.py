"""What tables, columns and schemas there are, as users may see them: as views for SQL, and as lists.

It knows the engine's own catalogue and the notes; no SQL of users.
"""

from __future__ import annotations

import re
from typing import Any

from civis.local.warehouse.interface import ColumnInfo, TableInfo
from civis.local.warehouse.notes import HIDDEN_SCHEMA, Cursor, Notes
from civis.local.warehouse.script import Name, quote_text
from civis.local.warehouse.types import ENGINE_NAMES, redshift_name

__all__ = ["CATALOGUE_VIEWS", "columns_of", "create_views", "list_schemas", "list_tables", "table_kind"]

_VISIBLE = (
    f"not internal and schema_name not in ('main', '{HIDDEN_SCHEMA}', 'information_schema', 'pg_catalog')"
)
_USER_NAMES = f"""select 'local' as usename union
    select name from {HIDDEN_SCHEMA}.principals where kind = 'user'
    union select user_name from {HIDDEN_SCHEMA}.members"""  # noqa: S608 - own names
_TYPE = "case " + " ".join(
    f"when data_type = {quote_text(engine)} then {quote_text(name)}" for engine, name in ENGINE_NAMES.items()
)
_TYPE += (
    " when data_type like 'DECIMAL%' then replace(replace(data_type, 'DECIMAL', 'numeric'), ' ', '')"
    " when data_type like '%]' or data_type like 'STRUCT%' or data_type like 'MAP%' then 'super'"
    " else lower(data_type) end"
)
_COLUMNS = f"""select c.database_name, c.schema_name, c.table_name, c.column_name, c.column_index,
    coalesce(n.value, {_TYPE}) as full_type, c.is_nullable, c.column_default,
    c.numeric_precision, c.numeric_scale
    from duckdb_columns() c left join {HIDDEN_SCHEMA}.notes n on n.kind = 'type'
    and n.schema_name = c.schema_name and n.table_name = c.table_name and n.column_name = c.column_name
    where not c.internal and c.schema_name not in ('main', '{HIDDEN_SCHEMA}')"""  # noqa: S608 - own names
_TABLES = f"""select database_name, schema_name, table_name, false as is_view, '' as definition,
    column_count from duckdb_tables() where {_VISIBLE} and not temporary
    union all select database_name, schema_name, view_name, true, sql, column_count
    from duckdb_views() where {_VISIBLE} and not temporary"""  # noqa: S608 - own names
_OWNER = f"""(select max(n.value) from {HIDDEN_SCHEMA}.notes n where n.kind = 'owner' and n.column_name = ''
    and n.schema_name = t.schema_name and n.table_name = t.table_name)"""  # noqa: S608 - own names


def _noted(kind: str, column: str = "") -> str:
    """Read a note on a table, or on a column, in a query whose tables are called t."""
    place = "t.column_name" if column else "''"
    return f"""(select max(n.value) from {HIDDEN_SCHEMA}.notes n where n.kind = '{kind}'
        and n.column_name = {place} and n.schema_name = t.schema_name
        and n.table_name = t.table_name)"""  # noqa: S608 - own names


_NAMED_TYPE = "regexp_replace(full_type, '\\(.*\\)', '')"

#: Name as users write it -> the query behind it.
CATALOGUE_VIEWS: dict[tuple[str, str], str] = {
    ("information_schema", "schemata"): f"""select database_name as catalog_name, schema_name,
        'local' as schema_owner from duckdb_schemas() where {_VISIBLE}
        and database_name = current_database()""",  # noqa: S608 - own names
    ("information_schema", "tables"): f"""select database_name as table_catalog, schema_name as table_schema,
        table_name, case when is_view then 'VIEW' else 'BASE TABLE' end as table_type
        from ({_TABLES})""",  # noqa: S608 - own names
    ("information_schema", "views"): f"""select database_name as table_catalog, schema_name as table_schema,
        table_name, definition as view_definition from ({_TABLES}) where is_view""",  # noqa: S608 - own names
    ("information_schema", "columns"): f"""select database_name as table_catalog, schema_name as table_schema,
        table_name, column_name, column_index as ordinal_position, column_default,
        case when is_nullable then 'YES' else 'NO' end as is_nullable, {_NAMED_TYPE} as data_type,
        try_cast(regexp_extract(full_type, '^character.*\\((\\d+)\\)', 1) as integer)
        as character_maximum_length,
        numeric_precision, numeric_scale from ({_COLUMNS})""",  # noqa: S608 - own names
    ("pg_catalog", "pg_tables"): f"""select t.schema_name as schemaname, t.table_name as tablename,
        {_OWNER} as tableowner from ({_TABLES}) t where not t.is_view""",  # noqa: S608 - own names
    ("pg_catalog", "pg_views"): f"""select t.schema_name as schemaname, t.table_name as viewname,
        {_OWNER} as viewowner, t.definition from ({_TABLES}) t where t.is_view""",  # noqa: S608 - own names
    ("pg_catalog", "pg_table_def"): f"""select schema_name as schemaname, table_name as tablename,
        column_name as "column", full_type as type, coalesce({_noted("encoding", "c")}, 'none') as encoding,
        coalesce({_noted("distkey")} = column_name, false) as distkey,
        cast(coalesce(list_position(cast({_noted("sortkeys")} as json)::varchar[], column_name), 0)
        as integer) as sortkey, not is_nullable as "notnull" from ({_COLUMNS}) t""",  # noqa: S608 - own names
    ("pg_catalog", "pg_database"): """select cast(1 as bigint) as oid, current_database() as datname""",
    ("pg_catalog", "svv_table_info"): f"""select t.database_name as "database", t.schema_name as "schema",
        d.table_oid as table_id, t.table_name as "table", coalesce(upper({_noted("diststyle")}),
        'AUTO(ALL)') as diststyle, cast({_noted("sortkeys")} as json)->>0 as sortkey1,
        cast(coalesce(json_array_length(cast({_noted("sortkeys")} as json)), 0) as integer) as sortkey_num,
        cast(ceil(d.estimated_size * d.column_count * 8 / 1048576.0) as bigint) as size,
        cast(d.estimated_size as numeric(38,0)) as tbl_rows, cast(0 as numeric(5,2)) as unsorted,
        cast(0 as numeric(5,2)) as stats_off, 'N' as encoded
        from ({_TABLES}) t join duckdb_tables() d on d.schema_name = t.schema_name
        and d.table_name = t.table_name and d.database_name = t.database_name
        where not t.is_view and d.database_name = current_database()""",  # noqa: S608 - own names
    **{
        (
            "pg_catalog",
            name,
        ): f"""select database_name as {prefix}{database},
        schema_name as {prefix}schema{suffix}, table_name,
        case when is_view then 'VIEW' else {kind} end as table_type,
        cast(null as varchar) as remarks from ({_TABLES})"""  # noqa: S608
        for name, prefix, database, suffix, kind in (
            ("svv_tables", "table_", "catalog", "", "'BASE TABLE'"),
            ("svv_all_tables", "", "database_name", "_name", "'TABLE'"),
            ("svv_redshift_tables", "", "database_name", "_name", "'TABLE'"),
        )
    },
    **{
        (
            "pg_catalog",
            name,
        ): f"""select database_name as {prefix}{database},
        schema_name as {prefix}schema{suffix}, table_name, column_name,
        column_index as ordinal_position, column_default,
        case when is_nullable then 'YES' else 'NO' end as is_nullable, {_NAMED_TYPE} as data_type,
        try_cast(regexp_extract(full_type, '^character.*\\((\\d+)\\)', 1) as integer)
        as character_maximum_length, numeric_precision, numeric_scale,
        cast(null as varchar) as remarks from ({_COLUMNS})"""  # noqa: S608
        for name, prefix, database, suffix in (
            ("svv_columns", "table_", "catalog", ""),
            ("svv_all_columns", "", "database_name", "_name"),
            ("svv_redshift_columns", "", "database_name", "_name"),
        )
    },
    **{
        ("pg_catalog", name): f"""select database_name, schema_name, 'local' as schema_owner,
        'local' as schema_type from duckdb_schemas() where {_VISIBLE}
        and database_name = current_database()"""  # noqa: S608 - own names
        for name in ("svv_all_schemas", "svv_redshift_schemas")
    },
    ("information_schema", "table_privileges"): f"""select 'local' as grantor, p.grantee,
        t.database_name as table_catalog, t.schema_name as table_schema, t.table_name,
        p.privilege as privilege_type from {HIDDEN_SCHEMA}.privileges p join ({_TABLES}) t
        on t.schema_name = p.schema_name and p.object_name in (t.table_name, '*')
        where p.object_type in ('table', 'all table') and not p.is_default""",  # noqa: S608 - own names
    ("pg_catalog", "pg_namespace"): f"""select oid, schema_name as nspname
        from duckdb_schemas() where {_VISIBLE}""",  # noqa: S608 - own names
    (
        "pg_catalog",
        "pg_class",
    ): f"""select table_oid as oid, table_name as relname, schema_oid as relnamespace,
        'r' as relkind, estimated_size as reltuples from duckdb_tables() where {_VISIBLE}
        union all select view_oid, view_name, schema_oid, 'v', 0
        from duckdb_views() where {_VISIBLE}""",  # noqa: S608 - own names
    ("pg_catalog", "pg_user"): f"""select usename, cast(99 + row_number() over (order by usename) as integer)
        as usesysid, false as usecreatedb, usename = 'local' as usesuper
        from ({_USER_NAMES})""",  # noqa: S608 - own names
    ("pg_catalog", "pg_group"): f"""select name as groname,
        cast(99 + row_number() over (order by name) as integer) as grosysid,
        (select list(u.usesysid order by u.usesysid) from {HIDDEN_SCHEMA}."pg_catalog.pg_user" u
        join {HIDDEN_SCHEMA}.members m on m.user_name = u.usename where m.group_name = name) as grolist
        from {HIDDEN_SCHEMA}.principals where kind = 'group'""",  # noqa: S608 - own names
}


def create_views(cursor: Cursor) -> None:
    """Make the views of the catalogue, as this version of the package has them."""
    for (schema, name), query in CATALOGUE_VIEWS.items():
        cursor.execute(f'create or replace view {HIDDEN_SCHEMA}."{schema}.{name}" as {query}')


def list_schemas(cursor: Cursor) -> list[str]:
    """List the schemas that users see."""
    view = f'{HIDDEN_SCHEMA}."information_schema.schemata"'
    return [name for (name,) in cursor.execute(f"select schema_name from {view} order by 1").fetchall()]  # noqa: S608


def list_tables(cursor: Cursor, schema: str | None) -> list[TableInfo]:
    """List the tables and views that users see."""
    query = f"select t.schema_name, t.table_name, t.is_view, {_OWNER}, t.column_count from ({_TABLES}) t"  # noqa: S608
    rows = cursor.execute(
        f"{query} where ? is null or t.schema_name = ? order by all", [schema, schema]
    ).fetchall()
    return [TableInfo(*row) for row in rows]


def table_kind(cursor: Cursor, table: Name) -> str | None:
    """Tell whether a name is that of a ``"table"`` or ``"view"``; None if of neither."""
    query = f"select is_view from ({_TABLES}) where schema_name = ? and table_name = ?"  # noqa: S608 - own names
    row = cursor.execute(query, [table.schema, table.name]).fetchone()
    return None if row is None else "view" if row[0] else "table"


def columns_of(cursor: Cursor, table: Name) -> list[ColumnInfo]:
    """List the columns of a table; none if there is no such table."""
    rows: list[tuple[Any, ...]] = cursor.execute(
        "select column_name, data_type, is_nullable, column_default from duckdb_columns() "
        "where schema_name = ? and table_name = ? order by column_index",
        [table.schema, table.name],
    ).fetchall()
    notes = Notes(cursor)
    noted, attributes = notes.table(table), notes.attributes(table)
    return [
        ColumnInfo(
            name=name,
            sql_type=noted.get((name, "type")) or redshift_name(engine_type),
            order=order,
            is_nullable=bool(nullable),
            default=None if default is None or re.fullmatch("NULL", default) else default,
            encoding=attributes.encodings.get(name),
            description=attributes.column_descriptions.get(name),
            is_distkey=attributes.distkey == name,
            sortkey_order=attributes.sortkeys.index(name) + 1 if name in attributes.sortkeys else None,
        )
        for order, (name, engine_type, nullable, default) in enumerate(rows, start=1)
    ]
