"""A file that takes another's place: whole and on the disk, or not at all."""

from __future__ import annotations

import errno
import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from civis._http.replacing import _DurableSink, replacing

SHARE = 1 << 20
SIZES = {"nothing": 0, "a little": 10, "one share": 8 * SHARE, "several shares": 30 * SHARE + 1}


def _write(target: Path, size: int, then: Callable[[], object] = bool) -> None:
    with replacing(target) as sink:
        for begin in range(0, size, SHARE):
            sink.write(b"x" * min(SHARE, size - begin))
        then()


def _break() -> None:
    raise RuntimeError("broke")


def _fail_after(count: int) -> Callable[[int], None]:
    """Make a disk that is full at its call number `count` and, as Linux does, says so only once."""
    calls = iter(range(1, 1000))

    def sync(descriptor: int) -> None:
        if next(calls) == count:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    return sync


@pytest.mark.parametrize("size", SIZES.values(), ids=list(SIZES))
def test_a_file_is_whole(tmp_path: Path, size: int) -> None:
    target = tmp_path / "data"
    _write(target, size)
    assert target.read_bytes() == b"x" * size
    assert os.listdir(tmp_path) == ["data"]


@pytest.mark.skipif(not hasattr(os, "fdatasync"), reason="only where the disk can be told early")
def test_an_error_that_only_the_thread_saw_is_raised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "data"
    target.write_bytes(b"older")
    monkeypatch.setattr(os, "fdatasync", _fail_after(1))
    with pytest.raises(OSError, match="No space left"):
        _write(target, 8 * SHARE, then=_wait_for_thread_to_end)
    assert target.read_bytes() == b"older"
    assert os.listdir(tmp_path) == ["data"]


def test_an_error_amid_shares_leaves_no_file_and_no_thread(tmp_path: Path) -> None:
    target = tmp_path / "data"
    with pytest.raises(RuntimeError, match="broke"):
        _write(target, 20 * SHARE, then=_break)
    assert os.listdir(tmp_path) == []
    assert "civis-write-back" not in {thread.name for thread in threading.enumerate()}


def test_a_missing_folder_is_told_by_the_name_that_was_given(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        _write(tmp_path / "none" / "data", 1)
    assert caught.value.filename == str(tmp_path / "none" / "data")


class _EndedAmidst(_DurableSink):
    """Is told to end just when its thread has found that it is not the end."""

    _ends = False

    @property
    def _is_ending(self) -> bool:
        before = self._ends
        if threading.current_thread().name == "civis-write-back" and not before:
            self._ends = True
            self._more.set()
        return before

    @_is_ending.setter
    def _is_ending(self, ends: bool) -> None:
        self._ends = ends


@pytest.mark.skipif(not hasattr(os, "fdatasync"), reason="only where the disk can be told early")
def test_the_end_is_not_missed_by_the_thread(tmp_path: Path) -> None:
    with open(tmp_path / "data", "wb") as file:
        sink = _EndedAmidst(file)
        sink.write(b"x" * 8 * SHARE)
        _wait_for_thread_to_end()
        assert "civis-write-back" not in {thread.name for thread in threading.enumerate()}


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_the_mode_of_the_older_file_stays(tmp_path: Path) -> None:
    target = tmp_path / "data"
    target.touch(0o640)
    _write(target, 9 * SHARE)
    assert stat.S_IMODE(target.stat().st_mode) == 0o640


def _wait_for_thread_to_end() -> None:
    """Wait until the thread that tells the disk has ended by itself."""
    for thread in threading.enumerate():
        if thread.name == "civis-write-back":
            thread.join(10)
