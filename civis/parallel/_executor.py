"""A `concurrent.futures.Executor` whose calls run in containers."""

from __future__ import annotations

import concurrent.futures
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from civis.parallel._backend import MOST_JOBS
from civis.parallel._factories import (
    DOCKER_IMAGE,
    make_backend_factory,
    make_backend_template_factory,
)
from civis.parallel._pool import SHARED_SIZE, Pool

if TYPE_CHECKING:
    from civis.client import APIClient

__all__ = ["CivisExecutor"]

T = TypeVar("T")


class CivisExecutor(concurrent.futures.Executor):
    """Runs Python callables in containers.

    Calls are queued here; at most `max_workers` containers run at once, each with as many quick calls as make
    it worth its while. Large inputs that calls share are uploaded once.

    Parameters
    ----------
    max_workers : int, optional
        How many containers there may be at once, those of nested calls included. By default 50.
    docker_image_name : str, optional
        The image of the containers.
    from_template_id : int, optional
        The ID of a template to run in place of containers, as for `make_backend_template_factory`.
    arguments : dict, optional
        Arguments of every script.
    client, polling_interval, setup_cmd, max_submit_retries, max_job_retries, hidden, remote_backend
        As for `make_backend_factory`.
    check_environment : bool, optional
        Refuse to run where Python or a package that the call uses has another version (the default).
    **kwargs
        Passed on to ``client.scripts.post_containers``, or to ``client.scripts.post_custom`` with a template.

    Raises
    ------
    ValueError
        When `max_workers` is below 1 or a number of retries below 0.
    TypeError
        When there is a template and also what only containers have.

    Examples
    --------
    >>> with CivisExecutor(max_workers=5) as executor:  # doctest: +SKIP
    ...     roots = list(executor.map(pow, range(100), [0.5] * 100))
    """

    def __init__(
        self,
        max_workers: int | None = None,
        *,
        docker_image_name: str | None = None,
        from_template_id: int | None = None,
        arguments: Mapping[str, Any] | None = None,
        client: APIClient | None = None,
        polling_interval: float | None = None,
        setup_cmd: str | None = None,
        max_submit_retries: int = 0,
        max_job_retries: int = 0,
        hidden: bool = True,
        remote_backend: Any = "sequential",
        check_environment: bool = True,
        **kwargs: Any,
    ) -> None:
        common: dict[str, Any] = {
            "client": client,
            "polling_interval": polling_interval,
            "max_submit_retries": max_submit_retries,
            "max_job_retries": max_job_retries,
            "hidden": hidden,
            "max_workers": max_workers,
            "check_environment": check_environment,
            "arguments": dict(arguments or {}),
        }
        if from_template_id is None:
            self._factory = make_backend_factory(
                docker_image_name or DOCKER_IMAGE,
                setup_cmd=setup_cmd,
                remote_backend=remote_backend,
                **common,
                **kwargs,
            )
        elif docker_image_name or setup_cmd or remote_backend != "sequential":
            raise TypeError(
                "a template says itself what is run: docker_image_name, setup_cmd and remote_backend would "
                "have no effect beside from_template_id"
            )
        else:
            self._factory = make_backend_template_factory(from_template_id, **common, **kwargs)
        self._most = max_workers or MOST_JOBS
        self._lock = threading.Lock()
        self._pool: Pool | None = None
        self._is_shut_down = self._closes_itself = False
        self._unfinished: set[concurrent.futures.Future[Any]] = set()

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> concurrent.futures.Future[T]:
        """Have a callable run in a container.

        Parameters
        ----------
        fn : callable
            What is called; it is pickled at once, with its code where its module is ``__main__``.
        *args, **kwargs
            Its arguments.

        Returns
        -------
        concurrent.futures.Future
            It can be cancelled as long as no container has been started for it.

        Raises
        ------
        RuntimeError
            After `shutdown`.
        """
        future = self._open_pool().submit([(fn, args, kwargs)], is_single=True).future
        with self._lock:
            self._unfinished.add(future)
        future.add_done_callback(self._forget)
        return future

    def _forget(self, future: concurrent.futures.Future[Any]) -> None:
        """Let go of a call that is done; after the last one of all if nobody waits for that."""
        with self._lock:
            self._unfinished.discard(future)
            is_over = self._closes_itself and not self._unfinished
        if is_over:
            self._close()

    def _close(self, is_cancelled: bool = False) -> None:
        """End what runs the calls."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.close(is_cancelled)

    def _open_pool(self) -> Pool:
        """Give the containers, made for the first call."""
        with self._lock:
            if self._is_shut_down:
                raise RuntimeError("cannot submit to an executor after its shutdown; make a new one")
            if self._pool is None:
                self._pool = self._factory.make_pool(self._most, SHARED_SIZE)
            return self._pool

    def cancel_all(self) -> None:
        """Cancel all calls, those whose containers run included; the executor takes no more calls."""
        with self._lock:
            self._is_shut_down = True
        self._close(is_cancelled=True)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more calls.

        Parameters
        ----------
        wait : bool, optional
            Return only when all calls have ended (the default).
        cancel_futures : bool, optional
            Cancel the calls for which no container has been started. By default they are run.
        """
        with self._lock:
            self._is_shut_down = True
            self._closes_itself = not wait
            unfinished = list(self._unfinished)
        if cancel_futures:
            for future in unfinished:
                future.cancel()
        if wait:
            concurrent.futures.wait(unfinished)
        if wait or not unfinished:
            self._close()
