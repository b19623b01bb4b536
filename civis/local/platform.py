"""The local platform as an object: put together, started, emptied, stopped.

It knows its parts and their order, and of none of them how it works.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
import threading
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import datetime, timezone
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

from starlette.types import Receive, Scope, Send

from civis._clock import SYSTEM_CLOCK, Clock
from civis.local.abandoned import remove_abandoned
from civis.local.api.app import build_app
from civis.local.api.authentication import KeyUses
from civis.local.api.dispatch import Dispatcher
from civis.local.api.faults import Faults
from civis.local.blobs import Blobs
from civis.local.deployments import Deployments
from civis.local.deployments.addresses import Addresses
from civis.local.deployments.proxy import DeploymentProxy
from civis.local.duties import Duties
from civis.local.jobs import WORKERS, Queue
from civis.local.locking import DirectoryLock
from civis.local.notify import Notifier
from civis.local.services import all_routes
from civis.local.services.accounts import ensure_default_account
from civis.local.services.civisml import ensure_civisml
from civis.local.services.credentials import ensure_default_credential
from civis.local.services.databases import DEFAULT_DATABASE, add_database, ensure_default_database
from civis.local.services.files import sweep
from civis.local.services.import_templates import ensure_import_templates
from civis.local.serving import Server, bind, url_of
from civis.local.settings import PlatformError, Settings
from civis.local.state import State, StateImage
from civis.local.storage import (
    empty_dir,
    empty_folder,
    make_dir,
    make_private,
    plain_path,
    read_or_make_secret,
)
from civis.local.warehouse import Warehouse, WarehouseError

__all__ = ["Platform"]

_TEMPORARY = "civis-platform-"


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

    Raises
    ------
    ValueError
        When there is not one worker, or no time for a run.
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
    ) -> None:
        self._make_queue = partial(Queue, self, workers=workers, run_seconds=run_seconds)
        self._make_queue()  # refuses what is no number of workers now, not at the start
        self._given_dir = None if data_dir is None else plain_path(data_dir)
        self._host, self._port, self._resources = host, port, resources
        self._is_working = is_working
        self.clock = clock
        self._parts: _Parts | None = None
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
            cannot be written, or when the port is taken.
        """
        with self._changing:
            if self._parts is not None:
                raise PlatformError(f"this platform is running already, at {self._parts.url}")
            self._parts = _Parts(self)
            try:
                self._parts.start(self._given_dir, self._host, self._port, self._resources)
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
        """The address of its API, for ``CIVIS_API_ENDPOINT``; ends in a slash."""
        return self._running_parts().url

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

    def _running_parts(self) -> _Parts:
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


