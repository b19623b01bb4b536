"""What users write, over many resources; checkers must find nothing wrong. Read by them, never run."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from typing_extensions import assert_type

import civis
from civis.response import ListResponse, PaginatedResponse, Response

if TYPE_CHECKING:
    from civis.resources.types import (
        ContainerScript,
        File,
        Job,
        JobScheduleRequest,
        JobSummary,
        ScriptRequiredResourcesRequest,
        Shares,
    )

client = civis.APIClient()

# Answers have fields, at every depth; fields that may be null can be compared with None or not.
job = client.jobs.get(1)
assert_type(job, Job)
assert_type(job.id, int)
print(job.runs[0].id + 1)
if job.last_run is not None and job.last_run.state == "failed":
    print(job.name.upper(), job["name"], job.get("name"), "name" in job, job.json()["name"], job.headers)
same_as_item: Any = job["lastRun"]

# A Response is still what it is.
anything: Response = job
total: int | None = job.calls_remaining


def names(jobs: list[JobSummary]) -> list[str]:
    """Take the objects of a list."""
    return [each.name for each in jobs]


# Lists, and iterators over all pages.
assert_type(client.jobs.list(state="running"), ListResponse[JobSummary])
assert_type(client.jobs.list(iterator=True), PaginatedResponse[JobSummary])
print(names(client.jobs.list(limit=20, order_dir="desc")), client.jobs.list().total)
for each in client.jobs.list(iterator=True, type="JobTypes::ContainerDocker"):
    assert_type(each.id, int)


def either(is_all: bool) -> ListResponse[JobSummary] | PaginatedResponse[JobSummary]:
    """Decide at run time."""
    return client.jobs.list(iterator=is_all)


# Bodies: in place, in a variable with its type, by position or name.
resources: ScriptRequiredResourcesRequest = {"cpu": 512, "memory": 1024, "disk_space": 1.5}
daily: JobScheduleRequest = {"scheduled": True, "scheduled_hours": [6]}
container = client.scripts.post_containers(
    resources, docker_command="ls", docker_image_name="python", arguments={"A": 1}, schedule=daily
)
assert_type(container, ContainerScript)
run = client.scripts.post_containers_runs(container.id)
print(client.scripts.get_containers_runs(container.id, run.id).state)
query = client.scripts.post_sql(
    "export",
    "SELECT 1",
    client.get_database_id("local"),
    client.default_database_credential_id or 0,
    csv_settings={"include_header": True, "compression": "gzip", "column_delimiter": "pipe"},
)
for output in client.scripts.get_sql_runs(query.id, client.scripts.post_sql_runs(query.id).id).output:
    print(output.path)
client.scripts.patch_containers(container.id, name=None, params=[{"name": "A", "type": "string"}])
client.scripts.list(type="containers", archived="false")

uploaded = client.files.post("data.csv", expires_at=datetime(2030, 1, 1))
print(uploaded.upload_url, uploaded.upload_fields)
file: File = client.files.get(uploaded.id)
sharing: Shares = client.files.put_shares_users(file.id, [1, 2], "read")
sharing = client.files.get_shares(file.id)
gone: Response = client.files.delete_shares_users(file.id, 2)

sync = client.imports.post("copy", "Dbsync", True, source={"remote_host_id": 1, "credential_id": 2})
print(sync.id, [each.id for each in client.imports.list(iterator=True)])
print(
    client.databases.get(1).name, [table.name for table in client.databases.list_schemas_tables(1, "public")]
)
print([table.name for table in client.tables.list(database_id=1, schema="public", name="t")])
print([column.name for column in client.tables.list_columns(1)])
print(client.queries.post(1, "SELECT 1", 10).id, client.credentials.list(type="Database")[0].username)
print(client.users.get_me().username, client.users.list(iterator=True), client.groups.list()[0].name)
print(client.projects.get(1).scripts[0].name, client.projects.post("name", "words").id)
print(client.workflows.post("chain", definition="version: '2.0'").id, client.workflows.list_executions(1))
print(client.notebooks.list()[0].id, client.services.get(1).name, client.reports.get(1).id)
print(client.models.list(iterator=False), client.predictions.get(1).id, client.storage_hosts.get(1).name)
print(client.json_values.post("{}", name="value").id, client.aliases.get_alias("job", "name").id)
print(client.templates.list_scripts(iterator=True), client.remote_hosts.list()[0].name)
print(client.exports.list(), client.enhancements.list(), client.git_repos.list(), client.table_tags.list())
print(client.permission_sets.get(1).name, client.match_targets.list(), client.search.get(query="x"))
print(client.announcements.list(), client.ontology.list(), client.roles.list(), client.endpoints.get())
print(client.username, client.feature_flags, client.last_response)
