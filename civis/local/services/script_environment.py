"""The environment variables of a script's program: its arguments by the platform's rules, and who it is."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from civis.local.jobs import JobFailed, RunContext
from civis.local.services.credentials import credential_password
from civis.local.services.script_values import fetch_credential, script_values

__all__ = ["argument_variables", "own_variables", "passed_variables"]

#: What a program sees of the platform's own environment; not its secrets.
_PASSED_ON = (
    "HOME",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TZ",
    "TMPDIR",
    "VIRTUAL_ENV",
    "PYTHONPATH",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "SSL_CERT_FILE",
)
_REMOTE_HOST = "REMOTE_HOST_CREDENTIAL"


def passed_variables() -> dict[str, str]:
    """Give what a program sees of the platform's environment, its Python's programs first in the path."""
    own = str(Path(sys.executable).parent)
    path = os.pathsep.join([own, os.environ.get("PATH", os.defpath)])
    return {"PATH": path, **{name: os.environ[name] for name in _PASSED_ON if name in os.environ}}


def own_variables(context: RunContext, key: str, url: str | None = None) -> dict[str, str]:
    """Give what tells a program where the platform is and which run it is.

    Parameters
    ----------
    context : RunContext
    key : str
        The run's API key.
    url : str, optional
        The platform's address where the program runs; by default the one on this machine.
    """
    return {
        "CIVIS_API_KEY": key,
        "CIVIS_API_ENDPOINT": url or context.platform.url,
        "CIVIS_JOB_ID": str(context.job.id),
        "CIVIS_RUN_ID": str(context.run.id),
    }


def argument_variables(context: RunContext, inputs: Mapping[str, Any]) -> dict[str, str]:
    """Give a script's arguments as variables.

    A parameter ``db`` is ``DB``; a credential also ``DB_ID``, ``DB_USERNAME`` and ``DB_PASSWORD``; a database
    also ``DB_ID`` and ``DB_CREDENTIAL_ID``; a file is its ID, ``DB`` and ``DB_ID`` alike. The script's own
    database credential is ``REMOTE_HOST_CREDENTIAL_ID``, ``…_USERNAME`` and ``…_PASSWORD``.

    Parameters
    ----------
    context : RunContext
    inputs : mapping
        The script as it was when the run was queued.

    Raises
    ------
    JobFailed
        If a value is missing, names what is not there, or cannot be in an environment.
    """
    kinds = {str(each["name"]): str(each["type"]) for each in inputs.get("params") or ()}
    found: dict[str, str] = {}
    if inputs.get("remote_host_credential_id") is not None:
        found.update(_login(context, inputs["remote_host_credential_id"]))
    for name, value in script_values(context, inputs).items():
        for variable, text in _variables(name.upper(), kinds[name], value):
            if "\x00" in text:
                raise JobFailed(
                    f"The argument {name!r} has a NUL character, which no environment can hold; "
                    "take it out, or hand it over in a file."
                )
            found[variable] = text
    return found


def _login(context: RunContext, credential_id: Any) -> dict[str, str]:
    """Give the variables of a script's database credential."""
    stored = fetch_credential(context, credential_id)
    return {
        f"{_REMOTE_HOST}_ID": str(stored.id),
        f"{_REMOTE_HOST}_USERNAME": str(stored.document.get("username") or ""),
        f"{_REMOTE_HOST}_PASSWORD": credential_password(context.platform, stored) or "",
    }


def _variables(name: str, kind: str, value: Any) -> Iterator[tuple[str, str]]:
    """Give the variables of one argument."""
    if not isinstance(value, Mapping):
        yield name, _text(value)
        if kind == "file" and value != "":
            yield f"{name}_ID", _text(value)
        return
    yield name, _text(value.get("id"))
    for field, each in value.items():
        suffix = "CREDENTIAL_ID" if kind == "database" and field == "credential" else field.upper()
        yield f"{name}_{suffix}", _text(each)
    if kind == "credential_aws":  # like any other credential too
        yield f"{name}_USERNAME", _text(value.get("access_key_id"))
        yield f"{name}_PASSWORD", _text(value.get("secret_access_key"))


def _text(value: Any) -> str:
    """Write a value as text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
