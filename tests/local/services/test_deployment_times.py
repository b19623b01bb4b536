"""When deployments are on: schedules of services, idle notebooks, by a clock that tests move."""

from __future__ import annotations

import json
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import requests
from websockets.sync.client import connect

pytest.importorskip("duckdb")

from civis._clock import FakeClock
from civis.local.deployments.plans import ON_DEMAND_SECONDS, Plan
from civis.local.deployments.use import Use
from civis.local.platform import Platform
from civis.local.services.notebook_kernels import kernel_variables
from civis.local.services.service_servers import COMMAND
from tests.local.services.conftest import Api

_ZONE = "America/Chicago"
_APP = f"exec {sys.executable} {Path(__file__).with_name('deployed_app.py')}"
_RUN = f"exec {sys.executable} -m http.server --bind $HOST $PORT"
#: A Monday, a quarter past eight.
_MONDAY = datetime(2024, 1, 8, 8, 15, tzinfo=ZoneInfo(_ZONE)).timestamp()
_HOUR = 3600.0


def scheduled(*recurrences: tuple[list[int], list[int]]) -> dict[str, Any]:
    """Give a schedule of certain times."""
    found = [{"scheduled_days": days, "scheduled_hours": hours} for days, hours in recurrences]
    return {"runtime_plan": "specific_times", "recurrences": found}


TIMES = [
    pytest.param(scheduled(([1], [8])), 0.0, True, id="in its hour"),
    pytest.param(scheduled(([1], [9])), 0.0, False, id="before its hour"),
    pytest.param(scheduled(([1], [9])), 0.75 * _HOUR, True, id="as its hour begins"),
    pytest.param(scheduled(([1], [8])), 0.75 * _HOUR, False, id="as its hour is over"),
    pytest.param(scheduled(([0], [8])), 0.0, False, id="another day"),
    pytest.param(scheduled(([], [8])), 24 * _HOUR, True, id="every day"),
    pytest.param(scheduled(([1], [])), 15.5 * _HOUR, True, id="the whole day"),
    pytest.param(scheduled(([0], [8]), ([1], [8])), 0.0, True, id="one of two"),
    pytest.param({"runtime_plan": "always_on", "recurrences": []}, 1e6, True, id="always"),
    pytest.param(
        {"runtime_plan": "on_demand", "recurrences": []}, ON_DEMAND_SECONDS - 1, True, id="just used"
    ),
    pytest.param(
        {"runtime_plan": "on_demand", "recurrences": []}, ON_DEMAND_SECONDS, False, id="long unused"
    ),
    pytest.param(None, ON_DEMAND_SECONDS, False, id="on demand where nothing is said"),
]


@pytest.mark.parametrize(("schedule", "later", "is_on"), TIMES)
def test_when_a_plan_is_on(schedule: Any, later: float, is_on: bool) -> None:
    assert Plan.of_schedule(schedule, _ZONE).is_on(_MONDAY + later, _MONDAY) is is_on


def test_what_is_at_work_is_in_use() -> None:
    clock, found = FakeClock(0.0), iter("aabbb")
    use = Use(Plan(idle_seconds=100.0, sleeps=False), clock)
    going_on = []
    for _ in range(5):  # seen at 0, 60, 120, 180 and 240: at work between 60 and 120 only
        going_on.append(use.is_going_on(lambda: next(found)))
        clock.advance(60.0)
    assert going_on == [True, True, True, True, False]


def test_what_cannot_say_whether_it_is_at_work_is_not() -> None:
    clock = FakeClock(0.0)
    use = Use(Plan(idle_seconds=100.0), clock)
    clock.advance(100.0)
    assert [use.is_going_on(lambda: None) for _ in range(6)] == [True] * 4 + [False] * 2
    use.note()
    assert use.is_going_on(None)


