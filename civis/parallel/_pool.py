"""Containers that work a queue of calls off: at most so many at once, several small calls in each.

A few threads start containers and fetch results; that a run has ended they learn from its future. No lock is
held while anything is sent or while whoever waits is told.
"""

from __future__ import annotations

import concurrent.futures
import logging
import threading
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from civis.futures import CivisFuture
from civis.parallel import _files
from civis.parallel._calls import Call, function_name
from civis.parallel._costs import Costs
from civis.parallel._limits import WorkerLimit
from civis.parallel._pickling import Item, pickle_calls
from civis.parallel._results import Outcome, Outcomes, read_outcomes
from civis.parallel._shared import SharedInputs
from civis.parallel._submission import Submission, Ways

if TYPE_CHECKING:
    from civis.client import APIClient

__all__ = ["SHARED_SIZE", "Pool"]

logger = logging.getLogger(__name__)

#: From how many bytes on an input is uploaded as a file of its own, which other calls then use too.
SHARED_SIZE = 2**20
#: Bytes of calls that travel together at most.
_MOST_BYTES = 64 * 2**20
#: Threads that start containers and fetch results, at most; each spends its time waiting for the platform.
_MOST_THREADS = 16
#: Seconds to wait for the platform to confirm that runs are cancelled.
_CANCEL_PATIENCE = 5.0


