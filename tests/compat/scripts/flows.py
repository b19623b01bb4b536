"""Workflows and their executions."""

from _expect import OFTEN, raises, until

import civis
from civis.base import CivisAPIError
from civis.futures import CivisFuture
from civis.workflows import validate_workflow_yaml

DEFINITION = """\
version: '2.0'
workflow:
  type: direct
  input:
    - words
    - first_job
  output:
    told: <% $.words %>
  tasks:
    first:
      action: civis.run_job
      input:
        job_id: <% $.first_job %>
      on-success:
        - second
    second:
      action: civis.scripts.python3
      input:
        name: second
        source: 'print("second")'
      on-success:
        - last
    last:
      action: std.echo
      input:
        output: <% $.words %>
"""
FAILING = """\
version: '2.0'
workflow:
  type: direct
  tasks:
    broken:
      action: civis.scripts.container
      input:
        docker_image_name: any
        docker_command: exit 4
        required_resources: {cpu: 100, memory: 256}
"""


def main():
    client = civis.APIClient()
    validate_workflow_yaml(DEFINITION)
    validate_workflow_yaml(FAILING)
    first = client.scripts.post_python3(name="first", source="print('first')")
    flow = client.workflows.post(name="compat flow", definition=DEFINITION)
    assert flow.valid, flow.validation_errors
    broken = client.workflows.post(name="compat broken", definition=FAILING)

    execution = client.workflows.post_executions(
        flow.id, input={"words": "Zwei Wörter", "first_job": first.id}
    )
    failed = client.workflows.post_executions(broken.id)
    future = CivisFuture(client.workflows.get_executions, (flow.id, execution.id), polling_interval=OFTEN)
    done = future.result(60)
    assert done.state == "succeeded", done
    assert [task.name for task in sorted(done.tasks, key=lambda task: task.name)] == [
        "first",
        "last",
        "second",
    ]
    ran = client.workflows.get_executions_tasks(flow.id, execution.id, "first")
    assert ran.mistral_state == "success", ran
    assert [run.job_id for run in ran.runs] == [first.id], ran
    assert client.scripts.get_python3(first.id).last_run.state == "succeeded"
    assert execution.id in [each.id for each in client.workflows.list_executions(flow.id)]

    over = until(
        lambda: client.workflows.get_executions(broken.id, failed.id), lambda found: found.state != "running"
    )
    assert over.state == "failed", over
    assert client.workflows.post_executions_retry(broken.id, failed.id).id == failed.id
    until(
        lambda: client.workflows.get_executions(broken.id, failed.id), lambda found: found.state == "failed"
    )

    spoilt = client.workflows.patch(flow.id, definition=DEFINITION.replace("- second", "- nowhere"))
    assert spoilt.valid is False
    assert "nowhere" in str(spoilt.validation_errors), spoilt.validation_errors
    with raises(CivisAPIError, "(4"):
        client.workflows.post_executions(flow.id, input={"words": "", "first_job": first.id})
    client.workflows.put_archive(broken.id, True)
    assert broken.id not in [each.id for each in client.workflows.list(iterator=True)]


if __name__ == "__main__":
    main()
