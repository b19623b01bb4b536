"""One platform a data directory: a lock on a file that ends with the process, however that ends."""

from __future__ import annotations

import os
import sys
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
            _lock(descriptor)
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
