"""Mocks of a client: they take what the client takes, and nothing else."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from unittest import mock

import pytest

import civis
from civis.base import CivisJobFailure
from civis.futures import CivisFuture, ContainerFuture
from civis.tests import create_client_mock, create_client_mock_for_container_tests
from civis.utils import job_logs, run_template

SPEC = {
    "swagger": "2.0",
    "info": {"title": "t", "version": "1"},
    "basePath": "/",
    "paths": {
        "/things/{id}": {
            "get": {
                "summary": "Get a thing",
                "parameters": [{"name": "id", "in": "path", "required": True, "type": "integer"}],
                "responses": {"200": {"description": "ok"}},
            }
        }
    },
}


@pytest.fixture
def no_network(monkeypatch):
    """Refuse every connection."""

    def refuse(*args, **kwargs):
        raise AssertionError("a connection was asked for")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.fixture
def client(no_network):
    return create_client_mock()


class TestNames:
    @pytest.mark.parametrize(
        ("read", "hint"),
        [
            pytest.param(lambda client: client.scrips, "scripts", id="a resource"),
            pytest.param(
                lambda client: client.scripts.post_container_runs, "post_containers_runs", id="a method"
            ),
            pytest.param(lambda client: client.get_databse_id, "get_database_id", id="a look-up"),
        ],
    )
    def test_wrong_ones_are_refused_and_near_ones_named(self, read, hint, client):
        with pytest.raises(AttributeError, match=hint):
            read(client)

    def test_wrong_ones_cannot_be_set(self, client):
        with pytest.raises(AttributeError):
            client.scrips = 1
        with pytest.raises(AttributeError):
            client.scripts.post_container_runs = mock.Mock()

    def test_every_resource_and_method_is_there(self, client):
        from civis.resources import API_SPEC_PATH, read_local_spec

        for name, resource in read_local_spec(API_SPEC_PATH).resources.items():
            for method in resource.operations:
                assert callable(getattr(getattr(client, name), method)), f"{name}.{method}"

    def test_older_names_are_the_same_mocks(self, client):
        client.users.list_me.return_value = {"id": 1}
        assert client.users.get_me() == {"id": 1}
        assert client.users.list_me is client.users.get_me


class TestArguments:
    @pytest.mark.parametrize(
        "call",
        [
            pytest.param(lambda client: client.files.get(), id="a required one is missing"),
            pytest.param(lambda client: client.files.get(1, 2), id="one too many"),
            pytest.param(lambda client: client.files.get(1, lnk_expires_at=3), id="mistyped"),
            pytest.param(lambda client: client.files.get(1, iterator=True), id="no pages here"),
            pytest.param(lambda client: client.get_database_id(), id="of a look-up"),
            pytest.param(lambda client: client.get_table_id("s.t", "d", "x"), id="too many of a look-up"),
        ],
    )
    def test_wrong_ones_are_refused(self, call, client):
        with pytest.raises(TypeError):
            call(client)

    def test_right_ones_are_recorded(self, client):
        client.jobs.list(state="failed", iterator=True)
        client.scripts.post_containers_runs(3)
        client.scripts.post_containers_runs.assert_called_once_with(3)
        assert client.method_calls == [
            mock.call.jobs.list(state="failed", iterator=True),
            mock.call.scripts.post_containers_runs(3),
        ]

    def test_names_and_positions_are_the_same(self, client):
        client.files.get(id=3)
        client.files.get.assert_called_once_with(3)


class TestBehaviour:
    def test_it_is_taken_for_a_client(self, client):
        assert isinstance(client, civis.APIClient)
        assert client.return_type == "snake"
        assert "civis" not in repr(client.files.get(1)).lower()

    def test_answers_of_the_test(self, client):
        client.files.get.return_value.file_url = "u"
        client.files.post.side_effect = ValueError("no")
        assert client.files.get(3).file_url == "u"
        with pytest.raises(ValueError, match="no"):
            client.files.post("a")

    def test_attributes_of_the_test(self, client):
        client.username = "ada"
        client.default_database_credential_id = 5
        client.get_database_id.return_value = 7
        assert (client.username, client.default_database_credential_id) == ("ada", 5)
        assert client.get_database_id("redshift") == 7

    def test_a_reset(self, client):
        client.files.get(3)
        client.get_database_id.return_value = 7
        client.reset_mock()
        client.files.get.assert_not_called()
        assert client.get_database_id("a") == 7
        client.reset_mock(return_value=True)
        assert client.get_database_id("a") != 7

    def test_two_are_two(self, client):
        client.files.get(3)
        create_client_mock().files.get.assert_not_called()

    def test_it_helps(self, client):
        assert "file" in client.files.get.__doc__.lower()

    @pytest.mark.parametrize("as_file", [False, True], ids=["a mapping", "a file"])
    def test_another_description(self, as_file, no_network, tmp_path: Path):
        (tmp_path / "spec.json").write_text(json.dumps(SPEC))
        client = create_client_mock(str(tmp_path / "spec.json") if as_file else SPEC)
        client.things.get(3)
        with pytest.raises(AttributeError, match="files"):
            _ = client.files

    def test_no_key_is_needed(self, client, monkeypatch):
        monkeypatch.delenv("CIVIS_API_KEY", raising=False)
        assert create_client_mock().scripts is not None


class TestContainers:
    def test_a_run_that_succeeds(self):
        client = create_client_mock_for_container_tests(script_id=3, run_id=7, run_outputs=[{"name": "a"}])
        script = client.scripts.post_containers(
            required_resources={"cpu": 1, "memory": 1, "disk_space": 1}, docker_image_name="python"
        )
        run = client.scripts.post_containers_runs(script.id)
        future = ContainerFuture(script.id, run.id, client=client)
        assert future.result(20).state == "succeeded"
        assert (future.job_id, future.run_id) == (3, 7)
        assert [each.name for each in future.outputs()] == ["a"]

    def test_a_run_that_fails(self):
        client = create_client_mock_for_container_tests(
            state="failed", log_outputs=[{"id": 1, "message": "no such file", "level": "error"}]
        )
        future = CivisFuture(client.scripts.get_containers_runs, (-10, 100), client=client)
        with pytest.raises(CivisJobFailure, match="The run failed"):
            future.result(20)

    def test_a_template(self):
        outputs = [{"name": "v", "object_type": "JSONValue", "object_id": 1, "value": {"A": 1}}]
        client = create_client_mock_for_container_tests(run_outputs=outputs)
        assert run_template(400, {}, client, return_as="JSONValue") == {"A": 1}
        client.scripts.post_custom.assert_called_once_with(400, arguments={})

    def test_its_log(self):
        entries = [{"id": number, "message": str(number)} for number in (1, 2, 3)]
        client = create_client_mock_for_container_tests(log_outputs=entries)
        assert [each.message for each in job_logs(-10, client=client)] == ["1", "2", "3"]

    def test_a_cancelled_run(self):
        client = create_client_mock_for_container_tests(state="running")
        future = ContainerFuture(-10, 100, client=client, poll_on_creation=False)
        assert future.cancel()
        assert client.scripts.get_containers_runs(-10, 100).state == "cancelled"
