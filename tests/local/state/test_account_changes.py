"""Whoever remembers who is behind a key learns of every change of users and keys, and of nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy.engine import Connection

from civis.local.state import State, StateImage, accounts, objects

CHANGES: dict[str, Callable[[Connection, int, int], object]] = {
    "a new user": lambda connection, user, key: accounts.create_user(
        connection, now=0.0, username="bo", name="Bo", email=""
    ),
    "a user changed": lambda connection, user, key: accounts.update_user(
        connection, user, now=0.0, is_active=False
    ),
    "a new key": lambda connection, user, key: accounts.create_key(
        connection, user, now=0.0, name="k", token=accounts.new_token()
    ),
    "a key revoked": lambda connection, user, key: accounts.revoke_key(connection, user, key, now=0.0),
}
OTHERS: dict[str, Callable[[Connection, int, int], object]] = {
    "an object": lambda connection, user, key: objects.insert(connection, "file", {}, now=0.0),
    "a use counted": lambda connection, user, key: accounts.record_use(connection, key, count=1, now=0.0),
    "nothing": lambda connection, user, key: None,
}


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    made = State(f"sqlite:///{tmp_path / 'state.db'}")
    yield made
    made.close()


@pytest.fixture
def owner(state: State) -> tuple[int, int]:
    """The IDs of a user and a key."""
    with state.begin() as connection:
        user = accounts.create_user(connection, now=0.0, username="ann", name="Ann", email="")
        key = accounts.create_key(connection, user.id, now=0.0, name="first", token=accounts.new_token())
    return user.id, key.id


@pytest.mark.parametrize("change", CHANGES.values(), ids=list(CHANGES))
def test_a_change_is_told_when_it_is_committed(
    state: State, owner: tuple[int, int], change: Callable[[Connection, int, int], object]
) -> None:
    before = state.account_commits
    with state.begin() as connection:
        change(connection, *owner)
        assert state.account_commits == before
    assert state.account_commits == state.commits > before


@pytest.mark.parametrize("change", [*CHANGES.values(), *OTHERS.values()], ids=[*CHANGES, *OTHERS])
def test_what_is_undone_is_not_told(
    state: State, owner: tuple[int, int], change: Callable[[Connection, int, int], object]
) -> None:
    before = state.account_commits
    with pytest.raises(ValueError, match="undone"), state.begin() as connection:  # noqa: PT012 - the block is the transaction
        change(connection, *owner)
        raise ValueError("undone")
    with state.begin():
        pass  # the same connection of the pool, with nothing left from before
    assert state.account_commits == before


@pytest.mark.parametrize("change", OTHERS.values(), ids=list(OTHERS))
def test_other_commits_are_none_of_accounts(
    state: State, owner: tuple[int, int], change: Callable[[Connection, int, int], object]
) -> None:
    before = state.account_commits, state.commits
    with state.begin() as connection:
        change(connection, *owner)
    assert state.account_commits == before[0]
    assert state.commits > before[1]


def test_a_state_that_is_restored_counts_as_changed(state: State, owner: tuple[int, int]) -> None:
    image = StateImage(state)
    before = state.account_commits
    image.restore(state)
    image.close()
    assert state.account_commits > before
