"""Temporary data directories that a killed platform left: found by their names, removed if nobody holds them.

Knows a directory's name, owner, age and lock, and nothing of what it holds.
"""

from __future__ import annotations

import os
import shutil
import stat
import time
from contextlib import suppress
from pathlib import Path

from civis.local.locking import DirectoryLock
from civis.local.settings import PlatformError, Settings

__all__ = ["remove_abandoned"]

#: Seconds between the making of a directory and its lock are few; a younger one may be about to be locked.
_YOUNGEST = 60.0


def remove_abandoned(parent: Path, prefix: str) -> list[Path]:
    """Remove this user's directories of a name whose platform ended without removing them.

    Parameters
    ----------
    parent : Path
        Where temporary directories lie.
    prefix : str
        What their names begin with.

    Returns
    -------
    list of Path
        Those that were removed. What cannot be removed stays, and is no error.
    """
    removed = []
    with suppress(OSError):
        for path in list(parent.glob(f"{prefix}*")):
            if _is_own_and_old(path) and _is_free(path):
                shutil.rmtree(path, ignore_errors=True)
                removed.append(path)
    return removed


def _is_own_and_old(path: Path) -> bool:
    """Tell whether a directory is this user's, and whether a platform locked it a while ago."""
    try:
        found, lock = path.lstat(), Settings(path).lock_path.lstat()
    except OSError:
        return False
    is_own = not hasattr(os, "getuid") or found.st_uid == os.getuid()
    # The lock's file is made by whoever locks the directory and never written: its time is that of the start.
    is_old = lock.st_mtime < time.time() - _YOUNGEST
    return is_own and stat.S_ISDIR(found.st_mode) and stat.S_ISREG(lock.st_mode) and is_old


def _is_free(path: Path) -> bool:
    """Tell whether no platform holds a directory."""
    try:
        DirectoryLock(Settings(path).lock_path).release()
    except (PlatformError, OSError):
        return False
    return True
