"""The description as a document: download it, keep it in a file of the user's, make classes of it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from civis import _env
from civis._spec import load_spec
from civis.resources._classes import resource_classes
from civis.resources._description import DESCRIPTIONS, download_description
from civis.resources._local import SpecSource, check_version, read_local_spec
from civis.resources._methods import ResourceMethods

if TYPE_CHECKING:
    from civis._http import Session

#: The description that comes with this package, for work without a platform.
API_SPEC_PATH = str(Path(__file__).with_name("civis_api_spec.json"))
#: Where `cache_api_spec` writes by default.
CACHED_SPEC_PATH = os.path.join(os.path.expanduser("~"), ".civis_api_spec.json")


def get_api_spec(
    api_key: str | None = None, api_version: str = "1.0", user_agent: str | None = None
) -> dict[str, Any]:
    """Download the description of the API.

    Parameters
    ----------
    api_key : str, optional
        By default the environment variable ``CIVIS_API_KEY``.
    api_version : str, default "1.0"
        There is no other.
    user_agent : str, optional
        The product to name in the request; by default ``"civis-python"``.

    Returns
    -------
    dict
        The description in Swagger 2.0.

    Raises
    ------
    requests.HTTPError
        If the platform refuses the key, which may be expired.
    CivisAPIError
        If it answers with another error.

    Examples
    --------
    >>> import civis.resources
    >>> sorted(civis.resources.get_api_spec())[:2]  # doctest: +SKIP
    ['definitions', 'host']
    """
    check_version(api_version)
    session = _session(api_key, user_agent)
    try:
        return download_description(session)
    finally:
        session.close()


def cache_api_spec(
    cache: str | os.PathLike[str] = CACHED_SPEC_PATH,
    api_key: str | None = None,
    api_version: str = "1.0",
    user_agent: str | None = None,
) -> None:
    """Download the description of the API to a file, for ``APIClient(local_api_spec=path)``.

    Parameters
    ----------
    cache : str or os.PathLike, default `CACHED_SPEC_PATH`
        The file; replaced at one blow.
    api_key, api_version, user_agent
        As in `get_api_spec`.

    Examples
    --------
    >>> import civis.resources
    >>> civis.resources.cache_api_spec("api_spec.json")  # doctest: +SKIP
    """
    mapping = get_api_spec(api_key, api_version, user_agent)
    path = Path(cache).expanduser()
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_text(json.dumps(mapping), encoding="utf-8")
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def generate_classes(
    api_key: str | None = None, api_version: str = "1.0", user_agent: str | None = None
) -> Mapping[str, type[ResourceMethods]]:
    """Make the classes of all resources from the platform's description.

    Parameters
    ----------
    api_key, api_version, user_agent
        As in `get_api_spec`.

    Returns
    -------
    Mapping
        From the names of the resources to their classes; each takes a client.

    Examples
    --------
    >>> import civis.resources
    >>> civis.resources.generate_classes()["scripts"].__name__  # doctest: +SKIP
    'Scripts'
    """
    check_version(api_version)
    key = _env.api_key(api_key)
    session = _session(key, user_agent)
    try:
        return resource_classes(DESCRIPTIONS.get(session, key, api_version))
    finally:
        session.close()


def generate_classes_maybe_cached(
    cache: SpecSource | None,
    api_key: str | None = None,
    api_version: str = "1.0",
    force_refresh_api_spec: bool = False,
    user_agent: str | None = None,
) -> Mapping[str, type[ResourceMethods]]:
    """Make the classes of all resources, from a description at hand if one is given.

    Parameters
    ----------
    cache : Mapping, str or os.PathLike, or None
        A description or the path of one; None asks the platform.
    force_refresh_api_spec : bool, default False
        Download the description even if a current one is at hand.
    api_key, api_version, user_agent
        As in `get_api_spec`.

    Returns
    -------
    Mapping
        From the names of the resources to their classes.

    Raises
    ------
    TypeError
        If a description is given and another is to be downloaded.

    Examples
    --------
    >>> from civis.resources import generate_classes_maybe_cached
    >>> spec = {"swagger": "2.0", "paths": {"/jobs/{id}": {"get": {}}}}
    >>> classes = generate_classes_maybe_cached(spec)
    >>> classes["jobs"].__name__
    'Jobs'
    """
    if cache is not None:
        if force_refresh_api_spec:
            raise TypeError("pass either a description (cache=) or force_refresh_api_spec=True, not both")
        return resource_classes(read_local_spec(cache))
    if force_refresh_api_spec:
        return resource_classes(load_spec(get_api_spec(api_key, api_version, user_agent)))
    return generate_classes(api_key, api_version, user_agent)


def _session(api_key: str | _env.Secret | None, user_agent: str | None) -> Session:
    """Open a session for a download."""
    from civis._http import Session  # noqa: PLC0415 - urllib3 takes 40 ms to import; a local description needs none

    return Session(
        _env.api_endpoint(), _env.api_key(api_key), user_agent=_env.user_agent(user_agent or "civis-python")
    )
