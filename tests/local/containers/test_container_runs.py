"""Container scripts in containers: by a stand-in everywhere, by Docker and Podman where they work."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("duckdb")
if os.name != "posix":
    pytest.skip("programs run in groups of processes", allow_module_level=True)

import civis
from civis.base import CivisJobFailure
from civis.local import Platform
from civis.local.civisml.command import PARAMETERS, command_of
from civis.local.services.import_templates import IMPORT_FROM_URL
from civis.local.services.program_runs import comes_with_the_platform
from tests._started import StartedPlatform, started_platform
from tests.local.containers.engines import Engine, put_stand_in, real_engine

RESOURCES = {"cpu": 500, "memory": 64}


ENGINES = [
    "stand-in",
    # Seconds a container where its files are copied, as in the storage that Podman gets here.
    pytest.param("docker", marks=pytest.mark.slow),
    pytest.param("podman", marks=pytest.mark.slow),
]


@pytest.fixture(scope="module", params=ENGINES)
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A program that runs containers."""
    folder = tmp_path_factory.mktemp(f"engine-{request.param}")
    with pytest.MonkeyPatch.context() as environment:
        if request.param == "stand-in":
            yield put_stand_in(folder, environment)
        else:
            with real_engine(request.param, folder, environment) as found:
                yield found


@pytest.fixture(scope="module")
def platform(engine: Engine) -> Iterator[Platform]:
    with Platform(containers=engine.kind) as running:  # type: ignore[arg-type]
        yield running
        assert engine.containers(_owner(running)) == []


def _owner(platform: Platform) -> str:
    """Give the label of a platform's containers."""
    assert platform.container_engine is not None
    return platform.container_engine.owner


class Scripts:
    """Container scripts of a platform."""

    def __init__(self, client: Any, engine: Engine) -> None:
        self.client, self.engine = client, engine

    def begin(self, command: str | None, **fields: Any) -> tuple[int, int]:
        given = {"docker_image_name": self.engine.image, "required_resources": RESOURCES, **fields}
        script = self.client.scripts.post_containers(docker_command=command, **given)
        return script.id, self.client.scripts.post_containers_runs(script.id).id

    def log(self, ids: tuple[int, int]) -> list[tuple[str, str]]:
        lines = self.client.scripts.list_containers_runs_logs(*ids)
        return [(line.level, line.message) for line in lines]

    def wait_for_line(self, ids: tuple[int, int], text: str) -> None:
        end = time.monotonic() + 60
        while ("info", text) not in self.log(ids):
            assert time.monotonic() < end, self.log(ids)
            time.sleep(0.02)  # a process begins in its own time

    def end(self, ids: tuple[int, int]) -> Any:
        end = time.monotonic() + 60
        while (run := self.client.scripts.get_containers_runs(*ids)).state in ("queued", "running"):
            assert time.monotonic() < end, self.log(ids)
            time.sleep(0.02)
        return run

    def run(self, command: str | None, **fields: Any) -> tuple[Any, list[tuple[str, str]]]:
        ids = self.begin(command, **fields)
        return self.end(ids), self.log(ids)


@pytest.fixture
def scripts(platform: Platform, engine: Engine) -> Iterator[Scripts]:
    with platform.client() as client:
        yield Scripts(client, engine)


ENDS = [
    pytest.param("echo out; echo err >&2", None, {("info", "out"), ("error", "err")}, id="both outputs"),
    pytest.param("echo no; exit 3", "The program ended with code 3: no", {("info", "no")}, id="a code"),
    pytest.param(
        "no-such-program || exit 5",
        "The program ended with code 5: sh: ",
        set(),
        id="a program that the image lacks",
    ),
    pytest.param("echo \"it's $HOSTNAME\" '$(x)'", None, set(), id="what a shell reads"),
]


@pytest.mark.parametrize(("command", "error", "lines"), ENDS)
def test_how_containers_end(scripts: Scripts, command: str, error: str | None, lines: Any) -> None:
    run, log = scripts.run(command)
    assert run.state == ("failed" if error else "succeeded"), log
    assert (run.error or "").startswith(error or "")
    assert lines <= set(log)


