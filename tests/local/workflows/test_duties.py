"""What the platform does unasked: schedules, triggers, notices."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

import pytest

from civis._clock import FakeClock
from civis.local.jobs.agenda import Agenda
from civis.local.platform import Platform
from civis.local.state import objects
from tests._servers import Reply, served
from tests.local.workflows.conftest import FRIDAY, Workflows

NOOP = "{version: '2.0', flow: {tasks: {a: {}}}}"
HOURLY = {"scheduled": True, "scheduledMinutes": [30]}


def runs(api: Workflows, job: int) -> list[Any]:
    """List a job's runs."""
    found = api.get(f"jobs/{job}/runs")
    assert isinstance(found, list)
    return found


def settled(api: Workflows, job: int, count: int) -> list[Any]:
    """Wait until a job has had so many runs, all over."""
    return api.until(  # type: ignore[no-any-return]  # what the API answers
        f"jobs/{job}/runs",
        lambda found: len(found) >= count and all(run["state"] not in ("queued", "running") for run in found),
    )


def test_scheduled_jobs_run_when_due(timed: Workflows, advance: Callable[[float], None]) -> None:
    job = timed.script(schedule=HOURLY, timeZone="UTC")
    shown = timed.get(f"scripts/sql/{job}")
    assert shown["nextRunAt"] == "2026-04-17T17:30:00.000Z"
    advance(29 * 60)
    assert runs(timed, job) == []
    advance(60)
    assert [run["state"] for run in settled(timed, job, 1)] == ["succeeded"]
    assert timed.get(f"scripts/sql/{job}")["nextRunAt"] == "2026-04-17T18:30:00.000Z"
    advance(30)
    advance(3600)
    assert len(settled(timed, job, 2)) == 2


def test_schedules_go_by_their_time_zone(timed: Workflows, advance: Callable[[float], None]) -> None:
    schedule = {"scheduled": True, "scheduledDays": [5], "scheduledHours": [13]}
    job = timed.script(schedule=schedule, timeZone="America/Chicago")
    assert timed.get(f"scripts/sql/{job}")["nextRunAt"] == "2026-04-17T18:00:00.000Z"
    advance(3600)
    settled(timed, job, 1)


def test_a_schedule_that_is_off_or_archived_does_nothing(
    timed: Workflows, advance: Callable[[float], None]
) -> None:
    off = timed.script(schedule={**HOURLY, "scheduled": False})
    archived = timed.script(schedule=HOURLY)
    on = timed.script(schedule=HOURLY)
    timed.call("PUT", f"scripts/sql/{archived}/archive", 200, {"status": True})
    advance(1800)
    settled(timed, on, 1)
    assert runs(timed, off) == runs(timed, archived) == []
    assert timed.get(f"scripts/sql/{archived}")["nextRunAt"] is None


def test_scheduled_workflows_are_executed(timed: Workflows, advance: Callable[[float], None]) -> None:
    path = timed.workflow(NOOP, schedule=HOURLY, timeZone="UTC")
    workflow = timed.get(path.removesuffix("/executions"))
    assert (workflow["state"], workflow["nextExecutionAt"]) == ("scheduled", "2026-04-17T17:30:00.000Z")
    advance(1800)
    found = timed.until(path, bool)
    assert timed.over(f"{path}/{found[0]['id']}")["state"] == "succeeded"


@pytest.mark.parametrize(("seconds", "count"), [(2400, 1), (3 * 3600, 0)], ids=["briefly", "long"])
def test_what_was_due_while_the_platform_was_off(tmp_path: Any, seconds: float, count: int) -> None:
    clock = FakeClock(FRIDAY)
    with Platform(tmp_path, clock=clock) as platform:
        api = Workflows(platform)
        with api.session:
            job = api.script(schedule={"scheduled": True, "scheduledMinutes": [10, 20]}, timeZone="UTC")
            clock.advance(60)
            platform.duties.wake()
            api.until("jobs", lambda _: _has_mark(platform))
    clock.advance(seconds)
    with Platform(tmp_path, clock=clock) as platform:
        api = Workflows(platform)
        with api.session:
            if count:
                settled(api, job, count)
            assert len(runs(api, job)) == count


def _has_mark(platform: Platform) -> bool:
    """Tell whether the look at the schedules was noted."""

    with platform.state.read() as connection:
        return objects.count_objects(connection, "schedule_mark") == 1


def test_children_run_after_their_parents(api: Workflows) -> None:
    parent = api.script()
    child = api.script(parentId=parent)
    grandchild = api.python("print('last')", parentId=child)
    api.run(parent)
    settled(api, grandchild, 1)
    tree = api.get(f"jobs/{parent}/children")
    assert [each["id"] for each in tree["children"]] == [child]
    assert [each["id"] for each in tree["children"][0]["children"]] == [grandchild]
    assert [each["id"] for each in api.get(f"jobs/{grandchild}/parents")] == [child, parent]
    api.call("PATCH", f"scripts/sql/{parent}", 200, {"sql": "select * from nowhere"})
    api.run(parent)
    assert len(runs(api, child)) == 1