class Pool:
    """Runs calls in containers.

    Parameters
    ----------
    client : civis.APIClient
    ways : Ways
        How containers are started.
    most : int
        How many there may be at once.
    costs : Costs
        What is known of the calls' costs.
    limit : WorkerLimit
        How many containers there may be at once with those of other pools.
    shared_size : int or None
        From how many bytes on an input is shared; None shares none.
    """

    def __init__(
        self,
        client: APIClient,
        ways: Ways,
        most: int,
        costs: Costs,
        limit: WorkerLimit,
        shared_size: int | None = SHARED_SIZE,
    ) -> None:
        self._client, self._ways = client, ways
        self._most, self._costs, self._limit = most, costs, limit
        self._shared_size = shared_size
        self._shared = SharedInputs(lambda content: _files.save(client, content, "civis-parallel-input"))
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._queue: deque[Call] = deque()
        self._active: set[Submission] = set()
        self._threads = ThreadPoolExecutor(min(most, _MOST_THREADS), thread_name_prefix="civis-parallel")

    def submit(self, items: Sequence[Item], is_single: bool = False) -> Call:
        """Queue function calls that belong together; `is_single` where its one result is wanted bare.

        Raises
        ------
        RuntimeError
            When the pool is closed.
        """
        pickled = pickle_calls(items, self._shared.keep, self._shared_size)
        call = Call(pickled, len(items), function_name(items[0]), self._ways.max_job_retries, is_single)
        with self._lock:
            if self._closing.is_set():
                raise RuntimeError("cannot submit calls: the containers for them have been shut down")
            self._queue.append(call)
        self._pump()
        return call

    # Containers come and go

    def _pump(self) -> None:
        """Start containers for what is queued, as many as there may be."""
        while True:
            with self._lock:
                if self._closing.is_set() or not self._queue or len(self._active) >= self._most:
                    return
                if not self._limit.take(self._pump):
                    return
                calls = self._take_calls()
                submission = Submission(calls, self._ways)
                if calls:
                    self._active.add(submission)
                    self._threads.submit(self._start, submission)
            if not calls:
                self._limit.give_back()

    def _take_calls(self) -> list[Call]:
        """Take from the queue what one container is to run: a fair share, but no more than it is worth."""
        free = max(1, self._most - len(self._active))
        share = -(-len(self._queue) // free)
        seconds = size = 0.0
        taken: list[Call] = []
        while self._queue and len(taken) < share:
            call = self._queue[0]
            known = self._costs.seconds_of(call.function)
            seconds += call.count * (known or 0.0)
            size += len(call.pickled.content)
            is_alone = known is None or call.is_alone
            if taken and (is_alone or seconds > self._costs.worth() or size > _MOST_BYTES):
                break
            self._queue.popleft()
            # Those tried before are running already, and cannot be cancelled any more.
            if call.future.running() or call.future.set_running_or_notify_cancel():
                taken.append(call)
                if is_alone:
                    break
        return taken

    def _start(self, submission: Submission) -> None:
        """Start a container; have its result fetched when it has ended."""
        submission.began = time.monotonic()
        future: CivisFuture | None = None
        try:
            if not self._closing.is_set():
                future = submission.start(self._client, self._shared, self._closing.wait)
        except Exception as error:
            submission.cancel_stray(self._client)
            outcomes = [Outcome(error=error, may_run_again=False) for _ in submission.calls]
            self._finish(submission, Outcomes(outcomes))
            return
        if future is None:
            submission.cancel_stray(self._client)
            self._give_up(submission)
            return
        if self._closing.is_set():
            # It was too late to be among those that were cancelled.
            _request_cancel(future)
            concurrent.futures.wait([future], _CANCEL_PATIENCE)
        future.add_done_callback(lambda _: self._on_end(submission))

    def _on_end(self, submission: Submission) -> None:
        """Have the result of a container fetched: this thread polls for all futures of the process."""
        try:
            self._threads.submit(self._collect, submission)
        except RuntimeError:  # closed meanwhile
            self._give_up(submission)

    def _collect(self, submission: Submission) -> None:
        """Fetch what came of a container, unless nobody wants it any more."""
        if self._closing.is_set():
            self._give_up(submission)
            return
        outcomes = read_outcomes(self._client, submission)
        self._learn(submission, outcomes)
        self._finish(submission, outcomes)
        for file_id in outcomes.file_ids:
            _files.expire(self._client, file_id)

    def _learn(self, submission: Submission, outcomes: Outcomes) -> None:
        """Learn from a container what calls cost, and what it cost itself."""
        total = 0.0
        for call, outcome in zip(submission.calls, outcomes.calls, strict=True):
            if outcome.seconds is None:
                return
            total += outcome.seconds
            self._costs.note_call(call.function, outcome.seconds / call.count)
        self._costs.note_overhead(time.monotonic() - submission.began - total)

    def _finish(self, submission: Submission, outcomes: Outcomes) -> None:
        """Tell those who wait, queue again what may be tried again, and make room for the next container.

        Room is made last: what those who wait submit in turn is then queued together.
        """
        try:
            for call, outcome in zip(submission.calls, outcomes.calls, strict=True):
                if not self._try_again(call, outcome, outcomes.is_lost):
                    _settle(call, outcome)
        finally:
            self._make_room(submission)

    def _try_again(self, call: Call, outcome: Outcome, is_lost: bool) -> bool:
        """Queue a call that failed, if it may be tried again."""
        if outcome.error is None or not outcome.may_run_again or not call.retries_left:
            return False
        call.retries_left -= 1
        call.is_alone = is_lost
        with self._lock:
            if self._closing.is_set():
                return False
            self._queue.appendleft(call)
        return True

    def _make_room(self, submission: Submission) -> None:
        """Note that a container is gone."""
        with self._lock:
            if submission not in self._active:
                return
            self._active.discard(submission)
        self._limit.give_back()
        self._pump()

    def _give_up(self, submission: Submission) -> None:
        """End the calls of a container that nobody waits for any more."""
        for call in submission.calls:
            _settle(call, Outcome(error=concurrent.futures.CancelledError()))
        self._make_room(submission)

    # The end

    def cancel_all(self) -> None:
        """Cancel what is queued, and all containers on the platform; none is started afterwards.

        Waits for the platform to say that they are cancelled, a few seconds at most.
        """
        with self._lock:
            self._closing.set()
            queued = list(self._queue)
            self._queue.clear()
            futures = [each.future for each in self._active if each.future and not each.future.done()]
        for call in queued:
            if not call.future.cancel():
                _settle(call, Outcome(error=concurrent.futures.CancelledError()))
        asked = [self._threads.submit(_request_cancel, future) for future in futures]
        concurrent.futures.wait(asked)
        concurrent.futures.wait(futures, _CANCEL_PATIENCE)

    def close(self, is_cancelled: bool = True) -> None:
        """Take no more calls and end the threads; temporary files of large inputs are removed.

        Parameters
        ----------
        is_cancelled : bool
            Whether what is not done is cancelled; else the caller has seen to it that all is done.
        """
        if is_cancelled:
            self.cancel_all()
        with self._lock:
            self._closing.set()
        for file_id in self._shared.forget():
            self._threads.submit(_files.expire, self._client, file_id)
        # The last reference may be dropped by one of these threads, which cannot wait for itself.
        is_own = threading.current_thread() in self._threads._threads
        self._threads.shutdown(wait=not is_own)

    @property
    def is_idle(self) -> bool:
        """Whether nothing is queued and no container is about."""
        with self._lock:
            return not (self._queue or self._active)


def _settle(call: Call, outcome: Outcome) -> None:
    """Give a call its end, once."""
    if call.future.done():
        return
    if outcome.error is not None:
        call.future.set_exception(outcome.error)
    else:
        results = outcome.results or []
        call.future.set_result(results[0] if call.is_single else results)


def _request_cancel(future: CivisFuture) -> None:
    """Ask for a run to be cancelled, again where the platform failed."""
    for attempt in range(3):
        try:
            future.request_cancel()
            return
        except Exception:
            logger.debug("run %s could not be cancelled", future.run_id, exc_info=True)
            time.sleep(0.1 * 2**attempt)
    logger.warning("run %s of job %s could not be cancelled", future.run_id, future.job_id)