def test_arguments_and_the_key_are_in_the_environment_and_on_no_command_line(
    scripts: Scripts, engine: Engine, platform: Platform
) -> None:
    text = "first\nsecond = 'third' $HOME"
    fields: dict[str, Any] = {
        "params": [{"name": "lines", "type": "multi_line_string"}, {"name": "word", "type": "string"}],
        "arguments": {"lines": text, "word": " ünï #no comment"},
    }
    command = (
        'echo "$LINES"; echo "$WORD"; echo $CIVIS_API_ENDPOINT; echo ${#CIVIS_API_KEY}; echo $CIVIS_JOB_ID'
    )
    ids = scripts.begin(command, **fields)
    assert scripts.end(ids).error is None
    told = [message for _, message in scripts.log(ids)]
    assert told == [*text.split("\n"), " ünï #no comment", platform.url, "64", str(ids[0])]
    if not engine.is_real:
        asked = (engine.folder / "asked").read_text()
        assert "ünï" not in asked
        assert "second" not in asked


def test_nothing_of_the_machines_environment_gets_in(scripts: Scripts, monkeypatch: Any) -> None:
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    run, log = scripts.run("env | grep -e PYTHON -e CONTAINERS_ -e DOCKER_ || echo none")
    assert (run.error, log) == (None, [("info", "none")])


def test_an_argument_that_would_steer_the_program(scripts: Scripts) -> None:
    fields: dict[str, Any] = {
        "params": [{"name": "docker_host", "type": "multi_line_string"}],
        "arguments": {"docker_host": "tcp://elsewhere\n"},
    }
    run, _ = scripts.run("true", **fields)
    assert "'DOCKER_HOST' has several lines" in run.error


def test_an_image_that_is_nowhere(scripts: Scripts) -> None:
    run, log = scripts.run("true", docker_image_name="localhost:1/no-such-image")
    assert run.state == "failed"
    assert run.error.startswith("The image 'localhost:1/no-such-image:latest' cannot be fetched: Error")
    assert log[0][0] == "error"  # the program's own words
    assert run.max_memory_usage is None


def test_a_script_without_an_image(scripts: Scripts) -> None:
    run, _ = scripts.run("true", docker_image_name=None)
    assert "has no docker_image_name" in run.error


def test_an_image_that_has_no_command(scripts: Scripts) -> None:
    run, _ = scripts.run(None)
    assert run.state == "failed"
    assert "the image '" in run.error
    assert "command" in run.error


