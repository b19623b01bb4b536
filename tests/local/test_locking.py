"""The lock of a data directory, and a child that its dead owner leaves behind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("duckdb")
if os.name != "posix":
    pytest.skip("locks end with a process's files", allow_module_level=True)

from civis.local.locking import DirectoryLock
from civis.local.settings import PlatformError

#: Takes the lock, forks a child that holds it for a moment longer than its parent, and dies.
_DIES = """
import os, sys, time
from pathlib import Path
from civis.local.locking import DirectoryLock
lock = DirectoryLock(Path(sys.argv[1]))
if os.fork() == 0:
    os.close(1)
    time.sleep(0.3)
    os._exit(0)
os._exit(0)
"""


def test_a_lock_that_somebody_has_is_refused_at_once(tmp_path: Path) -> None:
    lock = DirectoryLock(tmp_path / "lock")
    try:
        with pytest.raises(PlatformError, match="another platform is running"):
            DirectoryLock(tmp_path / "lock")
    finally:
        lock.release()
    DirectoryLock(tmp_path / "lock").release()


def test_what_a_dead_owner_was_starting_does_not_keep_the_lock(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", _DIES, str(tmp_path / "lock")], check=True, stdout=subprocess.PIPE)
    DirectoryLock(tmp_path / "lock").release()


def test_a_file_that_says_nothing_of_its_owner_counts_as_taken(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    lock = DirectoryLock(path)
    path.write_bytes(b"")
    try:
        with pytest.raises(PlatformError, match="another platform is running"):
            DirectoryLock(path)
    finally:
        lock.release()
