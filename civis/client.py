"""`APIClient`: one user's way to the platform.

Holds key, session and description; methods, look-ups and identity are in `civis.resources`.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, SupportsIndex

from civis import _env
from civis._deprecation import warn_deprecated
from civis._http import Answer, Session
from civis.resources import SpecSource, check_version, read_local_spec

if TYPE_CHECKING:
    from civis._spec import Api
    from civis.resources import Identity, Lookups, ResourceMethods
    from civis.resources.types import Resources
else:
    Resources = object  # the resources' types are for editors and checkers only

__all__ = ["APIClient"]

RETURN_TYPES = ("snake", "raw", "pandas")
#: Names of resources in earlier releases.
OLDER_RESOURCES = {"matchtargets": "match_targets", "remotehosts": "remote_hosts"}


class APIClient(Resources):
    """The API of Civis Platform: an attribute for each resource, with a method for each operation.

    Many threads may use one client at once.

    Parameters
    ----------
    api_key : str, optional
        By default the environment variable ``CIVIS_API_KEY``, else that of the profile.
    return_type : {"snake", "raw", "pandas"}, default "snake"
        What methods return: `civis.Response` objects; a `requests.Response`; or, an older spelling, a
        `pandas.Series` for an object and a `pandas.DataFrame` for a list.
    api_version : str, default "1.0"
        There is no other.
    local_api_spec : Mapping, str or os.PathLike, optional
        A description of the API, or the path of a JSON file that holds one. By default the platform's own is
        downloaded when it is first needed, and kept: for 15 minutes where somebody types, for 24 hours in a
        script.
    force_refresh_api_spec : bool, default False
        Download the description even if a current one is at hand.
    retries : int, urllib3.Retry or tenacity.Retrying, optional
        How often a request is repeated where the platform is busy or does not answer.
    user_agent : str, optional
        The product to name in requests; by default ``"civis-python"``.
    retry_total : int, optional
        Older spelling of `retries`.
    resources : {"base", "all"}, optional
        Older; does nothing, since all resources are there.
    endpoint : str, optional
        Base URL of the API; by default ``CIVIS_API_ENDPOINT`` of the environment, else that of the profile,
        else the hosted platform.
    web_address : str, optional
        Where people see the platform: what pages such as ``/jobs/1`` are appended to; by default
        ``CIVIS_WEB_ADDRESS``, else that of the profile, else what belongs to the endpoint.
    timeout : float or (float, float), optional
        Seconds to wait for a connection, and for each piece of an answer; by default 10 and 60.
    verify, proxies, cert : optional
        As in requests; by default what the environment says.
    allow_http : bool, default False
        Whether the key may travel unencrypted to another machine.

    Raises
    ------
    CivisAPIKeyMissingError
        If there is no key.
    ValueError
        If `return_type` or `api_version` is none there is, or the endpoint is no URL.
    TypeError
        If both `local_api_spec` and `force_refresh_api_spec` are given.

    Examples
    --------
    >>> import civis
    >>> client = civis.APIClient()  # doctest: +SKIP
    >>> client.users.get_me().username  # doctest: +SKIP
    'ada'
    """

    def __init__(
        self,
        api_key: str | _env.Secret | None = None,
        return_type: str = "snake",
        api_version: str = "1.0",
        local_api_spec: SpecSource | None = None,
        force_refresh_api_spec: bool = False,
        retries: Any = None,
        user_agent: str | None = None,
        *,
        retry_total: int | None = None,
        resources: str | None = None,
        endpoint: str | None = None,
        web_address: str | None = None,
        timeout: float | tuple[float | None, float | None] | None = None,
        verify: bool | str | None = None,
        proxies: Mapping[str, str] | None = None,
        cert: str | tuple[str, str] | None = None,
        allow_http: bool = False,
    ) -> None:
        check_version(api_version)
        _check_return_type(return_type)
        if local_api_spec is not None and force_refresh_api_spec:
            raise TypeError("pass either local_api_spec= or force_refresh_api_spec=True, not both")
        _check_older(return_type, resources, retry_total)
        retries = retry_total if retries is None else retries
        self.return_type = return_type
        self.api_version = api_version
        self._endpoint = _env.api_endpoint(endpoint)
        self._key = _env.api_key(api_key, self._endpoint)
        self._web_address = _env.web_address(web_address, self._endpoint)
        self._local_api_spec = local_api_spec
        self._must_refresh = force_refresh_api_spec
        self._answers = _LastAnswers()
        #: What another process needs to make this client again; neither the key nor what holds passwords.
        self._recipe = {
            "return_type": return_type,
            "local_api_spec": local_api_spec,
            "retries": retries,
            "user_agent": user_agent,
            "endpoint": endpoint,
            "web_address": web_address,
            "timeout": timeout,
            "allow_http": allow_http,
        }
        self._session = Session(
            self._endpoint,
            self._key,
            user_agent=partial(_env.user_agent, user_agent),
            retries=retries,
            verify=verify,
            proxies=proxies,
            cert=cert,
            allow_http=allow_http,
            timeout=timeout,
        )

    @property
    def _api(self) -> Api:
        """The description of the API."""
        found: Api | None = self.__dict__.get("_described")
        if found is None:
            if self._local_api_spec is not None:
                found = read_local_spec(self._local_api_spec)
            else:
                from civis.resources import DESCRIPTIONS  # noqa: PLC0415 - a cache, 10 ms

                found = DESCRIPTIONS.get(
                    self._session, self._key, self.api_version, refresh=self._must_refresh
                )
            found = self.__dict__.setdefault("_described", found)
        return found

    @property
    def _identity(self) -> Identity:
        """What knows whose key it is."""
        found: Identity | None = self.__dict__.get("_known_identity")
        if found is None:
            from civis.resources import Identity  # noqa: PLC0415 - most programs do not ask

            found = self.__dict__.setdefault("_known_identity", Identity(self))
        return found

    @property
    def _lookups(self) -> Lookups:
        """What finds IDs by names."""
        found: Lookups | None = self.__dict__.get("_known_lookups")
        if found is None:
            from civis.resources import Lookups  # noqa: PLC0415 - most programs look nothing up

            found = self.__dict__.setdefault("_known_lookups", Lookups(self))
        return found

    def _find_resource(self, name: str) -> Any:
        """Give the resource of a name, and keep it."""
        # Only what the class and the instance do not have comes here.
        if name.startswith("_"):
            raise AttributeError(
                f"{type(self).__name__!r} object has no attribute {name!r}", name=name, obj=self
            )
        current = OLDER_RESOURCES.get(name)
        if current is not None:
            warn_deprecated(f"client.{name}", since="1.0.0", instead=f"client.{current}", stacklevel=2)
            return getattr(self, current)
        from civis.resources import resource_of_client  # noqa: PLC0415 - not before there is a call

        found: ResourceMethods = resource_of_client(self, self._api, name, _ATTRIBUTES)
        return self.__dict__.setdefault(name, found)

    if not TYPE_CHECKING:  # a checker would take any name for a resource
        __getattr__ = _find_resource

    def __dir__(self) -> list[str]:
        with contextlib.suppress(Exception):  # no key or no network must not break a prompt's completion
            return sorted({*object.__dir__(self), *self._api.resources})
        return sorted(object.__dir__(self))

    def get_aws_credential_id(self, cred_name: str | SupportsIndex, owner: str | None = None) -> int:
        """Find the ID of an AWS credential.

        Parameters
        ----------
        cred_name : str or int
            The credential's name; an ID passes through.
        owner : str, optional
            User name of its owner, where several people have one of that name.

        Returns
        -------
        int

        Raises
        ------
        ValueError
            If there is no such credential; the message names those that are near.

        Examples
        --------
        >>> client.get_aws_credential_id("jsmith")  # doctest: +SKIP
        1234
        """
        return self._lookups.aws_credential_id(cred_name, owner)

    def get_database_credential_id(
        self, username: str | SupportsIndex, database_name: str | SupportsIndex
    ) -> int:
        """Find the ID of the credential that a user name has in a database.

        Parameters
        ----------
        username : str or int
            The user's name in the database; an ID passes through.
        database_name : str or int
            Name or ID of the database.

        Returns
        -------
        int

        Raises
        ------
        ValueError
            If there is no such credential; the message names those that are near.

        Examples
        --------
        >>> client.get_database_credential_id("jsmith", "redshift-general")  # doctest: +SKIP
        2013
        """
        return self._lookups.database_credential_id(username, database_name)

    def get_database_id(self, database: str | SupportsIndex) -> int:
        """Find the ID of a database.

        Parameters
        ----------
        database : str or int
            Its name; an ID passes through, as an integer or written in digits.

        Returns
        -------
        int

        Raises
        ------
        ValueError
            If there is no such database; the message names those that are near.

        Examples
        --------
        >>> client.get_database_id("redshift-general")  # doctest: +SKIP
        13
        """
        return self._lookups.database_id(database)

    def get_storage_host_id(self, storage_host: str | SupportsIndex) -> int:
        """Find the ID of a storage host.

        Parameters
        ----------
        storage_host : str or int
            Its name; an ID passes through.

        Returns
        -------
        int

        Raises
        ------
        ValueError
            If there is no such storage host; the message names those that are near.

        Examples
        --------
        >>> client.get_storage_host_id("test host")  # doctest: +SKIP
        1234
        """
        return self._lookups.storage_host_id(storage_host)

    def get_table_id(self, table: str | SupportsIndex, database: str | SupportsIndex) -> int:
        """Find the ID of a table.

        Parameters
        ----------
        table : str or int
            ``schema.table``, each part in double quotes or not; an ID passes through.
        database : str or int
            Name or ID of its database.

        Returns
        -------
        int

        Raises
        ------
        ValueError
            If `table` has no schema, or there is no such table; the message names those that are near.

        Examples
        --------
        >>> client.get_table_id("foo.bar", "redshift-general")  # doctest: +SKIP
        123
        """
        return self._lookups.table_id(table, database)

    @property
    def endpoint(self) -> str:
        """The base URL of the API; ends in a slash."""
        return self._endpoint

    @property
    def web_address(self) -> str:
        """Where people see the platform: what pages such as ``/jobs/1`` are appended to."""
        return self._web_address

    @property
    def username(self) -> str:
        """The user's name on the platform."""
        return self._identity.username()

    @property
    def default_database_credential_id(self) -> int | None:
        """The ID of the user's default database credential; None where there is none.

        A key that the platform made for one run cannot see the default credential of the user it acts for.
        """
        return self._identity.default_credential_id()

    @property
    def default_credential(self) -> int | None:
        """Older spelling of `default_database_credential_id`."""
        warn_deprecated(
            "client.default_credential", since="1.13.0", instead="client.default_database_credential_id"
        )
        return self._identity.default_credential_id()

    @property
    def feature_flags(self) -> tuple[str, ...]:
        """Older spelling of ``client.users.get_me().feature_flags``: the names of those that are on."""
        warn_deprecated("client.feature_flags", since="3.0.0", instead="client.users.get_me().feature_flags")
        return self._identity.feature_flags()

    def with_options(
        self, *, timeout: float | tuple[float | None, float | None] | None = None, retries: Any = None
    ) -> APIClient:
        """Give a client that waits or repeats differently, for one call or for many.

        Parameters
        ----------
        timeout : float or (float, float), optional
            Seconds to wait for a connection, and for each piece of an answer; what is None stays as it is.
        retries : int, urllib3.Retry or tenacity.Retrying, optional
            How often a request is repeated.

        Returns
        -------
        APIClient
            It shares key, description and connections: closing either closes both.

        Examples
        --------
        >>> client.with_options(timeout=300).scripts.get(1)  # doctest: +SKIP
        """
        other = object.__new__(type(self))
        other.__dict__.update(
            (name, value) for name, value in list(self.__dict__.items()) if not _is_resource(value)
        )
        other._session = self._session.with_options(timeout=timeout, retries=retries)
        other._recipe = dict(self._recipe)
        other._recipe["timeout"] = other._session.timeout
        other._recipe["retries"] = self._recipe["retries"] if retries is None else retries
        for name in ("_known_identity", "_known_lookups"):  # they ask through the client they belong to
            other.__dict__.pop(name, None)
        return other

    def refresh(self) -> None:
        """Forget what was read of the user and of the API, so that it is asked for again."""
        self._identity.clear()
        for name, value in list(self.__dict__.items()):
            if _is_resource(value):
                self.__dict__.pop(name, None)
        self._must_refresh = self._local_api_spec is None
        self.__dict__.pop("_described", None)

    @property
    def last_response(self) -> Any:
        """What the last call of this thread returned (else the last of any thread); None before the first."""
        last = self._answers.last()
        if not isinstance(last, Answer):
            return last
        from civis.response import wrap  # noqa: PLC0415 - loaded by the call that this is about

        return wrap(last, self.return_type)

    @last_response.setter
    def last_response(self, value: Any) -> None:
        """Note what a call returned that was made without a method (`civis.base.Endpoint`)."""
        self._answers.put(value)

    def _remember(self, answer: Answer) -> None:
        """Take note of the answer to a call."""
        self._answers.put(answer)

    def close(self) -> None:
        """Close the connections; the client cannot be used after that."""
        self._session.close()

    def __enter__(self) -> APIClient:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __repr__(self) -> str:
        kind = "" if self.return_type == "snake" else f", return_type={self.return_type!r}"
        return f"<{type(self).__name__} of {self._session.base_url}{kind}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self._recipe)


