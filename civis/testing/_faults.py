"""Faults by the names that users know: of methods of a client, and of what signed addresses are for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from civis._names import suggestion
from civis.local.api.faults import Fault

if TYPE_CHECKING:
    from civis.client import APIClient
    from civis.local import Platform

__all__ = ["FaultMaker"]

#: What is no operation of the API: contents of files, by signed addresses.
TRANSFERS = {
    "download": ("GET", "/blobs/*"),
    "upload": ("POST", "/blobs/*"),
    "upload_part": ("PUT", "/blobs/*"),
}


class FaultMaker:
    """Has chosen requests to the platform go wrong.

    An operation is named as the client names it (``"jobs.get_runs"``), or by ``"download"``, ``"upload"`` or
    ``"upload_part"`` for the contents of files. Each method gives the fault, whose `happened` counts.

    Parameters
    ----------
    platform : civis.local.Platform
        It is running.
    client : civis.APIClient
        A client of it, for the names of the operations.

    Examples
    --------
    A test that a lost connection does no harm::

        def test_patience(civis_faults, civis_client):
            fault = civis_faults.drop("users.get_me", times=2)
            assert civis_client.users.get_me().username == "local"
            assert fault.happened == 2
    """

    def __init__(self, platform: Platform, client: APIClient) -> None:
        self._faults = platform.faults
        self._client = client

    def drop(self, operation: str, *, times: int | None = 1, after_work: bool = False) -> Fault:
        """Close the connection without an answer.

        Parameters
        ----------
        operation : str
            ``"resource.method"``, ``"download"``, ``"upload"`` or ``"upload_part"``.
        times : int or None, default 1
            How many requests it happens to; None for all.
        after_work : bool, default False
            Whether the platform does what is asked, so that only its answer is lost.

        Returns
        -------
        civis.local.api.faults.Fault

        Raises
        ------
        ValueError
            When there is no such operation.
        """
        return self._add("lose" if after_work else "drop", operation, times)

    def stall(self, operation: str, seconds: float, *, times: int | None = 1) -> Fault:
        """Have the platform take its time before it does anything.

        Parameters
        ----------
        operation : str
            As for `drop`.
        seconds : float
            How long; `clear` ends it earlier.
        times : int or None, default 1
            As for `drop`.
        """
        return self._add("stall", operation, times, seconds=seconds)

    def truncate(self, operation: str, after_bytes: int = 1, *, times: int | None = 1) -> Fault:
        """Have an answer break off.

        Parameters
        ----------
        operation : str
            As for `drop`.
        after_bytes : int, default 1
            How many bytes of the body are sent; the last one never is.
        times : int or None, default 1
            As for `drop`.
        """
        return self._add("truncate", operation, times, after_bytes=after_bytes)

    def too_many_requests(
        self, operation: str, *, retry_after: int | None = None, times: int | None = 1
    ) -> Fault:
        """Refuse with 429.

        Parameters
        ----------
        operation : str
            As for `drop`.
        retry_after : int, optional
            What the header ``Retry-After`` says, in seconds; by default it is not there.
        times : int or None, default 1
            As for `drop`.
        """
        return self.refuse(operation, 429, retry_after=retry_after, times=times)

    def refuse(
        self, operation: str, status: int = 503, *, retry_after: int | None = None, times: int | None = 1
    ) -> Fault:
        """Answer with an error.

        Parameters
        ----------
        operation : str
            As for `drop`.
        status : int, default 503
            The status of the answer: 400 to 599.
        retry_after : int, optional
            What the header ``Retry-After`` says, in seconds; by default it is not there.
        times : int or None, default 1
            As for `drop`.

        Raises
        ------
        ValueError
            When there is no such operation, or the status is no error's.
        """
        if not 400 <= status <= 599:
            raise ValueError(f"status must be that of an error, from 400 to 599, not {status!r}")
        headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        return self._add("refuse", operation, times, status=status, headers=headers)

    def clear(self) -> None:
        """End all faults; what is stalled goes on."""
        self._faults.clear()

    def _add(self, kind: Any, operation: str, times: int | None, **details: Any) -> Fault:
        """Make a fault, and have it happen from now on."""
        if times is not None and times < 1:
            raise ValueError(f"times must be 1 or more, or None for all requests, not {times!r}")
        method, path = self._place_of(operation)
        fault = Fault(kind, method, path, times, **details)
        self._faults.add(fault)
        return fault

    def _place_of(self, operation: str) -> tuple[str, str]:
        """Give the method and the path that a name stands for."""
        if operation in TRANSFERS:
            return TRANSFERS[operation]
        resource, _, name = operation.partition(".")
        resources = self._client._api.resources
        known = resources[resource].operations if resource in resources else {}
        if name not in known:
            names = [f"{resource}.{each}" for each in known] or [*resources, *TRANSFERS]
            raise ValueError(
                f"there is no operation {operation!r}; one is named as the client names it, 'jobs.get_runs', "
                f"or one of {', '.join(TRANSFERS)}.{suggestion(operation, names)}"
            )
        found = known[name]
        return found.http_method, found.path
