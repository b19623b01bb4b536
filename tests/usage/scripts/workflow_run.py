"""Runs a workflow with inputs: one job after the other, each named by what the run is given."""

import civis
from civis.futures import CivisFuture

DEFINITION = """
version: '2.0'
workflow:
  type: direct
  input:
    - first_job
    - second_job
  tasks:
    first:
      action: civis.run_job
      input:
        job_id: <% $.first_job %>
      on-success:
        - second
    second:
      action: civis.run_job
      input:
        job_id: <% $.second_job %>
"""

client = civis.APIClient()
database = client.get_database_id("local")
jobs = [
    client.scripts.post_sql(
        name=f"step {step}",
        remote_host_id=database,
        credential_id=client.default_database_credential_id,
        sql=sql,
    )
    for step, sql in enumerate(
        [
            "create table public.steps as select 1 as step",
            "insert into public.steps select max(step) + 1 from public.steps",
        ]
    )
]
workflow = client.workflows.post(name="Two steps", definition=DEFINITION)
execution = client.workflows.post_executions(
    workflow.id, input={"first_job": jobs[0].id, "second_job": jobs[1].id}
)
future = CivisFuture(client.workflows.get_executions, (workflow.id, execution.id))
print(future.result().state)