@pytest.mark.parametrize(
    ("sql", "switches", "state"),
    [
        ("select 1", {}, "succeeded"),
        ("select 1", {"successOn": False}, None),
        ("select * from nowhere", {}, "failed"),
        ("select * from nowhere", {"failureOn": False}, None),
    ],
)
def test_addresses_are_called(api: Workflows, sql: str, switches: dict[str, bool], state: str | None) -> None:
    with served(lambda request: Reply(200)) as server:
        notifications = {"urls": [f"{server.url}/hook?key=1"], **switches}
        job = api.script(sql, notifications=notifications)
        run = api.run(job)
        if state is None:
            assert _notices(api) == 0
            return
        _wait(lambda: bool(server.requests))
        (request,) = server.requests
    body = json.loads(request.body)
    assert (request.method, request.target) == ("POST", "/hook?key=1")
    assert (body["object"]["id"], body["run"]["id"], body["run"]["state"]) == (job, run["id"], state)
    assert "Authorization" not in request.headers
    _wait(lambda: _notices(api) == 0)


def test_an_address_that_fails_is_called_again(timed: Workflows, advance: Callable[[float], None]) -> None:
    answers = iter([500, 503, 200])
    with served(lambda request: Reply(next(answers))) as server:
        timed.run(timed.script(notifications={"urls": [server.url]}))
        _wait(lambda: len(server.requests) == 1)
        for count, pause in ((2, 1), (3, 5)):
            _wait(lambda: _notices(timed) == 1)
            _until_called(server, count, partial(advance, pause))
        _wait(lambda: _notices(timed) == 0)


def _until_called(server: Any, count: int, move: Callable[[], None]) -> None:
    """Move the clock until an address was called so often: the last failure may not be noted yet."""
    for _ in range(50):
        move()
        for _ in range(20):
            if len(server.requests) >= count:
                return
            time.sleep(0.01)
    raise AssertionError("it is not called")


def test_e_mails_land_in_the_outbox(api: Workflows) -> None:
    notifications = {
        "successEmailAddresses": ["a@example.org", "b@example.org"],
        "successEmailSubject": "Done\r\nBcc: x@example.org",
        "successEmailBody": "All *well*.",
        "successEmailFromName": "Me",
        "successEmailReplyTo": "me@example.org",
        "failureEmailAddresses": ["c@example.org"],
    }
    before = len(api.platform.duties.outbox())
    api.run(api.script(notifications=notifications))
    api.run(api.script("select * from nowhere", notifications=notifications))
    _wait(lambda: len(api.platform.duties.outbox()) == before + 2)
    good, bad = api.platform.duties.outbox()[before:]
    assert (good["To"], good["Subject"]) == ("a@example.org, b@example.org", "Done Bcc: x@example.org")
    assert (good["Reply-To"], good["Bcc"]) == ("me@example.org", None)
    assert "All *well*." in good.get_content()
    assert (bad["To"], "step failed" in bad["Subject"]) == ("c@example.org", True)
    assert "nowhere" in bad.get_content()


def test_a_workflow_s_end_is_told(api: Workflows) -> None:
    before = len(api.platform.duties.outbox())
    notifications = {"failureEmailAddresses": ["c@example.org"]}
    path = api.workflow("{version: '2.0', f: {tasks: {a: {action: std.fail}}}}", notifications=notifications)
    api.over(f"{path}/{api.call('POST', path, 201)['id']}")
    _wait(lambda: len(api.platform.duties.outbox()) == before + 1)
    assert "flow failed" in api.platform.duties.outbox()[-1]["Subject"]


def test_runs_that_take_long_are_warned_of(timed: Workflows, advance: Callable[[float], None]) -> None:
    notifications = {"stallWarningMinutes": 5, "failureEmailAddresses": ["c@example.org"]}
    job = timed.python("import time; time.sleep(600)", notifications=notifications)
    run = timed.call("POST", f"jobs/{job}/runs", 201)
    timed.until(f"jobs/{job}/runs/{run['id']}", lambda each: each["state"] == "running")
    advance(299)
    advance(61)
    _wait(lambda: len(timed.platform.duties.outbox()) == 1)
    advance(60)
    timed.call("DELETE", f"jobs/{job}/runs/{run['id']}", 202)
    timed.wait(job, run["id"])
    (mail,) = timed.platform.duties.outbox()
    assert "still running" in mail["Subject"]
    timed.platform.reset()
    assert timed.platform.duties.outbox() == []


def test_a_keeper_that_fails_keeps_no_other_from_working(caplog: pytest.LogCaptureFixture) -> None:
    class Broken:
        def turn(self) -> float | None:
            raise OSError("broken")

    class Fine:
        def turn(self) -> float | None:
            return 90.0

    assert Agenda([Broken(), Fine()], FakeClock(10.0), "test").turn() == 15.0
    assert "Broken of the local platform could not do what is due" in caplog.text


def _notices(api: Workflows) -> int:
    """Count what is still to be sent."""

    with api.platform.state.read() as connection:
        return objects.count_objects(connection, "notice")


def _wait(is_so: Callable[[], bool]) -> None:
    """Wait for what another thread does."""
    for _ in range(800):
        if is_so():
            return
        time.sleep(0.01)
    raise AssertionError("it does not come")


def test_moments_of_the_tests() -> None:
    assert datetime.fromisoformat("2026-04-17T17:00:00+00:00").timestamp() == FRIDAY
