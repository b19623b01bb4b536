"""Callables in containers by the interface of `concurrent.futures`."""

from __future__ import annotations

import concurrent.futures
import os
import pickle
import signal
import threading
import time
import uuid
from math import sqrt

import joblib
import numpy as np
import pytest

from civis.base import CivisJobFailure
from civis.local.api.faults import Fault
from civis.local.state import accounts
from civis.parallel import (
    CivisExecutor,
    EnvironmentMismatchError,
    JobSubmissionError,
    RemoteCallError,
    infer_backend_factory,
    make_backend_factory,
    make_backend_template_factory,
)

LONG = 60


@pytest.fixture
def make(client):
    """Make executors that poll often, and end them."""
    made = []

    def make(**settings):
        executor = CivisExecutor(**{"client": client, "polling_interval": 0.05, "max_workers": 2, **settings})
        made.append(executor)
        return executor

    yield make
    for executor in made:
        executor.cancel_all()


def test_submit_and_map(make, record):
    with make() as executor:
        assert executor.submit(sqrt, 16).result(LONG) == 4
        assert executor.submit(int, "ff", base=16).result(LONG) == 255
        assert list(executor.map(pow, range(40), [2] * 40)) == [number**2 for number in range(40)]
    assert record.most_at_once() <= 2
    assert len(record.runs()) < 20


def test_it_is_understood_by_concurrent_futures(make):
    with make() as executor:
        futures = {executor.submit(sqrt, number**2): number for number in range(3)}
        for future in concurrent.futures.as_completed(futures, LONG):
            assert future.result() == futures[future]


def test_what_a_call_raises(make):
    with make() as executor:
        bad, good = executor.submit(sqrt, -1), executor.submit(sqrt, 1)
        with pytest.raises(ValueError, match="domain"):
            bad.result(LONG)
        assert good.result(LONG) == 1


def test_waiting_calls_can_be_cancelled_and_running_ones_end_with_the_executor(make, record):
    executor = make(max_workers=1)
    running = executor.submit(time.sleep, 60)
    waiting = executor.submit(sqrt, 1)
    assert waiting.cancel()
    assert not running.cancel()
    executor.cancel_all()
    with pytest.raises(concurrent.futures.CancelledError):
        running.result(LONG)
    assert "running" not in record.states()
    with pytest.raises(RuntimeError, match="shutdown"):
        executor.submit(sqrt, 1)


def test_inputs_are_those_of_the_moment(make):
    data = np.zeros(300_000)
    with make() as executor:
        futures = []
        for number in range(3):
            data[0] = number
            futures.append(executor.submit(np.sum, data))
        assert [future.result(LONG) for future in futures] == [0, 1, 2]


def test_shutdown_need_not_wait(make):
    executor = make()
    futures = [executor.submit(sqrt, number) for number in (0, 1)]
    executor.shutdown(wait=False)
    assert [future.result(LONG) for future in futures] == [0, 1]


def test_shutdown_can_cancel_what_waits(make):
    executor = make(max_workers=1)
    futures = [executor.submit(sqrt, number) for number in range(5)]
    executor.shutdown(cancel_futures=True)
    assert [future.cancelled() for future in futures][1:] == [True] * 4


@pytest.mark.parametrize(
    ("settings", "error", "words"),
    [
        ({"max_workers": 0}, ValueError, "max_workers"),
        ({"max_job_retries": -1}, ValueError, "max_job_retries"),
        ({"max_submit_retries": -1}, ValueError, "max_submit_retries"),
        ({"from_template_id": 1, "setup_cmd": ":"}, TypeError, "setup_cmd"),
    ],
)
def test_settings_that_make_no_sense(make, settings, error, words):
    with pytest.raises(error, match=words):
        make(**settings)


class TestSetup:
    def test_its_commands_run_first_and_what_they_set_holds(self, make):
        with make(setup_cmd="export A_WORD=hello # and no more\ncd /") as executor:
            there = executor.submit(lambda: (__import__("os").environ["A_WORD"], __import__("os").getcwd()))
            assert there.result(LONG) == ("hello", "/")

    def test_a_setup_that_fails_is_shown(self, make):
        with make(setup_cmd="echo no such package; false") as executor:  # noqa: SIM117 - the error is of the inner block
            with pytest.raises(CivisJobFailure, match="no such package"):
                executor.submit(sqrt, 1).result(LONG)

    def test_arguments_reach_the_container(self, make):
        with make(arguments={"A_NUMBER": 3}) as executor:
            assert executor.submit(lambda: __import__("os").environ["A_NUMBER"]).result(LONG) == "3"


