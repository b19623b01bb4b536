"""The program in the container: how it is called, and calls of programs that know no envelope."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from math import sqrt

import cloudpickle
import pytest

import civis.run_joblib_func
from civis.parallel import _files
from civis.parallel._worker import main


def test_the_public_path_is_the_worker():
    assert civis.run_joblib_func.main is main


@pytest.mark.parametrize("arguments", [[], ["a word"], ["1", "2"]], ids=["nothing", "a word", "two files"])
def test_what_it_cannot_run(arguments, monkeypatch, capsys):
    monkeypatch.setenv("CIVIS_JOB_ID", "1")
    monkeypatch.setenv("CIVIS_RUN_ID", "2")
    monkeypatch.delenv("JOBLIB_FUNC_FILE_ID", raising=False)
    monkeypatch.setattr(sys, "argv", ["civis_joblib_worker"])
    assert main(arguments) == 2
    assert "usage" in capsys.readouterr().err


def test_outside_of_a_job(capsys):
    assert main(["1"]) == 2
    assert "in a job" in capsys.readouterr().err


@pytest.mark.parametrize(("value", "status"), [(16, 0), (-1, 1)], ids=["returns", "raises"])
def test_a_plain_pickled_call_is_run(client, platform, value, status):
    file_id = _files.save(client, cloudpickle.dumps(lambda: sqrt(value)), "call")
    script = client.scripts.post_containers(
        required_resources={"cpu": 1, "memory": 1}, docker_command="sleep 60", name="holds the run"
    )
    run = client.scripts.post_containers_runs(script.id)
    environment = {
        **os.environ,
        "CIVIS_API_KEY": platform.api_key,
        "CIVIS_API_ENDPOINT": platform.url,
        "CIVIS_JOB_ID": str(script.id),
        "CIVIS_RUN_ID": str(run.id),
        "JOBLIB_FUNC_FILE_ID": str(file_id),
    }
    command = [sys.executable, "-m", "civis.run_joblib_func"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    outputs = client.scripts.list_containers_runs_outputs(script.id, run.id)
    client.jobs.delete_runs(script.id, run.id)
    assert done.returncode == status, done.stderr
    result = pickle.loads(_files.load(client, outputs[0].object_id))
    assert result == 4 if status == 0 else isinstance(result, ValueError)
