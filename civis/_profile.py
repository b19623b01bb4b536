"""The profile file: key and addresses of platforms that a user works with. Knows no environment's key.

``config.toml`` in ``$XDG_CONFIG_HOME/civis`` (else ``~/.config/civis``) holds tables ``[profile.NAME]`` with
``api_key``, ``api_endpoint`` and ``web_address``; ``CIVIS_PROFILE`` chooses one, else ``default`` counts.
"""

from __future__ import annotations

import os
import stat
import warnings
from collections.abc import Mapping
from typing import Any, Final

from civis._errors import CivisClientError
from civis._names import suggestion
from civis._secret import Secret

__all__ = ["KEYS", "read_profile"]

#: What a profile may hold.
KEYS: Final = ("api_key", "api_endpoint", "web_address")
_SHOWN: Final = KEYS[1:]
DEFAULT_NAME: Final = "default"

#: What was read, and of which state of the file.
_known: dict[str, tuple[tuple[int, int, int], Mapping[str, Any]]] = {}


def read_profile(path: str) -> Mapping[str, str | Secret]:
    """Give the profile that counts now; empty where none was asked for and there is no default.

    Parameters
    ----------
    path : str
        The file.

    Raises
    ------
    CivisClientError
        The file cannot be read, or the profile that ``CIVIS_PROFILE`` names is not in it.
    """
    asked = os.environ.get("CIVIS_PROFILE") or ""
    profiles = _read_file(path)
    name = asked or DEFAULT_NAME
    found = profiles.get(name)
    if found is None:
        if not asked:
            return {}
        hint = suggestion(asked, list(profiles))
        raise CivisClientError(f"CIVIS_PROFILE={asked!r}, but there is no [profile.{asked}] in {path}.{hint}")
    return _checked(found, name, path)


def _read_file(path: str) -> Mapping[str, Any]:
    """Read all profiles; none where there is no file. A file is read again only if it has changed."""
    try:
        status = os.stat(path)
    except OSError:
        return {}
    state = (status.st_mtime_ns, status.st_size, status.st_mode)
    known = _known.get(path)
    if known is not None and known[0] == state:
        return known[1]
    profiles = _parse(path)
    if os.name == "posix" and stat.S_IMODE(status.st_mode) & 0o077 and _holds_key(profiles):
        warnings.warn(
            f"{path} holds an API key and others can read it: run chmod 600 {path}",
            UserWarning,
            stacklevel=6,
        )
    _known[path] = (state, profiles)
    return profiles


def _parse(path: str) -> Mapping[str, Any]:
    """Parse the file; an error names file, line and column and shows nothing of the file."""
    try:
        import tomllib as toml  # type: ignore[import-not-found, unused-ignore]  # noqa: PLC0415 - 10 ms, only with a file
    except ImportError:  # Python 3.10
        import tomli as toml  # type: ignore[import-not-found, unused-ignore, no-redef]  # noqa: PLC0415 - as above

    problem = ""
    profiles: Any = {}
    try:
        with open(path, "rb") as file:
            profiles = _without_keys(toml.load(file).get("profile", {}))
    except (OSError, ValueError) as error:  # what is no TOML, or no UTF-8, is a ValueError
        problem = "it is no text in UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)
    if not problem and not isinstance(profiles, dict):
        problem = "profile is no table; write [profile.default]"
    if problem:
        raise CivisClientError(f"the configuration {path} cannot be read: {problem}")
    return profiles  # type: ignore[no-any-return]  # checked above


def _without_keys(profiles: Any) -> Any:
    """Hide at once all that may be a key, a mistyped one too, so that no frame of a traceback shows it."""
    for profile in profiles.values() if isinstance(profiles, dict) else ():
        for name, value in profile.items() if isinstance(profile, dict) else ():
            if isinstance(value, str) and name not in _SHOWN:
                profile[name] = Secret(value.strip())
    return profiles


def _holds_key(profiles: Mapping[str, Any]) -> bool:
    """Tell whether there is anything to keep from others."""
    return any(isinstance(each, dict) and each.get("api_key") for each in profiles.values())


def _checked(profile: Any, name: str, path: str) -> Mapping[str, str | Secret]:
    """Refuse a profile with words or types that mean nothing; values are not shown, as one is a key."""
    if not isinstance(profile, dict):
        raise CivisClientError(f"profile.{name} in {path} is no table; write [profile.{name}]")
    for key, value in profile.items():
        if key not in KEYS:
            raise CivisClientError(
                f"{key!r} in [profile.{name}] of {path} is none of {', '.join(KEYS)}.{suggestion(key, KEYS)}"
            )
        if not isinstance(value, (str, Secret)):
            raise CivisClientError(
                f"{key} in [profile.{name}] of {path} is {type(value).__name__}, not text; put it in quotes"
            )
    return profile
