"""The model of an API, read from its description in Swagger 2.0 or OpenAPI 3. No HTTP in here."""

from civis._spec.cache import SpecCache, Stored
from civis._spec.docstrings import render_docstring, type_name
from civis._spec.loading import load_spec
from civis._spec.model import Api, Operation, Parameter, Resource
from civis._spec.schema import Schema, SpecError

__all__ = [
    "Api",
    "Operation",
    "Parameter",
    "Resource",
    "Schema",
    "SpecCache",
    "SpecError",
    "Stored",
    "load_spec",
    "render_docstring",
    "type_name",
]
