"""Data directories of older releases, and of newer ones."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa

from civis.local.state import State, migrations, objects
from civis.local.state.migrations import LATEST, NewerState


def indices(path: Path) -> set[str]:
    """The names of a database's indices."""
    connection = sqlite3.connect(path)
    try:
        return {name for (name,) in connection.execute("select name from sqlite_master where type = 'index'")}
    finally:
        connection.close()


def change(path: Path, *statements: str) -> None:
    """Change a database past the package."""
    connection = sqlite3.connect(path)
    try:
        for each in statements:
            connection.execute(each)
        connection.commit()
    finally:
        connection.close()


def test_an_older_state_keeps_its_objects_and_gets_the_indices(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    state = State(f"sqlite:///{path}")
    with state.begin() as connection:
        kept = objects.insert(connection, "file", {"size": 1}, now=0.0, name="kept")
    state.close()
    all_of_them = indices(path)
    # As releases left it that kept no version.
    change(path, "drop table versions", "drop index ix_objects_searched", "drop index ix_runs_latest")
    for _ in range(2):  # the second time it is a current one
        state = State(f"sqlite:///{path}")
        with state.read() as connection:
            assert objects.fetch(connection, "file", kept.id) == kept
            assert connection.execute(sa.text("select version from versions")).scalars().all() == [LATEST]
        state.close()
        assert indices(path) == all_of_them


def test_a_step_that_was_interrupted_is_taken_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "state.db"
    State(f"sqlite:///{path}").close()
    change(path, "update versions set version = 0", "drop index ix_objects_searched")
    before = indices(path)

    def interrupted(connection: sa.engine.Connection) -> None:
        migrations._add_indices(connection)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(migrations, "_STEPS", (interrupted,))
        with pytest.raises(KeyboardInterrupt):
            State(f"sqlite:///{path}")
    assert indices(path) == before  # the whole step is undone
    State(f"sqlite:///{path}").close()
    assert "ix_objects_searched" in indices(path)


def test_a_newer_state_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    State(f"sqlite:///{path}").close()
    change(path, f"update versions set version = {LATEST + 1}")
    with pytest.raises(NewerState, match=f"version {LATEST + 1}, of a later release of civis"):
        State(f"sqlite:///{path}")
    assert "ix_objects_searched" in indices(path)


def test_the_index_of_lists_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    State(f"sqlite:///{path}").close()
    change(
        path,
        "update versions set version = 1",
        "drop index ix_objects_listed",
        "drop index ix_runs_changed",
        "create index ix_objects_author_id on objects (author_id)",
        "create index ix_objects_listed on objects (kind, hidden, archived, updated_at, id)",
    )
    State(f"sqlite:///{path}").close()
    connection = sqlite3.connect(path)
    [sql] = connection.execute("select sql from sqlite_master where name = 'ix_objects_listed'").fetchone()
    connection.close()
    assert "created_at" in sql
    assert "ix_runs_changed" in indices(path)
    assert "ix_objects_author_id" not in indices(path)
