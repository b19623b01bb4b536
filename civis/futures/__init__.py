"""Futures: the results of runs on the platform, as `concurrent.futures` understands them.

The front door: what users import. How futures work is in the private modules beside it.
"""

from civis.futures._civis_future import CivisFuture
from civis.futures._container import ContainerFuture, CustomScriptFuture
from civis.futures._executors import CustomScriptExecutor
from civis.futures._failures import (
    CivisPollingError,
    CivisWarning,
    UnfinishedJobWarning,
    UnseenFailureWarning,
)
from civis.futures._pollable import PollableResult
from civis.futures._shell import _ContainerShellExecutor

__all__ = [
    "CivisFuture",
    "CivisPollingError",
    "CivisWarning",
    "ContainerFuture",
    "CustomScriptExecutor",
    "CustomScriptFuture",
    "PollableResult",
    "UnfinishedJobWarning",
    "UnseenFailureWarning",
    "_ContainerShellExecutor",
]
