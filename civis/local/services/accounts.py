"""Users: who is asking, who else there is; and the account that every platform begins with."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from civis.local.api import (
    BadRequest,
    Call,
    Conflict,
    Forbidden,
    Page,
    Routes,
    Unprocessable,
    page_of,
)
from civis.local.services.credentials import ensure_default_credential
from civis.local.services.databases import ensure_default_database
from civis.local.services.groups import (
    GROUP,
    ORGANIZATION,
    add_member,
    create_group,
    groups_of,
    member_ids,
    set_memberships,
    show_reference,
)
from civis.local.state import Moment, accounts, objects
from civis.local.state.accounts import User

if TYPE_CHECKING:
    from civis.local.platform import Platform

__all__ = ["DEFAULT_USERNAME", "add_user", "ensure_default_account", "routes", "show_user"]

routes = Routes()

DEFAULT_USERNAME = "local"
"""The username of the account that a new platform has."""

DEFAULT_KEY_NAME = "civis local"
"""What the platform's own API key is called, the one in its data directory."""

_PREFERENCES = {
    "default_success_notifications_on": True,
    "default_failure_notifications_on": True,
    "query_preview_rows": 50,
}
#: What a request may say of a user that is kept as it is.
_DETAILS = (
    "city",
    "state",
    "time_zone",
    "initials",
    "department",
    "title",
    "prefers_sms_otp",
    "vpn_enabled",
    "sso_disabled",
    "otp_required_for_login",
    "exempt_from_org_sms_otp_disabled",
    "robot",
    "phone",
)
_ORDERS = {"name": "name", "user": "username"}
_DEFAULT_LIMIT, _MAXIMUM = 20, 10_000


def ensure_default_account(connection: Connection, *, token: str, now: Moment) -> accounts.User:
    """Give the platform's own user, made with a group and an API key if there is none.

    Parameters
    ----------
    connection : sqlalchemy.Connection
        Inside a write transaction.
    token : str
        The key with which the user must be able to log in.
    now : datetime.datetime or float
        The time.

    Returns
    -------
    User
        An administrator.
    """
    user = accounts.find_user(connection, DEFAULT_USERNAME)
    if user is None:
        user = accounts.create_user(
            connection,
            now=now,
            username=DEFAULT_USERNAME,
            name="Local User",
            email="local@localhost",
            is_admin=True,
            document={"preferences": dict(_PREFERENCES)},
        )
        group = create_group(
            connection,
            "Local",
            now=now,
            author_id=user.id,
            members=[user.id],
            settings={"slug": "local"},
        )
        user = accounts.update_user(connection, user.id, now=now, document={"primary_group_id": group.id})
    if accounts.find_key(connection, token) is None:
        # Whoever deletes the key's file gets a new key, and the old one opens nothing any more.
        for key in accounts.select_keys(connection, user.id):
            if key.name == DEFAULT_KEY_NAME:
                accounts.revoke_key(connection, user.id, key.id, now=now)
        accounts.create_key(connection, user.id, now=now, name=DEFAULT_KEY_NAME, token=token)
    return user


@routes("GET", "/users/me", is_quick=True)
def get_me(call: Call) -> dict[str, Any]:
    """Show who is asking."""
    return _show_me(call, call.user)


@routes("PATCH", "/users/me")
def patch_me(call: Call) -> dict[str, Any]:
    """Change one's preferences; those not given stay."""
    document: dict[str, Any] = {}
    if call.params.get("preferences") is not None:
        document["preferences"] = {
            **call.user.document.get("preferences", {}),
            **call.params["preferences"],
        }
    if "last_checked_announcements" in call.params:
        document["last_checked_announcements"] = call.params["last_checked_announcements"]
    return _show_me(
        call, accounts.update_user(call.connection, call.user.id, now=call.now, document=document)
    )


@routes("GET", "/users/me/organization_admins")
def list_admins(call: Call) -> list[dict[str, Any]]:
    """List the users who may manage others."""
    admins = [user for user in accounts.select_users(call.connection, active=True) if user.is_admin]
    return [
        {
            "id": user.id,
            "name": user.name,
            "username": user.username,
            "initials": user.initials,
            "email": user.email,
        }
        for user in admins
    ]


