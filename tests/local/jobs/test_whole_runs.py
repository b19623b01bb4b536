"""One program as users write them, run in three ways: it prints, sleeps, reads its parameters, puts out."""

from __future__ import annotations

import os
import shlex
from typing import Any

import pytest

pytest.importorskip("duckdb")
if os.name != "posix":
    pytest.skip("programs run in groups of processes", allow_module_level=True)

import civis
from civis.local import Platform
from civis.local.members import add_member

RESOURCES = {"cpu": 100, "memory": 1024}
PARAMS = [{"name": "name", "type": "string", "required": True}]
SOURCE = """
import io, os, time
import civis

print("Hello", os.environ["NAME"], flush=True)
time.sleep(0.05)
client = civis.APIClient()
job_id, run_id = int(os.environ["CIVIS_JOB_ID"]), int(os.environ["CIVIS_RUN_ID"])
file_id = civis.io.file_to_civis(io.BytesIO(b"content"), "out.txt", client=client)
value_id = client.json_values.post('{"rows": 5}', name="numbers").id
for kind, id in (("File", file_id), ("JSONValue", value_id)):
    client.scripts.post_KIND_runs_outputs(job_id, run_id, kind, id)
print("I am", client.users.get_me().username)
"""


def of_container(client: Any, other: Any) -> tuple[Any, int, str]:
    """Make a container script that runs the program."""
    command = f"python -c {shlex.quote(SOURCE.replace('KIND', 'containers'))}"
    fields = {"params": PARAMS, "arguments": {"name": "Ada"}}
    script = client.scripts.post_containers(required_resources=RESOURCES, docker_command=command, **fields)
    return client, script.id, "list_containers_runs_outputs"


def of_python(client: Any, other: Any) -> tuple[Any, int, str]:
    """Make a Python script of the program."""
    fields = {"params": PARAMS, "arguments": {"name": "Ada"}, "required_resources": RESOURCES}
    script = client.scripts.post_python3("p", SOURCE.replace("KIND", "python3"), **fields)
    return client, script.id, "list_python3_runs_outputs"


def of_template(client: Any, other: Any) -> tuple[Any, int, str]:
    """Make a template of the program, and a script of it by another user."""
    script = client.scripts.post_python3(
        "p", SOURCE.replace("KIND", "python3"), params=PARAMS, required_resources=RESOURCES
    )
    template = client.templates.post_scripts(script.id, "t")
    client.templates.put_scripts_shares_users(template.id, [other.users.get_me().id], "read")
    custom = other.scripts.post_custom(template.id, arguments={"name": "Ada"})
    return other, custom.id, "list_custom_runs_outputs"


@pytest.fixture(scope="module")
def other(platform: Platform) -> Any:
    """A client of another user."""
    member = add_member(platform, "grace")
    with civis.APIClient(api_key=member.token, endpoint=platform.url) as made:
        yield made


WAYS = [
    pytest.param(of_container, id="a container"),
    pytest.param(of_python, id="Python"),
    pytest.param(of_template, id="a template by another user"),
]


@pytest.mark.parametrize("make", WAYS)
def test_a_program_from_its_first_line_to_its_outputs(client: Any, other: Any, make: Any) -> None:
    user, job_id, list_outputs = make(client, other)
    future = civis.utils.run_job(job_id, client=user, polling_interval=0.1)
    assert future.result().state == "succeeded"
    lines = [line.message for line in civis.utils.job_logs(job_id, future.run_id, client=user)]
    assert lines == ["Hello Ada", f"I am {user.users.get_me().username}"]
    file, value = getattr(user.scripts, list_outputs)(job_id, future.run_id)
    assert (file.object_type, file.name) == ("File", "out.txt")
    assert (value.object_type, value.value) == ("JSONValue", {"rows": 5})
