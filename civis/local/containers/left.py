"""Containers that were left over when a platform was killed: found by their label, and removed."""

from __future__ import annotations

import logging
import socket
from pathlib import Path

from civis.local.containers.engine import OWNER_LABEL, ContainerEngine, EngineError

__all__ = ["remove_left"]

_LOGGER = logging.getLogger(__name__)


def remove_left(engine: ContainerEngine) -> None:
    """Remove containers of earlier platforms on the same directory, and of directories that are gone.

    Call it while the directory is locked: whatever has its label is then nobody's any more. What cannot be
    removed is said in the log of the program, and does not keep the platform from starting.
    """
    try:
        names = engine.ask("ps", "--all", "--quiet", "--filter", f"label={OWNER_LABEL}").split()
    except EngineError as error:
        _LOGGER.warning("Containers that were left over could not be looked for: %s", error)
        return
    for name in names:
        labels = engine.inspect(name, ".Config.Labels") or {}
        if not _is_left(engine, str(labels.get(OWNER_LABEL, ""))):
            continue
        try:
            engine.ask("rm", "--force", "--volumes", name)
        except EngineError as error:
            _LOGGER.warning("The container %s that was left over could not be removed: %s", name, error)


def _is_left(engine: ContainerEngine, owner: str) -> bool:
    """Tell whether nobody looks after the containers of a platform any more."""
    machine, _, folder = owner.partition(":")
    if owner == engine.owner:
        return True
    return machine == socket.gethostname() and bool(folder) and not Path(folder).is_dir()
