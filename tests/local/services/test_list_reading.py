"""Of many objects a list reads those of its page only, whatever it is ordered and filtered by."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from civis.local.platform import Platform
from civis.local.state import Stored, objects, runs

_MANY = 60
_PAGE = 3
_ORDERS = {
    "/scripts": ("updated_at", "name", "created_at", "last_run.updated_at"),
    "/jobs": ("updated_at", "last_run_updated_at"),
    "/imports": ("updated_at", "name", "created_at", "last_run.updated_at"),
    "/notebooks": ("updated_at", "name", "created_at"),
    "/services": ("updated_at", "name", "created_at"),
    "/workflows": ("updated_at", "name", "created_at"),
    "/queries": ("created_at", "started_at"),
    "/exports": ("updated_at", "last_run.updated_at"),
    "/models": ("updated_at", "last_run.updated_at"),
    "/enhancements": ("updated_at", "last_run.updated_at"),
    "/projects": ("updated_at", "name", "created_at"),
    "/reports": ("updated_at", "name", "created_at"),
}
_KINDS = {
    "/scripts": "sql_script",
    "/jobs": "sql_script",
    "/imports": "import",
    "/notebooks": "notebook",
    "/services": "service",
    "/workflows": "workflow",
    "/queries": "query",
    "/exports": "csv_export",
    "/models": "model",
    "/enhancements": "geocode",
    "/projects": "project",
    "/reports": "report",
}
#: Lists that are asked for further things, too.
_MORE = {
    "/templates/scripts": "script_template",
    "/templates/reports": "report_template",
    "/table_tags": "table_tag",
    "/storage_hosts": "storage_host",
}
_FILTERS = {
    "/scripts": ("status=idle", "status=scheduled", "author=1", "type=sql", "archived=all"),
    "/jobs": ("state=succeeded", "scheduled=false", "q=one", "type=JobTypes::SqlRunner"),
    "/imports": ("status=idle", "status=succeeded", "type=Dbsync", "source=7", "destination=7"),
    "/notebooks": ("status=idle", "status=running", "author=1"),
    "/services": ("status=idle",),
    "/workflows": ("state=idle", "scheduled=false"),
    "/queries": ("state=succeeded", "query=sel*t", "database_id=7", "started_after=1970-01-01"),
    "/exports": ("status=idle",),
    "/models": ("status=idle",),
    "/enhancements": ("status=idle",),
    "/projects": ("author=1",),
    "/reports": ("author=1",),
}
CASES = [
    *(
        (path, f"order={order}&order_dir={way}")
        for path in _ORDERS
        for order in _ORDERS[path]
        for way in ("asc", "desc")
    ),
    *((path, each) for path in _FILTERS for each in _FILTERS[path]),
]


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    """A platform with many objects of each kind, every third of which ran."""
    end = {"remote_host_id": 7, "credential_id": 7}
    document = {
        "sql": "select 1",
        "params": [],
        "remote_host_id": 7,
        "credential_id": 7,
        "database": 7,
        "sync_type": "Dbsync",
        "is_outbound": False,
        "schedule": {},
        "time_zone": "UTC",
        "source": end,
        "destination": end,
        "definition": "",
        "notifications": {},
        "code_body": None,
    }
    with Platform(is_working=False) as platform:
        with platform.state.begin() as connection:
            for kind in {*_KINDS.values(), *_MORE.values()}:
                for number in range(_MANY):
                    made = objects.insert(
                        connection, kind, document, now=float(number), name=f"one {number}", author_id=1
                    )
                    if number % 3 == 0:
                        run = runs.insert_run(connection, made.id, now=float(number))
                        runs.update_run(
                            connection,
                            run.id,
                            state="succeeded",
                            started_at=1.0,
                            finished_at=float(1000 - number),
                        )
        yield platform


def ask(platform: Platform, path: str) -> Any:
    """Ask for something that is there."""
    request = urllib.request.Request(
        f"{platform.url.rstrip('/')}{path}", headers={"Authorization": f"Bearer {platform.api_key}"}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


@pytest.mark.parametrize(("path", "asked"), CASES, ids=lambda each: each)
def test_a_list_reads_its_page_only(
    platform: Platform, monkeypatch: pytest.MonkeyPatch, path: str, asked: str
) -> None:
    read: list[str] = []

    def counting(**row: Any) -> Stored:
        read.append(row["kind"])
        return Stored(**row)

    monkeypatch.setattr(objects, "Stored", counting)
    found = ask(platform, f"{path}?limit={_PAGE}&{asked}")
    assert len(found) <= _PAGE
    assert read.count(_KINDS[path]) <= _PAGE


@pytest.mark.parametrize("path", sorted({*_ORDERS, *_MORE} - {"/models"}))
def test_a_list_asks_the_state_as_often_however_long_its_page_is(platform: Platform, path: str) -> None:
    asked: list[str] = []

    def note(*event: Any) -> None:
        asked.append(event[2])

    ask(platform, f"{path}?limit=2")  # what is read once and kept
    numbers = []
    sa.event.listen(platform.state.engine, "before_cursor_execute", note)
    try:
        for limit in (2, 20):
            asked.clear()
            ask(platform, f"{path}?limit={limit}")
            numbers.append(len(asked))
    finally:
        sa.event.remove(platform.state.engine, "before_cursor_execute", note)
    assert numbers[0] == numbers[1] > 0


@pytest.mark.parametrize("path", ["/scripts", "/imports", "/exports", "/models"])
@pytest.mark.parametrize("way", ["asc", "desc"])
@pytest.mark.parametrize("many", [1, 10_000], ids=["in order", "sorted"])
def test_pages_by_the_last_run_have_each_object_once(
    platform: Platform, monkeypatch: pytest.MonkeyPatch, path: str, way: str, many: int
) -> None:
    """Those that ran first, by when they changed; the others follow, however the pages fall."""
    monkeypatch.setattr("civis.local.state.by_runs._MANY", many)
    order = next(each for each in _ORDERS[path] if "last_run" in each)
    pages = [
        ask(platform, f"{path}?limit=7&order={order}&order_dir={way}&page_num={number}")
        for number in range(1, 20)
    ]
    found = [each for page in pages for each in page]
    assert len({each["id"] for each in found}) == len(found) == _MANY
    ended = [each["lastRun"] and each["lastRun"]["finishedAt"] for each in found]
    ran = [each for each in ended if each]
    assert ended == [*sorted(ran, reverse=way == "desc"), *([None] * (_MANY - len(ran)))]
