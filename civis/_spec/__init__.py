"""The model of an API, read from its description in Swagger 2.0 or OpenAPI 3. No HTTP in here.

What not every program needs, the cache on disk and the docstrings, is loaded when it is asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from civis._spec.dialect import is_json
from civis._spec.loading import load_spec
from civis._spec.model import JSON_TYPE, Api, ArrayStyle, LazyMapping, Operation, Parameter, Resource, lazily
from civis._spec.schema import Schema, SpecError

if TYPE_CHECKING:
    from civis._spec.cache import SpecCache, Stored
    from civis._spec.docstrings import render_docstring, type_name

__all__ = [
    "JSON_TYPE",
    "Api",
    "ArrayStyle",
    "LazyMapping",
    "Operation",
    "Parameter",
    "Resource",
    "Schema",
    "SpecCache",
    "SpecError",
    "Stored",
    "is_json",
    "lazily",
    "load_spec",
    "render_docstring",
    "type_name",
]

_LATER = {
    "SpecCache": "cache",
    "Stored": "cache",
    "render_docstring": "docstrings",
    "type_name": "docstrings",
}


def __getattr__(name: str) -> Any:
    """Load a name when it is first used."""
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
    return found
