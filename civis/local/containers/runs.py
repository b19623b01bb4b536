"""One run in one container: its image, its files, its environment, its limits, its end.

A container is made, gets its files, is started with this process's child attached to it, and is removed,
whatever happens. Files are copied into it and not mounted: what a container writes as root would lie there
for ever, and an engine in a virtual machine need not see them.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from civis.local.containers.asking import Asking
from civis.local.containers.engine import (
    MOUNTS_LABEL,
    OWNER_LABEL,
    REMOVE_SECONDS,
    ContainerEngine,
    EngineError,
    mounts,
)
from civis.local.containers.measuring import forget_use, measured
from civis.local.jobs.executors import JobFailed, RunContext
from civis.local.jobs.processes import Program, ProgramFailed, oom_kills, run_process
from civis.local.jobs.usage import LEAST_MEMORY_MB

__all__ = ["APP", "Container", "image_reference", "run_container"]

APP = "/app"
"""Where the repository of a script is in its container, as on the platform."""

_LOGGER = logging.getLogger(__name__)

_IMAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._\-/:@]*")
_HUB = "docker.io/"
_ENVIRONMENT = "environment"
#: A line of a file with variables that is longer is refused by Docker, which reads 64 KiB at once.
_LONGEST_VARIABLE = 60_000
#: Variables that steer the program which makes the container, or the loader of every program.
_STEERING = re.compile(
    r"(?i)(PATH|HOME|USER|TMPDIR|LANG|GO.*|LD_.*|DYLD_.*|DOCKER.*|CONTAINERS?_.*|BUILDAH.*|XDG_.*"
    r"|DBUS_.*|SSL_.*|REGISTR.*|.*_PROXY|_.*|STORAGE_.*|TINI_.*|SSH_.*)"
)
_NOT_STARTED = ("created", "configured", "initialized")
_KILLED = 137  # how a container ends that got SIGKILL
_LEAST_CPU = 10  # thousandths of a processor; the least that Docker accepts


@dataclass(frozen=True)
class Container:
    """What is to run in a container.

    Parameters
    ----------
    image : str
        With its tag.
    command : str, optional
        What ``sh`` in it runs; by default what the image runs by itself.
    environment : mapping
        The variables it gets besides those of the image.
    folder : Path
        An empty directory of the run's, which only this account can read.
    files : Path, optional
        A directory that is copied to ``/app``.
    cancel_seconds : float, default 0
        How long it may take to end when it is asked to; then it is killed.
    memory_mb, cpu : int, optional
        What it may use: MB, thousandths of a processor.
    """

    image: str
    command: str | None
    environment: Mapping[str, str] = field(repr=False)  # it holds an API key
    folder: Path
    files: Path | None = None
    cancel_seconds: float = 0.0
    memory_mb: int | None = None
    cpu: int | None = None


def image_reference(name: str | None, tag: str | None) -> str:
    """Give an image as it is asked for, from a script's `docker_image_name` and `docker_image_tag`.

    Raises
    ------
    JobFailed
        If there is no name, or none that an image can have.

    Examples
    --------
    >>> image_reference("civisanalytics/datascience-python", "7.4.2")
    'civisanalytics/datascience-python:7.4.2'
    >>> image_reference("registry.example.com:5000/tool", None)
    'registry.example.com:5000/tool:latest'
    """
    name = (name or "").strip()
    if not name:
        raise JobFailed("The container script has no docker_image_name, which says what its container is.")
    last = name.rpartition("/")[2]
    has_tag = ":" in last or "@" in last
    reference = name if has_tag and not tag else f"{name}:{tag or 'latest'}"
    if not _IMAGE.fullmatch(reference):
        raise JobFailed(f"{reference!r} cannot be an image: set docker_image_name and docker_image_tag.")
    return reference


def run_container(context: RunContext, engine: ContainerEngine, container: Container) -> None:
    """Run a container to its end; its output becomes the run's log.

    Parameters
    ----------
    context : RunContext
        Its interruption ends the container.
    engine : ContainerEngine
    container : Container

    Raises
    ------
    JobFailed
        If its image cannot be had, it cannot be started, uses too much memory, or ends with another code
        than 0; with the engine's own words.
    Interrupted
        If the run was cancelled.
    """
    context.check()
    name = f"civis-{engine.mark}-run-{context.run.id}"
    try:
        _fetch_image(context, engine, container)
        _create(context, engine, container, name)
        if container.files is not None:
            copying = ("cp", f"{container.files}/.", f"{name}:{APP}")
            engine.ask(*copying, interruption=context.interruption)
        _attach(context, engine, container, name)
    except EngineError as error:
        raise JobFailed(f"{engine.product} cannot run the image {container.image!r}: {error}") from None
    finally:
        _remove(engine, name)


def _fetch_image(context: RunContext, engine: ContainerEngine, container: Container) -> None:
    """Fetch an image that is not there yet; the engine's own words go to the log."""
    with suppress(EngineError):
        engine.ask("image", "inspect", container.image, interruption=context.interruption)
        return
    # Scripts name images of Docker Hub, which for Docker goes without saying.
    first = container.image.partition("/")[0]
    is_whole = "/" in container.image and (any(each in first for each in ".:") or first == "localhost")
    wanted = container.image if is_whole or engine.kind == "docker" else _HUB + container.image
    program = Program([engine.program, "pull", wanted], container.folder, engine.environment)
    try:
        run_process(context, program)
    except ProgramFailed as error:
        raise JobFailed(f"The image {container.image!r} cannot be fetched: {error.last or error}") from None
    finally:
        forget_use(context)


