"""What a failed modelling job raises."""

from __future__ import annotations

from typing import Any

from civis._errors import CivisClientError

__all__ = ["ModelError"]


class ModelError(CivisClientError, RuntimeError):
    """A modelling job failed.

    Parameters
    ----------
    msg : str
        What went wrong, with the stack trace of the job.
    estimator : object, optional
        Kept for code that passes it; nothing is unpickled for an error.
    metadata : dict, optional
        The job's ``model_info.json``.

    Examples
    --------
    >>> ModelError("no rows", metadata={"run": {"status": "exception"}}).metadata["run"]["status"]
    'exception'
    """

    def __init__(self, msg: str = "", estimator: Any = None, metadata: dict[str, Any] | None = None) -> None:
        super().__init__(msg)
        self.estimator = estimator
        self.metadata = metadata

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (str(self), None, self.metadata)
