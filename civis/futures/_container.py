"""Futures for runs of container scripts and of custom scripts."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from civis._default_client import make_client
from civis.futures._civis_future import CivisFuture

if TYPE_CHECKING:
    from civis.client import APIClient

ContainerT = TypeVar("ContainerT", bound="ContainerFuture")


class ContainerFuture(CivisFuture):
    """The result of a run of a container script.

    Parameters
    ----------
    job_id, run_id : int
        The IDs of the script and of its run.
    max_n_retries : int, optional
        How often a failed run is started again, as a new run, before the future fails. By default never.
    polling_interval : int or float, optional
        Seconds between polls. By default it grows from 1 to 15 seconds.
    client : civis.APIClient, optional
        By default one made from the environment.
    poll_on_creation : bool, optional
        Poll soon after creation (the default). If False, the first poll comes one interval later.

    Examples
    --------
    >>> future = ContainerFuture(3000, 3001, max_n_retries=2)  # doctest: +SKIP
    >>> future.result().state  # doctest: +SKIP
    'succeeded'
    """

    def __init__(
        self,
        job_id: int,
        run_id: int,
        max_n_retries: int = 0,
        polling_interval: float | None = None,
        client: APIClient | None = None,
        poll_on_creation: bool = True,
    ) -> None:
        client = client or make_client()
        super().__init__(
            self._find_poller(client),
            (int(job_id), int(run_id)),
            polling_interval,
            client,
            poll_on_creation,
            max_retries=max_n_retries,
        )

    @classmethod
    def attach(
        cls: type[ContainerT],
        job_id: int,
        run_id: int,
        client: APIClient | None = None,
        polling_interval: float | None = None,
    ) -> ContainerT:
        """Give a future for a run that was started elsewhere or earlier.

        Parameters
        ----------
        job_id, run_id : int
            The IDs of the script and of its run.
        client : civis.APIClient, optional
            By default one made from the environment.
        polling_interval : int or float, optional
            Seconds between polls. By default it grows from 1 to 15 seconds.

        Returns
        -------
        ContainerFuture
        """
        return cls(job_id, run_id, polling_interval=polling_interval, client=client)

    def _find_poller(self, client: APIClient) -> Callable[..., Any]:
        """Give the method that is polled."""
        poller: Callable[..., Any] = client.scripts.get_containers_runs
        return poller

    def _post_run(self, job_id: int) -> int:
        """Start a new run of the script."""
        return int(self.client.scripts.post_containers_runs(job_id).id)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle as IDs. Starting a failed run again stays with the process that asked for it."""
        job_id, run_id = self._poller_args
        rebuild = partial(
            type(self),
            job_id,
            run_id,
            polling_interval=self._interval,
            client=self._client,
            poll_on_creation=self._poll_on_creation,
        )
        return rebuild, ()


class CustomScriptFuture(ContainerFuture):
    """The result of a run of a custom script, which a template defines; made as `ContainerFuture`.

    Examples
    --------
    >>> future = CustomScriptFuture(3000, 3001)  # doctest: +SKIP
    >>> future.result().state  # doctest: +SKIP
    'succeeded'
    """

    def _find_poller(self, client: APIClient) -> Callable[..., Any]:
        """Give the method that is polled."""
        poller: Callable[..., Any] = client.scripts.get_custom_runs
        return poller

    def _post_run(self, job_id: int) -> int:
        """Start a new run of the script."""
        return int(self.client.scripts.post_custom_runs(job_id).id)
