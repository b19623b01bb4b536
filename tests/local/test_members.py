"""Users whom whoever runs a platform adds."""

from __future__ import annotations

import stat
from datetime import timedelta
from pathlib import Path

import pytest
import requests

pytest.importorskip("duckdb")

from civis.local import Platform
from civis.local.members import add_member
from civis.local.settings import PlatformError


def me(platform: Platform, token: str) -> requests.Response:
    """Ask who has a key."""
    return requests.get(f"{platform.url}users/me", auth=(token, ""), timeout=60)


def test_a_member_has_a_key_a_group_and_a_credential(tmp_path: Path) -> None:
    path = tmp_path / "key"
    with Platform() as platform:
        member = add_member(platform, " ada ", name="Ada L", key_file=path)
        assert path.read_text(encoding="ascii").strip() == member.token
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert member.token not in repr(member)
        seen = me(platform, member.token).json()
        assert (seen["id"], seen["username"], seen["name"]) == (member.id, "ada", "Ada L")
        assert seen["initials"] == "AL"
        assert len(seen["groups"]) == 1
        credentials = requests.get(f"{platform.url}credentials", auth=(member.token, ""), timeout=60).json()
        assert [each["username"] for each in credentials] == ["ada"]


def test_what_cannot_be_added(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.touch()
    with Platform() as platform:
        with pytest.raises(PlatformError, match="there already"):
            add_member(platform, "ada", key_file=path)
        add_member(platform, "ada", is_admin=True, lifetime=timedelta(days=1))  # the first try added nobody
        for username, lifetime, words in (
            (" ", None, "not empty"),
            ("ada", None, "already"),
            ("eve", timedelta(), "more than nothing"),
        ):
            with pytest.raises(ValueError, match=words):
                add_member(platform, username, lifetime=lifetime)
        assert path.read_text(encoding="ascii") == ""