class _Parts:
    """The parts of one running platform, from its start to its stop."""

    settings: Settings
    state: State
    warehouse: Warehouse
    blobs: Blobs
    queue: Queue
    deployments: Deployments
    duties: Duties
    notifier: Notifier
    faults: Faults
    url: str
    api_key: str
    #: What the state was when it was new, for resets; None where it was not new when it was opened.
    _new_state: StateImage | None

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self.key_uses = KeyUses()
        self._opened = ExitStack()  # what lasts from start to stop
        self._data = ExitStack()  # what a reset closes and opens anew
        self._lock: DirectoryLock | None = None
        self._server: Server | None = None

    def start(self, data_dir: Path | None, host: str, port: int, resources: Literal["base", "all"]) -> None:
        """Open one part after the other; the caller stops what was opened when one of them fails."""
        folder = data_dir or self._temporary_dir()
        self.settings = Settings(folder, host=host, port=port, resources=resources)
        make_dir(folder)
        self._lock = DirectoryLock(self.settings.lock_path)
        self._opened.callback(self._lock.release)
        self.api_key = read_or_make_secret(self.settings.key_path)
        listener = bind(host, port)
        self._opened.callback(listener.close)
        self.url = url_of(listener.getsockname()[:2])
        self._routes = all_routes()
        self._dispatcher = Dispatcher(self._platform, self._routes)
        secret = bytes.fromhex(read_or_make_secret(self.settings.secret_path))
        self.notifier = Notifier(secret, self._platform.clock)
        with self._told_plainly():
            self._open_data()
        self._opened.callback(self._close_data)
        executor = ThreadPoolExecutor(self.settings.workers, thread_name_prefix="civis-platform-request")
        self._opened.callback(executor.shutdown)
        app = build_app(
            self._dispatcher,
            self._serve_blobs,
            executor,
            body_limit=self.settings.body_limit,
            others=[*self.notifier.routes(), *DeploymentProxy(self._platform).routes()],
        )
        self.faults = Faults(app)
        self._server = Server(self.faults, listener)
        self._opened.callback(self._server.stop)
        self._opened.callback(self.faults.clear)
        self._opened.callback(self.notifier.close)
        self._opened.callback(self._end_deployments)  # or their visitors would hold up the server's end
        self._server.start()

    def stop(self) -> None:
        """Close all that was opened, the last first."""
        self._opened.close()

    def reset(self) -> None:
        """Throw the data away while no request is looking."""
        with self._dispatcher.gate.closed():
            self.faults.clear()
            self.key_uses.clear()
            self.duties.stop()
            self.deployments.stop()
            self.queue.stop()
            self.notifier.clear()
            if self._is_emptied_open():
                self.duties.clear()
                self._begin_work()
                return
            self._data.close()
            empty_dir(self.settings)
            self._open_data()

    def _is_emptied_open(self) -> bool:
        """Empty what is open, a tenth of the work of opening it anew; False where that cannot be done."""
        if self._new_state is None:
            return False
        try:
            if not self.warehouse.empty(DEFAULT_DATABASE):
                return False
        except WarehouseError:  # its engine is broken; a new one is opened
            return False
        self._new_state.restore(self.state)
        self.blobs.empty()
        return True

    def forget(self) -> None:
        """In a forked child: close its copies of lock and socket, so that they end with the parent."""
        if self._lock is not None:
            self._lock.release()
        if self._server is not None:
            self._server.forget()

    def _temporary_dir(self) -> Path:
        """Make a directory that goes when the platform stops; those of platforms that were killed go now."""
        remove_abandoned(Path(tempfile.gettempdir()), _TEMPORARY)
        folder = Path(tempfile.mkdtemp(prefix=_TEMPORARY))
        self._opened.callback(shutil.rmtree, folder, ignore_errors=True)
        return folder

    def _open_data(self) -> None:
        """Open what holds data, make what every platform has, and begin to work on jobs."""
        settings = self.settings
        secret = bytes.fromhex(read_or_make_secret(settings.secret_path))
        is_new = not settings.state_path.exists()
        make_private(settings)
        empty_folder(settings.runs_dir)  # of runs that a kill cut short
        with ExitStack() as opened:
            self.state = State(settings.state_url)
            opened.callback(self.state.close)
            self.warehouse = Warehouse(settings.warehouse_dir)
            opened.callback(self.warehouse.close)
            self.blobs = Blobs(settings.blobs_dir, secret, lambda: self.url, self._platform.clock)
            self._make_defaults()
            self._new_state = StateImage(self.state) if is_new else None
            if self._new_state is not None:
                opened.callback(self._new_state.close)
            self.queue = self._platform._make_queue()
            opened.callback(self.queue.stop)
            self.deployments = Deployments(self._platform, Addresses(secret, self._platform.clock))
            opened.callback(self.deployments.stop)
            self.duties = Duties(self._platform, self._routes)
            opened.callback(self.duties.stop)
            self._begin_work()
            self._data = opened.pop_all()

    def _begin_work(self) -> None:
        """Take what is queued and do what is due, unless this platform is only there for its data."""
        if self._platform._is_working:
            self.queue.start()
            self.deployments.start()
            self.duties.start()

    def _end_deployments(self) -> None:
        """End what is deployed."""
        self.deployments.stop()

    def _close_data(self) -> None:
        """Write what is only in memory, and close what holds data."""
        with self._data, self.state.begin() as connection:
            self.key_uses.write(connection)

    def _make_defaults(self) -> None:
        """Make the user, the group, the key, the database and the credential that every platform has."""
        platform, now = self._platform, self._platform.now
        with self.state.begin() as connection:
            user = ensure_default_account(connection, token=self.api_key, now=now)
            database = ensure_default_database(platform, connection, now)
            ensure_default_credential(platform, connection, user.id, user.username, database.id, now)
            sweep(platform, connection, now)
            ensure_civisml(connection, now)
            ensure_import_templates(connection, now)

    async def _serve_blobs(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request to the blobs there are now; after a reset they are others."""
        await self.blobs.app(scope, receive, send)

    @contextmanager
    def _told_plainly(self) -> Iterator[None]:
        """Say which directory it is whose data cannot be opened."""
        try:
            yield
        except OSError as error:
            raise PlatformError(
                f"cannot open the data in the directory {self.settings.data_dir}: {error}"
            ) from error


#: The platforms that run in this process, for the hook below.
_running: weakref.WeakSet[Platform] = weakref.WeakSet()


def _forget_all() -> None:
    """Have a forked child let go of its parent's platforms."""
    for platform in list(_running):
        platform._forget()
    _running.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)
