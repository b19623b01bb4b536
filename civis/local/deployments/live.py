"""One deployment that is being served: its threads, its folder, its end.

A thread prepares and runs the program; a second one looks whether it answers by now, and has kept what it
changes.
"""

from __future__ import annotations

import logging
import secrets
import shutil
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from civis.local.deployments.addresses import prefix_of
from civis.local.deployments.kinds import Keep, Launch, Served, deployable
from civis.local.deployments.records import SYSTEM, run_of, set_state
from civis.local.jobs import JobFailed, RunContext, transitions
from civis.local.jobs.lifecycle import apply
from civis.local.jobs.processes import run_process
from civis.local.jobs.run_keys import make_key
from civis.local.settings import PlatformError
from civis.local.state import Stored, objects, runs
from civis.local.state.people import username_of
from civis.local.warehouse import Interrupted

if TYPE_CHECKING:
    from civis.local.platform import Platform

__all__ = ["FOLDER_PREFIX", "LiveDeployment"]

_LOGGER = logging.getLogger(__name__)

FOLDER_PREFIX = "deployment-"
#: Seconds between two looks: whether the program answers by now, and whether it has changed anything.
_SOON, _REGULARLY = 0.05, 2.0


class LiveDeployment:
    """A deployment and what serves it.

    Parameters
    ----------
    platform : Platform
    deployment : Stored
    folder : Path
        Where its working folder is made.
    forget : callable, optional
        Called with this when it is over.
    """

    def __init__(
        self,
        platform: Platform,
        deployment: Stored,
        folder: Path,
        forget: Callable[[LiveDeployment], None] = lambda live: None,
    ) -> None:
        self.id = deployment.id
        self.port = 0
        self.served: Served | None = None
        self._platform, self._deployment, self._forget = platform, deployment, forget
        # Kept for the end, when the platform may already tell nobody about its parts.
        self._state, self._clock = platform.state, platform.clock
        self._folder = folder / f"{FOLDER_PREFIX}{deployment.id}"
        self._context: RunContext | None = None
        self._reason: str | None = None
        self._lock = threading.Lock()
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._serve, name=f"civis-platform-deployment-{self.id}")

    @property
    def base_id(self) -> int:
        """The ID of what is deployed."""
        return self._deployment.parent_id or 0

    def start(self) -> None:
        """Begin to serve."""
        self._thread.start()

    def end(self, reason: str, *, is_stopping: bool = False) -> None:
        """Have it end, and say why; the reason that is given first counts."""
        with self._lock:
            self._reason = self._reason or reason
            context = self._context
        if context is not None:
            if is_stopping:
                context.stopping.set()
            context.interruption.interrupt()

    def join(self, seconds: float | None = None) -> None:
        """Wait until it is over, and all is stored."""
        if self._thread.ident is not None:
            self._thread.join(seconds)

    def rescue(self) -> None:
        """Store what the program of a platform that was killed had changed and nobody has stored."""
        if self._folder.is_dir():
            base = self._base()
            deployable(base.kind).keeping(self._platform, base, self._folder)()

    def _serve(self) -> None:
        """Serve to the end: the life of the thread."""
        message: str | None
        try:
            message = self._outcome()
        except (Interrupted, PlatformError):
            message = self._reason
        except JobFailed as error:
            message = self._reason or str(error)
        except Exception as error:
            _LOGGER.exception("Deployment %s ended with an unexpected error", self.id)
            message = f"Unexpected error: {type(error).__name__}: {error}"
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)
        try:
            self._store_end(message)
        except Exception:  # a thread's exception would go nowhere
            _LOGGER.exception("The end of deployment %s could not be stored", self.id)
        finally:
            self._forget(self)

    def _outcome(self) -> str:
        """Prepare the program and run it to its end; say how it ended."""
        context = self._make_context()
        with self._lock:
            self._context = context
            if self._reason is not None:
                raise Interrupted(self._reason)
        self._tell(f"Deployment {self.id} begins.")
        self._folder.mkdir(mode=0o700)
        self.port = _free_port()
        base = self._base()
        kind = deployable(base.kind)
        served = kind.serve(self._launch(context, base))
        keep = kind.keeping(self._platform, base, self._folder)
        watch = threading.Thread(
            target=self._watch, args=(served, keep), name=f"civis-platform-deployment-{self.id}-watch"
        )
        watch.start()
        try:
            run_process(context, served.program)
        finally:
            self._is_over.set()
            watch.join()
            self.served = None
            self._keep(keep)
        return self._reason or served.ended

    def _watch(self, served: Served, keep: Keep) -> None:
        """Note when the program answers, and have kept what it changes, until it is over."""
        while not self._is_over.wait(_SOON if self.served is None else _REGULARLY):
            if self.served is not None:
                self._keep(keep)
            elif _accepts(self.port):
                self.served = served
                try:
                    self._store("running", None)
                    self._tell(f"Deployment {self.id} is running.")
                except Exception:  # it answers all the same
                    _LOGGER.exception("That deployment %s is running could not be stored", self.id)

    def _keep(self, keep: Keep) -> None:
        """Have kept what the program has changed."""
        try:
            keep()
        except Exception as error:  # the next time may do, and the program goes on
            _LOGGER.exception("What deployment %s has changed could not be kept", self.id)
            self._tell(f"What was changed could not be stored: {error}", "error")

    def _make_context(self) -> RunContext:
        """Put together the deployment as a run."""
        with self._state.read() as connection:
            run = run_of(connection, self.id)
            user = username_of(connection, self._deployment.author_id)
        if run is None:
            raise JobFailed(f"The deployment {self.id} has lost its log; deploy again.")
        return RunContext(self._platform, self._deployment, run, user)

    def _launch(self, context: RunContext, base: Stored) -> Launch:
        """Put together what whoever says how the object is served needs to know."""
        key, _ = make_key(context)
        prefix = prefix_of(self.id)
        return Launch(context, base, self._folder, self.port, prefix, key, secrets.token_urlsafe(32))

    def _base(self) -> Stored:
        """Read what is deployed."""
        with self._state.read() as connection:
            return objects.fetch(connection, None, self.base_id)

    def _tell(self, text: str, level: str = SYSTEM) -> None:
        """Add a line of the platform's own to the log."""
        if self._context is not None:
            self._context.log(text, level)

    def _store(self, state: str, message: str | None) -> None:
        """Store which state it has come to."""
        with self._state.begin() as connection:
            if objects.select_objects(connection, self._deployment.kind, id=self.id):
                set_state(connection, self._deployment, state, message, now=self._clock.time())

    def _store_end(self, message: str | None) -> None:
        """Store that it is over, and how; its key ends in the same transaction."""
        now, context = self._clock.time(), self._context
        notes: dict[str, Any] = {} if context is None else context.notes
        with self._state.begin() as connection:
            run = run_of(connection, self.id)
            if run is not None and run.state == "running":
                run = runs.update_run(connection, run.id, document=notes)
                apply(connection, run, transitions.succeed, now)
                runs.add_log(connection, run.id, message or f"Deployment {self.id} is over.", now, SYSTEM)
            for write in context.at_every_end if context is not None else ():
                write(connection)
        self._store("terminated", message)


def _free_port() -> int:
    """Find a port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _accepts(port: int) -> bool:
    """Tell whether something listens on a port."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
