"""Who is let in to a deployment: by a cookie, an API key, or a token of what is deployed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from civis.local.api.authentication import authenticate, token_of
from civis.local.api.errors import ApiError, Forbidden, NotFound, Unauthorized
from civis.local.api.identities import find_identity
from civis.local.deployments.addresses import cookie_of
from civis.local.deployments.headers import cookie_value
from civis.local.deployments.kinds import Deployable, deployable
from civis.local.deployments.records import DEPLOYMENT
from civis.local.services.permissions import Actor, levels_of, require_at_least
from civis.local.state import ObjectNotFound, Stored, accounts, objects

if TYPE_CHECKING:
    from civis.local.platform import Platform

__all__ = ["Admission", "admit", "require_own_origin", "sign_in"]

_HARMLESS = ("GET", "HEAD", "OPTIONS")


@dataclass(frozen=True)
class Admission:
    """That somebody is let in, and by what.

    Parameters
    ----------
    deployment : Stored
    by_header : bool
        Whether it was the ``Authorization`` header, which then is for the platform and goes no further.
    """

    deployment: Stored
    by_header: bool


def admit(platform: Platform, id: int, method: str, path: str, headers: dict[str, str]) -> Admission:
    """Let in who may see what is deployed.

    Parameters
    ----------
    platform : Platform
    id : int
        The deployment's.
    method, path : str
        What is asked for.
    headers : dict
        By lower-case name.

    Raises
    ------
    Unauthorized
        If it is nobody the platform knows.
    NotFound, Forbidden
        If the user may not see the object, or not do enough with it.
    """
    now = platform.clock.time()
    with platform.state.read() as connection:
        deployment, base = _deployment(connection, id)
        kind = deployable(base.kind)
        authorization = headers.get("authorization")
        if authorization is not None:
            if _is_own_token(connection, kind, base, authorization, now):
                return Admission(deployment, by_header=True)
            try:
                identity = authenticate(
                    lambda token: find_identity(connection, token),
                    authorization,
                    method=method,
                    path=path,
                    now=now,
                )
            except Unauthorized:  # it may be for the program
                identity = None
            if identity is not None:
                _require(connection, identity.user, base, kind)
                platform.key_uses.count(identity.key.id, now)
                return Admission(deployment, by_header=True)
        user_id = platform.deployments.addresses.user_of(
            "cookie", id, cookie_value(headers.get("cookie", ""), cookie_of(id))
        )
        _require(connection, _user(connection, user_id), base, kind)
        require_own_origin(method, headers)
        return Admission(deployment, by_header=False)


def sign_in(platform: Platform, id: int, token: str) -> str:
    """Turn the token of a signed address into a cookie's value.

    Raises
    ------
    Unauthorized
        If the token is none, or too old.
    """
    addresses = platform.deployments.addresses
    user_id = addresses.user_of("link", id, token)
    with platform.state.read() as connection:
        _, base = _deployment(connection, id)
        user = _user(connection, user_id)
        _require(connection, user, base, deployable(base.kind))
    return addresses.sign("cookie", deployment_id=id, user_id=user.id)


def require_own_origin(method: str, headers: dict[str, str]) -> None:
    """Refuse what a page of another origin has a browser send with its cookies.

    Raises
    ------
    Forbidden
        If it is more than reading, and comes from elsewhere.
    """
    origin = headers.get("origin")
    if origin is None or method in _HARMLESS:
        return
    if origin.partition("://")[2].lower() != headers.get("host", "").lower():
        raise Forbidden(f"A page of {origin!r} may not use this deployment.")


def _deployment(connection: Connection, id: int) -> tuple[Stored, Stored]:
    """Read a deployment, and what is deployed."""
    try:
        deployment = objects.fetch(connection, DEPLOYMENT, id)
        return deployment, objects.fetch(connection, None, deployment.parent_id or 0)
    except ObjectNotFound:
        raise NotFound(f"There is no deployment with ID {id}.") from None


def _is_own_token(
    connection: Connection, kind: Deployable, base: Stored, authorization: str, now: float
) -> bool:
    """Tell whether a header holds a token of what is deployed."""
    try:
        token = token_of(authorization)
    except ApiError:
        return False
    return kind.admits(connection, base, token, now)


def _user(connection: Connection, user_id: int | None) -> accounts.User:
    """Read the user whom a signature names."""
    try:
        user = accounts.fetch_user(connection, user_id or 0)
    except ObjectNotFound:
        user = None
    if user is None or not user.is_active:
        raise Unauthorized
    return user


def _require(connection: Connection, user: accounts.User, base: Stored, kind: Deployable) -> None:
    """Refuse a user who may not see the object, or may do less with it than is needed here."""
    has = levels_of(connection, [base], Actor(user, connection))[base.id]
    if has is None:
        raise NotFound("There is no such deployment.")
    require_at_least(has, base, kind.level, base.kind)
