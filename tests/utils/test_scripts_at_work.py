"""Helpers for scripts, on the local platform: jobs found, scripts run, outputs, pages, broken logs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import civis
from civis._clock import FakeClock
from civis.base import CivisConnectionError
from civis.utils import all_pages, find_job, job_logs, post_run_output, run_job, run_script
from civis.utils._job_logs import LONGEST_SILENCE, follow_log

LONG = 60
PARAMS = [{"name": "NAME", "type": "string"}, {"name": "COUNT", "type": "integer", "default": 1}]
RESOURCES = {"cpu": 256, "memory": 512, "disk_space": 1}


@pytest.fixture
def greeting(civis_client):
    """A script that greets."""
    return civis_client.scripts.post_containers(
        name="Greeting",
        required_resources=RESOURCES,
        docker_image_name="python",
        docker_command="echo hello $NAME $COUNT",
        params=PARAMS,
        arguments={"NAME": "Ada", "COUNT": 2},
    )


def lines(job_id: int) -> list[str]:
    return [entry.message for entry in job_logs(job_id)]


def sync_job(client):
    """A job that is no script."""
    place = {
        "remote_host_id": client.get_database_id("local"),
        "credential_id": client.default_database_credential_id,
    }
    return client.imports.post("Sync", "Dbsync", True, source=place, destination=place)


class TestRunScript:
    @pytest.mark.parametrize(
        ("arguments", "expected"),
        [
            pytest.param(None, "hello Ada 2", id="as it is"),
            pytest.param({"NAME": "Grace"}, "hello Grace 2", id="one, with the other left"),
            pytest.param({"NAME": "Grace", "COUNT": 3}, "hello Grace 3", id="all"),
        ],
    )
    def test_arguments(self, arguments, expected, greeting):
        assert run_script(greeting.id, arguments, polling_interval=0.02).result(LONG).state == "succeeded"
        assert lines(greeting.id) == [expected]

    def test_arguments_stay(self, greeting, civis_client):
        run_script(greeting.id, {"NAME": "Grace"}, polling_interval=0.02).result(LONG)
        kept = civis_client.scripts.get_containers(greeting.id).arguments
        assert kept.json(snake_case=False) == {"NAME": "Grace", "COUNT": 2}

    def test_a_job_that_is_no_script(self, civis_client):
        job = sync_job(civis_client)
        with pytest.raises(ValueError, match=r"no script.*run_job"):
            run_script(job.id, {"A": 1})

    def test_an_argument_that_there_is_not(self, greeting):
        with pytest.raises(civis.base.CivisAPIError, match="NMAE"):
            run_script(greeting.id, {"NMAE": "Grace"})


class TestFindJob:
    def test_by_its_whole_name(self, greeting, civis_client):
        civis_client.scripts.post_python3(name="Greeting again", source="print(1)")
        assert find_job("Greeting").id == greeting.id

    def test_none(self, greeting):
        with pytest.raises(ValueError, match=r"no job.*'Greetnig'. Did you mean 'Greeting'"):
            find_job("Greetnig")

    def test_none_at_all(self, civis_client):
        with pytest.raises(ValueError, match="no job that you can see has the name 'x'"):
            find_job("x")

    def test_several(self, greeting, civis_client):
        other = civis_client.scripts.post_python3(name="Greeting", source="print(1)")
        with pytest.raises(ValueError, match="2 jobs have the name") as caught:
            find_job("Greeting")
        assert {str(greeting.id), str(other.id)} <= set(str(caught.value).replace(",", "").split())

    def test_with_filters(self, greeting, civis_client):
        other = civis_client.scripts.post_python3(name="Greeting", source="print(1)", hidden=True)
        assert find_job("Greeting", hidden=True).id == other.id
        assert find_job("Greeting", type="JobTypes::ContainerDocker").id == greeting.id

    def test_on_a_later_page(self, civis_client):
        made = [
            civis_client.scripts.post_python3(name=f"Job {number}", source="print(1)") for number in range(5)
        ]
        assert find_job("Job 0", civis_client, limit=2).id == made[0].id


class TestAllPages:
    def test_every_object_once(self, civis_client):
        made = [civis_client.projects.post(f"p{number}", "d").id for number in range(5)]
        assert sorted(each.id for each in all_pages(civis_client.projects.list, limit=2)) == made

    def test_a_list_without_pages(self, civis_client):
        assert [each.name for each in all_pages(civis_client.databases.list)] == ["local"]

    def test_one_object(self, civis_client):
        with pytest.raises(TypeError, match="not a list"):
            all_pages(civis_client.users.get_me)

    def test_wrong_arguments_are_told_at_once(self, civis_client):
        with pytest.raises(TypeError, match="stte"):
            all_pages(civis_client.jobs.list, stte="failed")


class TestOutputs:
    SOURCE = """
