"""What can go wrong between the one who calls and the container that computes."""

from __future__ import annotations

from typing import Any

from civis._errors import CivisClientError, CivisJobFailure

__all__ = ["EnvironmentMismatchError", "JobSubmissionError", "RemoteCallError", "RemoteTraceback"]


class JobSubmissionError(CivisClientError, RuntimeError):
    """A container could not be started, after as many attempts as were allowed; its cause says why.

    Examples
    --------
    >>> raise JobSubmissionError("the container could not be started in 3 attempts")
    Traceback (most recent call last):
    ...
    civis.parallel._errors.JobSubmissionError: the container could not be started in 3 attempts
    """


class EnvironmentMismatchError(CivisJobFailure):
    """The container has other versions than the program that submitted; nothing was unpickled or run there.

    Attributes
    ----------
    differences : list of tuple
        What differs: its name, the version here, the version in the container.
    """

    def __init__(
        self,
        err_msg: str,
        response: Any = None,
        job_id: int | None = None,
        run_id: int | None = None,
        differences: list[tuple[str, str, str]] | None = None,
    ) -> None:
        super().__init__(err_msg, response, job_id, run_id)
        self.differences = list(differences or [])

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.original_err_msg, None, self.job_id, self.run_id, self.differences)


class RemoteCallError(CivisJobFailure):
    """A call ended in the container in a way that cannot be shown here as it was.

    Its exception is of a class that is not here or cannot be pickled, its result cannot be unpickled here, or
    it tried to end its process. The message holds the remote traceback.
    """


class RemoteTraceback(Exception):  # noqa: N818 - it is no error, but where one comes from
    """The traceback of an exception in a container: the cause of that exception here."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text

    def __str__(self) -> str:
        return f"\n{self.text}"
