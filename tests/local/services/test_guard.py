"""What is refused before any handler is called, and what keeps what it has."""

from __future__ import annotations

from typing import Any

import pytest

_RESOURCES = {"cpu": 256, "memory": 512, "diskSpace": 1.0}


@pytest.mark.parametrize("kind", ["r", "python3"])
@pytest.mark.parametrize("runner", [-5563, 0, 2**62], ids=["negative", "zero", "nobody's"])
def test_a_job_cannot_run_as_nobody(api: Any, kind: str, runner: int) -> None:
    body = {"name": "n", "source": "1", "requiredResources": _RESOURCES}
    said = api.refusal("POST", f"scripts/{kind}", 404, {**body, "runningAsId": runner})
    assert said == f"There is no user with ID {runner} (running_as_id)."
    made = api.call("POST", f"scripts/{kind}", 201, body)
    api.refusal("PATCH", f"scripts/{kind}/{made['id']}", 404, {"runningAsId": runner})
    me = api.get("users/me")["id"]
    changed = api.call("PATCH", f"scripts/{kind}/{made['id']}", 200, {"runningAsId": me})
    assert changed["runningAs"]["id"] == me


def test_a_group_keeps_its_slug(api: Any) -> None:
    made = api.call("POST", "groups", 201, {"name": "with a slug"})
    assert made["slug"]
    assert api.call("PATCH", f"groups/{made['id']}", 200, {"slug": None})["slug"] == made["slug"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"status": "idle"}, ["third", "second", "first"]),
        ({"status": "scheduled"}, ["third"]),
        ({"status": "queued,scheduled"}, ["third"]),
        ({"status": "failed"}, []),
        ({"status": "idle", "limit": 1, "page_num": 2}, ["second"]),
    ],
    ids=lambda each: "-".join(map(str, each.values())) if isinstance(each, dict) else "",
)
def test_scripts_are_listed_by_what_they_do(api: Any, query: dict[str, Any], expected: list[str]) -> None:
    database, credential = api.database_id, api.credential_id
    project = {"sql": "select 1", "remoteHostId": database, "credentialId": credential}
    for name in ("first", "second", "third"):
        schedule = {"scheduled": name == "third", "scheduledDays": [1], "scheduledHours": [4]}
        made = api.call("POST", "scripts/sql", 201, {"name": name, **project, "schedule": schedule})
        api.call("PUT", f"scripts/sql/{made['id']}/archive", 200, {"status": False})
    listed = [each["name"] for each in api.get("scripts", type="sql", order="created_at", **query)]
    assert listed[: len(expected)] == expected
    for each in api.get("scripts", type="sql", limit=50):
        api.call("PUT", f"scripts/sql/{each['id']}/archive", 200, {"status": True})
