"""Executors whose tasks are jobs."""

from __future__ import annotations

import concurrent.futures
from types import SimpleNamespace
from typing import Any

import pytest

from civis._errors import CivisJobFailure
from civis.futures import ContainerFuture, CustomScriptExecutor, _ContainerShellExecutor

LONG = 20


class FakeScripts:
    """The resource `scripts` of a client: every run has the state that the test chose."""

    def __init__(self, kind: str) -> None:
        self.made: list[dict[str, Any]] = []
        self.started: list[int] = []
        self.state = "succeeded"
        for name in ("post", "post_runs", "get_runs"):
            verb, _, rest = name.partition("_")
            setattr(self, f"{verb}_{kind}" + (f"_{rest}" if rest else ""), getattr(self, f"_{name}"))

    def _post(self, *args: Any, **told: Any) -> Any:
        self.made.append({"args": args, **told})
        return SimpleNamespace(id=len(self.made))

    def _post_runs(self, job_id: int) -> Any:
        self.started.append(job_id)
        return SimpleNamespace(id=100 + len(self.started))

    def _get_runs(self, job_id: int, run_id: int) -> Any:
        return SimpleNamespace(
            id=run_id, state=self.state, error="no luck" if self.state == "failed" else None
        )

    def cancel(self, job_id: int, run_id: int) -> None:
        self.state = "cancelled"


def make_client(kind: str) -> Any:
    scripts = FakeScripts(kind)
    return SimpleNamespace(scripts=scripts, jobs=SimpleNamespace(delete_runs=scripts.cancel))


@pytest.fixture
def client():
    return make_client("containers")


@pytest.fixture
def template_client():
    return make_client("custom")


class TestShellExecutor:
    def test_a_command(self, client):
        with _ContainerShellExecutor(name="mine", client=client, polling_interval=0.01) as executor:
            future = executor.submit("echo", "a b", 3)
        assert future.done()
        assert future.result(LONG).state == "succeeded"
        assert client.scripts.made == [
            {
                "args": (),
                "required_resources": {"cpu": 1024, "memory": 1024},
                "docker_image_name": "civisanalytics/datascience-python",
                "docker_command": "echo 'a b' 3",
                "name": "mine",
                "hidden": True,
                "arguments": {},
                "params": [],
            }
        ]

    def test_a_callable_gives_the_command(self, client):
        with _ContainerShellExecutor(client=client, polling_interval=0.01) as executor:
            executor.submit(lambda number, unit: f"sleep {number}{unit}", 3, unit="s")
        assert client.scripts.made[0]["docker_command"] == "sleep 3s"

    def test_every_keyword_reaches_the_script(self, client, monkeypatch):
        monkeypatch.setenv("CIVIS_JOB_ID", "11")
        monkeypatch.setenv("CIVIS_RUN_ID", "12")
        executor = _ContainerShellExecutor(
            docker_image_name="image",
            required_resources={"cpu": 1},
            hidden=False,
            client=client,
            polling_interval=0.01,
            inc_script_names=True,
            name="n",
            docker_image_tag="v1",
            arguments={"BASE": 1},
            params=[{"name": "BASE", "type": "integer"}],
        )
        with executor:
            executor.submit("a", arguments={"FOO": "bar"})
            executor.submit("b")
        first, second = client.scripts.made
        assert first["arguments"] == {
            "CIVIS_PARENT_JOB_ID": 11,
            "CIVIS_PARENT_RUN_ID": 12,
            "BASE": 1,
            "FOO": "bar",
        }
        assert {param["name"]: param["type"] for param in first["params"]} == {
            "BASE": "integer",
            "CIVIS_PARENT_JOB_ID": "integer",
            "CIVIS_PARENT_RUN_ID": "integer",
            "FOO": "string",
        }
        assert (first["docker_image_name"], first["docker_image_tag"], first["hidden"]) == (
            "image",
            "v1",
            False,
        )
        assert first["required_resources"] == {"cpu": 1}
        assert (first["name"], second["name"]) == ("n 0", "n 1")

    def test_a_keyword_without_effect_is_refused(self, client):
        with _ContainerShellExecutor(client=client) as executor, pytest.raises(TypeError, match="no effect"):
            executor.submit("a", argument={"FOO": "bar"})

    def test_after_shutdown(self, client):
        executor = _ContainerShellExecutor(client=client)
        executor.shutdown()
        with pytest.raises(RuntimeError, match="shutdown"):
            executor.submit("a")

    def test_cancel_all(self, client):
        client.scripts.state = "running"
        executor = _ContainerShellExecutor(client=client, polling_interval=1000)
        futures = [executor.submit("a") for _ in range(3)]
        executor.cancel_all()
        executor.shutdown()
        for future in futures:
            with pytest.raises(concurrent.futures.CancelledError):
                future.result(LONG)

    def test_shutdown_may_cancel(self, client):
        client.scripts.state = "running"
        executor = _ContainerShellExecutor(client=client, polling_interval=1000)
        future = executor.submit("a")
        executor.shutdown(cancel_futures=True)
        assert future.cancelled()

    def test_map(self, client):
        with _ContainerShellExecutor(client=client, polling_interval=0.01) as executor:
            results = list(executor.map(lambda number: f"echo {number}", [1, 2, 3]))
        assert [made["docker_command"] for made in client.scripts.made] == ["echo 1", "echo 2", "echo 3"]
        assert [result.state for result in results] == ["succeeded"] * 3


class TestCustomScriptExecutor:
    def test_arguments_of_executor_and_task(self, template_client):
        executor = CustomScriptExecutor(
            400, "mine", arguments={"A": 1}, client=template_client, polling_interval=0.01, remote_host_id=2
        )
        with executor:
            future = executor.submit(B=2)
        assert future.result(LONG).state == "succeeded"
        assert template_client.scripts.made == [
            {
                "args": (400,),
                "name": "mine",
                "arguments": {"A": 1, "B": 2},
                "hidden": True,
                "remote_host_id": 2,
            }
        ]

    def test_map_takes_arguments(self, template_client):
        with CustomScriptExecutor(400, client=template_client, polling_interval=0.01) as executor:
            assert len(list(executor.map([{"A": 1}, {"A": 2}], timeout=LONG))) == 2
        assert [made["arguments"] for made in template_client.scripts.made] == [{"A": 1}, {"A": 2}]

    def test_map_cancels_the_rest_when_one_fails(self, template_client):
        template_client.scripts.state = "failed"
        executor = CustomScriptExecutor(400, client=template_client, polling_interval=0.01)
        with pytest.raises(CivisJobFailure, match="no luck"):
            list(executor.map([{"A": 1}, {"A": 2}]))
        executor.shutdown()


class TestContainerFuture:
    def test_starts_a_failed_run_again(self, client):
        client.scripts.state = "failed"
        future = ContainerFuture(1, 2, max_n_retries=3, polling_interval=0.01, client=client)
        with pytest.raises(CivisJobFailure):
            future.result(LONG)
        assert client.scripts.started == [1, 1, 1]
        assert future.run_id == 103

    def test_attach(self, client):
        future = ContainerFuture.attach(1, 2, client, polling_interval=0.01)
        assert future.result(LONG).id == 2