import pathlib, civis
civis.utils.post_run_output({"camelCase": [1, None]}, "numbers")
civis.utils.post_run_output(None)
pathlib.Path("a.txt").write_text("text")
civis.utils.post_run_output(path="a.txt")
civis.utils.post_run_output(pathlib.Path("a.txt"), "b.txt")
civis.utils.post_run_output(table="public.results", database="local")
"""

    def test_inside_a_job(self, civis_client, civis_platform, tmp_path: Path):
        civis_platform.warehouse.database("local").execute(
            "create table public.results (a int)", user="local"
        )
        script = civis_client.scripts.post_python3(name="outputs", source=self.SOURCE)
        outputs = run_job(script.id, polling_interval=0.02).outputs()
        assert [(each.object_type, each.name) for each in outputs[:4]] == [
            ("JSONValue", "numbers"),
            ("JSONValue", "output"),
            ("File", "a.txt"),
            ("File", "b.txt"),
        ]
        table_id = civis_client.get_table_id("public.results", "local")
        assert [(each.object_type, each.object_id) for each in outputs[4:]] == [("Table", table_id)]
        assert outputs[0].value == {"camelCase": [1, None]}
        assert civis_client.files.get(outputs[2].object_id).expires_at is None
        civis.io.civis_to_file(outputs[3].object_id, tmp_path / "b.txt")
        assert (tmp_path / "b.txt").read_text() == "text"

    def test_outside_of_one(self):
        with pytest.raises(RuntimeError, match="not run by Civis Platform"):
            post_run_output(3)

    @pytest.mark.parametrize(
        ("given", "said"),
        [
            pytest.param({}, "not 0 of them", id="nothing"),
            pytest.param({"value": 1, "path": "a"}, "not 2 of them", id="two"),
            pytest.param({"table": "a.b"}, "database=", id="a table of no database"),
            pytest.param({"value": object()}, "JSON cannot hold", id="what JSON cannot hold"),
            pytest.param({"value": float("nan")}, "JSON cannot hold", id="no number"),
        ],
    )
    def test_arguments_that_make_no_sense(self, given, said):
        with pytest.raises(TypeError, match=said):
            post_run_output(**given)

    def test_a_job_whose_runs_take_none(self, civis_client, monkeypatch):
        job = sync_job(civis_client)
        monkeypatch.setenv("CIVIS_JOB_ID", str(job.id))
        monkeypatch.setenv("CIVIS_RUN_ID", "1")
        with pytest.raises(RuntimeError, match="take no outputs"):
            post_run_output(json.dumps(1))


class TestLogsThatBreakOff:
    def test_nothing_is_lost_or_told_twice(self, civis_client, civis_faults):
        source = "for number in range(50): print(number)"
        script = civis_client.scripts.post_python3(name="counts", source=source)
        run_job(script.id, polling_interval=0.02).result(LONG)
        faults = [
            civis_faults.drop("jobs.list_runs_logs"),
            civis_faults.truncate("jobs.list_runs_logs", 500),
            civis_faults.drop("jobs.get_runs"),
        ]
        impatient = civis_client.with_options(retries=0)
        told = [entry.message for entry in job_logs(script.id, client=impatient)]
        assert told == [str(number) for number in range(50)]
        assert [fault.happened for fault in faults] == [1, 1, 1]

    def test_a_platform_that_stays_away(self, civis_client):
        class Away:
            def get_runs(self, job_id, run_id):
                raise CivisConnectionError("nobody answers")

        clock = FakeClock()
        client = type("Client", (), {"jobs": Away()})()
        with pytest.raises(CivisConnectionError, match="nobody answers"):
            list(follow_log(client, 3, 7, None, clock))
        assert LONGEST_SILENCE <= clock.monotonic() < LONGEST_SILENCE + 10
