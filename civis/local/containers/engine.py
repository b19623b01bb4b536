"""The program that runs containers: found, asked whether it answers, and asked for one thing after the other.

It knows the command lines of Docker and Podman; of runs and scripts it knows nothing.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from civis.local.settings import PlatformError
from civis.local.warehouse import Interrupted, Interruption

__all__ = [
    "CHECK_SECONDS",
    "ENGINES",
    "MOUNTS_LABEL",
    "OWNER_LABEL",
    "REMOVE_SECONDS",
    "ContainerEngine",
    "EngineError",
    "client_environment",
    "mounts",
    "open_engine",
]

ENGINES = ("docker", "podman")
"""The programs that can run containers, as ``--containers`` names them."""

OWNER_LABEL = "civis.local.platform"
"""The label of a container with the machine and the data directory of the platform that made it."""

CHECK_SECONDS, REMOVE_SECONDS = 30.0, 120.0
"""How long it may take to look something up or to send a signal, and to remove a container."""

MOUNTS_LABEL = "civis.local.mounts"
"""The label with what that platform sees of the machine's directories, see `mounts`."""

_PRODUCTS = {"docker": "Docker", "podman": "Podman"}
_HOSTS = {"docker": "host.docker.internal", "podman": "host.containers.internal"}
_FAREWELL_SECONDS = 5.0
_ASK_SECONDS = 600.0  # copying files into a container, or unpacking its image, takes its time
#: What the programs themselves look at. The variables of scripts are not among them.
_OWN = ("PATH", "HOME", "USER", "LOGNAME", "TMPDIR", "LANG", "SSH_AUTH_SOCK", "SSL_CERT_FILE", "SSL_CERT_DIR")
_OWN_PREFIXES = ("DOCKER_", "CONTAINER_", "CONTAINERS_", "XDG_", "DBUS_", "REGISTRY_", "REGISTRIES_")
_PROXIES = ("http_proxy", "https_proxy", "no_proxy", "all_proxy")
_LOOPBACK = ("127.0.0.1", "localhost", "0.0.0.0", "::1", "::")  # noqa: S104 - compared, not listened on


class EngineError(Exception):
    """The program could not do something; the text is its own."""


@dataclass(frozen=True)
class ContainerEngine:
    """A program that runs containers, and answered when the platform started.

    Parameters
    ----------
    kind : {"docker", "podman"}
    program : str
        Its path.
    owner : str
        The machine and the data directory of the platform, with which its containers are labelled.
    environment : mapping
        What the program itself gets.
    host : str, optional
        The name of this machine in its containers; None where they share its network.
    cpus : float, optional
        How many processors there are for containers.
    """

    kind: str
    program: str
    owner: str
    environment: Mapping[str, str] = field(repr=False)
    host: str | None = None
    cpus: float | None = None

    @property
    def product(self) -> str:
        """What it is called: ``"Docker"``."""
        return _PRODUCTS[self.kind]

    @property
    def mark(self) -> str:
        """A short word for the platform, for the names of its containers."""
        return sha256(self.owner.encode("utf-8", "surrogateescape")).hexdigest()[:8]

    def reachable(self, url: str) -> str:
        """Give an address of this machine as its containers reach it.

        Examples
        --------
        >>> engine = ContainerEngine("docker", "/bin/docker", "here:/data", {}, "host.docker.internal")
        >>> engine.reachable("http://127.0.0.1:4000/")
        'http://host.docker.internal:4000/'
        """
        parts = urlsplit(url)
        if self.host is None or parts.hostname not in _LOOPBACK:
            return url
        port = "" if parts.port is None else f":{parts.port}"
        return urlunsplit(parts._replace(netloc=self.host + port))

    def ask(
        self,
        *arguments: str,
        interruption: Interruption | None = None,
        further: Mapping[str, str] | None = None,
        seconds: float = _ASK_SECONDS,
    ) -> str:
        """Have the program do something, and give what it says.

        Parameters
        ----------
        *arguments : str
            Seen by everybody on the machine: no secret may be among them.
        interruption : Interruption, optional
            Ends it early.
        further : mapping, optional
            More variables for the program.
        seconds : float, default 600
            How long it may take.

        Raises
        ------
        EngineError
            If it fails or takes too long.
        Interrupted
            If it was ended early.
        """
        try:
            process = subprocess.Popen(  # noqa: S603 - no shell, and a path that was looked up
                [self.program, *arguments],
                env={**self.environment, **(further or {})},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
                start_new_session=True,  # a Ctrl-C in the platform's terminal is not for it
            )
        except OSError as error:
            raise EngineError(f"{self.program} cannot be started: {error.strerror or error}") from None
        with process, _ended_by(interruption, process):
            try:
                said, complained = process.communicate(timeout=seconds)
            except subprocess.TimeoutExpired:
                _kill(process)
                with suppress(subprocess.TimeoutExpired):  # one with a session of its own holds the output
                    process.communicate(timeout=_FAREWELL_SECONDS)
                raise EngineError(f"{self.kind} {arguments[0]} took more than {seconds:g} seconds") from None
        if interruption is not None and interruption.is_interrupted:
            raise Interrupted("The run was cancelled.")
        if process.returncode:
            raise EngineError(_words_of(complained) or f"{self.kind} ended with code {process.returncode}")
        return said

    def inspect(self, name: str, part: str) -> Any:
        """Give a part (``".State"``) of what the program knows of a container; None if there is no such."""
        with suppress(EngineError, ValueError):
            form = "{{json " + part + "}}"
            asked = self.ask("container", "inspect", "--format", form, name, seconds=CHECK_SECONDS)
            return json.loads(asked)
        return None


