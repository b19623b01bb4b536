"""One deployment that is being served: its threads, its folder, its times of sleep, its end.

A thread prepares and runs the program, again and again where its plan has it sleep in between; a second one
looks whether it answers by now, whether it is in use, and has kept what it changes.
"""

from __future__ import annotations

import logging
import secrets
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from civis.local.deployments.addresses import prefix_of
from civis.local.deployments.kinds import Keep, Launch, Served, deployable
from civis.local.deployments.records import SYSTEM, run_of, set_state
from civis.local.deployments.use import Use
from civis.local.jobs import JobFailed, RunContext, transitions
from civis.local.jobs.endings import tell_of_end
from civis.local.jobs.lifecycle import apply
from civis.local.jobs.processes import run_process
from civis.local.jobs.run_keys import make_key
from civis.local.settings import PlatformError
from civis.local.state import Stored, objects, runs
from civis.local.state.people import username_of
from civis.local.warehouse import Interrupted, Interruption

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
        self._turn: RunContext | None = None  # the context of the program that runs now
        self._use: Use | None = None
        self._is_put_to_sleep = False
        self._reason: str | None = None
        self._lock = threading.Lock()
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
            turn, use = self._turn, self._use
        if turn is not None:
            if is_stopping:
                turn.stopping.set()
            turn.interruption.interrupt()
        if use is not None:
            use.changed.set()

    def note_use(self) -> bool:
        """Note that somebody looks at it; tell whether it will answer soon, if it does not do so now."""
        use, served = self._use, self.served
        if use is None:
            return True
        if served is None or served.activity is None:
            use.note()
        return use.is_wanted

    @contextmanager
    def looked_at(self) -> Iterator[None]:
        """While the block carries a request, somebody looks at it: a WebSocket is open as long as its page.

        For the thread that carries requests.
        """
        use, served = self._use, self.served
        is_counted = use is not None and served is not None and served.activity is None
        with use.looked_at() if use is not None and is_counted else nullcontext():
            yield

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
        has_failed = False
        try:
            message = self._outcome()
        except (Interrupted, PlatformError):
            message = self._reason
        except JobFailed as error:
            message, has_failed = self._reason or str(error), self._reason is None
        except Exception as error:
            _LOGGER.exception("Deployment %s ended with an unexpected error", self.id)
            message, has_failed = f"Unexpected error: {type(error).__name__}: {error}", True
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)
        try:
            self._store_end(message, has_failed=has_failed)
        except Exception:  # a thread's exception would go nowhere
            _LOGGER.exception("The end of deployment %s could not be stored", self.id)
        finally:
            self._forget(self)

    def _outcome(self) -> str:
        """Prepare the program and run it to its end; say how it ended."""
        self._context = context = self._make_context()
        self._tell(f"Deployment {self.id} begins.")
        base = self._base()
        kind = deployable(base.kind)
        use = Use(kind.plan(base), self._clock)
        with self._lock:
            self._use = use
        key, _ = make_key(context)
        while True:
            self._sleep(use)
            said = self._run_program(self._begin_turn(context), self._base(), key, use)
            if self._reason is not None or not self._is_put_to_sleep:
                return self._reason or said

    def _begin_turn(self, context: RunContext) -> RunContext:
        """Make the context of one run of the program, which can be ended without ending the deployment."""
        with self._lock:
            if self._reason is not None:
                raise Interrupted(self._reason)
            self._is_put_to_sleep = False
            self._turn = replace(context, interruption=Interruption())
            return self._turn

    def _run_program(self, turn: RunContext, base: Stored, key: str, use: Use) -> str:
        """Prepare the program and run it to its end; say how it ended."""
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(mode=0o700)
        self.port = _free_port()
        kind = deployable(base.kind)
        served = kind.serve(self._launch(turn, base, key))
        keep = kind.keeping(self._platform, base, self._folder)
        is_over = threading.Event()
        watch = threading.Thread(
            target=self._watch,
            args=(served, keep, use, is_over),
            name=f"civis-platform-deployment-{self.id}-watch",
        )
        watch.start()
        try:
            run_process(turn, served.program)
        except Interrupted:
            if self._reason is not None or not self._is_put_to_sleep:
                raise
        finally:
            is_over.set()
            watch.join()
            self.served = None
            self._keep(keep)
        return served.ended

    def _sleep(self, use: Use) -> None:
        """Wait until it is to be on; at once, if it is."""
        is_asleep = False
        while not use.is_wanted:
            if self._is_ended():
                return
            if not is_asleep:
                self._store("sleeping", use.plan.reason())
                self._tell(use.plan.reason())
                is_asleep = True
            use.changed.wait(_REGULARLY)
            use.changed.clear()
        if is_asleep:
            self._store("pending", None)

    def _is_ended(self) -> bool:
        """Tell whether somebody has ended it."""
        with self._lock:
            return self._reason is not None

    def _watch(self, served: Served, keep: Keep, use: Use, is_over: threading.Event) -> None:
        """Note when the program answers, have kept what it changes, end it when it is not used any more."""
        while not is_over.wait(_SOON if self.served is None else _REGULARLY):
            if self.served is not None:
                self._keep(keep)
                if not use.is_going_on(served.activity):
                    self._put_off(use)
            elif _accepts(self.port):
                self.served = served
                try:
                    self._store("running", None)
                    self._tell(f"Deployment {self.id} is running.")
                except Exception:  # it answers all the same
                    _LOGGER.exception("That deployment %s is running could not be stored", self.id)

    def _put_off(self, use: Use) -> None:
        """End the program, because it is not to be on; the deployment too, if it cannot sleep."""
        if not use.plan.sleeps:
            self.end(use.plan.reason())
            return
        with self._lock:
            self._is_put_to_sleep, turn = True, self._turn
        if turn is not None:
            turn.interruption.interrupt()

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

    def _launch(self, context: RunContext, base: Stored, key: str) -> Launch:
        """Put together what whoever says how the object is served needs to know."""
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

    def _store_end(self, message: str | None, *, has_failed: bool) -> None:
        """Store that it is over, and how; its key ends, and its failure is told, in the same transaction."""
        now, context = self._clock.time(), self._context
        notes: dict[str, Any] = {} if context is None else context.notes
        with self._state.begin() as connection:
            run = run_of(connection, self.id)
            if run is not None and run.state == "running":
                run = runs.update_run(connection, run.id, document=notes)
                said = message or f"Deployment {self.id} is over."
                step = partial(transitions.fail, error=said) if has_failed else transitions.succeed
                run = apply(connection, run, step, now)
                runs.add_log(connection, run.id, said, now, SYSTEM)
                if has_failed:  # what is deployed says who is told
                    tell_of_end(self._platform, connection, replace(run, job_id=self.base_id))
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
