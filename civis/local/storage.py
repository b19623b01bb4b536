"""A platform's data directory: made, filled with its secrets, emptied; knows files and no meaning."""

from __future__ import annotations

import os
import secrets
import shutil
from contextlib import suppress
from pathlib import Path

from civis.local.settings import PlatformError, Settings

__all__ = [
    "empty_dir",
    "empty_folder",
    "make_dir",
    "make_private",
    "plain_path",
    "read_or_make_secret",
    "sync_folder",
]


def plain_path(path: Path | str) -> Path:
    """Give the whole path without ``~`` and ``..``, as a person is to read it; links stay."""
    return Path(os.path.normpath(Path(path).expanduser().absolute()))


def make_dir(path: Path) -> None:
    """Make a directory that only its owner can read, or check that one that is there can be written.

    Raises
    ------
    PlatformError
        When it cannot be made or written.
    """
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        probe = path / f".probe-{secrets.token_hex(8)}"
        probe.touch(mode=0o600)
        probe.unlink()
    except OSError as error:
        reason = error.strerror or str(error)
        raise PlatformError(f"cannot write to the directory {path}: {reason}; use another one") from None


def make_private(settings: Settings) -> None:
    """Make what will hold the data readable by its owner only, even in a directory that others can read."""
    os.close(os.open(settings.state_path, os.O_RDWR | os.O_CREAT, 0o600))
    for folder in (settings.warehouse_dir, settings.blobs_dir, settings.runs_dir):
        folder.mkdir(mode=0o700, exist_ok=True)


def read_or_make_secret(path: Path) -> str:
    """Read 256 random bits from a file that only its owner can read, made where there is none.

    Parameters
    ----------
    path : Path
        The file; it holds 64 hexadecimal digits.

    Raises
    ------
    PlatformError
        When the file is there and empty: what was signed with its content could never be read again.
    """
    if not path.exists():
        incoming = path.with_name(f".{path.name}-{secrets.token_hex(8)}")
        descriptor = os.open(incoming, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(32) + "\n")
            file.flush()
            os.fsync(file.fileno())
        incoming.replace(path)
        sync_folder(path.parent)
    text = path.read_text(encoding="ascii", errors="replace").strip()
    if not text:
        raise PlatformError(f"the file {path} is empty; delete it to have a new key made")
    return text


def empty_dir(settings: Settings) -> None:
    """Delete everything in the data directory but the lock and the secrets."""
    kept = {settings.lock_path, settings.key_path, settings.secret_path}
    for path in settings.data_dir.iterdir():
        if path in kept:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def empty_folder(folder: Path) -> None:
    """Delete everything in a folder, as far as that is permitted."""
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            with suppress(OSError):
                path.unlink()


def sync_folder(folder: Path) -> None:
    """Have the names in a folder survive a power cut; Windows offers no way, and needs none for renames."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