def test_a_repository_is_in_app(scripts: Scripts, tmp_path: Path) -> None:
    (tmp_path / "hello.txt").write_text("from the repository\n")
    for command in (
        ["init", "--quiet", "--initial-branch=main"],
        ["add", "."],
        ["-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "--quiet", "-m", "one"],
    ):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    # Where the image says nothing, the working directory is /.
    run, log = scripts.run("cat app/hello.txt; echo more > app/new", repo_http_uri=str(tmp_path))
    assert run.error is None
    assert log[-1] == ("info", "from the repository")


def test_cancelling_lets_it_say_its_last_words(scripts: Scripts) -> None:
    command = "trap 'echo bye; exit 0' TERM; echo begun; while :; do sleep 0.05; done"
    ids = scripts.begin(command, cancel_timeout=30)
    scripts.wait_for_line(ids, "begun")
    scripts.client.scripts.delete_containers_runs(*ids)
    assert scripts.end(ids).state == "cancelled"
    assert ("info", "bye") in scripts.log(ids)


def test_cancelling_one_that_does_not_listen(scripts: Scripts, engine: Engine, platform: Platform) -> None:
    ids = scripts.begin("trap '' TERM; echo begun; while :; do sleep 0.05; done", cancel_timeout=1)
    scripts.wait_for_line(ids, "begun")
    scripts.client.scripts.delete_containers_runs(*ids)
    assert scripts.end(ids).state == "cancelled"
    assert engine.containers(_owner(platform)) == []


def test_running_out_of_memory(scripts: Scripts, engine: Engine) -> None:
    hog = "tail /dev/zero" if engine.is_real else "touch oom; kill -9 $$"
    run, _ = scripts.run(hog)
    assert run.error == "Process ran out of its 64 MB memory"
    script = scripts.begin(hog)
    with pytest.raises(MemoryError):
        civis.futures.ContainerFuture(*script, client=scripts.client).result()


def test_one_that_another_removes(scripts: Scripts, engine: Engine, platform: Platform) -> None:
    ids = scripts.begin("echo begun; while :; do sleep 0.05; done")
    scripts.wait_for_line(ids, "begun")
    for name in engine.containers(_owner(platform)):
        subprocess.run([engine.kind, "rm", "--force", name], check=True, capture_output=True, timeout=60)
    assert scripts.end(ids).error.startswith("The container vanished: ")


def test_a_template_runs_in_a_container_and_python_does_not(scripts: Scripts) -> None:
    client = scripts.client
    job_id, _ = ids = scripts.begin("echo $NAME", params=[{"name": "name", "type": "string"}])
    scripts.end(ids)
    template = client.templates.post_scripts(job_id, "t")
    custom = client.scripts.post_custom(template.id, arguments={"name": "Ada"})
    run = client.scripts.post_custom_runs(custom.id)
    civis.futures.CivisFuture(client.scripts.get_custom_runs, (custom.id, run.id), client=client).result()
    assert [each.message for each in client.scripts.list_custom_runs_logs(custom.id, run.id)] == ["Ada"]
    script = client.scripts.post_python3("p", "import duckdb; print('here')")
    future = civis.utils.run_job(script.id, client=client)
    assert future.result().state == "succeeded"


def test_the_platforms_own_programs_stay_on_this_machine(scripts: Scripts) -> None:
    """No image has them: neither CivisML nor what its templates name by the hosted platform's images."""
    client = scripts.client
    (alias,) = (each for each in client.aliases.list() if each.alias == IMPORT_FROM_URL)
    custom = client.scripts.post_custom(alias.object_id, arguments={"URL": "ftp://127.0.0.1/a"})
    future = civis.utils.run_job(custom.id, client=client)
    with pytest.raises(CivisJobFailure, match="https"):
        future.result()


OWN = [
    *(pytest.param(command_of(job), True, id=job) for job in PARAMETERS),
    pytest.param("python -m civis.local.templates.import_from_url", True, id="import"),
    pytest.param("python -m civis.local.civisml training && true", False, id="and more"),
    pytest.param("python -m civis", False, id="the client"),
    pytest.param(None, False, id="none"),
]


@pytest.mark.parametrize(("command", "is_own"), OWN)
def test_which_programs_come_with_the_platform(command: str | None, is_own: bool) -> None:
    assert comes_with_the_platform({"docker_command": command}) is is_own


def test_the_platform_answers_there(scripts: Scripts, engine: Engine) -> None:
    if not engine.is_real:
        pytest.skip("a stand-in's processes are this machine's")
    run, log = scripts.run('wget -q -O - "${CIVIS_API_ENDPOINT}healthz"')
    assert (run.error, log) == (None, [("info", '{"status":"ok"}')])


def test_limits_and_names_that_the_program_is_given(scripts: Scripts, engine: Engine) -> None:
    if engine.is_real:
        pytest.skip("only a stand-in tells what it was asked")
    ids = scripts.begin("true", required_resources={"cpu": 64_000, "memory": 10})
    scripts.end(ids)
    asked = [json.loads(line) for line in (engine.folder / "asked").read_text().splitlines()]
    created = next(each for each in reversed(asked) if each[0] == "create")
    assert {"--memory=64m", "--memory-swap=64m", "--cpus=2.00", "--network=host", "--init"} <= set(created)
    assert f"--label=civis.local.run={ids[1]}" in created
    assert asked[-1][:2] == ["rm", "--force"]


def test_an_image_is_fetched_once(scripts: Scripts, engine: Engine) -> None:
    if engine.is_real:
        pytest.skip("there is nowhere to fetch from")
    logs = [scripts.run("true", docker_image_name="hub/tool", docker_image_tag="2")[1] for _ in range(2)]
    assert logs == [[("info", "Pulling hub/tool:2")], []]


def test_what_a_kill_left_is_removed_at_the_next_start(engine: Engine, tmp_path: Path) -> None:
    options = ("--containers", engine.kind)
    owner = f"{socket.gethostname()}:{(tmp_path / 'data').resolve()}"
    with started_platform(tmp_path / "data", *options) as started:
        scripts = Scripts(_client(started), engine)
        ids = scripts.begin("echo begun; sleep 600")
        scripts.wait_for_line(ids, "begun")
        started.kill()
    assert len(engine.containers(owner)) == 1
    with started_platform(tmp_path / "data", *options) as started:
        assert engine.containers(owner) == []
        assert Scripts(_client(started), engine).end(ids).state == "failed"


def _client(started: StartedPlatform) -> Any:
    """Make a client of a platform in another process."""
    variables = started.environment
    return civis.APIClient(api_key=variables["CIVIS_API_KEY"], endpoint=variables["CIVIS_API_ENDPOINT"])
