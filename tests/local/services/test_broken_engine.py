"""A run whose SQL breaks the engine ends, and those after it find their database again."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest

from civis.local.jobs import RunContext, executor
from civis.local.jobs.executors import forget

KIND = "breaking_job"


@pytest.fixture
def breaking_job(api: Any) -> Any:
    """A job whose SQL meets a flaw of the engine's; no SQL breaks every version of it."""

    @executor(KIND)
    def run(context: RunContext) -> None:
        database = context.platform.warehouse.database("local")
        with database._session(None, context.interruption) as session, session.errors():
            raise duckdb.InternalException("INTERNAL Error: a flaw of the engine's\n\nStack Trace: …")

    yield api.store(KIND, {}, name="breaks")
    forget(KIND)


def test_a_run_that_breaks_the_engine_fails_with_its_words(api: Any, breaking_job: int) -> None:
    api.sql("create table kept (a int); insert into kept values (1)")
    run = api.run(breaking_job)
    assert (run["state"], run["error"]) == ("failed", "a flaw of the engine's")
    body = {"database": api.database_id, "sql": "select a from kept", "preview_rows": 1}
    query = api.call("POST", "queries", 200, body)
    assert api.wait(query["id"], query["lastRunId"])["state"] == "succeeded"
    assert api.get(f"queries/{query['id']}")["resultRows"] == [["1"]]
