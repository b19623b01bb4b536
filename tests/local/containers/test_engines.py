"""What runs containers, as the platform finds it at its start, and what it cleans up there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests

pytest.importorskip("duckdb")
if os.name != "posix":
    pytest.skip("programs run in groups of processes", allow_module_level=True)

from civis.local import Platform, PlatformError
from civis.local.containers import ContainerEngine, image_reference, open_engine
from civis.local.containers.engine import EngineError, mounts
from civis.local.jobs import JobFailed
from civis.local.warehouse import Interrupted, Interruption
from tests.local.containers.engines import Engine, put_stand_in


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    return put_stand_in(tmp_path / "engine", monkeypatch)


IMAGES = [
    pytest.param("alpine", None, "alpine:latest", id="no tag"),
    pytest.param("civisanalytics/datascience-python", "7", "civisanalytics/datascience-python:7", id="both"),
    pytest.param("python:3.12", None, "python:3.12", id="a tag in the name"),
    pytest.param("a@sha256:0123", None, "a@sha256:0123", id="a digest"),
    pytest.param("example.com:5000/a", None, "example.com:5000/a:latest", id="a port"),
]


@pytest.mark.parametrize(("name", "tag", "reference"), IMAGES)
def test_images(name: str, tag: str | None, reference: str) -> None:
    assert image_reference(name, tag) == reference


@pytest.mark.parametrize("name", ["", None, "--privileged", "a b", "a\nb"])
def test_no_images(name: str | None) -> None:
    with pytest.raises(JobFailed, match="docker_image_name"):
        image_reference(name, None)


ADDRESSES = [
    pytest.param(None, "http://127.0.0.1:1/", "http://127.0.0.1:1/", id="the machine's own network"),
    pytest.param("inside", "http://127.0.0.1:1/", "http://inside:1/", id="a network apart"),
    pytest.param("inside", "http://[::1]:1/", "http://inside:1/", id="IPv6"),
    pytest.param("inside", "http://10.0.0.7:1/", "http://10.0.0.7:1/", id="an address that all reach"),
]


@pytest.mark.parametrize(("host", "url", "reachable"), ADDRESSES)
def test_addresses(host: str | None, url: str, reachable: str) -> None:
    assert ContainerEngine("docker", "/bin/docker", "me:/data", {}, host).reachable(url) == reachable


TOLD = [
    pytest.param({"OperatingSystem": "Docker Desktop", "NCPU": 4}, "host.docker.internal", 4, id="Desktop"),
    pytest.param(
        {"host": {"serviceIsRemote": True, "cpus": 3}}, "host.containers.internal", 3, id="Podman's machine"
    ),
    pytest.param(
        {"host": {"serviceIsRemote": False, "cpus": 3}},
        None if sys.platform == "linux" else "host.containers.internal",
        3,
        id="Podman here",
    ),
]


@pytest.mark.parametrize(("told", "host", "cpus"), TOLD)
def test_what_it_tells_of_itself(
    engine: Engine, tmp_path: Path, told: dict[str, Any], host: str | None, cpus: float
) -> None:
    (engine.folder / "info.json").write_text(json.dumps(told))
    found = open_engine("docker", tmp_path)
    assert (found.host, found.cpus) == (host, cpus)


def test_links_are_good_where_they_were_asked_for(engine: Engine) -> None:
    (engine.folder / "info.json").write_text(json.dumps({"OperatingSystem": "Docker Desktop", "NCPU": 4}))
    with Platform(containers="docker") as platform:
        port = platform.url.rpartition(":")[2]
        hosts = (f"host.docker.internal:{port}".rstrip("/"), "host.docker.internal", "evil.example")
        links = []
        for host in hosts:
            answer = requests.post(
                f"{platform.url}files",
                json={"name": "a.txt"},
                auth=(platform.api_key, ""),
                headers={"Host": host},
                timeout=60,
            )
            links.append(answer.json()["uploadUrl"])
        assert links[0].startswith(f"http://{hosts[0]}/")
        assert all(link.startswith(platform.url) for link in links[1:])


def test_a_start_without_the_program(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PlatformError, match="there is no 'podman' on the PATH; install it, or start with"):
        Platform(containers="podman").start()


def test_a_start_while_nothing_answers(engine: Engine) -> None:
    (engine.folder / "is-down").touch()
    with pytest.raises(PlatformError, match=r"Docker, which does not answer: Cannot connect .* running\?; "):
        Platform(containers="docker").start()
    command = [sys.executable, "-m", "civis", "local", "start", "--containers", "docker"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "see that 'docker info' works" in done.stderr


def test_a_platform_that_only_looks_after_its_data_asks_nobody(engine: Engine) -> None:
    (engine.folder / "is-down").touch()
    with Platform(containers="docker", is_working=False) as platform:
        assert platform.container_engine is None


def test_a_program_that_is_not_known() -> None:
    with pytest.raises(ValueError, match="process, docker, podman, not 'lxc'"):
        Platform(containers="lxc")  # type: ignore[arg-type]


def test_what_was_left_in_a_directory_that_is_gone(engine: Engine, tmp_path: Path) -> None:
    _put_container(engine, "left", owner=f"{os.uname().nodename}:{tmp_path}/gone")
    with Platform(containers="docker"):
        assert engine.containers() == []


def test_what_only_another_process_sees_is_not_gone(engine: Engine, tmp_path: Path) -> None:
    """Such as a service with a /tmp of its own."""
    _put_container(engine, "theirs", owner=f"{os.uname().nodename}:{tmp_path}/gone", seen="mnt:[1]")
    with Platform(containers="docker"):
        assert engine.containers() == ["theirs"]


def test_what_another_account_keeps_is_not_removed(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Docker is one for all accounts, and nobody sees into the home of another."""
    closed = tmp_path / "home" / "data"
    real = os.stat

    def stat(path: Any, *given: Any, **options: Any) -> os.stat_result:
        if str(path) == str(closed):  # root, which runs tests in containers, may look everywhere
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, *given, **options)

    monkeypatch.setattr(os, "stat", stat)
    _put_container(engine, "theirs", owner=f"{os.uname().nodename}:{closed}")
    with Platform(containers="docker"):
        assert engine.containers() == ["theirs"]


