"""The queue: worker threads that take queued runs from the state and hand them to their executors.

The state is the queue; the threads hold nothing that a crash could lose. Which run is next is for `board` to
know, how a run's states follow each other for `transitions`, what a run does for its executor.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy.engine import Connection

from civis.local.jobs import lifecycle, transitions
from civis.local.jobs.announcements import announce
from civis.local.jobs.board import Board, Entry, Needs
from civis.local.jobs.endings import tell_of_end
from civis.local.jobs.executors import JobFailed, RunContext, executor_of
from civis.local.jobs.lifecycle import Step
from civis.local.jobs.openings import opening_of
from civis.local.jobs.run_keys import revoke_key
from civis.local.jobs.submission import entry_of, running, trigger_children
from civis.local.jobs.usage import machine_cpu, machine_memory_mb
from civis.local.jobs.warm import WarmWorkers
from civis.local.settings import PlatformError
from civis.local.state import ObjectNotFound, Run, SharedWrites, State, after_commit, objects, runs
from civis.local.state.people import username_of
from civis.local.warehouse import Interrupted, Interruption, WarehouseError

if TYPE_CHECKING:
    from civis._clock import Clock
    from civis.local.notify import Notifier
    from civis.local.platform import Platform

WORKERS = 16
"""How many runs go on at once where nobody says otherwise."""

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
        How many runs go on at once, not counting those that wait for runs they have queued themselves.
        Threads are started only when a run has nobody to take it.
    room : Needs, optional
        What programs may take of the machine together; by default all there is.
    run_seconds : float, optional
        How long a run may take; by default as long as it likes.
    """

    _state: State
    _writes: SharedWrites
    _clock: Clock
    _notifier: Notifier | None

    def __init__(
        self,
        platform: Platform,
        *,
        workers: int = WORKERS,
        room: Needs | None = None,
        run_seconds: float | None = None,
    ) -> None:
        if workers < 1:
            raise ValueError(f"A queue needs at least one worker, not {workers}.")
        if run_seconds is not None and run_seconds <= 0:
            raise ValueError(f"A run needs more time than {run_seconds} seconds.")
        self._platform = platform
        self._workers, self._run_seconds = workers, run_seconds
        self._room = room or Needs(machine_cpu(), machine_memory_mb())
        self._changed = threading.Condition()
        self._is_started = False
        self._stopping = threading.Event()
        self._board = Board(workers, self._room)
        self._taken: deque[Entry] = deque()  # runs that have a place and no thread yet
        self._idle = 0  # threads that do nothing, or are about to take a run
        self._threads: list[threading.Thread] = []
        self._interruptions: dict[int, Interruption] = {}
        self._run_of_key: dict[int, int] = {}
        self._warm = WarmWorkers()

    def __repr__(self) -> str:
        return f"Queue({self._board.running} of {self._workers} workers, {len(self._board)} runs waiting)"

    def start(self) -> None:
        """Begin to work: end what a crash left running, then take what is queued. Again: does nothing."""
        # Kept for the end of the runs, when the platform may already tell nobody about its parts.
        self._state, self._clock = self._platform.state, self._platform.clock
        self._writes = SharedWrites(self._state)
        self._notifier = getattr(self._platform, "notifier", None)
        with self._changed:
            if self._is_started:
                return
            self._board = Board(self._workers, self._room)
            self._stopping = threading.Event()
        with self._state.begin() as connection:
            now = self._clock.time()
            for run in lifecycle.recover(connection, now):
                revoke_key(connection, run, now)
                runs.add_log(connection, run.id, transitions.LOST, now, "error")
                tell_of_end(self._platform, connection, run)
            waiting = runs.select_runs(connection, state="queued", descending=False)
            entries = [entry_of(connection, run) for run in waiting]
        with self._changed:
            self._is_started = True
            for entry in entries:
                self._board.add(entry)
            self._fill()

    def stop(self) -> None:
        """Stop working: runs that go on are interrupted and fail, queued ones stay queued for the next start.

        All threads have ended when this returns.
        """
        with self._changed:
            self._stopping.set()
            self._taken.clear()  # they are queued still, for the next start
            threads, interruptions = list(self._threads), list(self._interruptions.values())
            self._changed.notify_all()
        for interruption in interruptions:
            interruption.interrupt()
        for thread in threads:
            thread.join()
        self._warm.close()
        with self._changed:
            self._threads.clear()
            self._idle = 0
            self._is_started = False

    def add(self, entry: Entry) -> None:
        """Let a run that is queued wait for its start; call it after the commit."""
        with self._changed:
            if self._is_started and not self._stopping.is_set():  # else the next start looks for itself
                self._board.add(entry)
                self._fill()

    def discard(self, run_id: int) -> None:
        """Forget a queued run; call it after its cancelling is committed."""
        with self._changed:
            self._board.discard(run_id)
            self._fill()

    def interrupt(self, run_id: int) -> None:
        """Interrupt a run that goes on here; call it after its cancelling is committed."""
        with self._changed:
            interruption = self._interruptions.get(run_id)
        if interruption is not None:
            interruption.interrupt()

    def note_key(self, key_id: int, run_id: int) -> None:
        """Remember that a run has an API key of its own; until the run's end."""
        with self._changed:
            self._run_of_key[key_id] = run_id

    def run_of_key(self, key_id: int | None) -> int | None:
        """Give the run to which an API key was given, or None."""
        with self._changed:
            return None if key_id is None else self._run_of_key.get(key_id)

    def _fill(self) -> None:
        """Give the runs that can start to threads; the lock is held."""
        if self._stopping.is_set():
            return
        while (entry := self._board.take()) is not None:
            self._taken.append(entry)
            if len(self._taken) > self._idle:
                name = f"{THREAD_NAME}-{len(self._threads) + 1}"
                thread = threading.Thread(target=self._work, name=name)
                self._threads.append(thread)
                self._idle += 1
                thread.start()
            else:
                self._changed.notify()

    def _work(self) -> None:
        """Take runs until the queue stops: the life of a worker thread."""
        while (entry := self._next()) is not None:
            try:
                context = self._claim(entry)
                if context is not None:
                    self._perform(context)
            except Exception:  # a worker outlives whatever the database does
                _LOGGER.exception("A worker of the local platform could not take or end a run")
            finally:
                with self._changed:
                    self._board.end(entry.run_id)
                    self._idle += 1  # before the next run is given out: it is for this thread
                    self._fill()

    def _next(self) -> Entry | None:
        """Wait for a run to be given; None means that the queue stops."""
        with self._changed:
            self._changed.wait_for(lambda: self._taken or self._stopping.is_set())
            if self._stopping.is_set():
                return None
            self._idle -= 1
            return self._taken.popleft()

    def _claim(self, entry: Entry) -> RunContext | None:
        """Start a run, unless it was cancelled meanwhile, and read what its executor is given.

        The run can be interrupted before its start is committed: no request to cancel it can slip in between.
        """

        def claim(connection: Connection) -> RunContext | None:
            run = lifecycle.claim(connection, entry.job_id, entry.run_id, self._clock.time())
            return None if run is None else self._context(connection, run)

        try:
            return self._writes.write(claim, is_lasting=False)  # the end of the run is what lasts
        except BaseException:
            self._forget(entry.run_id)
            raise

    def _context(self, connection: Connection, run: Run) -> RunContext | None:
        """Read what the executor is given; None if the run's job is no more, which ends the run."""
        try:
            job = objects.fetch(connection, None, run.job_id)
        except ObjectNotFound as error:
            self._end(connection, run, partial(transitions.fail, error=str(error)))
            return None
        announce(self._notifier, run, partial(after_commit, connection))
        opening = opening_of(job.kind)
        if opening is not None:
            runs.add_log(connection, run.id, opening, self._clock.time())
        user = username_of(connection, run.document.get("run_by_id") or job.author_id)
        context = RunContext(self._platform, job, run, user, stopping=self._stopping, warm=self._warm)
        with self._changed:
            self._interruptions[run.id] = context.interruption
        return context

    def _forget(self, run_id: int) -> None:
        """Let go of a run that is over."""
        with self._changed:
            self._interruptions.pop(run_id, None)
            for key_id in [key_id for key_id, its_run in self._run_of_key.items() if its_run == run_id]:
                del self._run_of_key[key_id]

    def _perform(self, context: RunContext) -> None:
        """Do a run's work and store how it ended."""
        try:
            step = transitions.stop if self._stopping.is_set() else self._timed_outcome(context)
            try:
                self._finish(context, step)
            except Exception as error:  # the end has to be stored all the same, or it would run for ever
                _LOGGER.exception("The end of run %s could not be stored as it was", context.run.id)
                text = f"The run's end could not be stored: {type(error).__name__}: {error}"
                self._finish(context, partial(transitions.fail, error=text))
        finally:
            self._forget(context.run.id)

    def _timed_outcome(self, context: RunContext) -> Step:
        """Do a run's work in the time it may take; give the step that its end is."""
        if self._run_seconds is None:
            return self._outcome(context)
        overdue = threading.Event()

        def end() -> None:
            overdue.set()
            context.interruption.interrupt()

        timer = threading.Timer(self._run_seconds, end)
        timer.name = f"{THREAD_NAME}-limit"
        timer.start()
        try:
            step = self._outcome(context)
        finally:
            timer.cancel()
            timer.join()
        if overdue.is_set() and step is transitions.stop:
            text = f"The run took longer than the {self._run_seconds:g} seconds that a run may take."
            return partial(transitions.overrun, error=text)
        return step

    def _outcome(self, context: RunContext) -> Step:
        """Do a run's work; give the step that its end is."""
        run = context.run
        try:
            work = executor_of(context.job.kind)
            if work is None:
                raise JobFailed(f"The local platform cannot run jobs of the kind {context.job.kind!r}.")
            context.check()
            with running(run.id):
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

        def end(connection: Connection) -> None:
            run = runs.fetch_run(connection, context.run.job_id, context.run.id)
            if context.notes:
                run = runs.update_run(connection, run.id, document=context.notes)
            ended = self._end(connection, run, step)
            for write in context.at_every_end:
                write(connection)
            if ended.state == "succeeded":
                for write in context.at_end:
                    write(connection)
                trigger_children(self._platform, connection, run.job_id, ended)

        self._writes.write(end)

    def _end(self, connection: Connection, run: Run, step: Step) -> Run:
        """Let a run take its last step, its error in its log as well."""
        now = self._clock.time()
        ended = lifecycle.apply(connection, run, step, now)
        if ended.error:
            runs.add_log(connection, run.id, ended.error, now, "error")
        elif ended.state == "cancelled":
            runs.add_log(connection, run.id, "The run was cancelled.", now)
        announce(self._notifier, ended, partial(after_commit, connection))
        tell_of_end(self._platform, connection, ended)
        return ended
