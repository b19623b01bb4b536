"""joblib's side: a backend whose batches are calls of a pool of containers."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from joblib.parallel import ParallelBackendBase, SequentialBackend

from civis.parallel._calls import function_name
from civis.parallel._pool import SHARED_SIZE, Pool

if TYPE_CHECKING:
    from civis.parallel._factories import BackendFactory

__all__ = ["MOST_JOBS", "CivisBackend"]

#: What ``n_jobs=-1`` is.
MOST_JOBS = 50


class CivisBackend(ParallelBackendBase):  # type: ignore[misc]  # joblib has no types
    """Runs joblib's batches in containers.

    `Parallel(n_jobs=n)` has at most `n` containers at once; `pre_dispatch` only says how much is queued for
    them. With ``batch_size="auto"`` so many calls share a container as make it worth its while.

    Parameters
    ----------
    factory : BackendFactory
        How containers are started, and what is known from earlier ones.
    """

    supports_retrieve_callback = True
    supports_inner_max_num_threads = False

    def __init__(self, factory: BackendFactory) -> None:
        super().__init__()
        self._factory = factory
        self._pool: Pool | None = None
        self._n_jobs = 1
        self._shared_size: int | None = SHARED_SIZE
        self._function: str | None = None
        self._batch_size = 1
        self.parallel: Any = None

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._factory,)

    def effective_n_jobs(self, n_jobs: int | None) -> int:
        """Give how many containers there may be at once.

        Raises
        ------
        ValueError
            For 0.
        """
        if n_jobs == 0:
            raise ValueError("n_jobs == 0 in Parallel has no meaning; -1 stands for 50 containers")
        if n_jobs is None:
            return 1
        if n_jobs < 0:
            n_jobs = max(1, MOST_JOBS + 1 + n_jobs)
        return min(n_jobs, self._factory.limit.most)

    def configure(
        self,
        n_jobs: int | None = 1,
        parallel: Any = None,
        prefer: str | None = None,
        require: str | None = None,
        **settings: Any,
    ) -> int:
        """Get ready for a `Parallel` object; give how many containers it may have."""
        self.parallel = parallel
        self._n_jobs = self.effective_n_jobs(n_jobs)
        # The size from which joblib's own backends share memory between processes.
        size = settings.get("max_nbytes", SHARED_SIZE)
        self._shared_size = size if size is None else max(int(size), 1)
        return self._n_jobs

    def submit(self, func: Any, callback: Callable[[Future[Any]], object] | None = None) -> Future[Any]:
        """Queue a batch; `callback` is called with its future when it is done."""
        if self._pool is None:
            self._pool = self._factory.make_pool(self._n_jobs, self._shared_size)
        # Without what joblib wraps around them: which backend nested calls get is for the container to set.
        items = list(func.items)
        self._function = function_name(items[0])
        future = self._pool.submit(items).future
        if callback is not None:
            future.add_done_callback(callback)
        return future

    def apply_async(self, func: Any, callback: Callable[[Future[Any]], object] | None = None) -> Future[Any]:
        """Do the same for joblib before 1.5, which has no `submit`."""
        return self.submit(func, callback)

    def retrieve_result_callback(self, out: Future[Any]) -> Any:
        """Give the results of a batch, or raise what it raised."""
        return out.result()

    def compute_batch_size(self) -> int:
        """Give how many calls are to make a batch."""
        total, dispatched = self.parallel.n_tasks, self.parallel.n_dispatched_tasks
        remaining = None if total is None else max(1, total - dispatched)
        self._batch_size = self._factory.costs.batch_size(
            self._function, self._batch_size, remaining, self._n_jobs
        )
        return self._batch_size

    def batch_completed(self, batch_size: int, duration: float) -> None:
        """Queue what joblib has taken from the user's iterator already, in one go.

        Near the end joblib makes many small batches, and hands out one for each that is done; together in the
        queue they share containers. What the iterator has not given yet stays where it is.
        """
        parallel = self.parallel
        ready = getattr(parallel, "_ready_batches", None)
        if ready is None:
            return
        with parallel._lock:
            while not (ready.empty() or parallel._aborting):
                parallel.dispatch_one_batch(parallel._original_iterator)

    def get_nested_backend(self) -> tuple[ParallelBackendBase, int | None]:
        """Give what joblib notes for nested calls; the container takes `remote_backend` instead."""
        return SequentialBackend(nesting_level=(self.nesting_level or 0) + 1), None

    def abort_everything(self, ensure_ready: bool = True) -> None:
        """Cancel everything: a call failed, time is up, or nobody wants the rest."""
        self._close(is_cancelled=True)

    def terminate(self) -> None:
        """End the threads and remove temporary files; what was not done is cancelled."""
        self._close(is_cancelled=False)

    def _close(self, is_cancelled: bool) -> None:
        """Do away with the pool; the next batch makes another."""
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.close(is_cancelled or not pool.is_idle)
