"""Containers that were left over when a platform was killed: found by their label, and removed."""

from __future__ import annotations

import logging
import os
import socket
import stat

from civis.local.containers.engine import (
    CHECK_SECONDS,
    MOUNTS_LABEL,
    OWNER_LABEL,
    REMOVE_SECONDS,
    ContainerEngine,
    EngineError,
    mounts,
)

__all__ = ["remove_left"]

_LOGGER = logging.getLogger(__name__)


def remove_left(engine: ContainerEngine) -> None:
    """Remove containers of earlier platforms on the same directory, and of directories that are gone.

    Call it while the directory is locked: whatever has its label is then nobody's any more. What cannot be
    removed is said in the log of the program, and does not keep the platform from starting.
    """
    listing = ("ps", "--all", "--quiet", "--filter", f"label={OWNER_LABEL}")
    try:
        names = engine.ask(*listing, seconds=CHECK_SECONDS).split()
    except EngineError as error:
        _LOGGER.warning("Containers that were left over could not be looked for: %s", error)
        return
    for name in names:
        labels = engine.inspect(name, ".Config.Labels") or {}
        owner, sees_alike = str(labels.get(OWNER_LABEL, "")), labels.get(MOUNTS_LABEL) == mounts()
        if not (owner == engine.owner or (sees_alike and _is_gone(owner))):
            continue
        try:
            engine.ask("rm", "--force", "--volumes", name, seconds=REMOVE_SECONDS)
        except EngineError as error:
            _LOGGER.warning("The container %s that was left over could not be removed: %s", name, error)


def _is_gone(owner: str) -> bool:
    """Tell whether the directory of a platform of this machine is not there any more."""
    machine, _, folder = owner.partition(":")
    if machine != socket.gethostname() or not folder:
        return False
    try:
        return not stat.S_ISDIR(os.stat(folder).st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except (OSError, ValueError):  # another account's, into which this one may not look
        return False