@routes("GET", "/users")
def list_users(call: Call) -> Page:
    """List users."""
    filters: dict[str, Any] = {
        "query": call.params.get("query"),
        "active": _active(call),
        "ids": _ids_of_groups(call),
    }
    if call.params.get("organization_id") not in (None, ORGANIZATION["id"]) or call.params.get(
        "feature_flag"
    ):
        filters["ids"] = []
    page = page_of(
        call,
        accounts.count_users(call.connection, **filters),
        lambda limit, offset: accounts.select_users(
            call.connection,
            **filters,
            order_by=_ORDERS.get(call.params.get("order") or "name", "name"),
            descending=call.params.get("order_dir") == "desc",
            limit=limit,
            offset=offset,
        ),
        default=_DEFAULT_LIMIT,
        maximum=_MAXIMUM,
    )
    with_groups = not call.params.get("exclude_groups")
    return Page(
        [show_user(call, each, with_groups) for each in page.items], page.total, page.page, page.limit
    )


@routes("POST", "/users")
def post_user(call: Call) -> dict[str, Any]:
    """Add a user, with a credential for the first database like everybody's."""
    _require_admin(call, "add users")
    group = objects.fetch(call.connection, GROUP, call.params["primary_group_id"])
    document = {key: call.params[key] for key in _DETAILS if key in call.params}
    document.update(
        primary_group_id=group.id,
        preferences=dict(_PREFERENCES),
        created_by_id=call.user.id,
        last_updated_by_id=call.user.id,
    )
    try:
        user = accounts.create_user(
            call.connection,
            now=call.now,
            username=_filled(call, "user"),
            name=_filled(call, "name"),
            email=_filled(call, "email"),
            is_active=call.params.get("active") is not False,
            document=document,
        )
    except accounts.UsernameTaken as error:
        raise Conflict(f"The user cannot be added: {error}.") from None
    group_ids = {group.id, *(call.params.get("group_ids") or ())}
    set_memberships(call.connection, user.id, group_ids, now=call.now, by=call.user.id)
    _give_credential(call.platform, call.connection, user, call.now)
    return show_user(call, user)


def add_user(
    platform: Platform,
    connection: Connection,
    *,
    username: str,
    name: str,
    email: str,
    is_admin: bool,
    now: datetime,
) -> User:
    """Add a user to the platform's first group, with a credential for the first database.

    Raises
    ------
    UsernameTaken
        If there is one of that name.
    """
    group = objects.select_objects(connection, GROUP, descending=False, limit=1)[0]
    document = {"primary_group_id": group.id, "preferences": dict(_PREFERENCES)}
    user = accounts.create_user(
        connection,
        now=now,
        username=username,
        name=name,
        email=email,
        is_admin=is_admin,
        document=document,
    )
    set_memberships(connection, user.id, {group.id}, now=now, by=user.id)
    _give_credential(platform, connection, user, now)
    return user


def _give_credential(platform: Platform, connection: Connection, user: User, now: datetime) -> None:
    """Give a user a credential for the first database."""
    database = ensure_default_database(platform, connection, now)
    ensure_default_credential(platform, connection, user.id, user.username, database.id, now)


@routes("GET", "/users/{id}")
def get_user(call: Call) -> dict[str, Any]:
    """Show a user."""
    return show_user(call, accounts.fetch_user(call.connection, call.params["id"]))


@routes("PATCH", "/users/{id}")
def patch_user(call: Call) -> dict[str, Any]:
    """Change what is given of a user."""
    user = accounts.fetch_user(call.connection, call.params["id"])
    if user.id != call.user.id:
        _require_admin(call, "change other users")
    if call.params.get("password") is not None:
        raise Unprocessable("Users of the local platform have no password; they log in with API keys.")
    changes: dict[str, Any] = {
        key: _filled(call, key) for key in ("name", "email") if call.params.get(key) is not None
    }
    if call.params.get("active") is not None:
        _require_admin(call, "activate or deactivate users")
        changes["is_active"] = _still_reachable(call, user)
    document = {key: call.params[key] for key in _DETAILS if key in call.params}
    document["last_updated_by_id"] = call.user.id
    _change_groups(call, user, document)
    changed = accounts.update_user(call.connection, user.id, now=call.now, document=document, **changes)
    return show_user(call, changed)


