"""The errors a handler raises and the JSON bodies they become; knows no request and no server."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

__all__ = [
    "ApiError",
    "BadRequest",
    "Conflict",
    "Forbidden",
    "NotFound",
    "NotImplementedHere",
    "Unauthorized",
    "Unprocessable",
]


class ApiError(Exception):
    """A request that is answered with an error.

    Parameters
    ----------
    status : int
        The HTTP status, 400 or above.
    message : str
        A sentence for the person who made the request: what was wrong with which value.
    code : str, optional
        The error's short name in the answer's body. By default the status' name, such as ``"not_found"``.
    headers : mapping, optional
        Further headers of the answer.

    Examples
    --------
    >>> ApiError(409, "The job is already active.").body()
    {'error': 'conflict', 'errorDescription': 'The job is already active.', 'code': 409}
    """

    def __init__(
        self,
        status: int,
        message: str,
        code: str | None = None,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code or status_name(status)
        self.headers: dict[str, str] = dict(headers or {})

    def __str__(self) -> str:
        return f"({self.status}) {self.message}"

    def body(self) -> dict[str, object]:
        """Return the answer's body, in the platform's form."""
        return {"error": self.code, "errorDescription": self.message, "code": self.status}


class BadRequest(ApiError):  # noqa: N818 - named after the status it stands for, as its siblings are
    """A parameter is missing or has a value that cannot be used (400)."""

    def __init__(self, message: str, code: str | None = None) -> None:
        super().__init__(400, message, code)


class Unauthorized(ApiError):  # noqa: N818 - named after the status
    """The API key is missing, unknown, expired or revoked (401)."""

    def __init__(
        self,
        message: str = "The API key is missing, not known or expired. Send a valid one as a bearer token, or "
        "as the user name by HTTP's basic scheme.",
    ) -> None:
        super().__init__(401, message, headers={"WWW-Authenticate": 'Basic realm="Civis Platform"'})


class Forbidden(ApiError):  # noqa: N818 - named after the status
    """The user may not do this (403)."""

    def __init__(self, message: str, code: str | None = None) -> None:
        super().__init__(403, message, code)


class NotFound(ApiError):  # noqa: N818 - named after the status
    """The path or the object it names does not exist (404)."""

    def __init__(
        self, message: str = "The requested resource could not be found.", code: str | None = None
    ) -> None:
        super().__init__(404, message, code)


class Conflict(ApiError):  # noqa: N818 - named after the status
    """The object's state forbids this (409)."""

    def __init__(self, message: str, code: str | None = None) -> None:
        super().__init__(409, message, code)


class Unprocessable(ApiError):  # noqa: N818 - named after the status
    """The request is well-formed, but its values do not go together (422)."""

    def __init__(self, message: str, code: str | None = None) -> None:
        super().__init__(422, message, code)


class NotImplementedHere(ApiError):  # noqa: N818 - named after the status
    """An operation of the hosted platform that the local one does not offer (501)."""

    def __init__(self, method: str, path: str) -> None:
        super().__init__(501, f"The local platform does not offer {method} {path}.")


def status_name(status: int) -> str:
    """Name a status as the platform does: ``404`` is ``"not_found"``."""
    try:
        return HTTPStatus(status).phrase.lower().replace(" ", "_").replace("-", "_")
    except ValueError:
        return "error"
