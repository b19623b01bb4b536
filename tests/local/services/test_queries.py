"""Queries over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

#: SQL that takes far longer than any test waits.
LONG_SQL = (
    "with recursive d(i) as (select 1 union all select i + 1 from d where i < 10000) "
    "select count(*) from d a cross join d b cross join d c"
)


def submit(api: Any, sql: str, preview_rows: int = 10, **fields: Any) -> Any:
    """Submit a query, and give it as it is once its run is over."""
    body = {"database": api.database_id, "sql": sql, "preview_rows": preview_rows, **fields}
    query = api.call("POST", "queries", 200, body)
    assert query["state"] in ("queued", "running", "succeeded", "failed")
    api.wait(query["id"], query["lastRunId"])
    return api.get(f"queries/{query['id']}")


def test_a_query_keeps_the_first_rows_as_text(api: Any) -> None:
    query = submit(
        api,
        "with recursive t(i) as (select 1 union all select i + 1 from t where i < 30) "
        "select i as n, null as nothing, true as yes from t order by 1",
        2,
    )
    assert query["state"] == "succeeded"
    assert query["resultColumns"] == ["n", "nothing", "yes"]
    assert query["resultRows"] == [["1", None, "t"], ["2", None, "t"]]
    assert (query["error"], query["exception"]) == (None, None)
    assert query["name"] == f"Query #{query['id']}"
    assert query["startedAt"] <= query["finishedAt"]


def test_a_query_that_returns_nothing_changes_the_database(api: Any) -> None:
    query = submit(api, "create table made_by_query as select 5 as n")
    assert (query["state"], query["resultRows"], query["resultColumns"]) == ("succeeded", [], [])
    assert api.sql("select n from made_by_query") == [(5,)]


def test_a_query_that_fails_says_why(api: Any) -> None:
    query = submit(api, "select * from nowhere_at_all")
    assert query["state"] == "failed"
    assert "nowhere_at_all" in query["error"]
    assert query["exception"] == query["error"]


def test_the_answer_echoes_settings_with_their_defaults(api: Any) -> None:
    body = {"database": api.database_id, "sql": "SELECT 1", "preview_rows": 12, "column_delimiter": "tab"}
    query = api.call("POST", "queries", 200, body)
    expected = {
        "previewRows": 12,
        "includeHeader": True,
        "compression": "gzip",
        "columnDelimiter": "tab",
        "unquoted": None,
        "filenamePrefix": None,
        "interactive": False,
        "scriptId": None,
        "reportId": None,
        "credential": None,
        "resultRows": [],
        "resultColumns": [],
    }
    assert {key: query[key] for key in expected} == expected
    api.wait(query["id"], query["lastRunId"])


REFUSED = [
    pytest.param({"preview_rows": 1001}, 400, "between 0 and 1000, not 1001", id="too many rows"),
    pytest.param({"preview_rows": -1}, 400, "not -1", id="fewer than none"),
    pytest.param({"database": 999_999}, 404, "no database with ID 999999", id="no database"),
    pytest.param({"credential": 999_999}, 404, "999999", id="no credential"),
    pytest.param({"compression": "rar"}, 400, "rar", id="no compression"),
]


@pytest.mark.parametrize(("fields", "status", "message"), REFUSED)
def test_what_does_not_fit_is_refused(api: Any, fields: dict[str, Any], status: int, message: str) -> None:
    body = {"database": api.database_id, "sql": "select 1", "preview_rows": 1, **fields}
    assert message in api.refusal("POST", "queries", status, body)


def test_a_query_can_run_again_and_has_logs(api: Any) -> None:
    query = submit(api, "select 1")
    run = api.call("POST", f"queries/{query['id']}/runs", 202)
    assert run["queryId"] == query["id"]
    api.wait(query["id"], run["id"])
    assert [each["id"] for each in api.get(f"queries/{query['id']}/runs")] == [run["id"], query["lastRunId"]]
    (line,) = api.get(f"queries/{query['id']}/runs/{run['id']}/logs")
    assert "1 rows" in line["message"]
    assert api.headers["Civis-Max-Id"] == str(line["id"])


def test_a_running_query_is_cancelled(api: Any) -> None:
    body = {
        "database": api.database_id,
        "sql": LONG_SQL,
        "preview_rows": 1,
    }
    query = api.call("POST", "queries", 200, body)
    api.call("DELETE", f"queries/{query['id']}/runs/{query['lastRunId']}", 202)
    assert api.wait(query["id"], query["lastRunId"])["state"] == "cancelled"


FILTERS = [
    pytest.param({"query": "FILTER_*_sql marker"}, True, id="words with wildcards in any case"),
    pytest.param({"query": "filter_?_sql"}, True, id="one character"),
    pytest.param({"query": "filter_sql"}, False, id="another text"),
    pytest.param({"query": "marker", "state": "succeeded"}, True, id="its state"),
    pytest.param({"query": "marker", "state": "failed"}, False, id="another state"),
    pytest.param({"query": "marker", "database_id": 999_999}, False, id="another database"),
    pytest.param({"query": "marker", "created_after": "2020-01-01"}, True, id="created later"),
    pytest.param({"query": "marker", "started_before": "2020-01-01"}, False, id="started earlier"),
]


@pytest.mark.parametrize(("filters", "is_found"), FILTERS)
def test_filters(api: Any, filters: dict[str, Any], is_found: bool) -> None:
    query = submit(api, "select 1 as filter_x_sql -- marker")
    found = [each["id"] for each in api.get("queries", **filters)]
    assert (query["id"] in found) is is_found


def test_a_list_can_do_without_results(api: Any) -> None:
    query = submit(api, "select 1 as only_once")
    (listed,) = api.get("queries", query="only_once", order="started_at")
    assert listed["resultRows"] == query["resultRows"] == [["1"]]
    (listed,) = api.get("queries", query="only_once", exclude_results="true")
    assert listed["resultRows"] == []


def test_a_deleted_query_is_hidden_but_there(api: Any) -> None:
    query = submit(api, "select 1 as to_be_hidden")
    assert api.call("DELETE", f"queries/{query['id']}", 200)["hidden"] is True
    assert api.get("queries", query="to_be_hidden") == []
    assert len(api.get("queries", query="to_be_hidden", hidden="true")) == 1


def test_what_is_not_there(api: Any) -> None:
    assert "no query with ID 999999" in api.refusal("GET", "queries/999999", 404)
    query = submit(api, "select 1")
    assert "no run with ID" in api.refusal("GET", f"queries/{query['id']}/runs/999999", 404)