def _change_groups(call: Call, user: accounts.User, document: dict[str, Any]) -> None:
    """Change the groups that a user is in, where a request says so."""
    group_ids, primary = call.params.get("group_ids"), call.params.get("primary_group_id")
    if group_ids is None and primary is None:
        return
    _require_admin(call, "change who is in a group")
    if primary is not None:
        group = objects.fetch(call.connection, GROUP, primary)
        add_member(call.connection, group, user.id, now=call.now, by=call.user.id)
        document["primary_group_id"] = group.id
    if group_ids is not None:
        kept = primary or user.document.get("primary_group_id")
        wanted = {*group_ids, *([] if kept is None else [kept])}
        set_memberships(call.connection, user.id, wanted, now=call.now, by=call.user.id)


def _still_reachable(call: Call, user: accounts.User) -> bool:
    """Give whether a user shall be active; the platform's own one has to be."""
    active = bool(call.params["active"])
    if not active and user.username == DEFAULT_USERNAME:
        raise Unprocessable(f"The user {DEFAULT_USERNAME!r} is the platform's own and stays active.")
    return active


def _require_admin(call: Call, what: str) -> None:
    """Refuse what only an administrator may do."""
    if not call.user.is_admin:
        raise Forbidden(f"Only an administrator may {what}.")


def _filled(call: Call, name: str) -> str:
    """Give a text that must not be empty."""
    text = str(call.params[name]).strip()
    if not text:
        raise BadRequest(f"{name} must not be empty.")
    return text


def _active(call: Call) -> bool | None:
    """Read which users are meant: active ones, others, or all."""
    wanted = call.params.get("account_status") or "all"
    if wanted not in ("active", "inactive", "all"):
        raise BadRequest(f"account_status must be one of active, inactive, all, not {wanted!r}.")
    return None if wanted == "all" else wanted == "active"


def _ids_of_groups(call: Call) -> list[int] | None:
    """List who is in the groups that a request names; None when it names none."""
    group_id, group_ids = call.params.get("group_id"), call.params.get("group_ids")
    if group_id is not None and group_ids:
        raise BadRequest("Give group_id or group_ids, not both.")
    wanted = [group_id] if group_id is not None else group_ids
    if not wanted:
        return None
    found = objects.select_objects(call.connection, GROUP)
    return sorted({user_id for group in found if group.id in wanted for user_id in member_ids(group)})


def _show_me(call: Call, user: accounts.User) -> dict[str, Any]:
    """Show the user who is asking."""
    return {
        "id": user.id,
        "name": user.name,
        "email": user.email,
        "username": user.username,
        "initials": user.initials,
        "last_checked_announcements": user.document.get("last_checked_announcements"),
        "feature_flags": {},
        "roles": ["sdm"],
        "preferences": user.document.get("preferences", {}),
        "primary_group_id": user.document.get("primary_group_id"),
        "groups": [show_reference(group) for group in groups_of(call.connection, user.id)],
        "organization_name": ORGANIZATION["name"],
        "organization_slug": ORGANIZATION["slug"],
        "created_at": user.created_at,
        "sign_in_count": 0,
        "assuming_role": False,
        "assuming_admin": False,
        "disable_non_compliant_fedramp_features": False,
        "created_by_id": user.document.get("created_by_id"),
        "last_updated_by_id": user.document.get("last_updated_by_id"),
    }


def show_user(call: Call, user: accounts.User, with_groups: bool = True) -> dict[str, Any]:
    """Show a user to others."""
    groups = groups_of(call.connection, user.id) if with_groups else []
    is_manageable = call.user.is_admin or call.user.id == user.id
    return {
        "prefers_sms_otp": False,
        "sso_disabled": False,
        "otp_required_for_login": False,
        "robot": False,
        **{key: user.document[key] for key in _DETAILS if user.document.get(key) is not None},
        "id": user.id,
        "user": user.username,
        "name": user.name,
        "email": user.email,
        "active": user.is_active,
        "initials": user.initials,
        "primary_group_id": user.document.get("primary_group_id"),
        "groups": [show_reference(group) for group in groups],
        "sms_otp_allowed": False,
        "organization_slug": ORGANIZATION["slug"],
        "organization_sso_disable_capable": False,
        "organization_login_type": "password",
        "my_permission_level": "manage" if is_manageable else "read",
        "created_at": user.created_at,
        "updated_at": user.updated_at,
        "suspended": False,
        "created_by_id": user.document.get("created_by_id"),
        "last_updated_by_id": user.document.get("last_updated_by_id"),
        "account_status": "Active" if user.is_active else "Deactivated",
    }
