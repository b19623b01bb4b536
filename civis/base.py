"""Names of the client's foundation that user code imports: errors, states, sessions, bases of classes."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from civis import _env
from civis._errors import (
    CivisAPIError,
    CivisAPIKeyError,
    CivisAPIKeyMissingError,
    CivisClientError,
    CivisClosedError,
    CivisConflictError,
    CivisConnectionError,
    CivisError,
    CivisForbiddenError,
    CivisImmutableResponseError,
    CivisImportError,
    CivisJobFailure,
    CivisNotFoundError,
    CivisRateLimitError,
    CivisServerError,
    CivisTimeoutError,
    CivisTransferError,
    CivisValidationError,
    EmptyResultError,
)
from civis._http import Answer, Session
from civis._http.timeouts import DEFAULT_TIMEOUT
from civis._states import CANCELLED, DONE, FAILED, FINISHED, NOT_FINISHED
from civis.response import wrap

if TYPE_CHECKING:
    import requests

__all__ = [
    "CANCELLED",
    "DONE",
    "FAILED",
    "FINISHED",
    "NOT_FINISHED",
    "CivisAPIError",
    "CivisAPIKeyError",
    "CivisAPIKeyMissingError",
    "CivisAsyncResultBase",
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
    "Endpoint",
    "get_base_url",
    "open_session",
    "tostr_urljoin",
]


def tostr_urljoin(*parts: object) -> str:
    """Join parts to a URL with one slash between each two.

    Examples
    --------
    >>> tostr_urljoin("https://api.civisanalytics.com/", "jobs", 3)
    'https://api.civisanalytics.com/jobs/3'
    """
    return "/".join(str(part).rstrip("/") for part in parts)


def get_base_url() -> str:
    """Give the address of the API, which ends in a slash: ``CIVIS_API_ENDPOINT``, else the hosted platform's.

    Examples
    --------
    >>> get_base_url()
    'https://api.civisanalytics.com/'
    """
    return _env.api_endpoint(None)


def open_session(api_key: str, max_retries: int = 5, user_agent: str = "civis-python") -> requests.Session:
    """Open a `requests.Session` that signs in to the platform, for calls that no client method makes.

    Parameters
    ----------
    api_key : str
        The key.
    max_retries : int, default 5
        How often requests are repeated after statuses 429, 502, 503 and 504; POST and PATCH are not repeated.
    user_agent : str, default "civis-python"
        The first word of the header.

    Returns
    -------
    requests.Session
        Close it. It waits 10 seconds for a connection and 60 for each piece of an answer. Its key goes to
        whatever address it is given: keep to the API's.

    Examples
    --------
    >>> with open_session("a key") as session:
    ...     session.headers["User-Agent"].split()[0]
    'civis-python'
    """
    import requests  # noqa: PLC0415 - takes 60 ms to import, and client methods do without
    from requests.adapters import HTTPAdapter  # noqa: PLC0415 - as above
    from urllib3 import Retry  # noqa: PLC0415 - as above

    class TimedAdapter(HTTPAdapter):
        """Waits no longer than client methods do, unless a call says otherwise."""

        def send(
            self,
            request: requests.PreparedRequest,
            stream: bool = False,
            timeout: Any = None,
            *options: Any,
            **named: Any,
        ) -> requests.Response:
            limits = DEFAULT_TIMEOUT if timeout is None else timeout
            return super().send(request, stream, limits, *options, **named)

    session = requests.Session()
    session.auth = (_env.api_key(api_key).reveal(), "")
    session.headers.update({"User-Agent": _env.user_agent(user_agent), "Accept": "application/json"})
    retry = Retry(
        max_retries, backoff_factor=0.75, status_forcelist=(429, 502, 503, 504), raise_on_status=False
    )
    session.mount(get_base_url(), TimedAdapter(max_retries=retry))
    return session


class Endpoint:
    """Calls paths of the API directly, for paths that have no method.

    Parameters
    ----------
    session_kwargs : mapping, optional
        ``api_key``, ``user_agent``, ``max_retries`` and what `civis._http.Session` takes; or a `Session`.
    client : APIClient, optional
        Whose session and return type are used.
    return_type : {"snake", "raw", "pandas"}, default "snake"
        What calls return.

    Examples
    --------
    >>> endpoint = Endpoint({"api_key": "a key"})
    >>> endpoint._build_path("jobs")
    'https://api.civisanalytics.com/jobs'
    """

    def __init__(
        self,
        session_kwargs: Mapping[str, Any] | Session | None = None,
        client: Any = None,
        return_type: str = "snake",
    ) -> None:
        self._client = client
        self._return_type = return_type
        self._given = session_kwargs
        self._own: Session | None = None
        known = getattr(client, "_endpoint", None)
        self._base_url = known if isinstance(known, str) else get_base_url()

    def _session(self) -> Session:
        """Give the session: the one given, the client's, or one of its own, made at the first call."""
        if isinstance(self._given, Session):
            return self._given
        if self._own is None:
            shared = getattr(self._client, "_session", None)
            self._own = shared if isinstance(shared, Session) else self._open()
        return self._own

    def _open(self) -> Session:
        """Make a session of the words given."""
        options = dict(self._given) if isinstance(self._given, Mapping) else {}
        key = _env.api_key(options.pop("api_key", None), self._base_url)
        agent = _env.user_agent(options.pop("user_agent", None) or "civis-python")
        retries = options.pop("max_retries", None)
        options.setdefault("retries", retries)
        return Session(self._base_url, key, user_agent=agent, **options)

    def _build_path(self, path: str | None) -> str:
        """Give the whole URL of a path."""
        return self._base_url if not path else tostr_urljoin(self._base_url, path.strip("/"))

    def _make_request(
        self, method: str, path: str | None = None, params: Any = None, data: Any = None, **kwargs: Any
    ) -> Answer:
        """Send a request and give the answer; an error of the platform is raised."""
        answer = self._session().request(method, path or "", query=params, body=data, **kwargs)
        if answer.status >= 400:
            wrap(answer)  # raises
        return answer

    def _call_api(
        self, method: str, path: str | None = None, params: Any = None, data: Any = None, **kwargs: Any
    ) -> Any:
        """Send a request and give what client methods give."""
        result = wrap(self._make_request(method, path, params, data, **kwargs), self._return_type)
        if self._client is not None:
            self._client.last_response = result
        return result


class CivisAsyncResultBase(Future[Any]):
    """The base of results that come later; `civis.futures.CivisFuture` is the one to use.

    Examples
    --------
    >>> CivisAsyncResultBase().done()
    False
    """

    def cancel(self) -> bool:
        """Stop what the result is waited for; subclasses that stand for a run do.

        Raises
        ------
        NotImplementedError
            There is nothing on the platform that could be cancelled.
        """
        raise NotImplementedError(f"{type(self).__name__} has nothing on the platform that can be cancelled.")
