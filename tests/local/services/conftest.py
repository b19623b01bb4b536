"""A running local platform, and a small HTTP client of it that knows nothing of the package's own."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests

pytest.importorskip("duckdb")

from civis.local.platform import Platform
from civis.local.state import objects


class Api:
    """Plain requests to a platform, and what several tests do with it."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self.session = requests.Session()
        self.session.auth = (platform.api_key, "")

    def call(self, method: str, path: str, status: int, body: Any = None, /, **query: Any) -> Any:
        """Send a request, insist on the status, and give the answer's JSON."""
        answer = self.session.request(
            method, f"{self.platform.url}{path}", json=body, params=query, timeout=60
        )
        assert answer.status_code == status, f"{answer.status_code}: {answer.text}"
        self.headers = answer.headers
        return answer.json() if answer.content else None

    def get(self, path: str, /, **query: Any) -> Any:
        """GET something that is there."""
        return self.call("GET", path, 200, **query)

    def refusal(self, method: str, path: str, status: int, body: Any = None, /, **query: Any) -> str:
        """Send a request that is refused, and give the error's sentence."""
        answer = self.call(method, path, status, body, **query)
        assert set(answer) == {"error", "errorDescription", "code"}
        assert answer["code"] == status
        return str(answer["errorDescription"])

    def upload(self, content: bytes, name: str = "data.csv", **fields: Any) -> int:
        """Upload a file by a form, and give its ID."""
        made = self.call("POST", "files", 201, {"name": name, **fields})
        sent = requests.post(
            made["uploadUrl"], data=made["uploadFields"], files={"file": content}, timeout=60
        )
        assert sent.ok, sent.text
        return int(made["id"])

    def download(self, file_id: int) -> bytes:
        """Fetch a file's content by its URL."""
        answer = requests.get(self.get(f"files/{file_id}")["fileUrl"], timeout=60)
        assert answer.status_code == 200
        return answer.content

    def wait(self, job_id: int, run_id: int) -> Any:
        """Wait until a run is over, and give it."""
        for _ in range(3000):
            run = self.get(f"jobs/{job_id}/runs/{run_id}")
            if run["state"] not in ("queued", "running"):
                return run
            time.sleep(0.01)  # a run goes on in a thread of the platform's; there is no clock to fake
        raise AssertionError(f"run {run_id} of job {job_id} does not end: {run}")

    def run(self, job_id: int) -> Any:
        """Run a job to its end, and give the run."""
        return self.wait(job_id, self.call("POST", f"jobs/{job_id}/runs", 201)["id"])

    def log(self, job_id: int, run_id: int) -> str:
        """Give a run's log as one text."""
        return "\n".join(line["message"] for line in self.get(f"jobs/{job_id}/runs/{run_id}/logs"))

    def sql(self, text: str) -> list[tuple[Any, ...]]:
        """Run SQL in the default database, past HTTP."""
        database = self.platform.warehouse.database("local")
        return list(database.execute(text, user="local", preview_rows=1000).rows)

    @property
    def database_id(self) -> int:
        """The default database's ID."""
        return int(self.get("databases")[0]["id"])

    @property
    def credential_id(self) -> int:
        """The default credential's ID."""
        return int(self.get("credentials", default="true")[0]["id"])

    def store(self, kind: str, document: dict[str, Any], **columns: Any) -> int:
        """Put an object into the state, past HTTP."""
        with self.platform.state.begin() as connection:
            return objects.insert(connection, kind, document, now=self.platform.clock.time(), **columns).id


@pytest.fixture(scope="module", autouse=True)
def _no_thread_left() -> Iterator[None]:
    """Watch once a file, not once a test: the platform and its threads last that long."""
    before = set(threading.enumerate())
    yield
    left = set(threading.enumerate()) - before
    for thread in left:
        thread.join(2)
    assert not [thread.name for thread in left if thread.is_alive()]


@pytest.fixture(scope="module")
def api(platform: Platform) -> Iterator[Api]:
    """A client of it."""
    client = Api(platform)
    with client.session:
        yield client


@pytest.fixture
def make_api() -> Iterator[Any]:
    """Make a client of another platform, such as one with a fake clock."""
    made: list[Api] = []

    def make(platform: Platform) -> Api:
        made.append(Api(platform))
        return made[-1]

    yield make
    for each in made:
        each.session.close()


@pytest.fixture(scope="module")
def ends(api: Api) -> dict[str, dict[str, int]]:
    """Source and destination of transfers: the default database and another one."""
    other = api.platform.add_database("other")
    credential = api.credential_id
    return {
        "source": {"remote_host_id": api.database_id, "credential_id": credential},
        "destination": {"remote_host_id": other, "credential_id": credential},
    }
