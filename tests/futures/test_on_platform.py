"""Futures of real runs: over HTTP, on a platform on this machine."""

from __future__ import annotations

import concurrent.futures
import os
import pickle
import subprocess
import sys
from collections.abc import Iterator

import pytest

pytest.importorskip("duckdb")
pytest.importorskip("sqlglot")

from civis.base import CivisJobFailure
from civis.futures import CivisFuture, ContainerFuture, _ContainerShellExecutor
from civis.local import Platform
from civis.utils import job_logs, run_job

LONG = 60
#: Takes hours.
ENDLESS = (
    "with recursive d(i) as (select 1 union all select i + 1 from d where i < 10000) "
    "select count(*) from d a, d b, d c where a.i + b.i + c.i = 0"
)


@pytest.fixture
def platform() -> Iterator[Platform]:
    """A platform."""
    with Platform() as running:
        yield running


@pytest.fixture
def client(platform):
    """A client of it."""
    with platform.client() as made:
        yield made


@pytest.fixture
def start(client):
    """Start a SQL script and follow its run; all of them have ended before the client is closed."""
    started = []

    def start(sql: str, **settings) -> CivisFuture:
        script = client.scripts.post_sql(
            name="test",
            remote_host_id=client.databases.list()[0].id,
            credential_id=client.default_database_credential_id,
            sql=sql,
        )
        run = client.scripts.post_sql_runs(script.id)
        started.append(CivisFuture(client.scripts.get_sql_runs, (script.id, run.id), **settings))
        return started[-1]

    yield start
    concurrent.futures.wait(started, LONG)
    assert all(future.done() for future in started)


def test_a_run_that_succeeds(start):
    future = start("select 1 as a")
    assert future.result(LONG).state == "succeeded"
    assert [output.object_type for output in future.outputs()] == ["File"]


def test_a_run_that_fails(start):
    with pytest.raises(CivisJobFailure, match="no_such_table"):
        start("select * from no_such_table").result(LONG)


def test_a_run_is_cancelled(start, client):
    future = start(ENDLESS)
    future.cancel()
    with pytest.raises(concurrent.futures.CancelledError):
        future.result(LONG)
    assert client.jobs.get_runs(future.job_id, future.run_id).state == "cancelled"


def test_a_query_is_cancelled(client):
    query = client.queries.post(database=client.databases.list()[0].id, sql=ENDLESS, preview_rows=10)
    future = CivisFuture(client.queries.get, (query.id,))
    assert (future.job_id, future.run_id) == (query.id, None)
    future.cancel()
    with pytest.raises(concurrent.futures.CancelledError):
        future.result(LONG)


def test_a_failed_run_is_started_again(start, client):
    future = start("select * from no_such_table", max_retries=2)
    first = future.run_id
    with pytest.raises(CivisJobFailure):
        future.result(LONG)
    assert len(client.jobs.list_runs(future.job_id)) == 3
    assert future.run_id > first


def test_many_at_once(start):
    futures = [start(f"select {number} as a") for number in range(20)]
    assert all(future.succeeded() for future in concurrent.futures.as_completed(futures, LONG))


def test_run_job_and_its_log(client, start):
    first = start("select 1 as a")
    first.result(LONG)
    job_id = first.job_id
    future = run_job(job_id, client=client)
    entries = list(job_logs(job_id, future.run_id, client=client))
    assert future.result(LONG).state == "succeeded"
    ids = [entry.id for entry in entries]
    assert ids
    assert ids == sorted(set(ids)) == [entry.id for entry in job_logs(job_id, client=client)]


class TestPickling:
    def test_no_key_travels(self, start, platform):
        future = start("select 1 as a")
        pickled = pickle.dumps(future)
        assert platform.api_key.encode() not in pickled

    def test_the_receiver_has_the_result(self, start, platform, tmp_path):
        future = start("select 1 as a")
        attached = CivisFuture.attach(future.job_id, future.run_id, future.client)
        (tmp_path / "futures").write_bytes(pickle.dumps([future, attached]))
        code = (
            "import pickle, sys\n"
            "for future in pickle.load(open(sys.argv[1], 'rb')):\n"
            "    print(future.job_id, future.result(60).state)"
        )
        done = subprocess.run(
            [sys.executable, "-W", "ignore::ResourceWarning", "-c", code, str(tmp_path / "futures")],
            env={**os.environ, "CIVIS_API_KEY": platform.api_key, "CIVIS_API_ENDPOINT": platform.url},
            capture_output=True,
            check=False,
            text=True,
        )
        assert attached.result(LONG).state == "succeeded"
        assert done.stdout == f"{future.job_id} succeeded\n" * 2, done.stderr

    def test_a_future_whose_client_is_of_the_environment(self, start, platform, monkeypatch):
        future = start("select 1 as a")
        monkeypatch.setenv("CIVIS_API_KEY", platform.api_key)
        monkeypatch.setenv("CIVIS_API_ENDPOINT", platform.url)
        own = CivisFuture.attach(future.job_id, future.run_id)
        back = pickle.loads(pickle.dumps(own))
        assert (back.job_id, back.run_id) == (future.job_id, future.run_id)
        assert own.result(LONG).state == back.result(LONG).state == "succeeded"
        original = ContainerFuture(
            future.job_id, future.run_id, poll_on_creation=False, polling_interval=1000
        )
        container = pickle.loads(pickle.dumps(original))
        assert (type(container), container.run_id) == (ContainerFuture, future.run_id)
        assert container.polling_interval == 1000


def answer_of_child(work) -> str:
    """What a function returns in a forked child."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(writing, str(work()).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as end:
        answer = end.read().decode()
    os.waitpid(child, 0)
    return answer


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
class TestForks:
    def test_the_child_has_the_result(self, start):
        future = start("select 1 as a", polling_interval=0.05)
        assert answer_of_child(lambda: future.result(30).state) == "succeeded"
        assert future.result(LONG).state == "succeeded"

    def test_only_the_parent_calls_back_and_starts_again(self, start, client, tmp_path):
        future = start("select * from no_such_table", max_retries=1, polling_interval=0.05)
        calls = tmp_path / "calls"

        def call_back(done):
            with calls.open("a") as file:
                file.write(f"{os.getpid()}\n")

        future.add_done_callback(call_back)
        assert answer_of_child(lambda: type(future.exception(30)).__name__) == "CivisJobFailure"
        assert isinstance(future.exception(LONG), CivisJobFailure)
        assert calls.read_text() == f"{os.getpid()}\n"
        assert len(client.jobs.list_runs(future.job_id)) == 2


def test_containers_and_their_executor(client):
    with _ContainerShellExecutor(client=client, arguments={"NAME": "Ada"}) as executor:
        good = executor.submit("echo hello $NAME")
        bad = executor.submit("echo no luck; exit 3")
    assert good.succeeded()
    lines = [entry.message for entry in job_logs(good.job_id, good.run_id, client=client)]
    assert any("hello Ada" in line for line in lines)
    with pytest.raises(CivisJobFailure):
        bad.result(LONG)
