"""The store without HTTP: contents appear whole or not at all."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from civis._clock import FakeClock
from civis.local.blobs import BlobError, BlobNotFound, Blobs


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    return Blobs(tmp_path / "blobs", b"s" * 32, lambda: "http://127.0.0.1:1/", FakeClock())


def files_under(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_a_content_is_written_read_and_deleted(blobs: Blobs) -> None:
    key = blobs.new_key("a.csv")
    with blobs.writer(key) as file:
        file.write(b"a,b")
        assert not blobs.exists(key)
    assert (blobs.exists(key), blobs.size(key), blobs.path(key).read_bytes()) == (True, 3, b"a,b")
    with blobs.open(key) as file:
        assert file.read() == b"a,b"
    blobs.delete(key)
    blobs.delete(key)
    assert not blobs.exists(key)


def write_and_fail(blobs: Blobs, key: str) -> None:
    with blobs.writer(key) as file:
        file.write(b"after")
        raise RuntimeError("stop")


def test_a_failed_write_leaves_the_content_before(blobs: Blobs, tmp_path: Path) -> None:
    key = blobs.new_key("a")
    with blobs.writer(key) as file:
        file.write(b"before")
    with pytest.raises(RuntimeError, match="stop"):
        write_and_fail(blobs, key)
    assert blobs.path(key).read_bytes() == b"before"
    assert files_under(tmp_path) == [blobs.path(key)]


def test_a_file_is_adopted(blobs: Blobs, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"x" * 10)
    key = blobs.new_key("a")
    blobs.adopt(key, source)
    assert (blobs.size(key), source.exists()) == (10, False)


@pytest.mark.parametrize("key", ["", "a", "../../etc/passwd", "0" * 32 + "/../x", "0" * 32, "A" * 32 + "/a"])
def test_what_is_no_key_names_no_file(blobs: Blobs, key: str) -> None:
    with pytest.raises(BlobNotFound, match="not the key"):
        blobs.path(key)


@pytest.mark.parametrize("name", ["", "../../x", "ü/ä.csv", "a" * 500, "a b\r\nc.csv"])
def test_any_name_gives_a_key(blobs: Blobs, name: str) -> None:
    key = blobs.new_key(name)
    assert blobs.path(key).parent.name == "content"
    assert key != blobs.new_key(name)


def test_a_missing_content_is_an_error_with_its_key(blobs: Blobs) -> None:
    key = blobs.new_key("a")
    for read in (blobs.size, blobs.open):
        with pytest.raises(BlobNotFound, match=key):
            read(key)


def test_parts_become_one_when_all_are_there(blobs: Blobs, tmp_path: Path) -> None:
    key = blobs.new_key("a")
    blobs.part_urls(key, 3)
    folder = tmp_path / "blobs" / "parts" / key.split("/")[0]
    for number in (3, 1):
        (folder / f"{number:05d}").write_bytes(b"%d" % number * 4)
    with pytest.raises(BlobError, match="part 2 of 3 never arrived"):
        blobs.complete_parts(key)
    assert not blobs.exists(key)
    (folder / "00002").write_bytes(b"2222")
    blobs.complete_parts(key)
    blobs.complete_parts(key)
    assert blobs.path(key).read_bytes() == b"111122223333"
    assert not folder.exists()


def test_an_upload_is_completed_once_by_many_at_once(blobs: Blobs, tmp_path: Path) -> None:
    key = blobs.new_key("a")
    blobs.part_urls(key, 8)
    folder = tmp_path / "blobs" / "parts" / key.split("/")[0]
    for number in range(1, 9):
        (folder / f"{number:05d}").write_bytes(b"%d" % number * 500_000)
    with ThreadPoolExecutor(8) as executor:
        for done in [executor.submit(blobs.complete_parts, key) for _ in range(8)]:
            done.result()
    assert blobs.path(key).read_bytes() == b"".join(b"%d" % number * 500_000 for number in range(1, 9))


def test_what_a_crash_left_half_written_goes(blobs: Blobs, tmp_path: Path) -> None:
    (tmp_path / "blobs" / "incoming" / "half").write_bytes(b"x")
    Blobs(tmp_path / "blobs", b"s" * 32, lambda: "http://127.0.0.1:1/", FakeClock())
    assert not files_under(tmp_path / "blobs")


def test_completing_what_was_not_begun_is_refused(blobs: Blobs) -> None:
    with pytest.raises(BlobError, match="no upload in parts"):
        blobs.complete_parts(blobs.new_key("a"))


@pytest.mark.parametrize("number", [0, -1, 10_001])
def test_the_number_of_parts_has_bounds(blobs: Blobs, number: int) -> None:
    with pytest.raises(BlobError, match="parts"):
        blobs.part_urls(blobs.new_key("a"), number)


def test_the_secret_shows_nowhere(blobs: Blobs) -> None:
    assert "sss" not in repr(blobs) + repr(vars(blobs)["_signer"])
    with pytest.raises(ValueError, match="16 bytes"):
        Blobs(Path("unused"), b"short", lambda: "")
