"""`ServiceClient`: a client of a web service deployed on the platform, built from its description."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from typing import Any, NoReturn, cast
from urllib.parse import urlsplit, urlunsplit

from civis import _env
from civis._errors import CivisClientError, api_error
from civis._http import Answer, CookieSession, Session, Turn
from civis._spec import Api, load_spec
from civis.resources import read_local_spec, resource_of_client
from civis.response import wrap

__all__ = ["ServiceClient"]

RETURN_TYPES = ("snake", "raw")


class ServiceClient:
    """A client of a service: an attribute for each of its resources, with a method for each operation.

    It signs in by the service's ``current_deployment.display_url`` when first used, keeps the cookie and the
    connections, and signs in again when the service asks for it.

    Parameters
    ----------
    service_id : int
        The service.
    root_path : str, optional
        What all the service's paths begin with (``"/api"``), to be left out of the names of its resources.
    swagger_path : str, default "/endpoints"
        Where the service describes itself (Swagger 2.0 or OpenAPI 3); FastAPI does at ``"/openapi.json"``.
    api_key : str, optional
        Key of the platform; by default the environment variable ``CIVIS_API_KEY``.
    return_type : {"snake", "raw"}, default "snake"
        What methods return: `civis.Response` objects or `requests.Response`.
    local_api_spec : mapping or path, optional
        The service's description, or a JSON file with it, instead of asking for it.
    endpoint : str, optional
        The platform's address; by default as the environment says.
    timeout, retries, verify, proxies, cert, allow_http, user_agent : optional
        As `civis.APIClient` takes them.

    Raises
    ------
    ValueError
        There is no such return type.

    Examples
    --------
    >>> service = ServiceClient(87, swagger_path="/openapi.json")  # doctest: +SKIP
    >>> service.predictions.post(rows=[1, 2]).scores  # doctest: +SKIP
    [0.3, 0.7]
    """

    def __init__(
        self,
        service_id: int,
        root_path: str | None = None,
        swagger_path: str = "/endpoints",
        api_key: str | _env.Secret | None = None,
        return_type: str = "snake",
        local_api_spec: Mapping[str, Any] | str | None = None,
        *,
        endpoint: str | None = None,
        user_agent: str | None = None,
        **options: Any,
    ) -> None:
        if return_type not in RETURN_TYPES:
            raise ValueError(f"return_type={return_type!r} is none of {', '.join(map(repr, RETURN_TYPES))}")
        self.return_type = return_type
        self._last: Answer | None = None
        self._service_id = service_id
        self._root_path = root_path or ""
        self._swagger_path = swagger_path
        self._given = local_api_spec
        self._options = {**options, "user_agent": _env.user_agent(user_agent)}
        self._reading: Turn[Api] = Turn()
        self._opening: Turn[CookieSession] = Turn()
        self._platform = Session(_env.api_endpoint(endpoint), _env.api_key(api_key), **self._options)

    # -- the service's resources ----------------------------------------------------------------------

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        found = resource_of_client(self, self._api, name, [])  # type: ignore[arg-type]  # CookieSession is no subclass
        return self.__dict__.setdefault(name, found)

    def __dir__(self) -> list[str]:
        with contextlib.suppress(Exception):  # no network must not break a prompt's completion
            return sorted({*object.__dir__(self), *self._api.resources})
        return sorted(object.__dir__(self))

    @property
    def _api(self) -> Api:
        """The service's description, read once."""
        return self._reading.take(lambda: self.__dict__.get("_described"), self._read)

    def _read(self) -> Api:
        """Read the service's description, from what was given or from itself."""
        if self._given is not None:
            found = read_local_spec(self._given, platform=False, root_path=self._root_path)
        else:
            found = load_spec(self.get_api_spec(), platform=False, root_path=self._root_path)
        self.__dict__["_described"] = found
        return found

    @property
    def _session(self) -> CookieSession:
        """The signed-in session, made at the first call."""
        return self._opening.take(lambda: self.__dict__.get("_opened"), self._open)

    def _open(self) -> CookieSession:
        """Make the session; it signs in when it is used."""
        made = CookieSession(self._sign_in_url, self.get_base_url(), **self._options)
        self.__dict__["_opened"] = made
        return made

    @property
    def last_response(self) -> Any:
        """The answer to the last call, as a `requests.Response`; None before the first."""
        return None if self._last is None else self._last.to_requests()

    def get_base_url(self) -> str:
        """Give the address of the service.

        Raises
        ------
        CivisClientError
            The service is not deployed.
        """
        return self._deployment()[0]

    def get_api_spec(self) -> dict[str, Any]:
        """Ask the service for its description.

        Raises
        ------
        CivisAPIError
            It has none at `swagger_path`.
        CivisClientError
            What is there is no description.
        """
        answer = self._session.request("GET", self._swagger_path)
        if not 200 <= answer.status < 300:
            raise api_error(answer)
        try:
            found = json.loads(answer.content)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise CivisClientError(
                f"Service {self._service_id} gives no description at {self._swagger_path}: "
                "say by swagger_path= where it does (/openapi.json with FastAPI), or pass local_api_spec=."
            )
        return found

    def close(self) -> None:
        """Close the connections; the client cannot be used after that."""
        opened = self.__dict__.get("_opened")
        if opened is not None:
            opened.close()
        self._platform.close()

    def __enter__(self) -> ServiceClient:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<ServiceClient of service {self._service_id}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "A ServiceClient holds a key and a cookie and is not pickled: make a new one over there."
        )

    # -- the platform's side --------------------------------------------------------------------------

    def _remember(self, answer: Answer) -> None:
        """Take note of the answer to a call."""
        self._last = answer

    def _sign_in_url(self) -> str:
        """Ask the platform where to sign in; the URL that came with the address serves once."""
        first = self.__dict__.pop("_first_sign_in", None)
        return cast(str, first) if first is not None else self._deployment(is_sign_in=True)[1]

    def _deployment(self, is_sign_in: bool = False) -> tuple[str, str]:
        """Ask the platform for the service: its address, and where to sign in."""
        known = self.__dict__.get("_base_url")
        if known is not None and not is_sign_in:
            return known, ""
        service = wrap(self._platform.request("GET", f"services/{self._service_id}"))
        display_url = (service.get("current_deployment") or {}).get("display_url")
        if not display_url:
            raise CivisClientError(
                f"Service {self._service_id} is not deployed: deploy it by "
                f"client.services.post_deployments({self._service_id}) and wait until it runs."
            )
        parts = urlsplit(service.get("current_url") or display_url)
        base_url = urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/") + "/", "", ""))
        self.__dict__["_base_url"] = base_url
        if not is_sign_in:
            self.__dict__["_first_sign_in"] = _Hidden(display_url)
        return base_url, display_url


class _Hidden(str):
    """The sign-in's URL, whose query is a credential; dumps of attributes do not show it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"