def test_what_is_looked_at_is_in_use() -> None:
    clock = FakeClock(0.0)
    use = Use(Plan(idle_seconds=100.0), clock)
    with use.looked_at(), use.looked_at():
        clock.advance(1000.0)
        assert use.is_going_on(None)
    clock.advance(99.0)
    assert use.is_going_on(None)
    clock.advance(1.0)
    assert not use.is_going_on(None)


@pytest.fixture(scope="module")
def clock() -> FakeClock:
    return FakeClock(_MONDAY)


@pytest.fixture(scope="module")
def times(clock: FakeClock) -> Iterator[Api]:
    """A platform whose clock stands still until a test moves it."""
    with Platform(clock=clock) as running:
        client = Api(running)
        with client.session:
            yield client


def until(look: Callable[[], Any]) -> Any:
    """Look until there is something; processes start in their own time."""
    end = time.monotonic() + 60
    while not (found := look()):
        assert time.monotonic() < end, "it does not come"
        time.sleep(0.02)
    return found


class Deployed:
    """Something that is deployed."""

    def __init__(self, times: Api, kind: str, **fields: Any) -> None:
        self.api, self.kind = times, kind
        self.id = times.call("POST", kind, 201, {"name": "n", **fields})["id"]
        self.deployment = times.call("POST", f"{kind}/{self.id}/deployments", 201, {})["deploymentId"]
        self.path = f"{kind}/{self.id}/deployments/{self.deployment}"

    def comes_to(self, state: str) -> Any:
        return until(lambda: (found := self.api.get(self.path))["state"] == state and found)

    def log(self) -> list[str]:
        return [each["message"] for each in self.api.get(f"{self.path}/logs")]

    @property
    def use(self) -> Use:
        live = self.api.platform.deployments.find(self.deployment)
        assert live is not None
        assert live._use is not None
        return live._use

    def ask(self) -> requests.Response:
        answer = self.api.session.get(f"{self.api.platform.url}deployed/{self.deployment}/", timeout=60)
        until(lambda: not self.use.is_looked_at)  # the platform is done a moment after the visitor
        return answer


def service(times: Api, schedule: Any) -> Deployed:
    return Deployed(times, "services", environmentVariables={COMMAND: _RUN}, schedule=schedule)


def test_a_service_is_on_in_its_hours(times: Api, clock: FakeClock) -> None:
    now = datetime.fromtimestamp(clock.time(), ZoneInfo(_ZONE))
    day, hour = now.isoweekday() % 7, now.hour
    schedule = {
        "runtimePlan": "specific_times",
        "recurrences": [{"scheduledDays": [day], "scheduledHours": [hour + 1]}],
    }
    made = service(times, schedule)
    message = made.comes_to("sleeping")["stateMessage"]
    assert message == f"It sleeps until its next scheduled hour (time zone {_ZONE})."
    shown = times.get(f"services/{made.id}")
    assert shown["currentDeployment"]["state"] == "sleeping"
    refused = made.ask()
    assert (refused.status_code, "Retry-After" in refused.headers) == (503, False)
    clock.advance(_HOUR)
    assert made.comes_to("running")["stateMessage"] is None
    assert made.ask().ok
    clock.advance(_HOUR)
    made.comes_to("sleeping")
    times.call("DELETE", made.path, 204)
    assert made.comes_to("terminated")["displayUrl"] is None


def test_a_service_on_demand_sleeps_until_it_is_looked_at(times: Api, clock: FakeClock) -> None:
    made = service(times, {"runtimePlan": "on_demand", "recurrences": []})
    made.comes_to("running")
    clock.advance(0.75 * ON_DEMAND_SECONDS)
    assert made.ask().ok
    clock.advance(0.75 * ON_DEMAND_SECONDS)
    assert made.ask().ok  # it was looked at in between
    clock.advance(ON_DEMAND_SECONDS)
    assert "looked at" in made.comes_to("sleeping")["stateMessage"]
    waking = made.ask()
    assert (waking.status_code, waking.headers["Retry-After"]) == (503, "1")
    assert until(lambda: (answer := made.ask()).ok and answer)
    assert made.comes_to("running")
    times.call("DELETE", made.path, 204)
    assert made.comes_to("terminated")["stateMessage"] == "The deployment was ended."


