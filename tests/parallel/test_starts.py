"""Workers on the local platform: the second one and those after it are forked, and nothing is different."""

from __future__ import annotations

import os
import sys

import pytest

from civis.local import Platform
from civis.parallel import CivisExecutor, make_backend_template_factory

if not hasattr(os, "fork"):
    pytest.skip("there is no fork here", allow_module_level=True)

LONG = 60


def portrait():
    """Tell what a call sees of its process."""
    import gc

    return {
        # What a server forked has all that it loaded set apart; Python 3.12 itself some hundreds of objects.
        "frozen": gc.get_freeze_count() > 5000,
        "process": os.getpid(),
        "session": os.getsid(0),
        "folder": os.getcwd(),
        "files": sorted(os.listdir()),
        "input": sys.stdin.read(),
        "run": os.environ["CIVIS_RUN_ID"],
        "variables": sorted(os.environ),
        "executable": sys.executable,
        "path": sys.path,
        "arguments": len(sys.argv),
    }


def portraits(executor, most):
    """Have one call after another tell what it sees, until one was forked."""
    found = []
    while len(found) < most and not (found and found[-1]["frozen"]):
        found.append(executor.submit(portrait).result(LONG))
    return found


def test_later_workers_are_forked_and_see_what_the_first_one_saw():
    with Platform() as platform, platform.client() as client:
        with CivisExecutor(1, client=client, polling_interval=0.02) as executor:
            found = portraits(executor, 40)
        first, last = found[0], found[-1]
        assert (first["frozen"], last["frozen"]) == (False, True)
        for name in ("files", "input", "variables", "executable", "path", "arguments"):
            assert first[name] == last[name], name
        assert len({each["process"] for each in found}) == len({each["run"] for each in found}) == len(found)
        for each in found:
            assert each["session"] == each["process"]
            assert not os.path.exists(each["folder"])
        jobs = client.jobs.list(hidden=True, limit=50, iterator=True)
        assert {run.state for job in jobs for run in client.jobs.list_runs(job.id)} == {"succeeded"}


def test_a_template_and_a_printing_call(client):
    script = client.scripts.post_containers(
        required_resources={"cpu": 1, "memory": 1},
        docker_command="civis_joblib_worker",
        name="worker",
        params=[{"name": "JOBLIB_FUNC_FILE_ID", "type": "integer", "required": True}],
    )
    template_id = client.templates.post_scripts(script.id, "forked").id
    pool = make_backend_template_factory(template_id, client=client, polling_interval=0.02).make_pool(1, None)

    def talk():
        print("to the output")
        print("to the errors", file=sys.stderr)
        return portrait()["frozen"]

    frozen = [False]
    while not frozen[0] and len(frozen) < 40:
        frozen = [*pool.submit([(talk, (), {})]).future.result(LONG), *frozen]
    pool.close(is_cancelled=False)
    assert frozen[0]
    last = max(job.id for job in client.jobs.list(hidden=True, limit=50, iterator=True))
    (run,) = client.jobs.list_runs(last)
    logged = {(entry.level, entry.message) for entry in client.jobs.list_runs_logs(last, run.id, limit=100)}
    assert {("info", "to the output"), ("error", "to the errors")} <= logged
