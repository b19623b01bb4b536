"""The errors of the package, in one tree; `civis.base` and `civis.response` offer them to users.

    CivisError
    ├── CivisAPIKeyMissingError          no key was given and none is set (an OSError)
    ├── CivisConnectionError             no answer came (a ConnectionError)
    │   └── CivisTimeoutError            … in time (a TimeoutError)
    ├── CivisTransferError               a file's bytes broke off, changed or were refused (an OSError)
    ├── CivisImmutableResponseError      somebody wrote to a Response (a TypeError)
    └── CivisClientError
        ├── CivisAPIError                the platform answered with an error
        │   ├── CivisAPIKeyError         401   (a PermissionError)
        │   ├── CivisForbiddenError      403   (a PermissionError)
        │   ├── CivisNotFoundError       404   (a LookupError)
        │   ├── CivisConflictError       409
        │   ├── CivisValidationError     422   (a ValueError)
        │   ├── CivisRateLimitError      429
        │   └── CivisServerError         5xx
        ├── CivisClosedError             a client that was closed is asked for something
        ├── CivisJobFailure              a run failed
        ├── EmptyResultError             a query or file has nothing to give
        └── CivisImportError             files cannot become one table

Each survives pickling and copying, and none holds a key, a signature or an open connection: what a server
said is kept without such things, without control characters, and at a length that can be read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import urlsplit

from civis._masking import mask_text, mask_value, readable

__all__ = [
    "CivisAPIError",
    "CivisAPIKeyError",
    "CivisAPIKeyMissingError",
    "CivisClientError",
    "CivisClosedError",
    "CivisConflictError",
    "CivisConnectionError",
    "CivisError",
    "CivisForbiddenError",
    "CivisImmutableResponseError",
    "CivisImportError",
    "CivisJobFailure",
    "CivisNotFoundError",
    "CivisRateLimitError",
    "CivisServerError",
    "CivisTimeoutError",
    "CivisTransferError",
    "CivisValidationError",
    "EmptyResultError",
    "api_error",
    "without_query",
]

_LONGEST_ID = 200
_MOST_FIELDS = 50
_HOW_TO_SET_A_KEY = (
    "set the environment variable CIVIS_API_KEY or pass api_key= to civis.APIClient; "
    "'civis local start' prints a key of a platform on this machine"
)


class CivisError(Exception):
    """The root of all errors of this package."""


class CivisAPIKeyMissingError(CivisError, OSError):
    """There is no API key."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message or f"no API key was found; {_HOW_TO_SET_A_KEY}")


class CivisConnectionError(CivisError, ConnectionError):
    """No answer came: the connection failed or broke."""


class CivisTimeoutError(CivisConnectionError, TimeoutError):
    """No answer came in time."""


class CivisTransferError(CivisError, OSError):
    """The content of a file could not be sent or received whole; nothing half-written was left."""


class CivisImmutableResponseError(CivisError, TypeError):
    """Responses are read-only."""


