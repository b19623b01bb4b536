"""What goes over the wire: the spelling of bodies, answers and queries, and who is shown the key."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

import civis
from civis.client import APIClient
from civis.resources import API_SPEC_PATH
from tests._servers import Reply, Request, ScriptedServer, json_reply, served

KEY = "the-key"


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with served() as running:
        yield running


@pytest.fixture
def client(server: ScriptedServer) -> APIClient:
    return civis.APIClient(KEY, endpoint=server.url, local_api_spec=API_SPEC_PATH)


def test_bodies_are_in_snake_case_and_answers_in_either(server, client):
    server.answer(json_reply({"id": 3, "dockerImageName": "python", "requiredResources": {"diskSpace": 1}}))
    made = client.scripts.post_containers(
        required_resources={"cpu": 1, "memory": 2, "disk_space": 3}, docker_image_name="python"
    )
    sent = json.loads(server.requests[0].body)
    assert sent == {
        "required_resources": {"cpu": 1, "memory": 2, "disk_space": 3},
        "docker_image_name": "python",
    }
    assert made.docker_image_name == made["dockerImageName"] == "python"
    assert made.required_resources.disk_space == 1


@pytest.mark.parametrize(("given", "sent"), [(True, "hidden=True"), (False, "hidden=False")])
def test_booleans_in_queries(given, sent, server, client):
    server.answer(json_reply([]))
    client.jobs.list(hidden=given)
    assert server.requests[0].target == f"/jobs?{sent}"


def test_signed_addresses_are_absolute_and_see_no_key(server, client, tmp_path):
    def script(request: Request) -> Reply:
        if request.path == "/files":
            fields = {"key": "k", "policy": "p"}
            return json_reply({"id": 5, "uploadUrl": server.url + "signed/upload", "uploadFields": fields})
        if request.path == "/files/5":
            return json_reply({"id": 5, "name": "a.txt", "fileUrl": server.url + "signed/a.txt?signature=x"})
        return Reply(200, b"text") if request.method == "GET" else Reply(204)

    server.script = script
    (tmp_path / "a.txt").write_text("text")
    file_id = civis.io.file_to_civis(tmp_path / "a.txt", client=client)
    civis.io.civis_to_file(file_id, tmp_path / "b.txt", client=client)
    assert (tmp_path / "b.txt").read_text() == "text"
    for request in server.requests:
        is_signed = request.path.startswith("/signed/")
        assert ("Authorization" in request.headers) is not is_signed, request.target
        assert not (is_signed and KEY in f"{request.headers}{request.target}")


def test_a_job_says_which_it_is(server, client, monkeypatch):
    monkeypatch.setenv("CIVIS_JOB_ID", "3")
    monkeypatch.setenv("CIVIS_RUN_ID", "7")
    server.answer(json_reply([]))
    client.jobs.list()
    headers = {name.lower(): value for name, value in server.requests[0].headers.items()}
    assert (headers["x-civis-job-id"], headers["x-civis-run-id"]) == ("3", "7")


def test_a_platform_that_does_not_answer_is_not_waited_for_for_ever(civis_client, civis_faults):
    civis_faults.stall("jobs.list", 3600.0, times=None)
    with pytest.raises(civis.base.CivisTimeoutError):
        civis_client.with_options(timeout=0.2, retries=0).jobs.list()
