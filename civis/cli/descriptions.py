"""The API's description as it is at hand, on the disk or with this package. Asks nobody; knows no click."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Final

from civis._spec import SpecCache
from civis._version import __version__

if TYPE_CHECKING:
    from civis._env import Secret
    from civis._spec import Api

__all__ = ["API_VERSION", "configured_description", "description_at_hand"]

API_VERSION: Final = "1.0"


def description_at_hand(endpoint: str, key: Secret | None) -> Api:
    """Give the description kept on the disk, however old, else the one that comes with this package.

    Parameters
    ----------
    endpoint : str
        The base URL of the API.
    key : Secret or None
        The key that the description was asked for with; None where there is none.
    """
    if key:
        stored = SpecCache().read(SpecCache().name(endpoint, key.reveal(), API_VERSION))
        if stored is not None:
            return stored.api
    return _packaged()


def configured_description() -> Api:
    """Give the description at hand for the endpoint and the key that are configured.

    That settings are wrong is told by what needs them.
    """
    from civis._env import api_endpoint, api_key  # noqa: PLC0415 - for what is asked before click is loaded
    from civis._errors import CivisError  # noqa: PLC0415 - as above

    try:
        endpoint = api_endpoint()
        return description_at_hand(endpoint, api_key(None, endpoint))
    except (CivisError, ValueError):
        return description_at_hand("", None)


def _packaged() -> Api:
    """Read the description that comes with this package; after the first time from the user's cache."""
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    path = os.path.join(package, "resources", "civis_api_spec.json")
    status = os.stat(path)
    cache = SpecCache()
    name = cache.name(f"{path} {status.st_mtime_ns} {status.st_size}", __version__, API_VERSION)
    stored = cache.read(name)
    if stored is None:
        with open(path, "rb") as file:
            content = file.read()
        if cache.write(name, json.loads(content)):
            stored = cache.read(name)
    if stored is not None:
        return stored.api
    from civis.resources import read_local_spec  # noqa: PLC0415 - for those without a home

    return read_local_spec(path)