@pytest.mark.parametrize("is_cancelled", [False, True])
def test_a_program_that_hangs_is_ended_with_what_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_cancelled: bool
) -> None:
    monkeypatch.setattr("civis.local.containers.engine._FAREWELL_SECONDS", 0.2)
    program = tmp_path / "docker"
    program.write_text(f"#!/bin/sh\nsleep 600 &\necho $! > {tmp_path}/started\nwait\n")
    program.chmod(0o755)
    engine = ContainerEngine("docker", str(program), "me:/data", {"PATH": os.environ["PATH"]})
    interruption = Interruption()
    if is_cancelled:
        interruption.interrupt()
        with pytest.raises(Interrupted):
            engine.ask("info", interruption=interruption, seconds=60)
    else:
        with pytest.raises(EngineError, match=r"docker info took more than 1 seconds"):
            engine.ask("info", interruption=interruption, seconds=1)
    started = tmp_path / "started"
    if started.exists():  # it came that far
        with suppress(psutil.NoSuchProcess):
            left = psutil.Process(int(started.read_text()))
            assert left.status() == psutil.STATUS_ZOMBIE  # for whoever adopted it to take note of


def _put_container(
    engine: Engine, name: str, owner: str = "another machine:/data", seen: str | None = None
) -> str:
    """Put a container there."""
    folder = engine.folder / "containers" / name
    folder.mkdir()
    labels = {"civis.local.platform": owner, "civis.local.mounts": mounts() if seen is None else seen}
    (folder / "made.json").write_text(json.dumps({"labels": labels}))
    return name
