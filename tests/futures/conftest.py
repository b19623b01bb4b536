"""A platform of jobs in memory, for what futures do with answers: its states are scripted by the test."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from civis._errors import CivisConflictError
from civis.futures import CivisFuture


class FakeJobs:
    """The resource `jobs` of a client: each run goes through the states that a test gave it."""

    def __init__(self) -> None:
        self.runs: dict[int, list[Any]] = {}
        self.logs: dict[int, list[str]] = {}
        self.outputs: dict[int, list[Any]] = {}
        self.asked: list[int] = []
        self.cancelled: list[tuple[int, int]] = []
        self.started: list[int] = []
        self.gate = threading.Event()
        self.gate.set()
        self.log_page = 10_000

    def add(self, run_id: int, *answers: Any) -> None:
        """Have a run answer with states, responses or errors; the last one stays."""
        self.runs[run_id] = list(answers)

    def get_runs(self, job_id: int, run_id: int) -> Any:
        """The state of a run."""
        self.gate.wait(10)
        self.asked.append(run_id)
        answers = self.runs[run_id]
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, Exception):
            raise answer
        return SimpleNamespace(id=run_id, state=answer, error=None) if isinstance(answer, str) else answer

    def post_runs(self, job_id: int) -> Any:
        """Start the next of the runs that the test prepared."""
        run_id = next(run_id for run_id in sorted(self.runs) if run_id not in self.asked)
        self.started.append(run_id)
        return SimpleNamespace(id=run_id, state="queued")

    def delete_runs(self, job_id: int, run_id: int) -> None:
        """Cancel a run: from the next question but one it is cancelled, as a worker takes its time."""
        self.cancelled.append((job_id, run_id))
        if self.runs[run_id] in (["succeeded"], ["failed"]):
            raise CivisConflictError(SimpleNamespace(status_code=409, headers={}, content=b""))
        self.add(run_id, "running", "cancelled")

    def list_runs(self, job_id: int, limit: int, order: str, order_dir: str) -> list[Any]:
        """The last run."""
        return [SimpleNamespace(id=max(self.runs))][:limit] if self.runs else []

    def list_runs_logs(self, job_id: int, run_id: int, last_id: int = 0) -> list[Any]:
        """The log of a run."""
        lines = enumerate(self.logs.get(run_id, []), 1)
        entries = [SimpleNamespace(id=number, message=line) for number, line in lines if number > last_id]
        return entries[: self.log_page]

    def list_runs_outputs(self, job_id: int, run_id: int, **paging: Any) -> Iterator[Any]:
        """The outputs of a run, over all pages."""
        assert paging["iterator"] is True
        return iter(self.outputs[run_id])


@pytest.fixture
def jobs() -> FakeJobs:
    """The jobs of a platform without any."""
    return FakeJobs()


@pytest.fixture
def client(jobs: FakeJobs) -> Any:
    """A client of that platform."""
    return SimpleNamespace(jobs=jobs)


@pytest.fixture
def follow(client: Any):
    """Make the future of a run that is asked about every 10 milliseconds."""

    def make(run_id: int = 7, **settings: Any) -> CivisFuture:
        settings.setdefault("polling_interval", 0.01)
        return CivisFuture(client.jobs.get_runs, (3, run_id), client=client, **settings)

    return make
