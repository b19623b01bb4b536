"""Scripts that are programs: containers, Python, custom scripts from a template; outputs, logs, failures."""

import concurrent.futures
import json
import sys
from itertools import pairwise

from _expect import OFTEN, raises, until, worker_setup

import civis
from civis.base import CivisJobFailure
from civis.futures import CivisFuture, ContainerFuture

RESOURCES = {"cpu": 100, "memory": 256}
WRITES = """
import os
import civis
client = civis.APIClient()
job, run = os.environ["CIVIS_JOB_ID"], os.environ["CIVIS_RUN_ID"]
print("counting", os.environ["UPTO"])
value = client.json_values.post('{"sumOf": %d}' % sum(range(int(os.environ["UPTO"]))), name="sum")
client.scripts.post_python3_runs_outputs(job, run, "JSONValue", value.id)
file_id = civis.io.json_to_file({"upTo": os.environ["UPTO"]}, "told.json")
client.scripts.post_python3_runs_outputs(job, run, "File", file_id)
print("done")
"""


def container(client, command, **fields):
    """Start a container script's command."""
    script = client.scripts.post_containers(
        required_resources=RESOURCES,
        docker_image_name="civisanalytics/datascience-python",
        docker_command=command,
        name="compat",
        **fields,
    )
    return script, civis.utils.run_job(script.id, polling_interval=OFTEN)


def containers(client):
    command = f"{worker_setup()}; echo to be kept > kept.txt; civis files upload kept.txt | tail -1"
    script, future = container(client, command)
    assert isinstance(future, CivisFuture)
    assert future.result(60).state == "succeeded"
    assert future.succeeded()
    assert (future.job_id, future.done()) == (script.id, True)
    log = [entry["message"] for entry in civis.utils.job_logs(script.id)]
    assert any(line.strip().isdigit() for line in log), log
    assert client.scripts.get_containers(script.id).last_run.state == "succeeded"


def outputs(client):
    script = client.scripts.post_python3(
        name="outputs",
        source=WRITES,
        params=[{"name": "UPTO", "type": "integer", "required": True}],
        arguments={"UPTO": 5},
    )
    run = client.scripts.post_python3_runs(script.id)
    future = CivisFuture(client.scripts.get_python3_runs, (script.id, run.id), polling_interval=OFTEN)
    logged = list(civis.utils.job_logs(script.id, run.id, finished_timeout=10))
    assert [entry["message"] for entry in logged if entry["message"].startswith(("counting", "done"))] == [
        "counting 5",
        "done",
    ], logged
    assert all(former["id"] < later["id"] for former, later in pairwise(logged))
    future.result(60)
    listed = client.scripts.list_python3_runs_outputs(script.id, run.id)
    kinds = {each.object_type: each for each in listed}
    assert kinds["JSONValue"].value == {"sumOf": 10}, listed
    assert {each.name for each in listed} == {"sum", "told.json"}, listed
    file_id = civis.io.file_id_from_run_output("told.json", script.id, run.id)
    assert civis.io.file_to_json(file_id) == {"upTo": "5"}
    by_pattern = civis.io.file_id_from_run_output("^tol", script.id, run.id, regex=True)
    assert by_pattern == file_id
    with raises(FileNotFoundError):
        civis.io.file_id_from_run_output("untold.json", script.id, run.id)
    with raises(OSError):
        civis.io.file_id_from_run_output("told.json", script.id, 999999)
    return script


def failures(client):
    _, future = container(client, "echo the shelf fell >&2; exit 3")
    failure = future.exception(60)
    assert isinstance(failure, CivisJobFailure), failure
    assert f"From job {future.job_id} / run {future.run_id}" in str(failure)
    assert "the shelf fell" in str(failure) or "3" in str(failure), failure
    assert future.failed()
    assert "the shelf fell" in [entry["message"] for entry in civis.utils.job_logs(future.job_id)]
    with raises(CivisJobFailure):
        future.result()


def retries(client):
    script = client.scripts.post_containers(
        required_resources=RESOURCES, docker_command="exit 1", name="again"
    )
    run = client.scripts.post_containers_runs(script.id)
    future = ContainerFuture(script.id, run.id, max_n_retries=1, polling_interval=OFTEN)
    assert isinstance(future.exception(60), CivisJobFailure)
    assert len(client.scripts.list_containers_runs(script.id)) == 2


def cancelling(client):
    script = client.scripts.post_containers(
        required_resources=RESOURCES, docker_command="sleep 60", name="long"
    )
    run = client.scripts.post_containers_runs(script.id)
    future = ContainerFuture(script.id, run.id, polling_interval=OFTEN)
    until(
        lambda: client.scripts.get_containers_runs(script.id, run.id).state,
        lambda state: state == "running",
    )
    # The answer says "running, cancel requested"; this client's future stays with that, the platform goes on.
    future.cancel()
    ended = until(
        lambda: client.scripts.get_containers_runs(script.id, run.id).state,
        lambda state: state not in ("queued", "running"),
    )
    assert ended == "cancelled", ended


def templates(client, script):
    template = client.templates.post_scripts(script_id=script.id, name="sums")
    custom = client.scripts.post_custom(from_template_id=template.id, name="sum of 7", arguments={"UPTO": 7})
    assert (custom.from_template_id, custom.arguments) == (template.id, {"UPTO": 7}), custom
    run = client.scripts.post_custom_runs(custom.id)
    CivisFuture(client.scripts.get_custom_runs, (custom.id, run.id), polling_interval=OFTEN).result(60)
    found = client.scripts.list_custom_runs_outputs(custom.id, run.id)
    assert {each.object_type for each in found} == {"JSONValue", "File"}, found

    values = civis.utils.run_template(template.id, {"UPTO": 4}, return_as="JSONValue")
    assert values == {"sumOf": 6}, values
    files = civis.utils.run_template(template.id, {"UPTO": 4}, return_as="files")
    assert json.loads(json.dumps(civis.io.file_to_json(files["told.json"]))) == {"upTo": "4"}, files
    future = civis.utils.run_template(template.id, {"UPTO": 3}, return_as="future")
    assert future.result(60).state == "succeeded"
    with raises(civis.base.CivisAPIError, "(400)"):
        client.scripts.post_custom(from_template_id=template.id, arguments={"NONE_SUCH": 1})
    client.templates.patch_scripts(template.id, archived=True)


def main():
    client = civis.APIClient()
    assert sys.version_info >= (3, 10)
    # Templates and failures have nothing to do with each other, and mostly wait.
    with concurrent.futures.ThreadPoolExecutor(5) as pool:
        topics = [pool.submit(topic, client) for topic in (containers, failures, retries, cancelling)]
        topics.append(pool.submit(lambda: templates(client, outputs(client))))
        for each in concurrent.futures.as_completed(topics):
            each.result()


if __name__ == "__main__":
    main()