class CivisClientError(CivisError):
    """Something that was asked of the platform did not come about."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message)
        self.error_message = message

    def __str__(self) -> str:
        return str(self.error_message)


class CivisClosedError(CivisClientError):
    """A client that was closed is asked for something."""


class EmptyResultError(CivisClientError):
    """There is nothing to give: a query without rows, an expired or missing file."""


class CivisImportError(CivisClientError):
    """Files cannot be imported as they are."""


class CivisJobFailure(CivisClientError):  # noqa: N818 - the name that user code catches
    """A run failed.

    Parameters
    ----------
    err_msg : str
        What the platform says about it.
    response : civis.Response, optional
        The run. It is not pickled, since it may hold signed URLs.
    job_id, run_id : int, optional
        Where it happened.

    Attributes
    ----------
    error_message : str
        `err_msg`, after ``(From job J / run R)`` where they are known.
    """

    def __init__(
        self, err_msg: str, response: Any = None, job_id: int | None = None, run_id: int | None = None
    ) -> None:
        where = ""
        if job_id is not None:
            where = f"(From job {job_id}) " if run_id is None else f"(From job {job_id} / run {run_id}) "
        err_msg = mask_text(str(err_msg))
        super().__init__(f"{where}{err_msg}")
        self.job_id = job_id
        self.run_id = run_id
        self.response = response
        self.original_err_msg = err_msg

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.original_err_msg, None, self.job_id, self.run_id)


class CivisAPIError(CivisClientError):
    """The platform answered with an error.

    Parameters
    ----------
    response : object
        The answer: a `requests.Response` or anything with a ``status_code`` or ``status``, ``headers`` and
        ``content``; what is missing or odd in it never makes this fail.

    Attributes
    ----------
    status_code : int
        0 if there was none.
    error_message : str
        The server's own text.
    error_code : str or None
        The platform's word for the kind of error, e.g. ``"not_found"``.
    errors : dict or list or None
        Errors by field, as the server listed them.
    request_id : str or None
        To name to whoever runs the platform.
    method, url : str or None
        What was asked; the URL without its query.
    attempts : int
        How often it was asked.
    retry_after : float or None
        Seconds to wait, if the server named some.
    """

    hint: ClassVar[str] = ""

    def __init__(self, response: Any = None) -> None:
        status = _first(response, "status_code", "status")
        self.status_code = int(status) if isinstance(status, int) else 0
        body = _body(response)
        code = _text_or_none(body.get("code"))
        self.error_code = readable(code, _LONGEST_ID) if code else None
        errors = body.get("errors")
        self.errors: dict[str, Any] | list[Any] | None = (
            mask_value(errors, by_name=False) if isinstance(errors, (dict, list)) and errors else None
        )
        headers = _headers(response)
        request_id = headers.get("x-request-id")
        self.request_id = readable(request_id, _LONGEST_ID) if request_id else None
        self.retry_after = _seconds(headers.get("retry-after"))
        request = _first(response, "request")
        self.method = _text_or_none(_first(response, "method") or _first(request, "method"))
        self.url = without_query(_text_or_none(_first(response, "url") or _first(request, "url")))
        attempts = _first(response, "attempts")
        self.attempts = attempts if isinstance(attempts, int) else 1
        super().__init__(_message(response, body))

    def __str__(self) -> str:
        text = f"({self.status_code}) {self.error_message}"
        details = _field_errors(self.errors)
        if details and details not in text:
            text += f": {details}"
        if self.method and self.url:
            text += f" ({self.method} {urlsplit(self.url).path})"
        if self.attempts > 1:
            text += f" after {self.attempts} attempts"
        if self.request_id:
            text += f" [request {self.request_id}]"
        return f"{text}; {self.hint}" if self.hint else text

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), dict(self.__dict__))


class CivisAPIKeyError(CivisAPIError, PermissionError):
    """401: the key is missing, wrong or expired."""

    hint = f"the API key may be wrong or expired; {_HOW_TO_SET_A_KEY}"


class CivisForbiddenError(CivisAPIError, PermissionError):
    """403: the key's owner may not do that."""


class CivisNotFoundError(CivisAPIError, LookupError):
    """404: there is no such object, or the key's owner may not see it."""


class CivisConflictError(CivisAPIError):
    """409: the object's state does not allow it."""


class CivisValidationError(CivisAPIError, ValueError):
    """422: what was sent is not acceptable."""


class CivisRateLimitError(CivisAPIError):
    """429: too many calls; retried already, as far as the budget went."""


class CivisServerError(CivisAPIError):
    """5xx: the platform failed."""


_BY_STATUS: Mapping[int, type[CivisAPIError]] = {
    401: CivisAPIKeyError,
    403: CivisForbiddenError,
    404: CivisNotFoundError,
    409: CivisConflictError,
    422: CivisValidationError,
    429: CivisRateLimitError,
}


