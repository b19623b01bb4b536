"""The queue: worker threads that take queued runs from the state and hand them to their executors.

The state is the queue; the threads hold nothing that a crash could lose. How a run's states follow each other
is for `transitions` to know, what a run does for its executor.
"""

from __future__ import annotations

import logging
import threading
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy.engine import Connection

from civis.local.jobs import lifecycle, transitions
from civis.local.jobs.announcements import announce
from civis.local.jobs.executors import JobFailed, RunContext, executor_of
from civis.local.jobs.lifecycle import Step
from civis.local.jobs.submission import trigger_children
from civis.local.settings import PlatformError
from civis.local.state import ObjectNotFound, Run, State, after_commit, objects, runs
from civis.local.state.people import username_of
from civis.local.warehouse import Interrupted, Interruption, WarehouseError

if TYPE_CHECKING:
    from civis._clock import Clock
    from civis.local.notify import Notifier
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
    _notifier: Notifier | None

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
        self._notifier = getattr(self._platform, "notifier", None)
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
                context = self._claim()
                if context is not None:
                    self._perform(context)
            except Exception:  # a worker outlives whatever the database does
                _LOGGER.exception("A worker of the local platform could not take or end a run")

    def _claim(self) -> RunContext | None:
        """Start the run that waits longest, if one does, and read what its executor is given.

        The run can be interrupted before its start is committed: no request to cancel it can slip in between.
        """
        run: Run | None = None
        try:
            with self._state.begin(is_lasting=False) as connection:  # the end of the run is what lasts
                run = lifecycle.claim_next(connection, self._clock.time())
                return None if run is None else self._context(connection, run)
        except BaseException:
            if run is not None:
                self._forget(run)
            raise

    def _context(self, connection: Connection, run: Run) -> RunContext | None:
        """Read what the executor is given; None if the run's job is no more, which ends the run."""
        try:
            job = objects.fetch(connection, None, run.job_id)
        except ObjectNotFound as error:
            self._end(connection, run, partial(transitions.fail, error=str(error)))
            return None
        announce(self._notifier, run, partial(after_commit, connection))
        user = username_of(connection, run.document.get("run_by_id") or job.author_id)
        context = RunContext(self._platform, job, run, user)
        with self._changed:
            self._interruptions[run.id] = context.interruption
        return context

    def _forget(self, run: Run) -> None:
        """Let go of a run that is over."""
        with self._changed:
            self._interruptions.pop(run.id, None)

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

    def _perform(self, context: RunContext) -> None:
        """Do a run's work and store how it ended."""
        with self._changed:
            is_stopping = self._is_stopping
        try:
            step = transitions.stop if is_stopping else self._outcome(context)
            try:
                self._finish(context, step)
            except Exception as error:  # the end has to be stored all the same, or it would run for ever
                _LOGGER.exception("The end of run %s could not be stored as it was", context.run.id)
                text = f"The run's end could not be stored: {type(error).__name__}: {error}"
                self._finish(context, partial(transitions.fail, error=text))
        finally:
            self._forget(context.run)

    def _outcome(self, context: RunContext) -> Step:
        """Do a run's work; give the step that its end is."""
        run = context.run
        try:
            work = executor_of(context.job.kind)
            if work is None:
                raise JobFailed(f"The local platform cannot run jobs of the kind {context.job.kind!r}.")
            context.check()
            work(context)
        except (Interrupted, PlatformError):  # the latter: the platform is being stopped, and tells so
            return transitions.stop
        except (JobFailed, WarehouseError) as error:
            return partial(transitions.fail, error=str(error))
        except BaseException as error:  # even SystemExit: it is the run's end, not the worker's
            if context.interruption.is_interrupted:
                return transitions.stop
            _LOGGER.exception("Run %s of job %s ended with an unexpected error", run.id, run.job_id)
            return partial(transitions.fail, error=f"Unexpected error: {type(error).__name__}: {error}")
        return transitions.succeed

    def _finish(self, context: RunContext, step: Step) -> None:
        """Store how a run ended, and what its executor left for its end."""
        with self._state.begin() as connection:
            run = runs.fetch_run(connection, context.run.job_id, context.run.id)
            ended = self._end(connection, run, step)
            if ended.state == "succeeded":
                for write in context.at_end:
                    write(connection)
                trigger_children(self._platform, connection, run.job_id, ended)

    def _end(self, connection: Connection, run: Run, step: Step) -> Run:
        """Let a run take its last step, its error in its log as well."""
        now = self._clock.time()
        ended = lifecycle.apply(connection, run, step, now)
        if ended.error:
            runs.add_log(connection, run.id, ended.error, now, "error")
        elif ended.state == "cancelled":
            runs.add_log(connection, run.id, "The run was cancelled.", now)
        announce(self._notifier, ended, partial(after_commit, connection))
        return ended
