"""Starts several jobs at once, and waits for all of them by the futures that it makes itself."""

from concurrent.futures import wait

import civis
from civis.futures import CivisFuture

client = civis.APIClient()
database = client.get_database_id("local")
credential = client.default_credential

civis.io.query_civis("create table public.squares (n int, square int)", database).result()
futures = []
for n in range(4):
    job = client.scripts.post_sql(
        name=f"square of {n}",
        remote_host_id=database,
        credential_id=credential,
        sql=f"insert into public.squares values ({n}, {n * n})",
        hidden=True,
    )
    run = client.scripts.post_sql_runs(job.id)
    futures.append(CivisFuture(client.scripts.get_sql_runs, (job.id, run.id)))
done, waiting = wait(futures)
assert not waiting
assert all(future.succeeded() for future in done)
print(len(done))
