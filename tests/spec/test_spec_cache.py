"""Descriptions on disk: the same as read afresh, private, and no worse than none when damaged."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from civis._spec import SpecCache, load_spec, render_docstring
from civis._spec.cache import default_folder

SPEC = {
    "swagger": "2.0",
    "info": {"title": "Jobs", "version": "1"},
    "paths": {
        "/jobs/{id}": {"get": {"responses": {"200": {"schema": {"$ref": "#/definitions/Job"}}}}},
        "/files": {"get": {"responses": {"200": {"schema": {"$ref": "#/definitions/Gone"}}}}},
        "/odd": {"get": 3},
    },
    "definitions": {
        "Job": {"type": "object", "properties": {"run": {"$ref": "#/definitions/Run"}}},
        "Run": {"type": "object", "properties": {"job": {"$ref": "#/definitions/Job"}}},
    },
}


@pytest.fixture
def cache(tmp_path: Path) -> SpecCache:
    return SpecCache(tmp_path / "deep" / "cache")


def test_what_is_read_is_what_was_written(cache: SpecCache) -> None:
    assert cache.write("a", SPEC, etag='"1"', last_modified="then")
    stored = cache.read("a")
    assert stored is not None
    assert (stored.etag, stored.last_modified) == ('"1"', "then")
    for mine, theirs in zip(stored.api.operations(), load_spec(SPEC).operations(), strict=True):
        assert render_docstring(mine) == render_docstring(theirs)
        assert (mine.name, mine.problem is None) == (theirs.name, theirs.problem is None)


def test_the_whole_description(cache: SpecCache, reference: Path) -> None:
    spec = json.loads((reference / "api_spec.json").read_text())
    assert cache.write("a", spec)
    stored = cache.read("a")
    assert stored is not None
    fresh = load_spec(spec)
    for mine, theirs in zip(
        stored.api.operations(everything=True), fresh.operations(everything=True), strict=True
    ):
        assert render_docstring(mine) == render_docstring(theirs)
        assert [each.name for each in mine.parameters] == [each.name for each in theirs.parameters]
        assert (mine.path, mine.name, mine.older_names) == (theirs.path, theirs.name, theirs.older_names)


def test_files_are_their_owners(cache: SpecCache) -> None:
    name = cache.name("https://a/", "a secret key", "1.0")
    assert cache.write(name, SPEC)
    folder = cache.folder()
    assert folder is not None
    assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert os.listdir(folder) == [name]
    assert "secret" not in name
    assert b"secret" not in (folder / name).read_bytes()


def test_each_endpoint_key_and_version_has_its_file(cache: SpecCache) -> None:
    names = {
        cache.name(*each) for each in [("a", "b", "1"), ("ab", "", "1"), ("a", "b", "2"), ("c", "b", "1")]
    }
    assert len(names) == 4


def test_touching_makes_a_file_current(cache: SpecCache) -> None:
    cache.write("a", SPEC)
    cache.touch("a", 1000.0)
    stored = cache.read("a")
    assert stored is not None
    assert stored.fetched_at == 1000.0
    cache.touch("absent", 1.0)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data())
def test_a_damaged_file_is_none(cache: SpecCache, data: st.DataObject) -> None:
    cache.write("a", SPEC)
    folder = cache.folder()
    assert folder is not None
    content = bytearray((folder / "a").read_bytes())
    if data.draw(st.booleans()):
        content = content[: data.draw(st.integers(0, len(content) - 1))]
    else:
        content[data.draw(st.integers(9, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    (folder / "a").write_bytes(content)
    assert cache.read("a") is None


def test_a_folder_that_cannot_be_made_is_no_harm(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    cache = SpecCache(tmp_path / "file" / "cache")
    assert cache.write("a", SPEC) is False
    assert cache.read("a") is None


def test_the_folder_is_the_users(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_folder() == tmp_path / "civis"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert default_folder() == Path.home() / ".cache" / "civis"


def test_a_file_of_another_format_is_none(cache: SpecCache) -> None:
    cache.write("a", SPEC)
    folder = cache.folder()
    assert folder is not None
    line = (folder / "a").read_bytes()[9:].replace(b'"format": 1', b'"format": 0', 1)
    (folder / "a").write_bytes(b"%08x " % zlib.crc32(line) + line)
    assert cache.read("a") is None
    assert cache.write("a", SPEC)
    assert cache.read("a") is not None


@pytest.mark.parametrize("content", [b"", b"\n", b"0" * 9, b"{}", b"zzzzzzzz {}\n", b"\xff" * 50], ids=repr)
def test_what_is_no_such_file_is_none(cache: SpecCache, content: bytes) -> None:
    cache.write("a", SPEC)
    folder = cache.folder()
    assert folder is not None
    (folder / "a").write_bytes(content)
    assert cache.read("a") is None


def test_a_folder_in_the_place_of_the_file(cache: SpecCache) -> None:
    folder = cache.folder()
    assert folder is not None
    (folder / "a").mkdir(parents=True)
    assert cache.read("a") is None
    assert cache.write("a", SPEC) is False
    assert os.listdir(folder) == ["a"]  # nothing half-written is left


WRITER = """
import sys
from pathlib import Path
from civis._spec import SpecCache
cache = SpecCache(Path(sys.argv[1]))
spec = {"swagger": "2.0", "paths": {f"/jobs/{{id}}/{n}": {"get": {}} for n in range(int(sys.argv[2]))}}
for _ in range(30):
    assert cache.write("a", spec)
    stored = cache.read("a")
    assert stored is not None and len(stored.api.resources["jobs"].operations) in (40, 80)
"""


def test_two_processes_write_at_once(cache: SpecCache) -> None:
    """Whoever is last wins, and nobody ever reads a mixture."""
    folder = cache.folder()
    assert folder is not None
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(folder), size]) for size in ("40", "80")]
    assert [each.wait(60) for each in writers] == [0, 0]
    stored = cache.read("a")
    assert stored is not None
    assert len(stored.api.resources["jobs"].operations) in (40, 80)
    assert os.listdir(folder) == ["a"]
