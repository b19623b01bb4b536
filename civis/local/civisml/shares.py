"""Sharing predictions among jobs: parts of a manifest, a job each, and what becomes of those that wait."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import CancelledError, ThreadPoolExecutor, TimeoutError
from types import TracebackType
from typing import Any

from civis._env import job_id
from civis.local.civisml.problems import ModelProblem
from civis.local.civisml.program import MODEL_INFO, Work

__all__ = ["Shares", "divided", "finish_shares", "start_shares"]

_MOST_JOBS = 4  # where nobody says how many
_LOOK_AGAIN = 2.0  # seconds


def divided(manifest: dict[str, Any], n_jobs: int | None) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Cut a manifest into parts of about the same number of files, in their order.

    Parameters
    ----------
    manifest : dict
    n_jobs : int, optional
        How many parts at most; by default 4.

    Returns
    -------
    tuple
        The first part and the others.

    Examples
    --------
    >>> first, others = divided({"entries": [{"id": 1}, {"id": 2}, {"id": 3}]}, 2)
    >>> [len(each["entries"]) for each in [first, *others]]
    [2, 1]
    """
    entries = list(manifest["entries"])
    count = max(1, min(n_jobs or _MOST_JOBS, len(entries)))
    size, more = divmod(len(entries), count)
    parts, start = [], 0
    for number in range(count):
        end = start + size + (number < more)
        parts.append({**manifest, "entries": entries[start:end], "is_part": True})
        start = end
    return parts[0], parts[1:]


class Shares:
    """Jobs that predict; when their parent fails, those that are not done are cancelled."""

    def __init__(self) -> None:
        self.jobs: list[tuple[Any, dict[str, Any]]] = []

    def __enter__(self) -> Shares:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            for future, _ in self.jobs:
                future.cancel()


def start_shares(work: Work, parts: list[dict[str, Any]]) -> Shares:
    """Start a job for each part, all at once: each begins late by what the others' requests take."""
    shares = Shares()
    if not parts:
        return shares
    own, hidden = int(job_id() or 0), not work.arguments.flag("DEBUG")

    def start(number: int, part: dict[str, Any]) -> Any:
        arguments = {
            "MANIFEST": work.access.upload_json(part, "manifest.json"),
            "N_JOBS": 1,
            **dict.fromkeys(("TABLE_NAME", "CIVIS_FILE_ID", "OUTPUT_TABLE", "DB", "OUTPUT_DB"), None),
        }
        return work.access.start_like(own, f"Predict, part {number} of {len(parts) + 1}", arguments, hidden)

    with ThreadPoolExecutor(min(_MOST_JOBS, len(parts))) as pool:
        tasks = [pool.submit(start, number, part) for number, part in enumerate(parts, start=2)]
    shares.jobs = [
        (task.result(), part) for task, part in zip(tasks, parts, strict=True) if not task.exception()
    ]
    with shares:  # what was started ends if something was not
        for task in tasks:
            task.result()
    for future, part in shares.jobs:
        work.tell(f"Started job {future.job_id} for {len(part['entries'])} files.")
    return shares


def finish_shares(
    work: Work, shares: Shares, predict: Callable[[dict[str, Any], str], dict[str, Any]]
) -> list[dict[str, Any]]:
    """Wait for jobs, and give the metadata of each.

    A job that did not even begin is cancelled, and its part is done here: jobs that all wait for others would
    otherwise wait for ever on a machine that has room for no more. So is that of a job somebody cancelled.

    Parameters
    ----------
    work : Work
    shares : Shares
    predict : callable
        Predicts a part in this process, into a file of a name; gives the metadata.

    Raises
    ------
    ModelProblem
        If a job failed; it says what that job said.
    """
    found: list[dict[str, Any]] = []
    for number, (future, part) in enumerate(shares.jobs, start=2):
        error = _error_of(future)
        if isinstance(error, CancelledError):
            work.tell(f"Job {future.job_id} was cancelled; its files are predicted here.")
            found.append(predict(part, f"predictions_{number}.csv"))
            continue
        outputs = work.access.run_outputs(future.job_id, future.run_id)
        info = work.access.read_json(outputs[MODEL_INFO]) if MODEL_INFO in outputs else {}
        if error is not None:
            said = info.get("run", {}).get("message") or str(error)
            raise ModelProblem(f"Job {future.job_id}, which predicted a part of the rows, failed: {said}")
        found.append(info)
    return found


def _error_of(future: Any) -> BaseException | None:
    """Wait for a job, which is cancelled once it is seen to be queued, and give its error.

    What is known of it may be nothing yet, or old; so it is looked at again and again.
    """
    while True:
        if future.state == "queued":
            future.cancel()
        try:
            error: BaseException | None = future.exception(_LOOK_AGAIN)
        except CancelledError as cancelled:
            return cancelled
        except TimeoutError:
            continue
        return error