def _check_return_type(return_type: str) -> None:
    """Refuse what methods cannot return."""
    if return_type not in RETURN_TYPES:
        raise ValueError(f"return_type={return_type!r} is none of {', '.join(map(repr, RETURN_TYPES))}")


def _check_older(return_type: str, resources: str | None, retry_total: int | None) -> None:
    """Warn of arguments of earlier releases, at the line that makes the client; refuse unknown values."""
    if return_type == "pandas":
        instead = ".to_pandas() of a list, where a frame is wanted"
        warn_deprecated('return_type="pandas"', since="3.0.0", instead=instead, stacklevel=3)
    if resources is not None:
        if resources not in ("base", "all"):
            raise ValueError(f"resources={resources!r} is neither 'base' nor 'all'")
        warn_deprecated(
            f"resources={resources!r}", since="1.8.0", instead="nothing (all are there)", stacklevel=3
        )
    if retry_total is not None:
        warn_deprecated("retry_total=", since="2.0.0", instead=f"retries={retry_total!r}", stacklevel=3)


class _LastAnswers:
    """The last answer of each thread, and of all."""

    def __init__(self) -> None:
        self._by_thread = threading.local()
        self._latest: Any = None

    def put(self, answer: Any) -> None:
        """Take note of an answer."""
        self._by_thread.answer = self._latest = answer

    def last(self) -> Any:
        """Give this thread's last answer, else the last of all."""
        return getattr(self._by_thread, "answer", self._latest)


def _is_resource(value: object) -> bool:
    """Tell whether an attribute of a client stands for a resource and belongs to it alone."""
    return getattr(type(value), "_resource", None) is not None


def _rebuild(kind: type[APIClient], recipe: Mapping[str, Any]) -> APIClient:
    """Make a client again from what was pickled, with the key of the receiver's environment."""
    return kind(**recipe)


#: Attributes that a mistyped one may have meant.
_ATTRIBUTES = [name for name in vars(APIClient) if not name.startswith("_")]
