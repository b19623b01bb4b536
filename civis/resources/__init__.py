"""The API's resources as Python objects, and the description of the API that they are made from."""

from civis.resources._binding import NOT_PASSED, Request, bind, signature_of
from civis.resources._calls import Caller, call_operation, list_all, perform, send
from civis.resources._classes import resource_classes, resource_of_client
from civis.resources._description import DESCRIPTIONS, Descriptions
from civis.resources._documents import (
    API_SPEC_PATH,
    CACHED_SPEC_PATH,
    cache_api_spec,
    generate_classes,
    generate_classes_maybe_cached,
    get_api_spec,
    read_local_spec,
)
from civis.resources._methods import OperationMethod, ResourceMethods

__all__ = [
    "API_SPEC_PATH",
    "CACHED_SPEC_PATH",
    "DESCRIPTIONS",
    "NOT_PASSED",
    "Caller",
    "Descriptions",
    "OperationMethod",
    "Request",
    "ResourceMethods",
    "bind",
    "cache_api_spec",
    "call_operation",
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
]
