"""The local platform as an object: started, emptied, stopped, once at a time.

It knows that it has parts, and of none of them how it works.
"""

from __future__ import annotations

import atexit
import os
import threading
import weakref
from datetime import datetime, timezone
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from civis._clock import SYSTEM_CLOCK, Clock
from civis.local.addressing import asked_url
from civis.local.api.authentication import KeyUses
from civis.local.api.faults import Faults
from civis.local.blobs import Blobs
from civis.local.containers import ENGINES, ContainerEngine
from civis.local.deployments import Deployments
from civis.local.duties import Duties
from civis.local.jobs import WORKERS, Queue
from civis.local.notify import Notifier
from civis.local.parts import Parts
from civis.local.services.accounts import ensure_default_account
from civis.local.services.credentials import ensure_default_credential
from civis.local.services.databases import add_database
from civis.local.settings import PlatformError, Settings
from civis.local.state import State
from civis.local.storage import plain_path
from civis.local.warehouse import Warehouse

__all__ = ["Platform"]


class Platform:
    """A Civis Platform on this machine.

    Parameters
    ----------
    data_dir : Path or str, optional
        Where it keeps its data; made if missing. By default a temporary directory that `stop` removes.
    host : str, default "127.0.0.1"
        The address to listen on. By default only programs on this machine reach it; whoever gives another
        address lets others in, over a connection that is not encrypted.
    port : int, default 0
        The port to listen on; 0 has the system choose a free one.
    clock : Clock, optional
        What tells it the time.
    resources : {"all", "base"}, default "all"
        Which resources its API description lists.
    workers : int, default 16
        How many runs of jobs go on at once, not counting those that wait for runs they have started.
    run_seconds : float, optional
        How long a run may take, in seconds; by default as long as it likes.
    is_working : bool, default True
        Whether it runs jobs and does what is due. One that does not leaves what is queued as it is, for
        whoever only looks after its data.
    containers : {"process", "docker", "podman"}, default "process"
        What runs container scripts: this machine's shell, whatever their image is, or containers of their
        image, by the program of Docker or of Podman.

    Raises
    ------
    ValueError
        When there is not one worker, no time for a run, or nothing known to run containers.
    ImportError
        On import, when the packages of ``civis[local]`` are not installed.

    Examples
    --------
    >>> with Platform() as platform:  # doctest: +SKIP
    ...     client = platform.client()
    ...     print([database.name for database in client.databases.list()])
    ['local']
    """

    def __init__(
        self,
        data_dir: Path | str | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        clock: Clock = SYSTEM_CLOCK,
        resources: Literal["base", "all"] = "all",
        workers: int = WORKERS,
        run_seconds: float | None = None,
        is_working: bool = True,
        containers: Literal["process", "docker", "podman"] = "process",
    ) -> None:
        if containers not in ("process", *ENGINES):
            known = ", ".join(("process", *ENGINES))
            raise ValueError(f"containers must be one of {known}, not {containers!r}.")
        self._make_queue = partial(Queue, self, workers=workers, run_seconds=run_seconds)
        self._make_queue()  # refuses what is no number of workers now, not at the start
        self._given_dir = None if data_dir is None else plain_path(data_dir)
        self._host, self._port, self._resources = host, port, resources
        self._is_working, self._containers = is_working, containers
        self.clock = clock
        self._parts: Parts | None = None
        self._changing = threading.RLock()

    def __repr__(self) -> str:
        where = self._given_dir or "a temporary directory"
        return f"Platform({str(where)!r}, {self._parts.url if self._parts else 'stopped'!r})"

    def __enter__(self) -> Platform:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    def start(self) -> Platform:
        """Start it; when this returns, it answers requests.

        Returns
        -------
        Platform
            Itself.

        Raises
        ------
        PlatformError
            When it is running already, when another platform runs on the directory, when the directory
            cannot be written, when the port is taken, or when what is to run containers does not answer.
        """
        with self._changing:
            if self._parts is not None:
                raise PlatformError(f"this platform is running already, at {self._parts.url}")
            self._parts = Parts(self)
            try:
                self._parts.start(self._given_dir, self._host, self._port, self._resources, self._containers)
            except BaseException:
                self.stop()
                raise
            _running.add(self)
            atexit.register(self.stop)
        return self

    def stop(self) -> None:
        """Stop it, and remove its temporary directory; does nothing when it is stopped.

        Runs that go on are interrupted; queued ones stay queued for the next start on the directory.
        """
        with self._changing:
            if self._parts is None:
                return
            _running.discard(self)
            atexit.unregister(self.stop)
            try:
                # Runs that are being interrupted still store how they ended: the parts are there until then.
                self._parts.stop()
            finally:
                self._parts = None

    def reset(self) -> None:
        """Empty it: databases, files, jobs, users, all but its API key and its address.

        Requests that come meanwhile are answered afterwards.

        Raises
        ------
        PlatformError
            When it is not running.
        """
        with self._changing:
            self._running_parts().reset()

    def add_database(self, name: str) -> int:
        """Add a database, unless there is one of that name.

        Parameters
        ----------
        name : str
            Its name.

        Returns
        -------
        int
            Its ID, which the API calls `remote_host_id`.

        Raises
        ------
        ValueError
            When the name is empty.
        """
        with self.state.begin() as connection:
            now = self.now
            stored = add_database(self, connection, name, now)
            user = ensure_default_account(connection, token=self.api_key, now=now)
            ensure_default_credential(self, connection, user.id, user.username, stored.id, now)
        return stored.id

    def client(self, **options: Any) -> Any:
        """Make a client of this platform.

        Parameters
        ----------
        **options
            Further arguments of `civis.APIClient`.

        Returns
        -------
        civis.APIClient
            With the platform's address and the default user's key.
        """
        # By name: the platform knows nothing of the client, and nothing of it is loaded without a call.
        civis = import_module("civis")
        return civis.APIClient(**{"api_key": self.api_key, "endpoint": self.url, **options})

    @property
    def now(self) -> datetime:
        """The clock's time, in UTC."""
        return datetime.fromtimestamp(self.clock.time(), timezone.utc)

    @property
    def url(self) -> str:
        """The address of its API, for ``CIVIS_API_ENDPOINT``; ends in a slash.

        While a request from a container is answered that knows this machine by another name, the one with it.
        """
        parts = self._running_parts()
        return asked_url() or parts.url

    def inner_url(self, host: str | None) -> str | None:
        """Give the address that a request asks by its Host header, if it is that of its containers alone."""
        parts = self._running_parts()
        engine = parts.container_engine
        if host is None or engine is None or engine.host is None:
            return None
        url = engine.reachable(parts.url)
        return url if host == urlsplit(url).netloc else None

    @property
    def api_key(self) -> str:
        """The default user's API key, for ``CIVIS_API_KEY``."""
        return self._running_parts().api_key

    @property
    def data_dir(self) -> Path:
        """The directory with its data."""
        return self._running_parts().settings.data_dir

    @property
    def settings(self) -> Settings:
        """Its settings."""
        return self._running_parts().settings

    @property
    def state(self) -> State:
        """Objects, runs and accounts."""
        return self._running_parts().state

    @property
    def warehouse(self) -> Warehouse:
        """The SQL databases."""
        return self._running_parts().warehouse

    @property
    def blobs(self) -> Blobs:
        """The contents of files."""
        return self._running_parts().blobs

    @property
    def queue(self) -> Queue:
        """What runs jobs."""
        return self._running_parts().queue

    @property
    def container_engine(self) -> ContainerEngine | None:
        """What runs container scripts in containers; None where they are processes of this machine."""
        return self._running_parts().container_engine

    @property
    def deployments(self) -> Deployments:
        """What is deployed."""
        return self._running_parts().deployments

    @property
    def duties(self) -> Duties:
        """What it does unasked: schedules, workflows, notices and their outbox."""
        return self._running_parts().duties

    @property
    def notifier(self) -> Notifier:
        """What tells subscribers how runs go on."""
        return self._running_parts().notifier

    @property
    def faults(self) -> Faults:
        """What goes wrong on purpose, in tests."""
        return self._running_parts().faults

    @property
    def key_uses(self) -> KeyUses:
        """The uses of API keys that are counted and not written yet."""
        return self._running_parts().key_uses

    def _running_parts(self) -> Parts:
        """Give the parts, or say that there are none."""
        if self._parts is None:
            raise PlatformError("this platform is not running; start it first, with start() or a with block")
        return self._parts

    def _forget(self) -> None:
        """In a forked child: let go of what is the parent's, which goes on running."""
        parts, self._parts = self._parts, None
        self._changing = threading.RLock()
        atexit.unregister(self.stop)
        if parts is not None:
            parts.forget()


#: The platforms that run in this process, for the hook below.
_running: weakref.WeakSet[Platform] = weakref.WeakSet()


def _forget_all() -> None:
    """Have a forked child let go of its parent's platforms."""
    for platform in list(_running):
        platform._forget()
    _running.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)
