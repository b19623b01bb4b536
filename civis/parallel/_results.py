"""What came of a container: the result of each of its calls, or why there is none.

Only the file that has the name asked for and the seal asked for is unpickled; nothing else that a run puts
out is touched.
"""

from __future__ import annotations

import logging
import pickle
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from civis._errors import CivisConnectionError, CivisJobFailure, CivisServerError, EmptyResultError
from civis.futures import CivisFuture
from civis.io import file_id_from_run_output
from civis.parallel import _files
from civis.parallel._envelope import BrokenEnvelope, open_sealed
from civis.parallel._environment import difference_table
from civis.parallel._errors import EnvironmentMismatchError, RemoteCallError, RemoteTraceback
from civis.utils import job_logs

if TYPE_CHECKING:
    from civis.client import APIClient
    from civis.parallel._submission import Submission

__all__ = ["Outcome", "Outcomes", "read_outcomes"]

logger = logging.getLogger(__name__)

#: How many of a log's last lines an error shows.
_LOG_TAIL = 10
#: How often a result is asked for, and seconds between the first two times; they double.
_ATTEMPTS, _DELAY = 5, 0.1

T = TypeVar("T")


@dataclass(frozen=True)
class Outcome:
    """What came of one call: results, or an exception; and how many seconds it took.

    `may_run_again` says whether another run could end otherwise.
    """

    results: list[Any] | None = None
    error: BaseException | None = None
    seconds: float | None = None
    may_run_again: bool = True


@dataclass(frozen=True)
class Outcomes:
    """What came of a container.

    Parameters
    ----------
    calls : list of Outcome
        One for each call.
    is_lost : bool
        Whether the container left no result.
    file_ids : list of int
        Temporary files that nobody needs any more.
    """

    calls: list[Outcome]
    is_lost: bool = False
    file_ids: list[int] = field(default_factory=list)


def read_outcomes(client: APIClient, submission: Submission) -> Outcomes:
    """Give what came of a run that has ended; never raises, because the callers wait for what it gives."""
    future = submission.future
    assert future is not None
    try:
        file_id, content = _fetch(client, submission, future)
        header, sections = open_sealed(submission.key, content)
    except FileNotFoundError:
        return _lost(submission, _no_result(client, future))
    except (EmptyResultError, BrokenEnvelope) as error:
        text = f"the result {submission.result_name!r} of the run cannot be used: {error}"
        return _lost(submission, _failure(client, future, text))
    except Exception as error:
        failure = _failure(
            client, future, f"the result could not be fetched: {type(error).__name__}: {error}"
        )
        failure.__cause__ = error
        return _lost(submission, failure)
    files = [file_id] if submission.file_id is None else [file_id, submission.file_id]
    if header.get("differences"):
        return Outcomes([_refused(future, header["differences"])] * len(submission.calls), file_ids=files)
    told = header["calls"]
    return Outcomes([_outcome(future, *each) for each in zip(told, sections, strict=True)], file_ids=files)


def _fetch(client: APIClient, submission: Submission, future: CivisFuture) -> tuple[int, bytes]:
    """Give the file with the result, and its content."""
    assert future.job_id is not None
    assert future.run_id is not None
    job_id, run_id = future.job_id, future.run_id
    file_id = _persistently(
        lambda: file_id_from_run_output(submission.result_name, job_id, run_id, client=client)
    )
    return file_id, _persistently(lambda: _files.load(client, file_id))


def _persistently(ask: Callable[[], T]) -> T:
    """Ask again where the platform or the line failed: a result that was computed is worth that."""
    for attempt in range(_ATTEMPTS - 1):
        try:
            return ask()
        except (CivisConnectionError, CivisServerError):
            logger.debug("a result could not be fetched", exc_info=True)
            time.sleep(_DELAY * 2**attempt)
    return ask()


def _outcome(future: CivisFuture, told: dict[str, Any], section: bytes) -> Outcome:
    """Give what came of one call."""
    seconds = float(told["seconds"])
    where = f"in job {future.job_id} / run {future.run_id}"
    if told["state"] == "raised":
        return Outcome(error=_remote_exception(future, told, section, where), seconds=seconds)
    try:
        return Outcome(pickle.loads(section), seconds=seconds)  # noqa: S301 - sealed by our own container
    except Exception as error:
        text = (
            f"the result cannot be unpickled here ({type(error).__name__}: {error}); "
            "what it is made of has to be installed here too"
        )
        failure = RemoteCallError(text, None, future.job_id, future.run_id)
        failure.__cause__ = error
        return Outcome(error=failure, seconds=seconds, may_run_again=False)


def _remote_exception(future: CivisFuture, told: dict[str, Any], section: bytes, where: str) -> BaseException:
    """Give the exception of a call: itself where that is possible, and always with its traceback."""
    try:
        error = pickle.loads(section) if section else None  # noqa: S301 - sealed by our own container
    except Exception:
        logger.debug("the exception of a call cannot be unpickled", exc_info=True)
        error = None
    if isinstance(error, Exception):
        error.__cause__ = RemoteTraceback(f"{told['traceback'].rstrip()}\n({where})")
        return error
    text = f"the call ended with {told['type']}: {told['message']}\n{told['traceback'].rstrip()}"
    return RemoteCallError(text, None, future.job_id, future.run_id)


def _refused(future: CivisFuture, told: Sequence[Sequence[str]]) -> Outcome:
    """Give the refusal of a container that has other versions."""
    differences = [(name, here, there) for name, here, there in told]
    text = (
        "the container cannot run what was pickled here, and nothing was run:\n"
        f"{difference_table(differences)}\n"
        "Choose an image (docker_image_name=, docker_image_tag=) or setup_cmd= that has these versions, "
        "install the image's versions here, or have local modules pickled with their code "
        "(cloudpickle.register_pickle_by_value)."
    )
    error = EnvironmentMismatchError(text, None, future.job_id, future.run_id, differences)
    return Outcome(error=error, may_run_again=False)


def _lost(submission: Submission, error: BaseException) -> Outcomes:
    """Give the same failure for each call."""
    return Outcomes([Outcome(error=error) for _ in submission.calls], is_lost=True)


def _no_result(client: APIClient, future: CivisFuture) -> BaseException:
    """Give the failure of a run without a result: how it ended."""
    if future.cancelled():
        return _failure(client, future, "the run was cancelled on the platform, and left no result")
    error = future.exception()
    if error is None:
        return _failure(
            client,
            future,
            "the run succeeded, but left no result; did its container run civis_joblib_worker?",
        )
    if isinstance(error, MemoryError):
        return error
    said = getattr(error, "original_err_msg", None) or f"{type(error).__name__}: {error}"
    failure = _failure(client, future, f"the container ended without a result: {said}")
    failure.__cause__ = error
    return failure


def _failure(client: APIClient, future: CivisFuture, text: str) -> CivisJobFailure:
    """Give a failure with the end of the run's log."""
    tail = _log_tail(client, future)
    if tail:
        text += "\nThe end of its log:\n" + "\n".join(f"  {line}" for line in tail)
    return CivisJobFailure(text, None, future.job_id, future.run_id)


def _log_tail(client: APIClient, future: CivisFuture) -> list[str]:
    """Give the last lines of a run's log; none where they cannot be read."""
    try:
        assert future.job_id is not None
        entries = job_logs(future.job_id, future.run_id, finished_timeout=1, client=client)
        return [str(entry.message).rstrip() for entry in deque(entries, _LOG_TAIL)]
    except Exception:
        logger.debug("the log of run %s cannot be read", future.run_id, exc_info=True)
        return []
