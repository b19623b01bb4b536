"""Further users of a platform, for whoever runs it: added with a key of their own, without a request."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from civis.local.services.accounts import add_user
from civis.local.settings import PlatformError
from civis.local.state import accounts

if TYPE_CHECKING:
    from civis.local.platform import Platform

__all__ = ["Member", "add_member"]

_KEY_NAME = "civis local user"


@dataclass(frozen=True)
class Member:
    """A user who was added.

    Attributes
    ----------
    id : int
    username : str
    token : str
        The API key, which is shown this once: only its hash is kept.
    """

    id: int
    username: str
    token: str = field(repr=False)


def add_member(
    platform: Platform,
    username: str,
    *,
    name: str | None = None,
    email: str | None = None,
    is_admin: bool = False,
    lifetime: timedelta | None = None,
    key_file: Path | None = None,
) -> Member:
    """Add a user to a running platform, and make an API key for them.

    Users are kept apart by the API, not by the machine: programs that they run (Python, R, JavaScript,
    container and dbt scripts) are processes of the account that runs the platform, and can read all that it
    can, the data directory and its keys among it. Add only people whom you would let log in to that account.

    Parameters
    ----------
    platform : Platform
        Started in this process.
    username : str
        What they log in with; no other user may have it.
    name, email : str, optional
        By default the username, and an address at ``example.com``.
    is_admin : bool, default False
        Whether they may manage users, groups and all objects.
    lifetime : datetime.timedelta, optional
        How long the key works; by default until it is revoked.
    key_file : pathlib.Path, optional
        Where the key is written, readable by its owner only; a file that is there is not overwritten.

    Raises
    ------
    ValueError
        If the username is blank, taken, or the lifetime over.
    PlatformError
        If the key cannot be written; then no user was added.

    Examples
    --------
    >>> from civis.local import Platform
    >>> with Platform() as platform:  # doctest: +SKIP
    ...     add_member(platform, "ada", key_file=Path("ada.key")).username
    'ada'
    """
    username = username.strip()
    if not username:
        raise ValueError("A user needs a username that is not empty.")
    if lifetime is not None and lifetime <= timedelta():
        raise ValueError(f"The lifetime of a key must be more than nothing, not {lifetime}.")
    token, now = accounts.new_token(), platform.now
    with platform.state.begin() as connection:
        user = add_user(
            platform,
            connection,
            username=username,
            name=name or username,
            email=email or f"{username}@example.com",
            is_admin=is_admin,
            now=now,
        )
        expires_at = None if lifetime is None else now + lifetime
        accounts.create_key(connection, user.id, now=now, name=_KEY_NAME, token=token, expires_at=expires_at)
        if key_file is not None:
            _write_key(key_file, token)
    return Member(user.id, user.username, token)


def _write_key(path: Path, token: str) -> None:
    """Write a key to a new file that only its owner can read."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "w", encoding="ascii") as file:
            file.write(token + "\n")
    except FileExistsError:
        raise PlatformError(f"the file {path} is there already; name another one for the key") from None
    except OSError as error:
        raise PlatformError(f"cannot write the key to {path}: {error.strerror or error}") from None
