"""One container on its way: the file with its calls, its script, its run; with as many attempts as allowed.

Each attempt goes on where the one before it failed, so that nothing is uploaded or started twice.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from civis._errors import CivisAPIError
from civis.futures import CivisFuture
from civis.parallel import _files
from civis.parallel._calls import Call
from civis.parallel._envelope import pack
from civis.parallel._environment import describe
from civis.parallel._errors import JobSubmissionError
from civis.parallel._launching import Launcher, find_run, start_run
from civis.parallel._shared import SharedInputs

if TYPE_CHECKING:
    from civis.client import APIClient

__all__ = ["Submission", "Ways"]

logger = logging.getLogger(__name__)

#: The platform said no, and will again.
_FINAL_STATUSES = frozenset({400, 401, 403, 404, 405, 409, 410, 422})
#: Seconds before the second attempt; they double with each further one, up to the most.
_FIRST_DELAY, _MOST_DELAY = 0.1, 30.0


@dataclass(frozen=True)
class Ways:
    """How containers are started and what they are told; the same for all of a pool.

    Parameters
    ----------
    launcher : Launcher
    backend : object
        The joblib backend in the container: a name, or pickled bytes of a factory.
    max_submit_retries, max_job_retries : int
    polling_interval : float or None
    is_checked : bool
        Whether the container's versions have to be those of this program.
    """

    launcher: Launcher
    backend: str | bytes = "sequential"
    max_submit_retries: int = 0
    max_job_retries: int = 0
    polling_interval: float | None = None
    is_checked: bool = True


@dataclass(eq=False)
class Submission:
    """Calls that share a container.

    Attributes
    ----------
    token : str
        What the name of the result's file holds; nobody can guess it.
    key : bytes
        Seals the result.
    future : civis.futures.CivisFuture or None
        The run, once it is started.
    """

    calls: Sequence[Call]
    ways: Ways
    token: str = field(default_factory=lambda: secrets.token_hex(16))
    key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)
    file_id: int | None = None
    script_id: int | None = None
    future: CivisFuture | None = None
    began: float = 0.0

    @property
    def result_name(self) -> str:
        """The name of the file with the result."""
        return f"civis-parallel-result-{self.token}"

    def start(
        self, client: APIClient, shared: SharedInputs, pause: Callable[[float], bool]
    ) -> CivisFuture | None:
        """Start the container.

        Parameters
        ----------
        client : civis.APIClient
        shared : SharedInputs
        pause : callable
            Waits so many seconds, and tells whether to give up.

        Returns
        -------
        civis.futures.CivisFuture or None
            The run; None where it was given up.

        Raises
        ------
        JobSubmissionError
            When no attempt succeeded.
        """
        attempts = self.ways.max_submit_retries + 1
        for attempt in range(attempts):
            if attempt and pause(min(_MOST_DELAY, _FIRST_DELAY * 2 ** (attempt - 1))):
                return None
            try:
                self.future = self._attempt(client, shared)
                return self.future
            except Exception as error:
                if attempt + 1 == attempts or _is_final(error):
                    raise JobSubmissionError(
                        f"a container for {self.calls[0].function} could not be started in {attempt + 1} "
                        f"of {attempts} attempts: {type(error).__name__}: {error}"
                    ) from error
        raise AssertionError("there is at least one attempt")  # pragma: no cover - max_submit_retries >= 0

    def _attempt(self, client: APIClient, shared: SharedInputs) -> CivisFuture:
        """Do what has not been done yet."""
        launcher = self.ways.launcher
        if self.file_id is None:
            self.file_id = _files.save(client, self._content(shared), f"civis-parallel-call-{self.token}")
        if self.script_id is None:
            name = f"civis.parallel {self.calls[0].function}"[:255]
            self.script_id = launcher.make_script(client, self.file_id, name)
            run_id: int | None = None
        else:
            run_id = find_run(client, launcher.kind, self.script_id)
        if run_id is None:
            run_id = start_run(client, launcher.kind, self.script_id)
        return launcher.follow(client, self.script_id, run_id, self.ways.polling_interval)

    def cancel_stray(self, client: APIClient) -> None:
        """Cancel a run that the platform started without saying so, if there is one."""
        if self.script_id is None or self.future is not None:
            return
        try:
            run_id = find_run(client, self.ways.launcher.kind, self.script_id)
            if run_id is not None:
                client.jobs.delete_runs(self.script_id, run_id)
        except Exception:
            logger.debug("whether script %d runs is not known", self.script_id, exc_info=True)

    def _content(self, shared: SharedInputs) -> bytes:
        """Give the file that the worker reads."""
        pickles = [call.pickled for call in self.calls]
        backend = self.ways.backend
        header: dict[str, Any] = {
            "token": self.token,
            "key": self.key.hex(),
            "kind": self.ways.launcher.kind,
            "shared": shared.files(frozenset().union(*(each.digests for each in pickles))),
            "backend": backend if isinstance(backend, str) else None,
        }
        if self.ways.is_checked:
            header["environment"] = describe(frozenset().union(*(each.modules for each in pickles)))
        further = [] if isinstance(backend, str) else [backend]
        return pack(header, [*(each.content for each in pickles), *further])


def _is_final(error: Exception) -> bool:
    """Tell whether there is no sense in another attempt."""
    return isinstance(error, CivisAPIError) and error.status_code in _FINAL_STATUSES