class TestEnvironment:
    @pytest.fixture
    def other_version(self, tmp_path):
        """A directory in which cloudpickle has another version."""
        folder = tmp_path / "cloudpickle-0.1.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: cloudpickle\nVersion: 0.1\n")
        return f'export PYTHONPATH="{tmp_path}:$PYTHONPATH"'

    def test_a_mismatch_is_refused_with_a_table(self, make, other_version, tmp_path):
        marker = tmp_path / "it ran"
        with make(setup_cmd=other_version, max_job_retries=3) as executor:
            future = executor.submit(lambda: marker.touch())
            with pytest.raises(EnvironmentMismatchError, match=r"cloudpickle +\S+ +0\.1") as caught:
                future.result(LONG)
        name, _, there = caught.value.differences[0]
        assert (name, there) == ("cloudpickle", "0.1")
        assert not marker.exists()
        copy = pickle.loads(pickle.dumps(caught.value))
        assert (str(copy), copy.differences) == (str(caught.value), caught.value.differences)

    def test_nobody_has_to_check(self, make, other_version):
        with make(setup_cmd=other_version, check_environment=False) as executor:
            assert executor.submit(lambda: 5).result(LONG) == 5


class TestTemplates:
    @pytest.fixture
    def template_id(self, client):
        """A template whose script runs the worker."""
        script = client.scripts.post_containers(
            required_resources={"cpu": 1, "memory": 1},
            docker_command="civis_joblib_worker",
            name="worker",
            params=[
                {"name": "JOBLIB_FUNC_FILE_ID", "type": "integer", "required": True},
                {"name": "A_WORD", "type": "string"},
            ],
        )
        return client.templates.post_scripts(script.id, "worker").id

    def test_calls_run_in_custom_scripts(self, make, template_id, client, record):
        with make(from_template_id=template_id, arguments={"A_WORD": "hello"}) as executor:
            future = executor.submit(lambda: (__import__("os").environ["A_WORD"], __import__("os").getpid()))
            assert future.result(LONG)[0] == "hello"
        assert client.scripts.get_custom(record.last_job_id()).from_template_id == template_id

    @pytest.fixture
    def other_client(self, client, platform, template_id):
        """A client of another user, who may use the template, and gets no containers made."""
        token = f"token-{uuid.uuid4().hex}"
        with platform.state.begin() as connection:
            now = platform.clock.time()
            user = accounts.create_user(connection, now=now, username=token, name="Other", email="")
            accounts.create_key(connection, user.id, now=now, name="key", token=token)
        client.templates.put_scripts_shares_users(template_id, [user.id], "read")
        refused = Fault("refuse", "POST", "/scripts/containers", times=None, status=403)
        platform.faults.add(refused)
        with platform.client(api_key=token) as other:
            yield other
        platform.faults.clear()
        assert refused.happened == 0

    def test_who_may_make_no_containers_has_a_template(self, other_client, template_id, record):
        factory = make_backend_template_factory(template_id, client=other_client, polling_interval=0.05)
        joblib.register_parallel_backend("civis", factory)
        with joblib.parallel_config("civis"):
            found = joblib.Parallel(n_jobs=2)(joblib.delayed(sqrt)(number**2) for number in range(6))
        assert found == list(range(6))
        script = other_client.scripts.get_custom(record.last_job_id())
        assert script.author.id == other_client.users.get_me().id

    def test_what_a_template_runs_is_inferred(self, client, monkeypatch):
        script = client.scripts.post_containers(
            required_resources={"cpu": 7, "memory": 8},
            docker_command="true",
            docker_image_name="some/image",
            docker_image_tag="3",
            params=[{"name": "A", "type": "string"}, {"name": "B", "type": "string"}],
        )
        template = client.templates.post_scripts(script.id, "some").id
        custom = client.scripts.post_custom(template, arguments={"A": "own"})
        monkeypatch.setenv("CIVIS_JOB_ID", str(custom.id))
        launcher = infer_backend_factory(client=client, arguments={"B": "given"}).ways.launcher
        assert launcher.docker_image_name == "some/image"
        assert launcher.settings["docker_image_tag"] == "3"
        assert launcher.settings["required_resources"]["cpu"] == 7
        assert launcher.settings["arguments"] == {"A": "own", "B": "given"}


