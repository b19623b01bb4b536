"""Who was found behind a key, remembered until an account changes; knows no request."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from civis.local.api.errors import Unauthorized
from civis.local.state import ObjectNotFound, accounts

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from civis.local.state import State

__all__ = ["Identities", "Identity", "find_identity"]


@dataclass(frozen=True)
class Identity:
    """The user of a request and the key that says so."""

    user: accounts.User
    key: accounts.ApiKey


@dataclass(frozen=True)
class _Known:
    """What was found while nothing was committed about a state's accounts."""

    state: State
    commits: int
    found: dict[str, Identity] = field(default_factory=dict, repr=False)


class Identities:
    """Finds the users behind keys, and reads them again only after a change of accounts.

    Programs ask again and again how a run is getting on; without this, finding out who asks is most of the
    work of such a request.
    """

    def __init__(self) -> None:
        self._known: _Known | None = None

    def find(self, connection: Connection, state: State, token: str) -> Identity:
        """Give the identity behind a token; see `find_identity`.

        Parameters
        ----------
        connection : sqlalchemy.Connection
            A transaction of the state.
        state : State
            Whose commits count.
        token : str
            The key as sent.
        """
        known = self._known
        # Taken before anything is read: what is read is then at least as new as what it is kept for.
        commits = state.account_commits
        if known is None or known.state is not state or known.commits != commits:
            known = self._known = _Known(state, commits)
        digest = accounts.hash_token(token)
        identity = known.found.get(digest)
        if identity is None:
            identity = known.found[digest] = find_identity(connection, token)
        return identity


def find_identity(connection: Connection, token: str) -> Identity:
    """Read whose key a token is.

    Raises
    ------
    Unauthorized
        When the key is not known, or when its user was deactivated.
    """
    key = accounts.find_key(connection, token)
    if key is None:
        raise Unauthorized
    try:
        user = accounts.fetch_user(connection, key.user_id)
    except ObjectNotFound:
        raise Unauthorized from None
    if not user.is_active:
        raise Unauthorized
    return Identity(user, key)
