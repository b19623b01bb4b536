"""The parts of a running local platform: opened one after the other, emptied, closed the last first.

It knows which parts there are and their order; who may start and stop them when is the platform's to say.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from starlette.types import Receive, Scope, Send

from civis.local.abandoned import remove_abandoned
from civis.local.addressing import asked_url
from civis.local.api.app import build_app
from civis.local.api.authentication import KeyUses
from civis.local.api.dispatch import Dispatcher
from civis.local.api.faults import Faults
from civis.local.blobs import Blobs
from civis.local.containers import ContainerEngine, open_engine, remove_left
from civis.local.deployments import Deployments
from civis.local.deployments.addresses import Addresses
from civis.local.deployments.proxy import DeploymentProxy
from civis.local.duties import Duties
from civis.local.jobs import Queue
from civis.local.locking import DirectoryLock
from civis.local.notify import Notifier
from civis.local.services import all_routes
from civis.local.services.accounts import ensure_default_account
from civis.local.services.civisml import ensure_civisml
from civis.local.services.credentials import ensure_default_credential
from civis.local.services.databases import DEFAULT_DATABASE, ensure_default_database
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
    read_or_make_secret,
)
from civis.local.warehouse import Warehouse, WarehouseError

if TYPE_CHECKING:
    from civis.local.platform import Platform

__all__ = ["Parts"]

_TEMPORARY = "civis-platform-"


class Parts:
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
        #: What runs container scripts; None where they are processes.
        self.container_engine: ContainerEngine | None = None

    def start(
        self,
        data_dir: Path | None,
        host: str,
        port: int,
        resources: Literal["base", "all"],
        containers: Literal["process", "docker", "podman"],
    ) -> None:
        """Open one part after the other; the caller stops what was opened when one of them fails."""
        folder = data_dir or self._temporary_dir()
        self.settings = Settings(folder, host=host, port=port, resources=resources, containers=containers)
        make_dir(folder)
        self._lock = DirectoryLock(self.settings.lock_path)
        self._opened.callback(self._lock.release)
        self._open_engine()
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

    def _address(self) -> str:
        """Give the address that links begin with."""
        return asked_url() or self.url

    def _open_engine(self) -> None:
        """Find what runs containers, and remove those that a kill left; nothing is run without the queue."""
        name = self.settings.containers
        if name != "process" and self._platform._is_working:
            self.container_engine = open_engine(name, self.settings.data_dir)
            remove_left(self.container_engine)

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
            self.blobs = Blobs(settings.blobs_dir, secret, self._address, self._platform.clock)
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
