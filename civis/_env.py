"""What the environment says: key, endpoint, the job that the program runs in; read when asked for."""

from __future__ import annotations

import importlib.util
import os
import platform
import re
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Final

from civis._errors import CivisAPIKeyMissingError
from civis._version import __version__

__all__ = ["DEFAULT_ENDPOINT", "Secret", "api_endpoint", "api_key", "job_id", "run_id", "user_agent"]

DEFAULT_ENDPOINT: Final = "https://api.civisanalytics.com/"


class Secret:
    """A text that must not be seen: its repr, format and pickle hide it.

    Parameters
    ----------
    value : str
        What to hide.

    Examples
    --------
    >>> secret = Secret("abc")
    >>> secret
    Secret('***')
    >>> secret.reveal()
    'abc'
    """

    __slots__ = ("__value",)

    def __init__(self, value: str) -> None:
        # A closure, not the text: a dump of attributes (a debugger's, a crash reporter's) sees nothing.
        self.__value: Callable[[], str] = lambda: value

    def reveal(self) -> str:
        """Give the text, for the one place that sends it."""
        return self.__value()

    def __repr__(self) -> str:
        return "Secret('***')"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other.reveal() == self.reveal()

    def __hash__(self) -> int:
        return hash(self.reveal())

    def __bool__(self) -> bool:
        return bool(self.reveal())

    def __reduce__(self) -> str:
        raise TypeError("a secret cannot be pickled; let the receiver read it from its own environment")


def api_key(given: str | Secret | None = None) -> Secret:
    """Find the key: the one given, else the environment's.

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
    found = (given or os.environ.get("CIVIS_API_KEY", "")).strip()
    if not found:
        raise CivisAPIKeyMissingError()
    if not found.isascii() or not found.isprintable():
        # Not shown: a mistyped key is still most of a key.
        raise ValueError(
            "the API key holds characters that no key has; copy it again, without quotes or line breaks"
        )
    return Secret(found)


def api_endpoint(given: str | None = None) -> str:
    """Find the base URL of the API: the one given, else ``CIVIS_API_ENDPOINT``, else the default.

    Returns
    -------
    str
        Ends in a slash.

    Raises
    ------
    ValueError
        If it is not an http(s) URL.
    """
    found = (given or os.environ.get("CIVIS_API_ENDPOINT") or DEFAULT_ENDPOINT).strip()
    if not found.lower().startswith(("https://", "http://")):
        raise ValueError(f"the API endpoint {found!r} is not a URL; it has to start with https:// or http://")
    return found if found.endswith("/") else found + "/"


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
    python = platform.python_version()
    name = product or "civis-python"
    return f"{name} (Python {python}; civis-python {__version__}; requests {_requests_version()})"


@lru_cache(maxsize=1)
def _requests_version() -> str:
    """Read the version of ``requests`` without importing it (150 ms) or a reader of metadata (40 ms)."""
    found = importlib.util.find_spec("requests")
    if found is None or found.origin is None:
        return "none"
    version = re.search(
        r"^__version__\s*=\s*[\"'](.+?)[\"']", _read(Path(found.origin).parent / "__version__.py"), re.M
    )
    return version[1] if version else "unknown"


def _read(path: Path) -> str:
    """Read a text file; empty if it cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return ""
