"""Python calls run by containers on the platform: a joblib backend and an executor.

The front door. Names are loaded when they are first used: the program that runs inside a container starts
here too, and needs neither joblib nor what submits calls.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

    from civis.parallel._errors import (
        EnvironmentMismatchError,
        JobSubmissionError,
        RemoteCallError,
        RemoteTraceback,
    )
    from civis.parallel._executor import CivisExecutor
    from civis.parallel._factories import make_backend_factory, make_backend_template_factory, register
    from civis.parallel._inference import infer_backend_factory

__all__ = [
    "CivisExecutor",
    "EnvironmentMismatchError",
    "JobSubmissionError",
    "RemoteCallError",
    "RemoteTraceback",
    "infer_backend_factory",
    "make_backend_factory",
    "make_backend_template_factory",
    "register",
]

#: Where each name lives.
_NAMES = {
    "CivisExecutor": "_executor",
    "EnvironmentMismatchError": "_errors",
    "JobSubmissionError": "_errors",
    "RemoteCallError": "_errors",
    "RemoteTraceback": "_errors",
    "infer_backend_factory": "_inference",
    "make_backend_factory": "_factories",
    "make_backend_template_factory": "_factories",
    "register": "_factories",
}


def __getattr__(name: str) -> Any:
    """Load a name when it is first used."""
    if name in _NAMES:
        found = globals()[name] = getattr(import_module(f"{__name__}.{_NAMES[name]}"), name)
        return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
