"""A Civis Platform on this machine: the same API, the data in a directory, nothing sent anywhere.

>>> from civis.local import Platform  # doctest: +SKIP
>>> with Platform() as platform:  # doctest: +SKIP
...     client = platform.client()
...     [database.name for database in client.databases.list()]
['local']

Programs that do not start it themselves are pointed at it by ``CIVIS_API_ENDPOINT`` and ``CIVIS_API_KEY``,
which ``civis local start`` prints and ``civis local exec`` sets.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from civis.local.platform import Platform
    from civis.local.settings import PlatformError, Settings, default_data_dir

__all__ = ["Platform", "PlatformError", "Settings", "default_data_dir"]

_MODULES = {
    "Platform": "civis.local.platform",
    "PlatformError": "civis.local.settings",
    "Settings": "civis.local.settings",
    "default_data_dir": "civis.local.settings",
}


def __getattr__(name: str) -> Any:
    """Load a name's module when it is asked for: the server's packages are large, and optional."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return getattr(import_module(_MODULES[name]), name)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "civis":
            raise
        raise ImportError(
            f"the local platform needs the package {error.name!r}; run: pip install 'civis[local]'",
            name=error.name,
        ) from error


def __dir__() -> list[str]:
    return sorted(__all__)
