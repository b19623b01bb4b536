"""Following the log of a run while it is written.

The platform says in two headers how far a log goes (`civis-max-id`) and whether more may come
(`civis-cache-control: no-store`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from civis._clock import SYSTEM_CLOCK, Clock
from civis._default_client import make_client
from civis._errors import CivisConnectionError
from civis._states import is_done

if TYPE_CHECKING:
    from civis.client import APIClient

#: Seconds between questions: the first, the growth while nothing comes, and the longest.
FIRST_DELAY = 0.5
GROWTH = 1.5
LONGEST_DELAY = 5.0
#: How long the platform may go on saying that more may come after the end of a run, in seconds.
LONGEST_TAIL = 60.0
#: How long the platform may be out of reach before following ends with the error, in seconds; the log is
#: then read on from where it was.
LONGEST_SILENCE = 300.0


def job_logs(
    job_id: int,
    run_id: int | None = None,
    finished_timeout: float | None = None,
    client: APIClient | None = None,
) -> Iterator[Any]:
    """Follow the log of a run: what is there, then what comes, until the run has ended.

    Parameters
    ----------
    job_id : int
        The ID of the job.
    run_id : int, optional
        The ID of the run. By default the job's last one.
    finished_timeout : int or float, optional
        How many seconds after the run's end to wait for more lines. By default until the platform says that
        the log is complete, one minute at most.
    client : civis.APIClient, optional
        By default one made from the environment.

    Yields
    ------
    civis.Response
        An entry, with `id`, `created_at`, `message` and `level`; in the order of their IDs, none twice.

    Raises
    ------
    ValueError
        When the job has never run, or `finished_timeout` is below 0.
    civis.base.CivisConnectionError
        When the platform is out of reach for five minutes; a shorter break is waited out, and nothing is lost
        or told twice by it.

    Examples
    --------
    >>> import civis
    >>> for entry in civis.utils.job_logs(3000):  # doctest: +SKIP
    ...     print(entry.message)
    """
    if finished_timeout is not None and finished_timeout < 0:
        raise ValueError(f"finished_timeout must be 0 or more seconds, not {finished_timeout!r}")
    client = client or make_client()
    if run_id is None:
        runs = list(client.jobs.list_runs(job_id, limit=1, order="id", order_dir="desc"))
        if not runs:
            raise ValueError(
                f"job {job_id} has never run, so it has no log; start it with civis.utils.run_job"
            )
        run_id = int(runs[0].id)
    return follow_log(client, job_id, run_id, finished_timeout, SYSTEM_CLOCK)


def follow_log(
    client: APIClient, job_id: int, run_id: int, finished_timeout: float | None, clock: Clock
) -> Iterator[Any]:
    """Give the entries of a run's log, as they come, until it is complete."""
    last_id = 0
    delay = FIRST_DELAY
    finished_at: float | None = None
    answered_at = clock.monotonic()
    while True:
        try:
            # Asked before the log: what a run wrote before its end is then in the answer that follows.
            if finished_at is None and is_done(client.jobs.get_runs(job_id, run_id).state):
                finished_at = clock.monotonic()
            page = read_page(client, job_id, run_id, last_id)
        except CivisConnectionError:
            if clock.monotonic() - answered_at >= LONGEST_SILENCE:
                raise
            clock.sleep(delay)
            delay = min(LONGEST_DELAY, delay * GROWTH)
            continue
        answered_at = clock.monotonic()
        yield from page.entries
        last_id = page.last_id
        if page.entries:
            delay = FIRST_DELAY
            if page.is_behind:
                continue
        if finished_at is not None:
            tail = LONGEST_TAIL if finished_timeout is None else finished_timeout
            left = finished_at + tail - clock.monotonic()
            if page.is_complete or left <= 0:
                return
            delay = min(delay, left)
        clock.sleep(delay)
        delay = min(LONGEST_DELAY, delay * GROWTH)


@dataclass(frozen=True)
class LogPage:
    """One answer about a log."""

    entries: list[Any]
    #: The ID of the last entry that was seen.
    last_id: int
    #: Whether the platform has entries already that were not in the answer.
    is_behind: bool
    #: Whether the platform says that nothing more will come.
    is_complete: bool


def read_page(client: APIClient, job_id: int, run_id: int, after_id: int) -> LogPage:
    """Ask for the entries after one."""
    answer = client.jobs.list_runs_logs(job_id, run_id, last_id=after_id)
    entries = sorted((entry for entry in answer if entry.id > after_id), key=lambda entry: int(entry.id))
    last_id = int(entries[-1].id) if entries else after_id
    headers = {str(name).lower(): value for name, value in (getattr(answer, "headers", None) or {}).items()}
    max_id = headers.get("civis-max-id")
    is_behind = str(max_id).isdigit() and int(str(max_id)) > last_id
    cache_control = headers.get("civis-cache-control")
    is_complete = not is_behind and (cache_control is None or "no-store" not in str(cache_control))
    return LogPage(entries, last_id, is_behind, is_complete)
