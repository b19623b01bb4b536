"""A platform whose container scripts find the worker, and its record of what ran."""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cloudpickle
import pytest

from civis.client import APIClient


@pytest.fixture(autouse=True)
def _worker_on_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have containers find the worker and this checkout, as in an activated environment."""
    folders = [sysconfig.get_path("scripts"), str(Path(sys.executable).parent)]
    monkeypatch.setenv("PATH", os.pathsep.join([*folders, os.environ["PATH"]]))


@pytest.fixture(autouse=True)
def _functions_travel_with_their_code(request: pytest.FixtureRequest) -> Iterator[None]:
    """Have functions of a test module pickled as those of a user's program are."""
    cloudpickle.register_pickle_by_value(request.module)
    yield
    cloudpickle.unregister_pickle_by_value(request.module)


@pytest.fixture(autouse=True)
def _clean_joblib() -> Iterator[None]:
    """Let joblib forget what a test registered."""
    import joblib

    yield
    joblib.parallel.BACKENDS.pop("civis", None)


class Record:
    """What the platform knows of the jobs that were made since."""

    def __init__(self, client: APIClient) -> None:
        self._client = client
        # Lists begin with the job that changed last, which need not be the one that was made last.
        self._last = max((job.id for job in self._jobs()), default=0)

    def _jobs(self) -> Iterator[Any]:
        """All jobs."""
        return iter(self._client.jobs.list(hidden=True, limit=50, iterator=True))

    def last_job_id(self) -> int:
        """The ID of the job that was made last."""
        return max(job.id for job in self._jobs())

    def runs(self) -> list[Any]:
        """All runs, the oldest first."""
        new = [job for job in self._jobs() if job.id > self._last]
        found = [run for job in new for run in self._client.jobs.list_runs(job.id)]
        return sorted(found, key=lambda run: run.id)

    def states(self) -> list[str]:
        """The states of all runs."""
        return [run.state for run in self.runs()]

    def most_at_once(self) -> int:
        """How many were queued or running at the same time at most."""
        events = []
        for run in self.runs():
            events += [(run.created_at, 1), (run.finished_at, -1)]
        most = now = 0
        for _, step in sorted(events):
            now += step
            most = max(most, now)
        return most


@pytest.fixture
def record(client: APIClient) -> Record:
    """The platform's record from now on."""
    return Record(client)


@pytest.fixture
def effects(tmp_path: Path) -> tuple[str, Callable[[], list[str]]]:
    """A directory for what calls leave behind, and a function that lists it."""
    folder = tmp_path / "effects"
    folder.mkdir()
    return str(folder), lambda: sorted(path.name.partition("-")[0] for path in folder.iterdir())