def _kill(process: subprocess.Popen[str]) -> None:
    """End a program and what it started: what a script stands round would hold its output open."""
    if os.name == "posix":
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)  # not waited for yet, so the number is still its own
    else:
        process.kill()


class _ended_by:  # noqa: N801 - reads as part of a with statement
    """While the block runs, an interruption ends a process: it is asked to, and killed a while later."""

    def __init__(self, interruption: Interruption | None, process: subprocess.Popen[str]) -> None:
        self._interruption, self._process = interruption, process
        self._timer = threading.Timer(_FAREWELL_SECONDS, _kill, [process])
        self._timer.name, self._timer.daemon = "civis-platform-container-ask", True
        self._lock = threading.Lock()
        self._is_over = False

    def __enter__(self) -> None:
        if self._interruption is not None:
            self._interruption.attach(self._end)

    def __exit__(self, *error: object) -> None:
        if self._interruption is not None:
            self._interruption.detach(self._end)
        with self._lock:
            self._is_over = True
        if self._timer.ident is not None:
            self._timer.cancel()
            self._timer.join()

    def _end(self) -> None:
        with self._lock:
            if self._is_over or self._timer.ident is not None:
                return
            self._timer.start()
        self._process.terminate()


def open_engine(name: str, data_dir: Path) -> ContainerEngine:
    """Find the program for containers, and see whether it answers.

    Parameters
    ----------
    name : {"docker", "podman"}
    data_dir : Path
        The platform's.

    Raises
    ------
    PlatformError
        If it is not installed or does not answer; the text says what to do.
    """
    environment = client_environment()
    program = shutil.which(name, path=environment.get("PATH"))
    if program is None:
        raise PlatformError(
            f"containers are to run with {_PRODUCTS[name]}, and there is no {name!r} on the PATH; "
            f"install it, or start with --containers process"
        )
    owner = f"{socket.gethostname()}:{data_dir.resolve()}"
    engine = ContainerEngine(name, program, owner, environment)
    try:
        told = engine.ask("info", "--format", "{{json .}}", seconds=CHECK_SECONDS)
        found = json.loads(told)
        if found.get("ServerErrors"):
            raise EngineError(" ".join(found["ServerErrors"]))
    except (EngineError, ValueError) as error:
        raise PlatformError(
            f"containers are to run with {_PRODUCTS[name]}, which does not answer: {error}; start it and see "
            f"that '{name} info' works for this account, or start with --containers process"
        ) from None
    return ContainerEngine(name, program, owner, environment, *_told(name, found))


def _told(name: str, found: Mapping[str, Any]) -> tuple[str | None, float | None]:
    """Read from what the program tells of itself how this machine is called inside, and the processors."""
    podman = found.get("host")  # a program `docker` may be Podman's, too
    if isinstance(podman, dict):
        is_apart, cpus = bool(podman.get("serviceIsRemote")), podman.get("cpus")
    else:
        is_apart, cpus = "Docker Desktop" in str(found.get("OperatingSystem")), found.get("NCPU")
    host = _HOSTS["podman" if podman else name] if is_apart or sys.platform != "linux" else None
    return host, float(cpus) if cpus else None


def mounts() -> str:
    """Give a word for which directories there are for this process; services and containers have their own.

    Empty where a machine has but one view of them.
    """
    with suppress(OSError):
        return os.readlink("/proc/self/ns/mnt")
    return ""


def client_environment() -> dict[str, str]:
    """Give the variables of this process that the programs for containers look at."""
    return {
        name: value
        for name, value in os.environ.items()
        if name in _OWN or name.startswith(_OWN_PREFIXES) or name.lower() in _PROXIES
    }


def _words_of(text: str) -> str:
    """Give what a program complained of, in one line; it says last what went wrong."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    telling = [line for line in lines if not line.lower().startswith(("see '", "run '", "warning:"))]
    return " ".join(telling[-3:])[:2000]