def test_a_page_that_is_open_is_looked_at(times: Api, clock: FakeClock) -> None:
    """Such as those of Streamlit and Shiny: one page, and then a WebSocket for as long as it is open."""
    schedule = {"runtimePlan": "on_demand", "recurrences": []}
    made = Deployed(times, "services", environmentVariables={COMMAND: _APP}, schedule=schedule)
    made.comes_to("running")
    address = f"{times.platform.url.replace('http', 'ws', 1)}deployed/{made.deployment}/"
    headers = {"Authorization": f"Bearer {times.platform.api_key}"}
    use = made.use
    with connect(address, additional_headers=headers) as page:
        page.send("before")
        assert page.recv(timeout=60) == "before"
        clock.advance(3 * ON_DEMAND_SECONDS)
        assert use.is_wanted
    until(lambda: not use.is_looked_at)
    assert use.is_wanted
    clock.advance(ON_DEMAND_SECONDS)
    made.comes_to("sleeping")
    times.call("DELETE", made.path, 204)


def test_what_sleeps_ends_with_another_deployment(times: Api, clock: FakeClock) -> None:
    made = service(times, {"runtimePlan": "on_demand", "recurrences": []})
    made.comes_to("running")
    clock.advance(ON_DEMAND_SECONDS)
    made.comes_to("sleeping")
    again = times.call("POST", f"services/{made.id}/deployments", 201, {})["deploymentId"]
    assert made.comes_to("terminated")["stateMessage"] == "Another deployment has taken its place."
    times.call("DELETE", f"services/{made.id}/deployments/{again}", 204)


def test_a_service_that_fails_is_told_of(times: Api) -> None:
    told = {"failureEmailAddresses": ["ada@example.com"], "failureOn": True}
    fields = {"environmentVariables": {COMMAND: "echo no luck; exit 3"}, "notifications": told}
    made = Deployed(times, "services", **fields)
    assert made.comes_to("terminated")["stateMessage"] == "The program ended with code 3: no luck"
    (mail,) = until(times.platform.duties.outbox)
    assert (mail["To"], mail["Subject"]) == ("ada@example.com", "n failed")
    assert "ended with code 3: no luck" in mail.get_content()


IMPOSSIBLE = [
    pytest.param(
        [{"scheduledDays": [7], "scheduledHours": [0]}], "scheduled_days must be 0 to 6, not 7", id="day"
    ),
    pytest.param([{"scheduledDays": [0], "scheduledHours": [24]}], "must be 0 to 23, not 24", id="hour"),
    pytest.param([], "needs recurrences", id="no times"),
]


@pytest.mark.parametrize(("recurrences", "message"), IMPOSSIBLE)
def test_schedules_that_cannot_be(times: Api, recurrences: Any, message: str) -> None:
    body = {"name": "s", "schedule": {"runtimePlan": "specific_times", "recurrences": recurrences}}
    assert message in times.refusal("POST", "services", 400, body)


@pytest.fixture
def _server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put something on the PATH that serves notebooks, in place of whatever is installed."""
    source = Path(__file__).with_name("notebook_server.py").read_text(encoding="utf-8")
    program = tmp_path / "bin" / "jupyter-lab"
    program.parent.mkdir()
    program.write_text(f"#!{sys.executable}\n{source}", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program.with_name("python")))
    program.with_name("python").symlink_to(Path(sys.base_prefix) / "bin" / "python3")
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")


class Kernels:
    """What a notebook's server tells of its kernels."""

    def __init__(self, times: Api, made: Deployed) -> None:
        self.folder = times.platform.data_dir / "deployments" / f"deployment-{made.deployment}" / "work"

    def put(self, *kernels: tuple[str, str, str]) -> None:
        """Set their IDs, states, and when they were last at work."""
        names = ("id", "execution_state", "last_activity")
        text = json.dumps([dict(zip(names, each, strict=True)) for each in kernels])
        (self.folder / "kernels.new").write_text(text, encoding="utf-8")
        (self.folder / "kernels.new").rename(self.folder / "kernels.json")

    def wait_for_look(self, clock: FakeClock, later: float) -> None:
        """Move the clock, and wait until the platform has asked for them."""
        seen = self._looks()
        clock.advance(later)
        until(lambda: self._looks() > seen)

    def _looks(self) -> int:
        asked = self.folder / "kernels.asked"
        return asked.stat().st_size if asked.exists() else 0