def api_error(answer: Any) -> CivisAPIError:
    """Build the error of the class that an answer's status calls for; never fails.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> answer = SimpleNamespace(status=404, headers={}, content=b'{"errorDescription": "no such file"}')
    >>> api_error(answer)
    CivisNotFoundError('no such file')
    """
    status = _first(answer, "status_code", "status")
    kind = _BY_STATUS.get(status) if isinstance(status, int) else None
    if kind is None:
        kind = CivisServerError if isinstance(status, int) and status >= 500 else CivisAPIError
    return kind(answer)


def without_query(url: str | None) -> str | None:
    """Give a URL without user, password, query and fragment: the part that is fit to be shown.

    Examples
    --------
    >>> without_query("https://key:@storage.test/a/b?Signature=abc")
    'https://storage.test/a/b'
    """
    if not url:
        return None
    try:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
        return f"{parts.scheme}://{host}{parts.path}" if host else parts.path
    except ValueError:
        return "(unreadable URL)"


def _rebuild(kind: type[CivisAPIError], state: dict[str, Any]) -> CivisAPIError:
    """Make an error again from what was pickled."""
    error = kind.__new__(kind, state.get("error_message", ""))
    error.args = (state.get("error_message", ""),)
    error.__dict__.update(state)
    return error


def _first(source: Any, *names: str) -> Any:
    """Give the first attribute that is there and not None, whatever the object does when asked."""
    for name in names:
        try:
            found = getattr(source, name, None)
        except Exception:  # noqa: S112 - an odd answer must still become an error
            continue
        if found is not None:
            return found
    return None


def _headers(response: Any) -> dict[str, str]:
    """Read the headers, names in small letters."""
    try:
        found = dict(_first(response, "headers") or {})
        return {str(name).lower(): str(value) for name, value in found.items()}
    except Exception:
        return {}


def _content(response: Any) -> str:
    """Read the body as text."""
    content = _first(response, "content", "text")
    if isinstance(content, (bytes, bytearray)):
        return bytes(content).decode("utf-8", "replace")
    return content if isinstance(content, str) else ""


def _body(response: Any) -> dict[str, Any]:
    """Read the body as a JSON object; empty if it is none."""
    try:
        found = json.loads(_content(response))
    except (ValueError, RecursionError, MemoryError):
        found = None
    if found is None and not _content(response):
        # Answers that users' tests make up often have a method ``json`` and no content.
        try:
            found = response.json()
        except Exception:
            found = None
    return found if isinstance(found, dict) else {}


def _message(response: Any, body: dict[str, Any]) -> str:
    """Find the server's own words."""
    for name in ("errorDescription", "error_description", "message", "detail", "error"):
        said = body.get(name)
        if said:
            return readable(said if isinstance(said, str) else _json_text(said))
    text = " ".join(_content(response)[:100_000].split())
    if text and not text.startswith("<"):
        return readable(text)
    reason = _text_or_none(_first(response, "reason"))
    return readable(reason) if reason else "the server gave no reason"


def _json_text(value: Any) -> str:
    """Write what should have been a text."""
    try:
        return json.dumps(mask_value(value), default=str, ensure_ascii=False)
    except Exception:
        return f"a {type(value).__name__} that cannot be written"


def _text_or_none(value: Any) -> str | None:
    """Give a text, or None for anything else."""
    return value if isinstance(value, str) and value else None


def _seconds(value: str | None) -> float | None:
    """Read a number of seconds."""
    try:
        return max(0.0, float(value)) if value else None
    except ValueError:
        return None


def _field_errors(errors: dict[str, Any] | list[Any] | None) -> str:
    """Write the errors by field in one line."""
    if isinstance(errors, dict):
        parts = [
            f"{name} {', '.join(map(str, said)) if isinstance(said, list) else said}"
            for name, said in list(errors.items())[:_MOST_FIELDS]
        ]
    else:
        parts = [str(each) for each in (errors or [])[:_MOST_FIELDS]]
    return readable("; ".join(parts))
