"""What is configured: key, addresses, the job that the program runs in; read when asked for.

What was passed goes before the environment, and that before the user's profile file.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

from civis._errors import CivisAPIKeyMissingError
from civis._secret import Secret
from civis._version import __version__

__all__ = [
    "DEFAULT_ENDPOINT",
    "Secret",
    "api_endpoint",
    "api_key",
    "job_id",
    "run_id",
    "user_agent",
    "web_address",
]

DEFAULT_ENDPOINT: Final = "https://api.civisanalytics.com/"


def api_key(given: str | Secret | None = None, endpoint: str | None = None) -> Secret:
    """Find the key: the one given, else the environment's, else that of the profile about the endpoint.

    Parameters
    ----------
    given : str or Secret, optional
        The key.
    endpoint : str, optional
        Where it will be sent; by default the one configured. The key of a profile goes to no other platform.

    Raises
    ------
    CivisAPIKeyMissingError
        If there is none, saying how to set one.
    TypeError
        If the one given is no text.
    """
    if isinstance(given, Secret):
        return given
    if given is not None and not isinstance(given, str):
        raise TypeError(f"api_key has to be a str, not {type(given).__name__}")
    found = Secret((given or os.environ.get("CIVIS_API_KEY", "")).strip())
    if not found:
        profile = _profile()
        kept = profile.get("api_key")
        if isinstance(kept, Secret) and _is_of_profile(endpoint or api_endpoint(), profile):
            found = kept
    if not found:
        raise CivisAPIKeyMissingError()
    if not found.reveal().isascii() or not found.reveal().isprintable():
        # Not shown: a mistyped key is still most of a key.
        raise ValueError(
            "the API key holds characters that no key has; copy it again, without quotes or line breaks"
        )
    return found


def api_endpoint(given: str | None = None) -> str:
    """Find the base URL of the API: the one given, else ``CIVIS_API_ENDPOINT``, the profile's, the default.

    Returns
    -------
    str
        Ends in a slash.

    Raises
    ------
    ValueError
        If it is not an http(s) URL.
    """
    named = given or os.environ.get("CIVIS_API_ENDPOINT") or _profile().get("api_endpoint")
    found = _checked_url(str(named or DEFAULT_ENDPOINT), "the API endpoint")
    return found if found.endswith("/") else found + "/"


def web_address(given: str | None = None, endpoint: str | None = None) -> str:
    """Find where people see the platform: the address that ``/jobs/1`` is appended to.

    The one given, else ``CIVIS_WEB_ADDRESS``, else the profile's, else what belongs to the endpoint: for
    ``https://api.HOST/`` the pages of ``https://platform.HOST``, for any other endpoint the endpoint itself.

    Parameters
    ----------
    given : str, optional
        The address.
    endpoint : str, optional
        Base URL of the API; by default the one configured.

    Returns
    -------
    str
        Does not end in a slash.

    Examples
    --------
    >>> web_address(endpoint="https://api.civisanalytics.com/")
    'https://platform.civisanalytics.com/spa/#'
    """
    base = endpoint or api_endpoint()
    profile = _profile()
    # An address kept for one platform says nothing about another one.
    kept = profile.get("web_address") if _is_of_profile(base, profile) else None
    named = given or os.environ.get("CIVIS_WEB_ADDRESS") or kept
    if named:
        return _checked_url(str(named), "the web address").rstrip("/")
    parts = urlsplit(base)
    host = parts.netloc.rpartition("@")[2]
    if host.startswith("api."):
        return f"{parts.scheme}://platform.{host[len('api.') :]}/spa/#"
    return f"{parts.scheme}://{host}{parts.path.rstrip('/')}"


def _is_of_profile(endpoint: str, profile: Mapping[str, str | Secret]) -> bool:
    """Tell whether an endpoint is the one that the profile is about."""
    return endpoint.rstrip("/") == str(profile.get("api_endpoint") or DEFAULT_ENDPOINT).rstrip("/")


def _profile() -> Mapping[str, str | Secret]:
    """Read the profile where there may be one; what reads it is loaded only then."""
    if not (os.environ.get("CIVIS_PROFILE") or os.path.exists(config_path())):
        return {}
    from civis._profile import read_profile  # noqa: PLC0415 - only those who have a file need it

    return read_profile(config_path())


def config_path() -> str:
    """Say where the profile file lies, whether there is one or not."""
    base = os.environ.get("XDG_CONFIG_HOME") or ""
    if not os.path.isabs(base):  # the standard says that a relative one is to be ignored
        base = os.path.join(os.path.expanduser("~"), ".config")
    return os.path.join(base, "civis", "config.toml")


def _checked_url(text: str, what: str) -> str:
    """Refuse what is no http(s) URL."""
    found = text.strip()
    if not found.lower().startswith(("https://", "http://")):
        raise ValueError(f"{what} {found!r} is not a URL; it has to start with https:// or http://")
    return found


def job_id() -> str | None:
    """Give the ID of the job that the program runs in, if the platform runs it."""
    return os.environ.get("CIVIS_JOB_ID") or None


def run_id() -> str | None:
    """Give the ID of the run that the program is, if the platform runs it."""
    return os.environ.get("CIVIS_RUN_ID") or None


def user_agent(product: str | None = None) -> str:
    """Say who calls, as the platform's logs expect it.

    Parameters
    ----------
    product : str, optional
        By default ``"civis-python"``.

    Examples
    --------
    >>> user_agent("my-app").startswith("my-app (Python 3.")
    True
    """
    python = sys.version.partition(" ")[0].rstrip("+")
    name = product or "civis-python"
    return f"{name} (Python {python}; civis-python {__version__}; requests {_requests_version()})"


@lru_cache(maxsize=1)
def _requests_version() -> str:
    """Read the version of ``requests`` without importing it (150 ms) or a reader of metadata (40 ms)."""
    loaded = sys.modules.get("requests")
    if loaded is not None:
        return str(loaded.__version__)
    from importlib.util import find_spec  # noqa: PLC0415 - 5 ms, with the first request

    found = find_spec("requests")
    if found is None or found.origin is None:
        return "none"
    text = _read(os.path.join(os.path.dirname(found.origin), "__version__.py"))
    version = re.search(r"^__version__\s*=\s*[\"'](.+?)[\"']", text, re.M)
    return version[1] if version else "unknown"


def _read(path: str) -> str:
    """Read a text file; empty if it cannot be read."""
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except OSError:
        return ""