@pytest.mark.usefixtures("_server")
def test_a_notebook_ends_when_no_kernel_has_been_at_work(times: Api, clock: FakeClock) -> None:
    made = Deployed(times, "notebooks", idleTimeout=2)
    made.comes_to("running")
    kernels = Kernels(times, made)
    kernels.put(("a", "busy", "then"))
    kernels.wait_for_look(clock, 0.5 * _HOUR)
    kernels.wait_for_look(clock, 3 * _HOUR)
    kernels.put(("a", "idle", "now"))
    kernels.wait_for_look(clock, 60)
    assert made.api.get(made.path)["state"] == "running"
    clock.advance(2 * _HOUR)
    assert made.comes_to("terminated")["stateMessage"] == "It was idle for 2 hours."


def make_wheel(folder: Path) -> Path:
    """Make a package that can be installed without a network."""
    path = folder / "tiny_example-1.0-py3-none-any.whl"
    about = "tiny_example-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr("tiny_example.py", "SIZE = 1\n")
        wheel.writestr(f"{about}/METADATA", "Metadata-Version: 2.1\nName: tiny-example\nVersion: 1.0\n")
        wheel.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{about}/RECORD", "")
    return path


@pytest.mark.usefixtures("_server")
def test_requirements_are_there_for_kernels(times: Api, tmp_path: Path) -> None:
    made = Deployed(times, "notebooks", requirements=f"--no-index\n{make_wheel(tmp_path)}\n")
    made.comes_to("running")
    folder = times.platform.data_dir / "deployments" / f"deployment-{made.deployment}"
    assert (folder / "packages" / "tiny_example.py").is_file()
    assert "Installing what requirements.txt lists." in made.log()
    times.call("DELETE", made.path, 204)


OWN_PATHS = [
    pytest.param({}, "", "", id="none"),
    # A notebook's environment_variables may set both.
    pytest.param({"PYTHONPATH": "/a", "JUPYTER_PATH": "/b"}, ":/a", ":/b", id="of its own"),
]


@pytest.mark.parametrize(("environment", "python", "jupyter"), OWN_PATHS)
def test_only_kernels_find_what_a_notebook_requires(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], python: str, jupyter: str
) -> None:
    packages, folder = tmp_path / "packages", tmp_path / "kernels"
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)  # a server of another Python
    assert kernel_variables(packages, folder, environment) == {"PYTHONPATH": f"{packages}{python}"}
    monkeypatch.setattr("importlib.util.find_spec", lambda name: name)
    assert kernel_variables(packages, folder, environment) == {"JUPYTER_PATH": f"{folder}{jupyter}"}
    described = json.loads((folder / "kernels" / "python3" / "kernel.json").read_text(encoding="utf-8"))
    assert described["env"] == {"PYTHONPATH": f"{packages}{python}"}


@pytest.mark.usefixtures("_server")
def test_requirements_that_cannot_be_had(times: Api) -> None:
    made = Deployed(times, "notebooks", requirements="--no-index\nno-such-package-at-all==1.0\n")
    made.comes_to("running")
    told = "\n".join(made.log())
    assert "requirements.txt could not be installed, and the notebook starts without it: " in told
    assert "no-such-package-at-all" in told
    times.call("DELETE", made.path, 204)
