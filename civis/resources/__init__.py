"""The API's resources as Python objects, and the description of the API that they are made from.

Names are loaded when they are first used: a client with a description at hand needs neither the cache on disk
nor what downloads one.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from civis.resources._binding import NOT_PASSED, Request, bind
    from civis.resources._calls import Caller, call_operation, list_all, perform, send
    from civis.resources._classes import resource_classes, resource_of_client
    from civis.resources._description import DESCRIPTIONS, Descriptions, download_description
    from civis.resources._documents import (
        API_SPEC_PATH,
        CACHED_SPEC_PATH,
        cache_api_spec,
        generate_classes,
        generate_classes_maybe_cached,
        get_api_spec,
    )
    from civis.resources._identity import Identity
    from civis.resources._local import SpecSource, check_version, read_local_spec
    from civis.resources._lookups import Lookups
    from civis.resources._methods import OperationMethod, ResourceMethods
    from civis.resources._nested import unknown_keys
    from civis.resources._signatures import signature_of
    from civis.resources._stubs.packages import write_type_package

__all__ = [
    "API_SPEC_PATH",
    "CACHED_SPEC_PATH",
    "DESCRIPTIONS",
    "NOT_PASSED",
    "Caller",
    "Descriptions",
    "Identity",
    "Lookups",
    "OperationMethod",
    "Request",
    "ResourceMethods",
    "SpecSource",
    "bind",
    "cache_api_spec",
    "call_operation",
    "check_version",
    "download_description",
    "generate_classes",
    "generate_classes_maybe_cached",
    "get_api_spec",
    "list_all",
    "perform",
    "read_local_spec",
    "resource_classes",
    "resource_of_client",
    "send",
    "signature_of",
    "unknown_keys",
    "write_type_package",
]

#: Which module has which names.
_MODULES = {
    "_binding": ("NOT_PASSED", "Request", "bind"),
    "_calls": ("Caller", "call_operation", "list_all", "perform", "send"),
    "_classes": ("resource_classes", "resource_of_client"),
    "_description": ("DESCRIPTIONS", "Descriptions", "download_description"),
    "_documents": (
        "API_SPEC_PATH",
        "CACHED_SPEC_PATH",
        "cache_api_spec",
        "generate_classes",
        "generate_classes_maybe_cached",
        "get_api_spec",
    ),
    "_identity": ("Identity",),
    "_local": ("SpecSource", "check_version", "read_local_spec"),
    "_lookups": ("Lookups",),
    "_methods": ("OperationMethod", "ResourceMethods"),
    "_nested": ("unknown_keys",),
    "_signatures": ("signature_of",),
    "_stubs.packages": ("write_type_package",),
}
_NAMES = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Load a name when it is first used."""
    if name not in _NAMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(f"{__name__}.{_NAMES[name]}"), name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