def _create(context: RunContext, engine: ContainerEngine, container: Container, name: str) -> None:
    """Make the container, not started yet."""
    in_file, in_own = _split(container.environment)
    path = container.folder / _ENVIRONMENT
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with open(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.writelines(f"{key}={value}\n" for key, value in in_file.items())
        options = [f"--env-file={path}", *(f"--env={key}" for key in in_own)]
        engine.ask(
            *("create", "--name", name, "--init", "--pull=never", "--log-driver=none"),
            *_labels(context, engine),
            *_limits(engine, container),
            *(() if engine.host else ("--network=host",)),
            *options,
            *(() if container.command is None else ("--entrypoint=sh",)),
            container.image,
            *(() if container.command is None else ("-c", container.command)),
            interruption=context.interruption,
            further=in_own,
        )
    finally:
        path.unlink(missing_ok=True)


def _labels(context: RunContext, engine: ContainerEngine) -> list[str]:
    """Say whose container it is."""
    labels = {
        OWNER_LABEL: engine.owner,
        MOUNTS_LABEL: mounts(),
        "civis.local.job": str(context.job.id),
        "civis.local.run": str(context.run.id),
    }
    return [f"--label={key}={value}" for key, value in labels.items()]


def _limits(engine: ContainerEngine, container: Container) -> list[str]:
    """Say what it may use."""
    limits: list[str] = []
    if container.memory_mb:
        memory = f"{_memory_limit(container)}m"
        limits += [f"--memory={memory}", f"--memory-swap={memory}"]
    if container.cpu:
        cpus = max(container.cpu, _LEAST_CPU) / 1000
        limits.append(f"--cpus={min(cpus, engine.cpus or cpus):.2f}")
    return limits


def _memory_limit(container: Container) -> int:
    """Give the limit that counts, in MB."""
    return max(container.memory_mb or 0, LEAST_MEMORY_MB)


def _split(environment: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Part the variables that a file with a line each can hold from those that the program itself has to get.

    Raises
    ------
    JobFailed
        If one can be neither.
    """
    in_file, in_own = {}, {}
    for name, value in environment.items():
        if len(value.encode()) < _LONGEST_VARIABLE and not re.search(r"[\n\r]", value):
            in_file[name] = value
        elif _STEERING.fullmatch(name):
            raise JobFailed(
                f"The argument {name!r} has several lines or is very long, and its name means something "
                "to the program that makes containers; give the parameter another name, or hand the "
                "value over in a file."
            )
        else:
            in_own[name] = value
    return in_file, in_own


def _attach(context: RunContext, engine: ContainerEngine, container: Container, name: str) -> None:
    """Start the container and follow it to its end."""
    kills = oom_kills()
    with Asking(engine, name) as asking, measured(context, engine, name):
        program = Program(
            [engine.program, "start", "--attach", name],
            container.folder,
            engine.environment,
            # When the time is over, the program is killed, and then the container is removed by force.
            cancel_seconds=container.cancel_seconds,
            ask=asking.begin,
        )
        try:
            run_process(context, program)
        except ProgramFailed as error:
            is_short = error.code == _KILLED and engine.host is None and oom_kills() > kills
            state = engine.inspect(name, ".State")
            raise _failure(engine, container, state, error, is_short=is_short) from None


def _failure(
    engine: ContainerEngine,
    container: Container,
    state: Mapping[str, Any] | None,
    error: ProgramFailed,
    *,
    is_short: bool,
) -> JobFailed:
    """Say why a container did not end well; Podman does not always tell that it was short of memory."""
    if state is None:
        return JobFailed(
            f"The container vanished: it was removed from outside, or {engine.product} has stopped. {error}"
        )
    if container.memory_mb and (state.get("OOMKilled") or is_short):
        return JobFailed(f"Process ran out of its {_memory_limit(container)} MB memory")
    if str(state.get("Status")) in _NOT_STARTED:
        return JobFailed(
            f"{engine.product} cannot start the image {container.image!r}: {error.last or error}"
        )
    return error


def _remove(engine: ContainerEngine, name: str) -> None:
    """Remove a container, with whatever still runs in it; the next start of the platform tries again."""
    try:
        engine.ask("rm", "--force", "--volumes", name, seconds=REMOVE_SECONDS)
    except EngineError as error:
        if "no such container" not in str(error).lower():  # it was never made
            _LOGGER.warning("The container %s could not be removed: %s", name, error)
