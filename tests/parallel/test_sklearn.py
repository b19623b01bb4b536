"""scikit-learn with the backend, as a user's program runs under ``civis local exec``."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

PROGRAM = """
import json
import joblib
import numpy as np
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
import civis, civis.parallel

if __name__ == "__main__":
    data = load_digits()
    def search(n_jobs):
        model = LogisticRegression(max_iter=30, random_state=42)
        grid = GridSearchCV(model, {"C": [0.01, 1.0]}, cv=2, n_jobs=n_jobs)
        return grid.fit(data.data[:300], data.target[:300])
    import warnings
    warnings.simplefilter("ignore")
    serial = search(1)
    client = civis.APIClient()
    civis.parallel.register(
        client=client, polling_interval=0.05,
        setup_cmd="export PYTHONWARNINGS=ignore OMP_NUM_THREADS=1",
    )
    with joblib.parallel_config(backend="civis"):
        there = search(3)
    events = []
    for job in client.jobs.list(hidden=True, limit=50, iterator=True):
        for run in client.jobs.list_runs(job.id):
            events += [(run.created_at, 1), (run.finished_at, -1)]
    most = now = 0
    for _, step in sorted(events):
        now += step
        most = max(most, now)
    print(json.dumps({
        "best": [serial.best_params_, there.best_params_],
        "scores": [list(each.cv_results_["mean_test_score"]) for each in (serial, there)],
        "same": bool(np.array_equal(serial.best_estimator_.coef_, there.best_estimator_.coef_)),
        "runs": len(events) // 2,
        "most": most,
    }))
"""


def test_a_grid_search_over_digits(tmp_path):
    pytest.importorskip("sklearn")
    program = tmp_path / "search.py"
    program.write_text(PROGRAM)
    answer = subprocess.run(
        [sys.executable, "-m", "civis", "local", "exec", "--", sys.executable, str(program)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    found = json.loads(answer.stdout.splitlines()[-1])
    assert found["best"][0] == found["best"][1]
    assert found["scores"][0] == found["scores"][1]
    assert found["same"]
    assert 1 <= found["most"] <= 3
    assert found["runs"] >= 2
