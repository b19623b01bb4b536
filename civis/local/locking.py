"""One platform a data directory: a lock on a file that ends with the process, however that ends."""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress
from pathlib import Path

from civis.local.settings import PlatformError

if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        """Lock the first byte, or raise OSError at once."""
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(descriptor: int) -> None:
        """Lock the file, or raise OSError at once.

        ``flock`` belongs to the open file and so also keeps two platforms of one process apart; ``lockf``
        belongs to the process and would not.
        """
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


__all__ = ["DirectoryLock"]

#: Seconds to wait for a lock whose owner is dead. A process that it was starting when it was killed holds the
#: lock as well, from its fork to its exec; on a machine with a lot to do, that takes a while.
_PATIENCE = 5.0
_PAUSE = 0.02


class DirectoryLock:
    """Holds a data directory for one platform.

    Parameters
    ----------
    path : Path
        The file to lock; made if missing, and left when the lock ends, because deleting it would let two
        platforms hold two files of one name.

    Raises
    ------
    PlatformError
        When another platform holds the directory.
    OSError
        When the file cannot be made.
    """

    def __init__(self, path: Path) -> None:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _lock_or_wait(descriptor)
        except OSError:
            os.close(descriptor)
            raise PlatformError(
                f"another platform is running on the directory {path.parent}; "
                "stop that one or use another directory"
            ) from None
        self._descriptor: int | None = descriptor

    def release(self) -> None:
        """Let another platform have the directory.

        In a forked child this closes the child's copy only; the parent keeps the lock.
        """
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)


def _lock_or_wait(descriptor: int) -> None:
    """Lock the file and note the owner in it; wait a little if who noted itself there is dead."""
    begin = time.monotonic()
    while True:
        try:
            _lock(descriptor)
        except OSError:
            if sys.platform == "win32" or _is_owner_alive(descriptor) or time.monotonic() - begin > _PATIENCE:
                raise
            time.sleep(_PAUSE)
            continue
        if sys.platform != "win32":  # where what is locked can be read by nobody else
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        return


def _is_owner_alive(descriptor: int) -> bool:
    """Tell whether the process that has noted itself as the lock's owner goes on; true if nobody can tell."""
    noted = os.pread(descriptor, 20, 0)
    if not noted.isdigit():
        return True
    with suppress(PermissionError):
        try:
            os.kill(int(noted), 0)
        except ProcessLookupError:
            return False
    return True
