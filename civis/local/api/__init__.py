"""The local platform's HTTP side: authentication, routing, validation, paging, errors, shape of the answers.

Services import from here what they need to register handlers; the ASGI application is `civis.local.api.app`,
which nobody but the platform imports.
"""

from civis.local.api.call import Call
from civis.local.api.errors import (
    ApiError,
    BadRequest,
    Conflict,
    Forbidden,
    NotFound,
    Unauthorized,
    Unprocessable,
)
from civis.local.api.paging import Page, page_of
from civis.local.api.routes import Routes
from civis.local.api.shape import Extended

__all__ = [
    "ApiError",
    "BadRequest",
    "Call",
    "Conflict",
    "Extended",
    "Forbidden",
    "NotFound",
    "Page",
    "Routes",
    "Unauthorized",
    "Unprocessable",
    "page_of",
]
