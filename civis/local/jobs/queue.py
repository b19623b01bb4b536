"""The queue: worker threads that take queued runs from the state and hand them to their executors.

The state is the queue; the threads hold nothing that a crash could lose. How a run's states follow each other
is for `transitions` to know, what a run does for its executor.
"""

from __future__ import annotations

import logging
import threading
from functools import partial
from typing import TYPE_CHECKING

from civis.local.jobs import lifecycle, transitions
from civis.local.jobs.executors import JobFailed, RunContext, executor_of
from civis.local.jobs.lifecycle import Step
from civis.local.jobs.submission import trigger_children
from civis.local.settings import PlatformError
from civis.local.state import Run, State, objects, runs
from civis.local.state.people import username_of
from civis.local.warehouse import Interrupted, Interruption, WarehouseError

if TYPE_CHECKING:
    from civis._clock import Clock
    from civis.local.platform import Platform

_LOGGER = logging.getLogger(__name__)

THREAD_NAME = "civis-platform-job"
"""What the names of worker threads begin with."""


class Queue:
    """Runs jobs on threads of this process.

    Parameters
    ----------
    platform : Platform
        Its `state` and `clock` are used, and it is what executors are given.
    workers : int, default 16
        How many runs go on at once. Jobs may start jobs and wait for them, so this is not about processors;
        threads are started only when a run has nobody to take it.
    """

    _state: State
    _clock: Clock

    def __init__(self, platform: Platform, *, workers: int = 16) -> None:
        if workers < 1:
            raise ValueError(f"A queue needs at least one worker, not {workers}.")
        self._platform = platform
        self._workers = workers
        self._changed = threading.Condition()
        self._is_started = False
        self._is_stopping = False
        self._calls = 0  # how many runs may be waiting that no worker has looked for
        self._idle = 0
        self._threads: list[threading.Thread] = []
        self._interruptions: dict[int, Interruption] = {}

    def __repr__(self) -> str:
        return f"Queue({len(self._threads)} of {self._workers} workers, {len(self._interruptions)} runs)"

    def start(self) -> None:
        """Begin to work: end what a crash left running, then take what is queued. Again: does nothing."""
        # Kept for the end of the runs, when the platform may already tell nobody about its parts.
        self._state, self._clock = self._platform.state, self._platform.clock
        with self._changed:
            if self._is_started:
                return
            self._is_started, self._is_stopping, self._calls = True, False, 0
        with self._state.begin() as connection:
            for run in lifecycle.recover(connection, self._clock.time()):
                runs.add_log(connection, run.id, transitions.LOST, self._clock.time(), "error")
            waiting = runs.count_runs(connection, state="queued")
        for _ in range(waiting):
            self.wake()

    def stop(self) -> None:
        """Stop working: runs that go on are interrupted and fail, queued ones stay queued for the next start.

        All threads have ended when this returns.
        """
        with self._changed:
            self._is_stopping = True
            threads, interruptions = list(self._threads), list(self._interruptions.values())
            self._changed.notify_all()
        for interruption in interruptions:
            interruption.interrupt()
        for thread in threads:
            thread.join()
        with self._changed:
            self._threads.clear()
            self._is_started = False

    def wake(self) -> None:
        """Say that one more run is queued; call it after the commit."""
        with self._changed:
            if not self._is_started or self._is_stopping:
                return  # the next start looks for itself
            self._calls += 1
            if self._calls > self._idle and len(self._threads) < self._workers:
                name = f"{THREAD_NAME}-{len(self._threads) + 1}"
                thread = threading.Thread(target=self._work, name=name)
                self._threads.append(thread)
                thread.start()
            self._changed.notify()

    def interrupt(self, run_id: int) -> None:
        """Interrupt a run that goes on here; call it after its cancelling is committed."""
        with self._changed:
            interruption = self._interruptions.get(run_id)
        if interruption is not None:
            interruption.interrupt()

    def _work(self) -> None:
        """Take runs until the queue stops: the life of a worker thread."""
        while self._is_called():
            try:
                with self._state.begin() as connection:
                    run = lifecycle.claim_next(connection, self._clock.time())
                if run is not None:
                    self._perform(run)
            except Exception:  # a worker outlives whatever the database does
                _LOGGER.exception("A worker of the local platform could not take or end a run")

    def _is_called(self) -> bool:
        """Wait for a run to be queued; False means that the queue stops."""
        with self._changed:
            self._idle += 1
            try:
                self._changed.wait_for(lambda: self._calls > 0 or self._is_stopping)
            finally:
                self._idle -= 1
            if self._is_stopping:
                return False
            self._calls -= 1
            return True

    def _perform(self, run: Run) -> None:
        """Do a run's work and store how it ended."""
        interruption = Interruption()
        with self._changed:
            self._interruptions[run.id] = interruption
            is_stopping = self._is_stopping
        try:
            step = transitions.stop if is_stopping else self._outcome(run, interruption)
            self._finish(run, step)
        finally:
            with self._changed:
                del self._interruptions[run.id]

    def _outcome(self, run: Run, interruption: Interruption) -> Step:
        """Do a run's work; give the step that its end is."""
        try:
            context = self._context(run, interruption)
            work = executor_of(context.job.kind)
            if work is None:
                raise JobFailed(f"The local platform cannot run jobs of the kind {context.job.kind!r}.")
            context.check()
            work(context)
        except (Interrupted, PlatformError):  # the latter: the platform is being stopped, and tells so
            return transitions.stop
        except (JobFailed, WarehouseError) as error:
            return partial(transitions.fail, error=str(error))
        except Exception as error:
            if interruption.is_interrupted:
                return transitions.stop
            _LOGGER.exception("Run %s of job %s ended with an unexpected error", run.id, run.job_id)
            return partial(transitions.fail, error=f"Unexpected error: {type(error).__name__}: {error}")
        return transitions.succeed

    def _context(self, run: Run, interruption: Interruption) -> RunContext:
        """Read what the executor is given.

        The run is read again: a request to cancel that came before the interruption was known is seen here.
        """
        with self._state.read() as connection:
            run = runs.fetch_run(connection, run.job_id, run.id)
            job = objects.fetch(connection, None, run.job_id)
            user = username_of(connection, run.document.get("run_by_id") or job.author_id)
        if run.is_cancel_requested:
            interruption.interrupt()
        return RunContext(self._platform, job, run, user, interruption)

    def _finish(self, run: Run, step: Step) -> None:
        """Store how a run ended, its error in its log as well."""
        now = self._clock.time()
        with self._state.begin() as connection:
            current = runs.fetch_run(connection, run.job_id, run.id)
            ended = lifecycle.apply(connection, current, step, now)
            if ended.error:
                runs.add_log(connection, run.id, ended.error, now, "error")
            elif ended.state == "cancelled":
                runs.add_log(connection, run.id, "The run was cancelled.", now)
            elif ended.state == "succeeded":
                trigger_children(self._platform, connection, run.job_id, ended)
