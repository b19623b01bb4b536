"""Who is behind a key: remembered until something is committed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from civis.local.api.errors import Unauthorized
from civis.local.api.identities import Identities
from civis.local.state import State, accounts

TOKEN = "0123456789abcdef"


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    """A state with one user whose key is `TOKEN`."""
    state = State(f"sqlite:///{tmp_path / 'state.sqlite'}")
    with state.begin() as connection:
        user = accounts.create_user(connection, now=0.0, username="ada", name="Ada", email="a@b")
        accounts.create_key(connection, user.id, now=0.0, name="key", token=TOKEN)
    yield state
    state.close()


def test_who_was_found_is_read_once(state: State) -> None:
    identities = Identities()
    with state.read() as connection:
        first = identities.find(connection, state, TOKEN)
        assert identities.find(connection, state, TOKEN) is first
        assert first.user.username == "ada"
        with pytest.raises(Unauthorized):
            identities.find(connection, state, "other")


def test_a_commit_has_them_read_anew(state: State) -> None:
    identities = Identities()
    with state.read() as connection:
        found = identities.find(connection, state, TOKEN)
    with state.begin() as connection:
        accounts.revoke_key(connection, found.user.id, found.key.id, now=1.0)
    with state.read() as connection:
        assert not identities.find(connection, state, TOKEN).key.is_active(1.0)
    with state.begin() as connection:
        accounts.update_user(connection, found.user.id, now=2.0, is_active=False)
    with state.read() as connection, pytest.raises(Unauthorized):
        identities.find(connection, state, TOKEN)


def test_what_was_not_committed_changes_nothing(state: State) -> None:
    identities = Identities()
    with state.read() as connection:
        found = identities.find(connection, state, TOKEN)
    with suppress(ZeroDivisionError), state.begin() as connection:
        accounts.revoke_key(connection, found.user.id, found.key.id, now=1.0)
        _ = 1 / 0
    with state.read() as connection:
        assert identities.find(connection, state, TOKEN) is found


def test_another_state_is_another_matter(state: State, tmp_path: Path) -> None:
    identities = Identities()
    with state.read() as connection:
        identities.find(connection, state, TOKEN)
    other = State(f"sqlite:///{tmp_path / 'other.sqlite'}")
    with other.read() as connection, pytest.raises(Unauthorized):
        identities.find(connection, other, TOKEN)
    other.close()


def test_tokens_are_in_no_repr(state: State) -> None:
    identities = Identities()
    with state.read() as connection:
        identities.find(connection, state, TOKEN)
    assert TOKEN not in repr(vars(identities))
