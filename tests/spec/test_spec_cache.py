"""Descriptions on disk: the same as read afresh, private, and no worse than none when damaged."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import time
import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from civis._spec import SpecCache, load_spec, render_docstring
from civis._spec.cache import LONGEST_UNUSED, LONGEST_WRITING, MOST_FILES, default_folder

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


def test_neighbours_are_other_keys_of_the_endpoint(cache: SpecCache) -> None:
    first, second, third = (cache.name("a", key, "1.0") for key in ("one", "two", "three"))
    elsewhere, later = cache.name("b", "one", "1.0"), cache.name("a", "one", "2.0")
    assert cache.neighbours(first) == []
    for at, name in enumerate([first, second, third, elsewhere, later]):
        cache.write(name, SPEC)
        cache.touch(name, time.time() + at)
    assert cache.neighbours(first) == [third, second]


def test_a_copy_is_as_private_and_has_an_age_of_its_own(cache: SpecCache) -> None:
    first, second = (cache.name("a", key, "1.0") for key in ("one", "two"))
    cache.write(first, SPEC, etag="1")
    assert cache.copy(first, second, time.time())
    cache.touch(first, 1000.0)
    stored, folder = cache.read(second), cache.folder()
    assert stored is not None
    assert folder is not None
    assert (stored.etag, stored.fetched_at > 1000.0) == ("1", True)
    assert stat.S_IMODE((folder / second).stat().st_mode) == 0o600
    assert not cache.copy("absent", second, 1.0)
    (folder / first).write_bytes(b"damaged")
    assert not cache.copy(first, second, 1.0)


def test_files_of_old_keys_go(cache: SpecCache) -> None:
    now = time.time()
    for number in range(MOST_FILES + 5):
        name = cache.name("a", f"key {number}", "1.0")
        cache.write(name, SPEC)
        cache.touch(name, now - 1000 + number)
    folder = cache.folder()
    assert folder is not None
    kept = set(os.listdir(folder))
    assert kept == {cache.name("a", f"key {number}", "1.0") for number in range(5, MOST_FILES + 5)}
    unused = cache.name("a", f"key {MOST_FILES}", "1.0")
    cache.touch(unused, now - LONGEST_UNUSED - 10)
    abandoned, going_on = (folder / f".{unused}.{each}" for each in ("abandoned", "writing"))
    notes = folder / "notes.txt"
    for path in (abandoned, going_on, notes):
        path.write_text("")
    os.utime(abandoned, (1, now - LONGEST_WRITING - 10))
    os.utime(notes, (1, 1))
    assert cache.write(cache.name("a", "the last key", "1.0"), SPEC)
    assert not {unused, abandoned.name} & set(os.listdir(folder))
    assert {going_on.name, notes.name} < set(os.listdir(folder))


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
