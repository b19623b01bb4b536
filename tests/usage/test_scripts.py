"""Ten scripts as people write them, run unchanged by `civis local exec`, and what they leave behind."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import requests

import civis
from civis.local import Platform

HERE = Path(__file__).parent
SCRIPTS = sorted((HERE / "scripts").glob("*.py"))


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    """How each script ended, and the platform on what they left."""
    folder = tmp_path_factory.mktemp("scripts")
    notes, data = folder / "ends.json", folder / "data"
    command = [sys.executable, "-m", "civis", "local", "exec", "--data-dir", str(data), "--"]
    command += [sys.executable, str(HERE / "_run_scripts.py"), str(notes), *map(str, SCRIPTS)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=500)
    assert ended.returncode == 0, ended.stderr
    with Platform(data) as platform, platform.client() as client:
        yield SimpleNamespace(ends=json.loads(notes.read_text()), platform=platform, client=client)


def rows(left: SimpleNamespace, sql: str) -> list[tuple[Any, ...]]:
    """Run a query on what was left."""
    return list(left.platform.warehouse.database("local").execute(sql, user="local").rows)


def check_report_by_query(left):
    (report,) = left.client.reports.list()
    assert report.name == "Calls"
    assert left.ends["report_by_query"]["printed"] == f"report {report.id} shows 2 states\n"
    shown = requests.get(left.client.reports.get(report.id).auth_code_url, timeout=60).text
    assert "<td>IL</td>" in shown
    assert "<td>3</td>" in shown


def check_export_to_run_output(left):
    assert left.ends["export_to_run_output"]["printed"] == "3\n"
    job = civis.utils.find_job("Export numbers", left.client)
    (output,) = left.client.jobs.list_runs_outputs(job.id, job.last_run.id)
    assert (output.object_type, output.name) == ("File", "numbers.csv")
    assert civis.io.file_to_dataframe(output.object_id, client=left.client)["n"].tolist() == [1, 2]
    log = [entry.message for entry in civis.utils.job_logs(job.id, client=left.client)]
    assert f"put out file {output.object_id}" in log


def check_patch_jobs(left):
    assert left.ends["patch_jobs"]["printed"] == "7 jobs changed\n"
    jobs = list(civis.utils.all_pages(left.client.jobs.list, q="Nightly", limit=3))
    assert len(jobs) == 7
    for job in jobs:
        told = left.client.scripts.get_containers(job.id).notifications
        assert (told.failure_email_addresses, told.failure_on) == (["ada@example.com"], True)


def check_file_to_table(left):
    database = left.platform.warehouse.database("local")
    types = [(each.name, each.sql_type) for each in database.columns("public", "census")]
    assert types == [("zip", "character varying(5)"), ("people", "integer"), ("counted", "date")]
    noted = database.table_attributes("public", "census")
    assert noted.description == "People by ZIP code"
    assert noted.column_descriptions["people"] == "Counted, not estimated"
    granted = {(each.privilege.lower(), each.grantee) for each in database.privileges("public", "census")}
    assert ("select", "census_readers") in granted
    assert rows(left, "select zip from public.census order by 1") == [("02116",), ("02139",)]


def check_upsert_by_csv(left):
    found = rows(left, "select id, name from public.members order by id")
    assert found == [(1, "Ada"), (2, "Grace Hopper"), (3, "Alan")]


def check_parameterised_sql(left):
    assert left.ends["parameterised_sql"]["printed"] == "O'Hara|31\n"


def check_hand_made_futures(left):
    assert left.ends["hand_made_futures"]["printed"] == "4\n"
    found = rows(left, "select n, square from public.squares order by n")
    assert found == [(n, n * n) for n in range(4)]


def check_schema_scan(left):
    database_id = left.client.get_database_id("local")
    found = {each.name: each for each in left.client.tables.list(database_id=database_id, schema="scanned")}
    assert {name: each.row_count for name, each in found.items()} == {"small": 1, "large": 3}
    assert left.client.tables.get(found["large"].id).description == "3 rows"


def check_workflow_run(left):
    assert left.ends["workflow_run"]["printed"] == "succeeded\n"
    assert rows(left, "select step from public.steps order by 1") == [(1,), (2,)]


def check_raking(left):
    found = rows(left, "select sex, sum(weight) from public.weights group by 1 order by 1")
    assert [(sex, round(float(people), 3)) for sex, people in found] == [("f", 60.0), ("m", 40.0)]
    states = rows(left, "select state, sum(weight) from public.weights group by 1 order by 1")
    assert [(state, round(float(people), 3)) for state, people in states] == [("IL", 50.0), ("WI", 50.0)]


def test_all_ten(left):
    """One test, so that parallel workers do not run the scripts once each."""
    assert len(SCRIPTS) == 10
    told: list[str] = []
    for path in SCRIPTS:
        end = left.ends[path.stem]
        # Nobody is told of a job that was not waited for, nor of an error that was caught.
        if end["status"] or "Traceback" in end["errors"]:
            told.append(f"{path.stem} ended with {end['status']}: {end['errors']}")
            continue
        try:
            globals()[f"check_{path.stem}"](left)
        except (AssertionError, civis.base.CivisError, ValueError) as error:
            told.append(f"{path.stem} left something else: {error}")
    assert not told, "\n\n".join(told)
