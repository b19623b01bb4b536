"""Where a platform keeps its data, where it listens, what it allows; plain values, nothing happens here."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

__all__ = ["PlatformError", "Settings", "default_data_dir"]


class PlatformError(RuntimeError):
    """The local platform cannot start, or is not running; the text says why and what to do."""


@dataclass(frozen=True)
class Settings:
    """The settings of one platform.

    Attributes
    ----------
    data_dir : Path
        The directory with everything it keeps.
    host : str
        The address it listens on; by default only programs on this machine reach it.
    port : int
        The port; 0 has the system choose a free one.
    resources : {"all", "base"}
        Which resources the API's description lists.
    rate_limit : int
        Requests that one key may make in a window of `rate_seconds`.
    rate_seconds : float
        The length of that window.
    body_limit : int
        The longest body of an API request, in bytes.
    workers : int
        How many requests are worked on at the same time.
    containers : {"process", "docker", "podman"}
        What runs container scripts: this machine's shell, or one of the programs for containers.
    """

    data_dir: Path
    host: str = "127.0.0.1"
    port: int = 0
    resources: Literal["base", "all"] = "all"
    # Far above what programs on one machine send, so that a limit is there and nobody meets it by accident.
    rate_limit: int = 1_000_000
    rate_seconds: float = 300.0
    body_limit: int = 64 * 1024 * 1024
    workers: int = 16
    containers: Literal["process", "docker", "podman"] = "process"

    @property
    def state_path(self) -> Path:
        """The file with the state's database."""
        return self.data_dir / "state.sqlite"

    @property
    def state_url(self) -> str:
        """SQLAlchemy's URL of the state's database."""
        return f"sqlite:///{self.state_path}"

    @property
    def warehouse_dir(self) -> Path:
        """The directory of the SQL databases."""
        return self.data_dir / "warehouse"

    @property
    def blobs_dir(self) -> Path:
        """The directory of the contents of files."""
        return self.data_dir / "blobs"

    @property
    def runs_dir(self) -> Path:
        """The directory of the working folders of programs that are running."""
        return self.data_dir / "runs"

    @property
    def key_path(self) -> Path:
        """The file with the default user's API key, readable by its owner only."""
        return self.data_dir / "api-key"

    @property
    def secret_path(self) -> Path:
        """The file with the secret that signs URLs, readable by its owner only."""
        return self.data_dir / "signing-secret"

    @property
    def lock_path(self) -> Path:
        """The file whose lock says that a platform is running on this directory."""
        return self.data_dir / "lock"


def default_data_dir() -> Path:
    """Give the directory where this user's lasting platform keeps its data.

    Returns
    -------
    Path
        ``civis/local`` in ``$XDG_DATA_HOME``, in ``~/.local/share`` where that is not set, or in
        ``%LOCALAPPDATA%`` on Windows.
    """
    given = os.environ.get("XDG_DATA_HOME", "")
    # The XDG specification has relative paths ignored.
    if given and Path(given).is_absolute():
        return Path(given) / "civis" / "local"
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA")
        return (Path(local) if local else Path.home() / "AppData" / "Local") / "civis" / "local"
    return Path.home() / ".local" / "share" / "civis" / "local"
