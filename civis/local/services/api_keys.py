"""A user's API keys: made, listed, revoked; a key's token is part of one answer only."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from civis.local.api import BadRequest, Call, Forbidden, NotFound, Page, Routes, Unprocessable, page_of
from civis.local.api.path_patterns import check_pattern
from civis.local.services.key_limits import is_restricted
from civis.local.state import accounts, as_datetime

__all__ = ["routes"]

routes = Routes()

_KINDS = ("exact", "prefix", "regex", "verb")
_VERBS = ("get", "head", "post", "put", "patch", "delete")
_MAXIMUM = 50
#: The longest a key may be valid, in seconds: about a hundred years, so that its end is a date at all.
_LONGEST = 100 * 366 * 24 * 3600


@routes("GET", "/users/{id}/api_keys")
def list_keys(call: Call) -> Page:
    """List a user's keys, revoked and expired ones among them."""
    user_id = _owner(call)
    page = page_of(
        call,
        accounts.count_keys(call.connection, user_id),
        lambda limit, offset: accounts.select_keys(
            call.connection,
            user_id,
            descending=call.params.get("order_dir") != "asc",
            limit=limit,
            offset=offset,
        ),
        maximum=_MAXIMUM,
    )
    return Page([_show(call, key) for key in page.items], page.total, page.page, page.limit)


@routes("POST", "/users/{id}/api_keys")
def post_key(call: Call) -> dict[str, Any]:
    """Make a key; this answer is the only one with its token.

    Raises
    ------
    Forbidden
        If the request's own key is restricted: a new one could be made to do whatever its user may.
    """
    if is_restricted(call):
        raise Forbidden("The API key is restricted, and so makes no keys. Use a key without constraints.")
    seconds = call.params["expires_in"]
    if not 0 < seconds <= _LONGEST:
        raise BadRequest(f"expiresIn must be from 1 to {_LONGEST} seconds, not {seconds}.")
    token = accounts.new_token()
    key = accounts.create_key(
        call.connection,
        _owner(call),
        now=call.now,
        name=call.params["name"],
        token=token,
        expires_at=call.now + timedelta(seconds=seconds),
        constraints=[_constraint(each) for each in call.params.get("constraints") or ()],
    )
    return {**_show(call, key), "token": token}


@routes("GET", "/users/{id}/api_keys/{key_id}")
def get_key(call: Call) -> dict[str, Any]:
    """Show a key, without its token."""
    return _show(call, accounts.fetch_key(call.connection, _owner(call), call.params["key_id"]))


@routes("DELETE", "/users/{id}/api_keys/{key_id}")
def delete_key(call: Call) -> dict[str, Any]:
    """Revoke a key; requests with it are refused from then on."""
    own = accounts.find_key(call.connection, call.platform.api_key)
    if own is not None and own.id == call.params["key_id"]:
        raise Unprocessable(
            "This is the platform's own API key; to have another, stop the platform and delete the file "
            f"{call.platform.settings.key_path.name!r} in its data directory."
        )
    key = accounts.revoke_key(call.connection, _owner(call), call.params["key_id"], now=call.now)
    return _show(call, key)


def _owner(call: Call) -> int:
    """Give the ID of the user whose keys a request is about: ``me``, or another's for an administrator."""
    text = call.params["id"]
    if text == "me" or text == str(call.user.id):
        return call.user.id
    if not re.fullmatch(r"[0-9]{1,18}", text, re.ASCII):
        raise NotFound(f"There is no user {text!r}; give an ID or 'me'.")
    if not call.user.is_admin:
        raise Forbidden("Only an administrator may manage other users' API keys.")
    return accounts.fetch_user(call.connection, int(text)).id


def _constraint(given: Mapping[str, Any]) -> dict[str, Any]:
    """Check one restriction of a key."""
    kind, text = given["constraint_type"], given.get("constraint")
    verbs = {f"{verb}_allowed": bool(given.get(f"{verb}_allowed")) for verb in _VERBS}
    if kind not in _KINDS:
        raise BadRequest(f"constraintType must be one of {', '.join(_KINDS)}, not {kind!r}.")
    if (kind == "verb") == bool(text):
        must = "must not" if kind == "verb" else "must"
        raise BadRequest(f"A constraint of the type {kind!r} {must} name a constraint.")
    if not any(verbs.values()):
        raise BadRequest("A constraint must allow at least one verb.")
    if kind == "regex":
        try:
            check_pattern(str(text))
        except ValueError as error:
            raise BadRequest(
                f"The constraint {text!r} is no regular expression that can be used: {error}."
            ) from None
    return {"constraint": text, "constraint_type": kind, **verbs}


def _show(call: Call, key: accounts.ApiKey) -> dict[str, Any]:
    """Show a key as answers do."""
    uses, last_used = call.platform.key_uses.pending(key.id)
    return {
        "id": key.id,
        "name": key.name,
        "expires_at": key.expires_at,
        "created_at": key.created_at,
        "revoked_at": key.revoked_at,
        "last_used_at": key.last_used_at if last_used is None else as_datetime(last_used),
        "scopes": ["public"],
        "use_count": key.use_count + uses,
        "expired": key.is_expired(call.now),
        "active": key.is_active(call.now),
        "constraints": list(key.constraints),
        "constraint_count": len(key.constraints),
    }
