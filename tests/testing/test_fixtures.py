"""The fixtures of the test kit, used as users use them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import requests

import civis
from civis.base import CivisAPIError
from civis.local.warehouse import SqlError

URLS: list[str] = []


class TestPlatform:
    @pytest.mark.parametrize("number", [1, 2])
    def test_it_is_one_for_all_tests_and_empty_for_each(self, number, civis_platform, civis_client):
        URLS.append(civis_platform.url)
        assert len(set(URLS)) == 1
        assert civis_client.projects.list() == []
        civis_client.projects.post("left behind", "by a test")
        civis_platform.add_database("second")
        assert len(civis_client.databases.list()) == 2

    def test_code_that_makes_its_own_client_finds_it(self, civis_environment):
        client = civis.APIClient()
        assert client.endpoint == civis_environment["CIVIS_API_ENDPOINT"]
        assert client.users.get_me().username == "local"

    def test_programs_find_it(self, civis_environment):
        program = "import civis; print(civis.APIClient().username)"
        ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
        assert ended.stdout == "local\n", ended.stderr

    def test_nothing_of_a_job_around_the_tests_is_seen(self, monkeypatch, request):
        monkeypatch.setenv("CIVIS_JOB_ID", "3")
        request.getfixturevalue("civis_environment")
        assert "CIVIS_JOB_ID" not in os.environ


class TestDatabase:
    def test_a_fresh_schema(self, civis_database, civis_client):
        assert civis_database.tables() == []
        civis_database.execute("create table t (a integer); insert into t values (1), (2)")
        assert civis_database.rows("select sum(a) as s from t") == [(3,)]
        assert civis_database.tables() == ["t"]
        read = civis.io.read_civis(civis_database.table("t"), civis_database.name)
        assert read == [["a"], ["1"], ["2"]]
        assert civis_database.id == civis_client.databases.list()[0].id
        assert civis_database.schema in repr(civis_database)

    def test_what_fails_leaves_nothing(self, civis_database):
        with pytest.raises(SqlError, match="nowhere"):
            civis_database.execute("create table t (a integer); insert into nowhere values (1)")
        assert civis_database.tables() == []

    def test_schemas_differ(self, civis_database, civis_platform, civis_client):
        from civis.testing._database import FreshDatabase

        other = FreshDatabase(civis_platform, civis_client)
        assert other.schema != civis_database.schema
        other.drop()
        assert other.schema not in civis_platform.warehouse.database("local").schemas()


class TestFaults:
    """Faults that the client makes up for, and such that reach the user."""

    @pytest.mark.parametrize(
        "fail",
        [
            pytest.param(lambda faults: faults.drop("users.get_me"), id="dropped"),
            pytest.param(lambda faults: faults.drop("users.get_me", after_work=True), id="answer lost"),
            pytest.param(lambda faults: faults.truncate("users.get_me", 5), id="cut off"),
            pytest.param(lambda faults: faults.too_many_requests("users.get_me", retry_after=0), id="429"),
            pytest.param(lambda faults: faults.refuse("users.get_me", 503), id="503"),
            pytest.param(lambda faults: faults.stall("users.get_me", 0.05), id="late"),
        ],
    )
    def test_made_up_for(self, fail, civis_faults, civis_client):
        fault = fail(civis_faults)
        assert civis_client.users.get_me().username == "local"
        assert fault.happened == 1

    def test_an_error_that_no_repetition_helps(self, civis_faults, civis_client):
        fault = civis_faults.refuse("projects.post", 500, times=None)
        with pytest.raises(CivisAPIError, match="asked for by a test") as caught:
            civis_client.projects.post("a", "b")
        assert (caught.value.status_code, fault.happened) == (500, 1)
        civis_faults.clear()
        assert civis_client.projects.post("a", "b").name == "a"

    def test_an_answer_that_is_lost_after_the_work(self, civis_faults, civis_client):
        civis_faults.drop("projects.post", after_work=True)
        with pytest.raises(civis.base.CivisError):
            civis_client.projects.post("a", "b")
        assert [each.name for each in civis_client.projects.list()] == ["a"]

    def test_a_request_that_waits_ends_with_the_fault(self, civis_faults, civis_client):
        fault = civis_faults.stall("users.get_me", 3600.0)
        with pytest.raises(civis.base.CivisTimeoutError):
            civis_client.with_options(timeout=0.2, retries=0).users.get_me()
        civis_faults.clear()
        assert fault.is_over
        assert civis_client.users.get_me().username == "local"

    def test_downloads_and_uploads(self, civis_faults, civis_client, tmp_path: Path):
        content = os.urandom(200_000)
        (tmp_path / "a.bin").write_bytes(content)
        file_id = civis.io.file_to_civis(tmp_path / "a.bin")
        fault = civis_faults.truncate("download", 150_000)
        civis.io.civis_to_file(file_id, tmp_path / "b.bin")
        assert (tmp_path / "b.bin").read_bytes() == content
        assert fault.happened == 1

    def test_only_the_operation_that_was_named(self, civis_faults, civis_client):
        fault = civis_faults.refuse("jobs.get_runs", 500, times=None)
        civis_client.users.get_me()
        civis_client.jobs.list()
        assert fault.happened == 0

    @pytest.mark.parametrize(
        ("operation", "hint"),
        [("jobs.get_run", "jobs.get_runs"), ("jbs.get", "jobs"), ("dowload", "download")],
    )
    def test_names_that_there_are_not(self, operation, hint, civis_faults):
        with pytest.raises(ValueError, match=hint):
            civis_faults.drop(operation)

    def test_numbers_that_make_no_sense(self, civis_faults):
        with pytest.raises(ValueError, match="times"):
            civis_faults.drop("users.get_me", times=0)
        with pytest.raises(ValueError, match="status"):
            civis_faults.refuse("users.get_me", 200)

    def test_all_is_well_after_a_reset(self, civis_faults, civis_platform, civis_client):
        civis_faults.refuse("users.get_me", 500, times=None)
        civis_platform.reset()
        assert civis_client.users.get_me().username == "local"


def test_a_reset_leaves_nothing(civis_platform, civis_client, tmp_path: Path):
    before = civis_client.users.get_me().json()
    jobs = [each.name for each in civis_client.jobs.list(hidden=True)]  # those that come with a platform
    (tmp_path / "a.txt").write_text("a")
    file_id = civis.io.file_to_civis(tmp_path / "a.txt")
    url = civis_client.files.get(file_id).file_url
    sql = "create schema s; create table s.t as select 1 as a; create view public.v as select a from s.t;"
    civis.io.query_civis(sql + "create group readers; grant select on s.t to group readers", "local").result()
    civis_client.scripts.post_python3(name="x", source="print(1)", hidden=True)
    civis_platform.reset()
    assert civis_client.users.get_me().json() == before
    assert [each.name for each in civis_client.jobs.list(hidden=True)] == jobs
    assert civis_platform.warehouse.database("local").schemas() == ["public"]
    assert civis_platform.warehouse.database("local").tables() == []
    assert civis_platform.warehouse.database("local").privileges() == []
    assert not any(path.is_file() for path in (civis_platform.data_dir / "blobs").rglob("*"))
    with pytest.raises(CivisAPIError, match="404"):
        civis_client.files.get(file_id)
    assert requests.get(url, timeout=10).status_code == 404
    # IDs begin anew, so that a test sees the same ones whatever ran before it.
    again = civis.io.file_to_civis(tmp_path / "a.txt")
    assert again == file_id
