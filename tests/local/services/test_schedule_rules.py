"""Schedules that are refused: those that can never be due, and those that a restricted key would make."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

pytest.importorskip("duckdb")

from civis.local import catalog

HOURLY = {"scheduled": True, "scheduledMinutes": [30]}
#: What requests need beyond the schedule, by the path that makes something.
NEEDED: dict[str, dict[str, Any]] = {
    "scripts/containers": {"dockerCommand": "true", "requiredResources": {"cpu": 1, "memory": 1}},
    "scripts/python3": {"name": "p", "source": ""},
    "scripts/sql": {"name": "s", "sql": "select 1"},
    "workflows": {"name": "w"},
    "imports": {"name": "i", "syncType": "Dbsync", "isOutbound": False},
    "enhancements/cass-ncoa": {"name": "e", "source": {}},
}
BAD = [
    pytest.param(
        {"scheduledHours": [25]}, "scheduled_hours must hold whole numbers from 0 to 23, not 25", id="hour"
    ),
    pytest.param(
        {"scheduledDays": [9]}, "scheduled_days must hold whole numbers from 0 to 6, not 9", id="weekday"
    ),
    pytest.param(
        {"scheduledMinutes": [61]},
        "scheduled_minutes must hold whole numbers from 0 to 59, not 61",
        id="minute",
    ),
    pytest.param(
        {"scheduledDaysOfMonth": [0]},
        "scheduled_days_of_month must hold whole numbers from 1 to 31",
        id="day",
    ),
    pytest.param(
        {"scheduledRunsPerHour": 7000}, "scheduled_runs_per_hour must be a whole number", id="per hour"
    ),
    pytest.param({"scheduledDays": [1], "scheduledDaysOfMonth": [1]}, "not both", id="both kinds of days"),
]


def needed(api: Any, path: str) -> dict[str, Any]:
    """Give the body that makes something at a path."""
    if path != "scripts/sql":
        return NEEDED[path]
    return {**NEEDED[path], "remoteHostId": api.database_id, "credentialId": api.credential_id}


@contextmanager
def restricted(api: Any) -> Iterator[None]:
    """Ask with a key that may do everything, but is restricted."""
    verbs = {f"{verb}Allowed": True for verb in ("get", "post", "put", "patch", "delete")}
    constraints = [{"constraintType": "verb", **verbs}]
    body = {"name": "restricted", "expiresIn": 600, "constraints": constraints}
    own = api.session.auth
    api.session.auth = (api.call("POST", "users/me/api_keys", 200, body)["token"], "")
    try:
        yield
    finally:
        api.session.auth = own


@pytest.mark.parametrize("path", NEEDED)
@pytest.mark.parametrize(("schedule", "said"), BAD)
def test_schedules_that_can_never_be_due(api: Any, path: str, schedule: dict[str, Any], said: str) -> None:
    for is_on in (True, False):  # what is off may be turned on
        body = {**needed(api, path), "schedule": {"scheduled": is_on, **schedule}}
        assert said in api.refusal("POST", path, 400, body)


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_changes_are_checked_too(api: Any, method: str) -> None:
    made = api.call("POST", "scripts/python3", 201, {"name": "p", "source": "", "schedule": HOURLY})
    body = {"name": "p", "source": "", "schedule": {"scheduled": True, "scheduledHours": [24]}}
    assert "from 0 to 23" in api.refusal(method, f"scripts/python3/{made['id']}", 400, body)
    assert api.get(f"scripts/python3/{made['id']}")["schedule"]["scheduledMinutes"] == [30]


@pytest.mark.parametrize("path", ["workflows", "scripts/containers"])
def test_a_time_zone_that_there_is_not(api: Any, path: str) -> None:
    body = {**needed(api, path), "timeZone": "Mars/Olympus"}
    assert "no time zone 'Mars/Olympus'" in api.refusal("POST", path, 400, body)


def test_every_schedule_of_the_api_is_one_of_two_shapes() -> None:
    found = {
        tuple(sorted(each.schema.fields))
        for operation in catalog.operations()
        for each in operation.parameters
        if each.name == "schedule"
    }
    assert len(found) == 2  # that of jobs, which is checked, and that of services
    assert ("recurrences", "runtimePlan") in found


def test_a_restricted_key_makes_and_changes_nothing_that_starts_by_itself(api: Any) -> None:
    plain = api.call("POST", "scripts/python3", 201, {"name": "p", "source": ""})["id"]
    timed = api.call("POST", "scripts/python3", 201, {"name": "p", "source": "", "schedule": HOURLY})["id"]
    child = api.call("POST", "scripts/python3", 201, {"name": "c", "source": "", "parentId": timed})["id"]
    refused: list[tuple[str, str, dict[str, Any]]] = [
        ("POST", "scripts/python3", {"name": "p", "source": "", "schedule": HOURLY}),
        ("POST", "workflows", {"name": "w", "schedule": HOURLY}),
        ("POST", "workflows", {"name": "w", "fromJobChain": timed}),
        ("PATCH", f"scripts/python3/{plain}", {"schedule": HOURLY}),
        ("PATCH", f"scripts/python3/{plain}", {"parentId": timed}),
        ("PATCH", f"scripts/python3/{timed}", {"source": "print(1)"}),
        ("PATCH", f"scripts/python3/{child}", {"source": "print(1)"}),
        ("PUT", f"jobs/{timed}/archive", {"status": False}),
        ("POST", f"scripts/python3/{timed}/clone", {"cloneSchedule": True}),
    ]
    with restricted(api):
        for method, path, body in refused:
            assert "restricted by no key" in api.refusal(method, path, 403, body), path
        api.call("PATCH", f"scripts/python3/{plain}", 200, {"source": "print(1)"})
        api.call("POST", f"scripts/python3/{timed}/clone", 201, {})
        assert api.run(timed)["state"] == "succeeded"
        missing = api.call("POST", "scripts/python3", 404, {"name": "p", "source": "", "parentId": 10**9})
        assert missing["code"] == 404


def test_who_does_not_see_an_object_hears_nothing_of_its_schedule(api: Any) -> None:
    with restricted(api):
        assert "There is no" in api.refusal("PATCH", f"scripts/python3/{10**9}", 404, {"source": ""})
