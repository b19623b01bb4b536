"""Scans: jobs of kind ``"table_scan"`` whose runs gather the statistics of tables' columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from civis.local.api import Call
from civis.local.jobs import JobFailed, RunContext, executor, submit_run
from civis.local.services.lookups import require_choice
from civis.local.services.table_records import qualified_name, quoted, record_of
from civis.local.state import Run, Stored, objects
from civis.local.warehouse import ColumnInfo, Database, Interrupted, TableInfo, WarehouseError

if TYPE_CHECKING:
    from civis.local.platform import Platform

__all__ = ["MANY_VALUES", "run_scan", "start_scan"]

MANY_VALUES = 20
"""Of a column with more values than this, no distribution is kept."""

_PRIORITIES = ("flag", "block", "queue")


def start_scan(
    call: Call, database: Stored, *, schema: str, table: Stored | None = None, priority: str | None = None
) -> Run:
    """Queue a scan of one table, or of all tables of a schema.

    Parameters
    ----------
    call : Call
    database : Stored
    schema : str
    table : Stored, optional
        The object of kind ``"table"``; its later scans are runs of the same job.
    priority : {"flag", "block", "queue"}, optional
        Kept; the local platform gathers statistics at once.
    """
    require_choice(priority, _PRIORITIES, "stats_priority")
    if table is not None and "scan_id" in table.document:
        return submit_run(
            call, call.connection, objects.fetch(call.connection, "table_scan", table.document["scan_id"])
        )
    wanted = None if table is None else table.document["name"]
    job = objects.insert(
        call.connection,
        "table_scan",
        {"database_id": database.id, "schema": schema, "table": wanted, "stats_priority": priority or "flag"},
        now=call.now,
        name=f"Scan of {schema}" + ("" if wanted is None else f".{wanted}"),
        author_id=call.user.id,
        hidden=True,
    )
    if table is not None:
        objects.update(call.connection, table.id, now=call.now, document={"scan_id": job.id})
    return submit_run(call, call.connection, job)


@executor("table_scan")
def run_scan(context: RunContext) -> None:
    """Gather and keep the statistics of the tables that the job names."""
    platform, document = context.platform, context.job.document
    with platform.state.begin() as connection:
        stored = objects.fetch(connection, "database", document["database_id"])
    database = platform.warehouse.database(stored.document["name"])
    wanted = document["table"]
    tables = [info for info in database.tables(document["schema"]) if wanted is None or info.name == wanted]
    if wanted is not None and not tables:
        raise JobFailed(
            f"There is no table {document['schema']}.{wanted} in database {stored.name!r} any more."
        )
    for info in tables:
        try:
            statistics = _statistics(context, database, info)
        except Interrupted:
            raise
        except WarehouseError as error:
            raise JobFailed(f"{info.schema}.{info.name} could not be scanned: {error}") from error
        _keep(platform, stored, info, statistics)
        context.log(f"Scanned {info.schema}.{info.name}: {len(statistics)} columns.")


def _keep(platform: Platform, stored: Stored, info: TableInfo, statistics: dict[str, Any]) -> None:
    """Store a table's statistics with its record."""
    now = platform.now
    with platform.state.begin() as connection:
        record = record_of(connection, stored, info, now)
        objects.update(
            connection, record.id, now=now, document={"statistics": statistics, "last_refresh": now}
        )


def _statistics(context: RunContext, database: Database, info: TableInfo) -> dict[str, Any]:
    """Gather the statistics of all columns of a table."""
    return {
        column.name: _column_statistics(context, database, info, column)
        for column in database.columns(info.schema, info.name)
    }


def _column_statistics(
    context: RunContext, database: Database, info: TableInfo, column: ColumnInfo
) -> dict[str, Any]:
    """Gather one column's statistics, under the names that the API has for them."""
    name, table = quoted(column.name), qualified_name(info.schema, info.name)
    is_number = column.sql_type.lower().startswith(
        ("smallint", "integer", "bigint", "numeric", "decimal", "real", "double")
    )
    moments = f"avg({name}::float8), stddev_samp({name}::float8)" if is_number else "null, null"
    bounds = f"min({name})::varchar, max({name})::varchar"
    sql = f"select count(*), count({name}), count(distinct {name}), {bounds}, {moments} from {table}"  # noqa: S608 - quoted
    rows, present, distinct, least, greatest, average, deviation = database.execute(
        sql, user=context.user, preview_rows=1, interruption=context.interruption
    ).rows[0]
    counts: dict[str, int] = {}
    if 0 < distinct <= MANY_VALUES:
        sql = f"select {name}::varchar, count(*) from {table} group by 1 order by 2 desc, 1"  # noqa: S608 - quoted
        found = database.execute(
            sql, user=context.user, preview_rows=MANY_VALUES + 1, interruption=context.interruption
        )
        counts = {"null" if value is None else value: count for value, count in found.rows}
    return {
        "min_value": least,
        "max_value": greatest,
        "avg_value": average,
        "stddev": deviation,
        "coverage_count": present,
        "null_count": rows - present,
        "distinct_count": distinct,
        "sample_values": list(counts)[:5],
        "value_distribution": counts,
        "value_distribution_percent": {value: 100.0 * count / rows for value, count in counts.items()},
        "possible_dependent_variable_types": _variable_types(is_number, distinct),
        "useable_as_independent_variable": distinct > 1,
        "useable_as_primary_key": 0 < rows == present == distinct,
    }


def _variable_types(is_number: bool, distinct: int) -> list[str]:
    """Name the kinds of model whose dependent variable a column could be."""
    if distinct < 2:
        return []
    if distinct == 2:
        return ["binary"]
    few = ["multinomial", "ordinal"] if distinct <= MANY_VALUES else []
    return [*few, "continuous"] if is_number else few
