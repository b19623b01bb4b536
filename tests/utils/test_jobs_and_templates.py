"""Running jobs and templates, and following logs."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from civis._clock import FakeClock
from civis.utils import job_logs, run_job, run_template
from civis.utils._job_logs import LONGEST_TAIL, follow_log

LONG = 20


def output(kind: str, name: str, object_id: int, value: Any = None) -> SimpleNamespace:
    return SimpleNamespace(object_type=kind, name=name, object_id=object_id, value=value)


class FakeClient:
    """A client whose jobs succeed at once."""

    def __init__(self, outputs: list[Any] | None = None) -> None:
        self.told: list[Any] = []
        self.outputs = outputs or []
        self.jobs = self.scripts = self

    def post_custom(self, template_id: int, **told: Any) -> Any:
        self.told.append((template_id, told))
        return SimpleNamespace(id=3)

    def post_runs(self, job_id: int) -> Any:
        return SimpleNamespace(id=7)

    post_custom_runs = post_runs

    def get_runs(self, job_id: int, run_id: int) -> Any:
        return SimpleNamespace(id=run_id, state="succeeded")

    get_custom_runs = get_runs

    def list_runs_outputs(self, job_id: int, run_id: int, **paging: Any) -> Any:
        return iter(self.outputs)


def test_run_job():
    future = run_job(3, client=FakeClient(), polling_interval=0.01)
    assert (future.job_id, future.run_id, future.polling_interval) == (3, 7, 0.01)
    assert future.result(LONG).state == "succeeded"


class TestTemplates:
    OUTPUTS = (output("JSONValue", "v", 1, {"a": 1}), output("File", "a.csv", 2), output("File", "b.csv", 3))

    @pytest.mark.parametrize(
        ("return_as", "expected"), [("files", {"a.csv": 2, "b.csv": 3}), ("JSONValue", {"a": 1})]
    )
    def test_what_is_returned(self, return_as, expected):
        client = FakeClient(list(self.OUTPUTS))
        assert run_template(400, {"A": 1}, client, return_as, name="n") == expected
        assert client.told == [(400, {"arguments": {"A": 1}, "name": "n"})]

    def test_a_future(self):
        future = run_template(400, {}, FakeClient(), return_as="future")
        assert (future.job_id, future.run_id) == (3, 7)

    @pytest.mark.parametrize(("older", "expected"), [(True, {"a": 1}), (False, {"a.csv": 2, "b.csv": 3})])
    def test_the_older_spelling(self, older, expected):
        with pytest.warns(FutureWarning, match="JSONValue="):
            assert run_template(400, {}, FakeClient(list(self.OUTPUTS)), JSONValue=older) == expected

    @pytest.mark.parametrize(("values", "expected"), [([], None), ([5, 6], 5)], ids=["none", "several"])
    def test_not_one_value(self, values, expected):
        client = FakeClient([output("JSONValue", "v", 1, value) for value in values])
        with pytest.warns(RuntimeWarning, match="JSON value"):
            assert run_template(400, {}, client, return_as="JSONValue") == expected

    def test_another_word(self):
        client = FakeClient()
        with pytest.raises(ValueError, match="'files', 'JSONValue', 'future'"):
            run_template(400, {}, client, return_as="json")
        assert client.told == []


class Log(list[Any]):
    """An answer with headers."""

    headers: dict[str, Any]


class FakeLogJobs:
    """A run that writes what the test scripted: by each question what is new, and its state."""

    def __init__(
        self, script: list[tuple[list[int], str]], *, ends: str | None = "max-age=60", page: int = 100
    ) -> None:
        self.script = script
        self.ends = ends
        self.page = page
        self.entries: list[int] = []
        self.state = "running"
        self.asked_after: list[int] = []

    def get_runs(self, job_id: int, run_id: int) -> Any:
        if self.script:
            new, self.state = self.script.pop(0)
            self.entries += new
        return SimpleNamespace(state=self.state)

    def list_runs_logs(self, job_id: int, run_id: int, last_id: int) -> Log:
        self.asked_after.append(last_id)
        log = Log(SimpleNamespace(id=number) for number in sorted(self.entries) if number > last_id)[
            : self.page
        ]
        log = Log(log)
        is_over = self.state != "running" and not self.script
        log.headers = {
            "Civis-Max-Id": str(max(self.entries)) if self.entries else None,
            "Civis-Cache-Control": self.ends if is_over and self.ends else "no-store",
        }
        return log


def follow(
    jobs: FakeLogJobs, finished_timeout: float | None = None, clock: FakeClock | None = None
) -> list[int]:
    client: Any = SimpleNamespace(jobs=jobs)
    return [entry.id for entry in follow_log(client, 3, 7, finished_timeout, clock or FakeClock())]


class TestLogs:
    @pytest.mark.parametrize(
        ("script", "page"),
        [
            pytest.param([([1, 2, 3], "succeeded")], 100, id="over already"),
            pytest.param(
                [([1], "running"), ([2, 3], "running"), ([], "succeeded")], 100, id="as it is written"
            ),
            pytest.param(
                [([1], "queued"), ([], "running"), ([2, 3], "failed")], 100, id="with its last words"
            ),
            pytest.param([([3, 1, 2], "cancelled")], 100, id="in the order of their numbers"),
            pytest.param([([1, 2, 3], "succeeded")], 1, id="over several pages"),
        ],
    )
    def test_every_entry_comes_once_in_order(self, script, page):
        assert follow(FakeLogJobs(script, page=page)) == [1, 2, 3]

    def test_an_empty_one(self):
        assert follow(FakeLogJobs([([], "succeeded")])) == []

    def test_questions_become_rarer_while_nothing_comes(self):
        clock = FakeClock()
        follow(FakeLogJobs([([], "running")] * 20 + [([], "succeeded")]), clock=clock)
        assert clock.slept[0] == 0.5
        assert max(clock.slept) == 5.0

    @pytest.mark.parametrize(("timeout", "waited"), [(0, 0), (7, 7), (None, LONGEST_TAIL)])
    def test_a_platform_that_never_calls_a_log_complete(self, timeout, waited):
        clock = FakeClock()
        assert follow(FakeLogJobs([([1], "succeeded")], ends=None), timeout, clock) == [1]
        assert clock.monotonic() == pytest.approx(waited)

    def test_entries_after_the_end(self):
        jobs = FakeLogJobs([([1], "succeeded"), ([2], "succeeded")])
        jobs.get_runs(3, 7)
        jobs.script, late = [], iter([[], [2], []])
        read = jobs.list_runs_logs

        def read_late(*args: Any, **told: Any) -> Log:
            jobs.entries += next(late)
            log = read(*args, **told)
            log.headers["Civis-Cache-Control"] = "max-age=60" if 2 in jobs.entries else "no-store"
            return log

        jobs.list_runs_logs = read_late
        assert follow(jobs) == [1, 2]

    def test_the_last_run_by_default(self):
        jobs = FakeLogJobs([([1], "succeeded")])
        jobs.list_runs = lambda job_id, **told: [SimpleNamespace(id=7)]
        assert [entry.id for entry in job_logs(3, client=SimpleNamespace(jobs=jobs))] == [1]

    def test_a_job_that_never_ran(self):
        jobs = SimpleNamespace(list_runs=lambda job_id, **told: [])
        with pytest.raises(ValueError, match="job 3 has never run"):
            job_logs(3, client=SimpleNamespace(jobs=jobs))

    def test_a_time_below_zero(self):
        with pytest.raises(ValueError, match="finished_timeout"):
            job_logs(3, 7, finished_timeout=-1, client=SimpleNamespace())
