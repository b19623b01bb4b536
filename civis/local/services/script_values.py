"""The values a run of a script works with: its arguments, with the fields of the objects they name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from civis.local.jobs import JobFailed, RunContext
from civis.local.services.credentials import credential_password
from civis.local.services.permissions import Actor, levels_of
from civis.local.services.script_parameters import ParameterError, values_of
from civis.local.state import ObjectNotFound, Stored, accounts, objects

__all__ = ["fetch_credential", "fetch_named", "fetch_visible", "script_values"]


def script_values(context: RunContext, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Work out the value of each parameter; credentials and databases become mappings of their fields.

    Parameters
    ----------
    context : RunContext
    inputs : mapping
        The script's document as it was when the run was queued: `params` and `arguments`.

    Raises
    ------
    JobFailed
        If a required value is missing, or an object that one names.
    """
    params: Sequence[Mapping[str, Any]] = inputs.get("params") or ()
    try:
        values = values_of(params, inputs.get("arguments") or {})
    except ParameterError as error:
        raise JobFailed(str(error)) from None
    return {str(each["name"]): _expand(context, each, values[each["name"]]) for each in params}


def fetch_named(context: RunContext, kind: str, id: Any) -> Stored:
    """Read an object that a job names.

    Raises
    ------
    JobFailed
        If there is none.
    """
    with context.platform.state.read() as connection:
        try:
            return objects.fetch(connection, kind, str(id))
        except ObjectNotFound as error:
            raise JobFailed(str(error)) from None


def fetch_visible(context: RunContext, kind: str, id: Any) -> Stored:
    """Read an object that a job names and that its user may see now, whatever was so when the job was made.

    Raises
    ------
    JobFailed
        If there is none, or it is no longer shared with the user.
    """
    stored = fetch_named(context, kind, id)
    if context.user_id is None:  # the platform's own job
        return stored
    with context.platform.state.read() as connection:
        user = accounts.fetch_user(connection, context.user_id)
        if levels_of(connection, [stored], Actor(user, connection))[stored.id] is None:
            raise JobFailed(
                f"The {kind.replace('_', ' ')} {stored.id} is not shared with the user {context.user!r}."
            )
    return stored


def fetch_credential(context: RunContext, id: Any) -> Stored:
    """Read a credential that a job names and that its user may use.

    Raises
    ------
    JobFailed
        If there is none, or it is somebody else's.
    """
    stored = fetch_named(context, "credential", id)
    if not _may_use(context, stored):
        raise JobFailed(f"The credential {stored.id} is not one of the user {context.user!r}.")
    return stored


def _may_use(context: RunContext, credential: Stored) -> bool:
    """Tell whether a credential is the user's, or shared with the user; an administrator has no others."""
    if credential.author_id in (None, context.user_id):
        return True
    if context.user_id is None:
        return False
    with context.platform.state.read() as connection:
        user = replace(accounts.fetch_user(connection, context.user_id), is_admin=False)
        return levels_of(connection, [credential], Actor(user, connection))[credential.id] is not None


def _expand(context: RunContext, param: Mapping[str, Any], value: Any) -> Any:
    """Give the fields of a credential or database; anything else stays as it is."""
    kind = str(param["type"])
    if value == "" or not (kind == "database" or kind.startswith("credential")):
        return value
    id = value.get("database", value.get("id")) if isinstance(value, Mapping) else value
    if kind == "database":
        stored = fetch_named(context, "database", id)
        credential = value.get("credential") if isinstance(value, Mapping) else None
        return {"id": stored.id, "database": stored.document["name"], "credential": credential}
    stored = fetch_credential(context, id)
    names = ("access_key_id", "secret_access_key") if kind == "credential_aws" else ("username", "password")
    secret = credential_password(context.platform, stored) or ""
    return {"id": stored.id, names[0]: stored.document.get("username") or "", names[1]: secret}
