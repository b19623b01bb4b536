"""Which joblib backend calls get that are made within a container.

joblib takes longer to load than all else of the worker. Where a call does not use it, it is not loaded; where
it is loaded in the middle of a call, the backend is set at that moment.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import pickle
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from types import ModuleType
from typing import Any

__all__ = ["nested_backend"]

_JOBLIB = "joblib"


@contextmanager
def nested_backend(backend: str | bytes) -> Iterator[None]:
    """Have joblib use a backend within the block, in the thread that runs it.

    Parameters
    ----------
    backend : str or bytes
        The name of a joblib backend, or what a backend or a maker of backends was pickled to.
    """
    with ExitStack() as stack:
        if _JOBLIB in sys.modules or not isinstance(backend, str):
            _choose(stack, backend)
            yield
            return
        finder = _JoblibFinder(stack, backend)
        sys.meta_path.insert(0, finder)
        try:
            yield
        finally:
            finder.leave()


def _choose(stack: ExitStack, backend: str | bytes) -> None:
    """Set joblib's backend until the stack is closed."""
    import joblib  # noqa: PLC0415 - only calls that use it are worth its loading

    chosen: Any = backend if isinstance(backend, str) else pickle.loads(backend)  # noqa: S301 - from the call
    if callable(chosen):
        joblib.register_parallel_backend("civis", chosen)
        chosen = "civis"
    stack.enter_context(joblib.parallel_config(backend=chosen))


class _JoblibFinder(importlib.abc.MetaPathFinder):
    """Sets the backend as soon as joblib is loaded."""

    def __init__(self, stack: ExitStack, backend: str) -> None:
        self._stack, self._backend = stack, backend

    def leave(self) -> None:
        """Look at imports no longer."""
        if self in sys.meta_path:
            sys.meta_path.remove(self)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Give joblib with a loader that sets the backend when it is done; nothing for other modules."""
        if fullname != _JOBLIB:
            return None
        self.leave()
        spec = find_spec(fullname)
        if spec is not None and spec.loader is not None:
            spec.loader = _ChoosingLoader(spec.loader, self._stack, self._backend)
        return spec


class _ChoosingLoader(importlib.abc.Loader):
    """Loads joblib as its own loader does, then sets the backend."""

    def __init__(self, loader: Any, stack: ExitStack, backend: str) -> None:
        self._loader, self._stack, self._backend = loader, stack, backend

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        """Make the module as its own loader does."""
        module: ModuleType | None = self._loader.create_module(spec)
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Load the module, and set the backend."""
        if module.__spec__ is not None:
            module.__spec__.loader = module.__loader__ = self._loader
        self._loader.exec_module(module)
        _choose(self._stack, self._backend)
