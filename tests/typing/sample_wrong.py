"""What checkers must find: each marked line is wrong, and no other is. Read by them, never run.

The mark names mypy's code of the error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import civis

if TYPE_CHECKING:
    from civis.resources.types import JobScheduleRequest
    from civis.resources.types import NoSuchType as Missing  # error: attr-defined

missing: Missing
client = civis.APIClient()
job = client.jobs.get(1)

# Names that there are not.
client.job.get(1)  # error: attr-defined
client.jobs.fetch(1)  # error: attr-defined
client.scripts.post_container({"cpu": 1, "memory": 1})  # error: attr-defined
print(job.nmae)  # error: attr-defined
print(job.last_run.finishd_at)  # error: union-attr
print(job.runs[0].sate)  # error: union-attr
print(client.jobs.list()[0].lastRun)  # error: attr-defined
for each in client.jobs.list(iterator=True):
    print(each.titel)  # error: attr-defined
print(client.jobs.list(iterator=True).total_pages)  # error: attr-defined
client.jobs.list().next_page()  # error: attr-defined

# Arguments that there are not, that are missing, or that are passed by position.
client.jobs.list(limt=5)  # error: call-overload
client.files.post("name", expire_at=None)  # error: call-arg
client.jobs.get()  # error: call-arg
client.files.post("name", None)  # error: call-arg
client.jobs.get_shares(1, iterator=True)  # error: call-arg

# Values of other types.
client.jobs.get("one")  # error: arg-type
client.jobs.get(None)  # error: arg-type
client.files.post(3)  # error: arg-type
client.jobs.list(order_dir="down")  # error: call-overload
client.files.put_shares_users(1, 2, "read")  # error: arg-type
client.files.put_shares_users(1, ["2"], "read")  # error: list-item
client.files.put_shares_users(1, [2], "own")  # error: arg-type
number: int = job.name  # error: assignment
text: str = job.id  # error: assignment
client.get_database_id(1.5)  # error: arg-type

# Bodies.
client.scripts.post_sql("a", "b", 1, 2, csv_settings={"includ_header": True})  # error: arg-type
client.scripts.post_sql("a", "b", 1, 2, csv_settings={"include_header": "yes"})  # error: arg-type
client.scripts.post_sql("a", "b", 1, 2, csv_settings={"column_delimiter": ","})  # error: arg-type
client.scripts.post_containers({"cpu": 1})  # error: typeddict-item
client.scripts.post_containers(required_resources=[1])  # error: arg-type
hours: JobScheduleRequest = {"scheduled_hour": [6]}  # error: typeddict-unknown-key

# What is read-only stays so.
job.no_such_field = 3  # error: attr-defined
job["name"] = "new"  # error: misc
del job["name"]  # error: misc

# What is going away.
client.jobs.list_shares(1)  # error: deprecated
client.tables.post_refresh(1)  # error: deprecated