class TestInference:
    def test_outside_of_a_job(self):
        with pytest.raises(RuntimeError, match="CIVIS_JOB_ID"):
            infer_backend_factory()

    def test_a_job_without_a_container(self, client, monkeypatch):
        script = client.scripts.post_python3(name="no container", source="pass")
        monkeypatch.setenv("CIVIS_JOB_ID", str(script.id))
        with pytest.raises(RuntimeError, match="no container"):
            infer_backend_factory(client=client)

    def test_in_a_container(self, make, client, record):
        def inner():
            from math import sqrt

            import joblib

            from civis.parallel import infer_backend_factory

            joblib.register_parallel_backend("civis", infer_backend_factory(polling_interval=0.05))
            with joblib.parallel_config("civis"):
                return joblib.Parallel(n_jobs=2)(joblib.delayed(sqrt)(i**2) for i in range(3))

        resources = {"cpu": 512, "memory": 700}
        with make(required_resources=resources, docker_image_name="some/image") as executor:
            assert executor.submit(inner).result(LONG) == [0, 1, 2]
        last = client.scripts.get_containers(record.last_job_id())
        assert (last.docker_image_name, last.required_resources.memory) == ("some/image", 700)
        assert "CIVIS_PARENT_JOB_ID" in last.arguments


class TestResults:
    def test_a_result_that_vanished(self, make, client):
        def leave_without_a_word():
            import os

            os._exit(0)

        with make() as executor, pytest.raises(CivisJobFailure, match="left no result"):
            executor.submit(leave_without_a_word).result(LONG)

    def test_another_file_is_not_taken_for_the_result(self, make, tmp_path):
        marker = tmp_path / "unpickled"

        class Trap:
            def __reduce__(self):
                return (os.system, (f"touch '{marker}'",))

        trap = pickle.dumps(Trap())

        def put_out_a_trap():
            import io
            import os

            import civis

            client = civis.APIClient()
            file_id = civis.io.file_to_civis(io.BytesIO(trap), "civis-parallel-result", client=client)
            job, run = int(os.environ["CIVIS_JOB_ID"]), int(os.environ["CIVIS_RUN_ID"])
            client.scripts.post_containers_runs_outputs(job, run, "File", file_id)
            os._exit(0)

        with make() as executor, pytest.raises(CivisJobFailure, match="left no result"):
            executor.submit(put_out_a_trap).result(LONG)
        assert not marker.exists()

    def test_no_key_in_what_travels(self, make, platform, client):
        with make() as executor:
            assert platform.api_key not in repr(executor._factory)
        factory = make_backend_factory(client=client, remote_backend="civis")
        assert platform.api_key.encode() not in pickle.dumps(factory)
        assert platform.api_key.encode() not in pickle.dumps(factory())


class TestKilled:
    def test_others_that_shared_the_container_are_run_again(self, make, tmp_path):
        marker = tmp_path / "died"

        def work(number):
            if number == 5 and not marker.exists():
                marker.touch()
                os.kill(os.getpid(), signal.SIGKILL)
            return number

        with make(max_job_retries=1) as executor:
            assert list(executor.map(work, range(12))) == list(range(12))


class TestSubmission:
    @pytest.mark.parametrize("retries", range(4))
    def test_attempts_are_one_more_than_retries(self, platform, retries):
        attempts = []

        def refuse(*args, **kwargs):
            attempts.append(threading.current_thread().name)
            raise OSError("the line is down")

        with platform.client() as client:
            client.scripts.post_containers = refuse
            with CivisExecutor(2, client=client, max_submit_retries=retries) as executor:  # noqa: SIM117 - so too
                with pytest.raises(JobSubmissionError, match="the line is down"):
                    executor.submit(sqrt, 1).result(LONG)
        assert len(attempts) == retries + 1

    def test_a_refusal_is_final(self, make):
        with make(required_resources={}, max_submit_retries=5) as executor:  # noqa: SIM117 - so too
            with pytest.raises(JobSubmissionError, match="1 of 6 attempts") as caught:
                executor.submit(sqrt, 1).result(LONG)
        assert not isinstance(caught.value, RemoteCallError)


def test_what_cannot_be_pickled_is_refused_at_once(make, record):
    with make() as executor, pytest.raises(TypeError, match="pickle"):
        executor.submit(len, threading.Lock())
    assert record.runs() == []
