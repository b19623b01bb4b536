"""Client library for Civis Platform, with a local platform to work against.

Names are loaded when they are first used: importing this imports no other package.
"""

from __future__ import annotations

from importlib import import_module

from civis._version import __version__

#: True for those who check types; `typing` itself takes as long to import as all of this.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from civis import (
        base,
        dbapi,
        futures,
        io,
        loggers,
        ml,
        parallel,
        polling,
        resources,
        response,
        utils,
        workflows,
    )
    from civis.client import APIClient
    from civis.loggers import civis_logger
    from civis.response import ListResponse, PaginatedResponse, Response, find, find_one
    from civis.service_client import ServiceClient

__all__ = [
    "APIClient",
    "ListResponse",
    "PaginatedResponse",
    "Response",
    "ServiceClient",
    "__version__",
    "base",
    "civis_logger",
    "dbapi",
    "find",
    "find_one",
    "futures",
    "io",
    "loggers",
    "ml",
    "parallel",
    "polling",
    "resources",
    "response",
    "utils",
    "workflows",
]

#: Where each name lives.
_NAMES = {
    "APIClient": "civis.client",
    "ListResponse": "civis.response",
    "PaginatedResponse": "civis.response",
    "Response": "civis.response",
    "ServiceClient": "civis.service_client",
    "civis_logger": "civis.loggers",
    "find": "civis.response",
    "find_one": "civis.response",
}
_MODULES = frozenset(
    {*__all__, "client", "local", "service_client", "testing", "tests"} - {*_NAMES, "__version__"}
)


def __getattr__(name: str) -> Any:
    """Load a name when it is first used; `import_module` lets no thread see a half-made module."""
    if name in _MODULES:
        return import_module(f"civis.{name}")
    if name in _NAMES:
        found = globals()[name] = getattr(import_module(_NAMES[name]), name)
        return found
    if name.startswith("_"):  # ``from civis import _env`` asks here before it loads the module
        raise AttributeError(f"module 'civis' has no attribute {name!r}")
    from civis._names import suggestion  # noqa: PLC0415 - only an error needs it

    raise AttributeError(f"module 'civis' has no attribute {name!r}.{suggestion(name, [*_NAMES, *_MODULES])}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
