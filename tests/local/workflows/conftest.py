"""A platform with workflows, and one whose clock a test moves."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("yaql")

from civis._clock import FakeClock
from civis.local.platform import Platform
from tests.local.services.conftest import Api

#: A Friday in April 2026, noon in Chicago; as seconds since 1970.
FRIDAY = 1776445200.0


class Workflows(Api):
    """Requests about workflows."""

    def script(self, sql: str = "select 1", **fields: Any) -> int:
        """Create a SQL script."""
        ends = {"remoteHostId": self.database_id, "credentialId": self.credential_id}
        made = self.call("POST", "scripts/sql", 201, {"name": "step", "sql": sql, **ends, **fields})
        return int(made["id"])

    def python(self, source: str, **fields: Any) -> int:
        """Create a Python script."""
        return int(
            self.call("POST", "scripts/python3", 201, {"name": "py", "source": source, **fields})["id"]
        )

    def workflow(self, definition: str, **fields: Any) -> str:
        """Create a workflow; give the path of its executions."""
        made = self.call("POST", "workflows", 201, {"name": "flow", "definition": definition, **fields})
        assert made["valid"], made["validationErrors"]
        return f"workflows/{made['id']}/executions"

    def start(self, definition: str, **body: Any) -> str:
        """Start an execution; give its path."""
        path = self.workflow(definition)
        return f"{path}/{self.call('POST', path, 201, body)['id']}"

    def until(self, path: str, is_so: Callable[[Any], bool]) -> Any:
        """Ask until an answer is as it should be."""
        for _ in range(800):
            answer = self.get(path)
            if is_so(answer):
                return answer
            time.sleep(0.01)  # it goes on in threads of the platform's; there is no clock to fake
        raise AssertionError(f"it does not come: {answer}")

    def over(self, path: str) -> Any:
        """Wait until an execution is over, and give it."""
        return self.until(path, lambda execution: execution["state"] != "running")

    def execute(self, definition: str, **body: Any) -> Any:
        """Run an execution to its end, and give it."""
        return self.over(self.start(definition, **body))


def states(execution: Any) -> dict[str, str]:
    """Give the states of an execution's tasks."""
    return {task["name"]: task["mistralState"] for task in execution["tasks"]}


@pytest.fixture(scope="module")
def api() -> Iterator[Workflows]:
    """A platform for the tests of one file."""
    with Platform() as platform:
        client = Workflows(platform)
        with client.session:
            yield client


@pytest.fixture
def timed(tmp_path: Path) -> Iterator[Workflows]:
    """A platform on a fake clock."""
    with Platform(tmp_path / "data", clock=FakeClock(FRIDAY)) as platform:
        client = Workflows(platform)
        with client.session:
            yield client


@pytest.fixture
def advance(timed: Workflows) -> Callable[[float], None]:
    """Move the clock, and have the platform notice."""

    def move(seconds: float) -> None:
        clock = timed.platform.clock
        assert isinstance(clock, FakeClock)
        clock.advance(seconds)
        timed.platform.duties.wake()
        timed.platform.duties.wake_post()

    return move
