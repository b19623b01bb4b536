"""Has a schema scanned, waits for the job that does it, and notes on each table how large it is."""

import civis
from civis.futures import CivisFuture

client = civis.APIClient()
database_id = client.get_database_id("local")
civis.io.query_civis(
    """
    create schema scanned;
    create table scanned.small as select 1 as a;
    create table scanned.large as select 1 as a union all select 2 union all select 3;
    """,
    database_id,
).result()

scan = client.databases.post_schemas_scan(database_id, "scanned")
CivisFuture(client.jobs.get_runs, (scan.job_id, scan.run_id)).result()
for table in client.tables.list(database_id=database_id, schema="scanned"):
    client.tables.patch(table.id, description=f"{table.row_count} rows")
