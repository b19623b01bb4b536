"""A future for a run on the platform: which run it is, how it is cancelled, started again, carried elsewhere.

When to poll and what an answer means is decided elsewhere (`_policy`, `_pollable`); this file knows jobs.
"""

from __future__ import annotations

import concurrent.futures
import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from civis._default_client import make_client
from civis._deprecation import warn_deprecated
from civis._errors import CivisAPIError
from civis.futures._clients import client_of_poller
from civis.futures._failures import job_failure
from civis.futures._followed import FollowedRun, is_event_loop_running
from civis.futures._policy import poll_delay
from civis.futures._runs import last_run_id, read_outputs, request_cancel
from civis.futures._scheduler import current_scheduler

if TYPE_CHECKING:
    from civis.client import APIClient
    from civis.response import Response

logger = logging.getLogger(__name__)

FutureT = TypeVar("FutureT", bound="CivisFuture")

#: How long `cancel` waits for the platform to confirm, in seconds. A worker stops a run within that time as
#: a rule.
CANCEL_PATIENCE = 2.0
#: Statuses that refuse a cancel because there is nothing left to cancel.
NOTHING_TO_CANCEL = frozenset({404, 409, 422})


class CivisFuture(FollowedRun):
    """The result of a run on the platform, as a `concurrent.futures.Future`.

    Parameters
    ----------
    poller : callable
        A method of a client that returns an object with a `state`, such as ``client.scripts.get_sql_runs``.
    poller_args : sequence
        The arguments to call it with: the ID of a job and, where the method asks for one run, the run's ID.
    polling_interval : int or float, optional
        Seconds between polls. By default it grows from 1 to 15 seconds (see `PollableResult`).
    client : civis.APIClient, optional
        By default the client that `poller` belongs to, else one made from the environment when it is needed.
    poll_on_creation : bool, optional
        Poll soon after creation (the default). If False, the first poll comes one interval later.
    max_retries : int, optional
        How often a failed run is started again, as a new run, before the future fails. By default never.
    api_key : str, optional
        Older spelling of ``client=civis.APIClient(api_key)``.

    Raises
    ------
    ValueError
        When the polling interval is not greater than 0, or `max_retries` is below 0.

    Examples
    --------
    >>> import civis
    >>> client = civis.APIClient()  # doctest: +SKIP
    >>> run = client.scripts.post_sql_runs(3000)  # doctest: +SKIP
    >>> future = CivisFuture(client.scripts.get_sql_runs, (3000, run.id))  # doctest: +SKIP
    >>> future.result(timeout=600).state  # doctest: +SKIP
    'succeeded'
    """

    __slots__ = ("_cancel_poll_count", "_cancel_requested", "_must_send_cancel", "_retries_left")

    def __init__(
        self,
        poller: Callable[..., Any],
        poller_args: Sequence[Any],
        polling_interval: float | None = None,
        client: APIClient | None = None,
        poll_on_creation: bool = True,
        max_retries: int | None = None,
        *,
        api_key: str | None = None,
    ) -> None:
        if api_key is not None:
            warn_deprecated("CivisFuture(api_key=)", since="2.0", instead="client=", stacklevel=2)
            client = client or make_client(api_key)
        if (max_retries or 0) < 0:
            raise ValueError(f"max_retries must be 0 or more, not {max_retries!r}")
        self._retries_left = max_retries or 0
        self._cancel_requested = self._must_send_cancel = False
        self._cancel_poll_count = 0
        client = client or client_of_poller(poller)
        super().__init__(poller, poller_args, polling_interval, client, poll_on_creation)
        if self._retries_left:
            self._acts_when_done = True
            self._keep()

    @classmethod
    def attach(
        cls: type[FutureT],
        job_id: int,
        run_id: int,
        client: APIClient | None = None,
        polling_interval: float | None = None,
    ) -> FutureT:
        """Give a future for a run that was started elsewhere or earlier.

        Parameters
        ----------
        job_id, run_id : int
            The IDs of the job and of its run.
        client : civis.APIClient, optional
            By default one made from the environment.
        polling_interval : int or float, optional
            Seconds between polls. By default it grows from 1 to 15 seconds.

        Returns
        -------
        CivisFuture

        Examples
        --------
        >>> future = CivisFuture.attach(3000, 3001)  # doctest: +SKIP
        >>> future.result().state  # doctest: +SKIP
        'succeeded'
        """
        client = client or make_client()
        return cls(client.jobs.get_runs, (job_id, run_id), polling_interval, client)

    def outputs(self) -> list[Response]:
        """Wait for the run to succeed and return all its outputs, whatever their number.

        Returns
        -------
        list of civis.Response
            Each has `object_type`, `object_id`, `name`, `link` and `value`.

        Raises
        ------
        ValueError
            When the future is for no run of a job.
        civis.base.CivisJobFailure
            When the run failed.
        """
        self.result()
        run_id = self._find_run_id()
        if self._job_id is None or run_id is None:
            raise ValueError(f"{self._describe()} is no run of a job, so there are no outputs to list")
        return read_outputs(self.client, self._job_id, run_id)

    # Cancelling

    def result(
        self, timeout: float | None = None, *, progress: bool = False, cancel_on_interrupt: bool = False
    ) -> Any:
        """Wait for the run and return what the platform said last.

        Parameters
        ----------
        timeout : int or float, optional
            Seconds to wait at most. By default as long as it takes.
        progress : bool, optional
            Show state, elapsed time and the log's last line while waiting, where there is a terminal or a
            notebook to show them. By default nothing is shown.
        cancel_on_interrupt : bool, optional
            Cancel the run when Ctrl-C ends the waiting. By default it goes on.

        Returns
        -------
        civis.Response

        Raises
        ------
        civis.base.CivisJobFailure
            When the run failed.
        MemoryError
            When the run ran out of memory.
        concurrent.futures.CancelledError
            When the run was cancelled.
        TimeoutError
            When it is not known within `timeout`.
        """
        try:
            return super().result(timeout, progress=progress)
        except KeyboardInterrupt:
            if cancel_on_interrupt:
                self.cancel()
            raise

    def __enter__(self: FutureT) -> FutureT:
        """Cancel the run when the block that follows ends with an exception."""
        return self

    def __exit__(self, kind: type[BaseException] | None, *error: object) -> None:
        if kind is not None and not self.done():
            self.cancel()

    def cancel(self) -> bool:
        """Cancel the run on the platform, and wait a moment (2 seconds at most) for the platform to say so.

        The request is sent once; where an event loop runs in this thread, another one sends it. A run that is
        busy may take longer to stop: the future then goes on to follow what the platform says, and `result`
        raises `concurrent.futures.CancelledError` once it is cancelled.

        Returns
        -------
        bool
            Whether the run is cancelled. False when it had ended before, or has not stopped yet.

        Raises
        ------
        civis.base.CivisAPIError
            When the platform refuses the request, for instance for lack of permission.
        """
        if self.request_cancel() and not is_event_loop_running():
            concurrent.futures.wait([self], CANCEL_PATIENCE)
        return self.cancelled()

    def request_cancel(self) -> bool:
        """Ask the platform to cancel the run, once, without waiting.

        Returns
        -------
        bool
            Whether there is something to wait for: False when the future was done.
        """
        self._mark_seen()
        with self._condition:
            is_first = not (self._settling or self._cancel_requested)
            self._cancel_requested = self._cancel_requested or is_first
        if is_first and is_event_loop_running():
            self._must_send_cancel = True
            current_scheduler().watch(self, 0.0)
        elif is_first:
            self._send_cancel()
        return not self.done()

    def _send_cancel(self) -> None:
        """Send the cancel request, and poll at once afterwards."""
        run_id = self._find_run_id() if self._job_id is not None else None
        if self._job_id is None or run_id is None:
            self._settle_cancelled()
            return
        try:
            request_cancel(self.client, self._poller, self._job_id, run_id)
        except CivisAPIError as error:
            if error.status_code not in NOTHING_TO_CANCEL:
                self._cancel_requested = False
                raise
        except Exception:
            self._cancel_requested = False
            raise
        self._cancel_poll_count = 0
        current_scheduler().watch(self, 0.0)

    def _find_run_id(self) -> int | None:
        """Give the run's ID; where only a job is polled, that of its last run."""
        if self._run_id is not None or self._job_id is None:
            return self._run_id
        return last_run_id(self.client, self._job_id, self._last_response)

    # What a poll is, and leads to

    def _ask(self) -> float | None:
        """Ask once; before that, cancel the run where that was left to this thread."""
        if self._must_send_cancel:
            self._must_send_cancel = False
            try:
                self._send_cancel()
            except Exception:
                logger.warning("%s could not be cancelled", self._describe(), exc_info=True)
        return super()._ask()

    def _next_delay(self) -> float:
        """Seconds until the next poll: soon again after a cancel request."""
        delay = super()._next_delay()
        if not self._cancel_requested:
            return delay
        self._cancel_poll_count += 1
        return min(delay, poll_delay(self._cancel_poll_count - 1, None))

    def _on_failure(self, response: Any) -> float | None:
        """Start a failed run again where that was wished for."""
        if self._may_start_again():
            return self._start_again(response)
        return super()._on_failure(response)

    def _may_start_again(self) -> bool:
        """Whether a failed run is to be followed by a new one."""
        with self._condition:
            if self._cancel_requested or self._job_id is None or not self._retries_left:
                return False
            self._retries_left -= 1
            return True

    def _start_again(self, response: Any) -> float | None:
        """Start a new run of the job and follow that one; never twice for one failure."""
        assert self._job_id is not None
        try:
            run_id = self._post_run(self._job_id)
        except Exception as error:
            failure = job_failure(response, self._job_id, self._run_id, [])
            failure.__cause__ = error
            self._settle_failed(failure)
            return None
        self._forget()
        logger.info(
            "run %s of job %s failed; it was started again as run %s", self._run_id, self._job_id, run_id
        )
        with self._condition:
            self._run_id = run_id
            self._begin_run()
            if len(self._poller_args) > 1:
                self._poller_args = (self._poller_args[0], run_id, *self._poller_args[2:])
            was_cancelled = self._cancel_requested
        if was_cancelled:
            # The cancel request that came in the meantime was for the run that had failed.
            request_cancel(self.client, self._poller, self._job_id, run_id)
        return poll_delay(0, self._interval)

    def _post_run(self, job_id: int) -> int:
        """Start a new run of the job."""
        return int(self.client.jobs.post_runs(job_id).id)

    def _start_over_in_child(self) -> None:
        """Leave it to the parent to start a failed run again: two processes would start two runs."""
        self._retries_left = 0
        super()._start_over_in_child()

    # Appearance

    def __repr__(self) -> str:
        ids = f"job_id={self._job_id} run_id={self._run_id}"
        return f"<{type(self).__name__} at {id(self):#x} {ids} state={self.state}>"
