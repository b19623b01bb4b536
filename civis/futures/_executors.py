"""Executors whose work is done by jobs on the platform; here the common part and custom scripts."""

from __future__ import annotations

import concurrent.futures
import datetime
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from civis._default_client import make_client
from civis.futures._civis_future import CANCEL_PATIENCE
from civis.futures._container import ContainerFuture, CustomScriptFuture
from civis.futures.script_arguments import parent_arguments

if TYPE_CHECKING:
    from civis.client import APIClient


class JobExecutor(concurrent.futures.Executor, ABC):
    """Starts a job for every task and hands out the future of its run."""

    def __init__(
        self,
        name: str | None,
        hidden: bool,
        max_n_retries: int,
        client: APIClient | None,
        polling_interval: float | None,
        inc_script_names: bool,
    ) -> None:
        self.name = name or f"{type(self).__name__.lstrip('_')} {_timestamp()}"
        self.hidden = hidden
        self.max_n_retries = max_n_retries
        self.polling_interval = polling_interval
        self.client = client or make_client()
        self._inc_script_names = inc_script_names
        self._script_count = 0
        self._lock = threading.Lock()
        self._is_shut_down = False
        self._unfinished: list[ContainerFuture] = []

    def _next_name(self) -> str:
        """Give the name of the next script; raise `RuntimeError` after `shutdown`."""
        with self._lock:
            if self._is_shut_down:
                raise RuntimeError("cannot submit to an executor after its shutdown; make a new one")
            self._script_count += 1
            return f"{self.name} {self._script_count - 1}" if self._inc_script_names else self.name

    def _follow(self, future: ContainerFuture) -> None:
        """Remember a future until its run has ended, for `shutdown` and `cancel_all`."""
        with self._lock:
            self._unfinished = [each for each in self._unfinished if not each.done()]
            self._unfinished.append(future)

    def cancel_all(self) -> None:
        """Cancel all runs of this executor on the platform, and wait a moment for the platform to say so."""
        with self._lock:
            futures = list(self._unfinished)
        waiting = [future for future in futures if future.request_cancel()]
        concurrent.futures.wait(waiting, CANCEL_PATIENCE)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more work.

        Parameters
        ----------
        wait : bool, optional
            Return only when all runs have ended (the default).
        cancel_futures : bool, optional
            Cancel the runs that have not ended. By default they go on.
        """
        with self._lock:
            self._is_shut_down = True
            futures = list(self._unfinished)
        if cancel_futures:
            self.cancel_all()
        if wait:
            concurrent.futures.wait(futures)

    @abstractmethod
    def submit(self, *args: Any, **kwargs: Any) -> ContainerFuture:
        """Start a job."""


class CustomScriptExecutor(JobExecutor):
    """Runs a custom script of a template for every set of arguments.

    Parameters
    ----------
    from_template_id : int
        The ID of the template.
    name : str, optional
        The name of the scripts. By default the executor's kind and the time.
    hidden : bool, optional
        Whether the scripts are hidden (the default).
    arguments : dict, optional
        Arguments for every script; those of `submit` come on top.
    max_n_retries : int, optional
        How often a failed run is started again. By default never.
    client : civis.APIClient, optional
        By default one made from the environment.
    polling_interval : int or float, optional
        Seconds between polls. By default it grows from 1 to 15 seconds.
    inc_script_names : bool, optional
        Whether a number is appended to the name of each script. By default it is not.
    **kwargs
        Passed on to ``client.scripts.post_custom``.

    Examples
    --------
    >>> with CustomScriptExecutor(400, arguments={"YEAR": 2026}) as executor:  # doctest: +SKIP
    ...     futures = [executor.submit(STATE=state) for state in ("IL", "OH")]
    """

    def __init__(
        self,
        from_template_id: int,
        name: str | None = None,
        hidden: bool = True,
        arguments: Mapping[str, Any] | None = None,
        max_n_retries: int = 0,
        client: APIClient | None = None,
        polling_interval: float | None = None,
        inc_script_names: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(name, hidden, max_n_retries, client, polling_interval, inc_script_names)
        self.from_template_id = from_template_id
        self.arguments = dict(arguments or {})
        self._script_settings = kwargs

    def submit(self, **arguments: Any) -> CustomScriptFuture:  # type: ignore[override]  # a template is what is run
        """Start a custom script.

        Parameters
        ----------
        **arguments
            The arguments of the script.

        Returns
        -------
        ContainerFuture

        Raises
        ------
        RuntimeError
            After `shutdown`.
        """
        script = self.client.scripts.post_custom(
            self.from_template_id,
            name=self._next_name(),
            arguments={**parent_arguments(), **self.arguments, **arguments},
            hidden=self.hidden,
            **self._script_settings,
        )
        run = self.client.scripts.post_custom_runs(script.id)
        future = CustomScriptFuture(script.id, run.id, self.max_n_retries, self.polling_interval, self.client)
        self._follow(future)
        return future

    def map(  # type: ignore[override]  # there is no function to name
        self, arguments: Iterable[Mapping[str, Any]], timeout: float | None = None
    ) -> Iterator[Any]:
        """Start a custom script for every mapping of arguments, and give the results in the same order.

        Parameters
        ----------
        arguments : iterable of dict
            The arguments of each script.
        timeout : int or float, optional
            Seconds that all results may take. By default as long as they do.

        Returns
        -------
        iterator
        """
        futures = [self.submit(**each) for each in arguments]
        deadline = None if timeout is None else time.monotonic() + timeout
        return _results(futures, deadline)


def _results(futures: list[CustomScriptFuture], deadline: float | None) -> Iterator[Any]:
    """Give the results of futures in their order; what is left is cancelled when one fails or time is up."""
    try:
        while futures:
            yield futures[0].result(None if deadline is None else max(0.0, deadline - time.monotonic()))
            del futures[0]
    finally:
        for future in futures:
            future.request_cancel()


def _timestamp() -> str:
    """Give the time as the names of jobs show it."""
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")
