"""Blobs on the disk: a file appears whole and lasting, or not at all.

It knows keys and bytes; no URLs and no HTTP. Under the folder lie ``content/`` (one file a blob), ``parts/``
(one folder an upload in parts) and ``incoming/`` (files being written).
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from civis.local.blobs.errors import BlobError, BlobNotFound
from civis.local.storage import sync_folder

__all__ = ["BlobFolder", "is_key"]

_KEY = re.compile(r"([0-9a-f]{32})/([A-Za-z0-9._-]{1,100})")
_COMPLETING_LOCKS = 16  # uploads that are completed at once; two of them share a lock only by chance


def is_key(text: str) -> bool:
    """Tell whether a text is a key that :meth:`BlobFolder.new_key` could have made."""
    return _KEY.fullmatch(text) is not None


class BlobFolder:
    """The files of the blobs.

    Parameters
    ----------
    folder : Path
        Is made if it is missing.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("content", "parts", "incoming"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        self._completing = [threading.Lock() for _ in range(_COMPLETING_LOCKS)]
        self._sweep()

    def empty(self) -> None:
        """Remove everything; who is still writing fails, or leaves what nobody asks for."""
        for name in ("content", "parts", "incoming"):
            for path in (self.folder / name).iterdir():
                if path.is_dir():
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    path.unlink(missing_ok=True)

    def new_key(self, name: str) -> str:
        """Make a new key that ends with a harmless form of `name`.

        No part of a URL may be one or two dots: whoever sends it resolves them, and the signature breaks.
        """
        harmless = re.sub(r"[^A-Za-z0-9._-]+", "_", name)[-100:]
        if not harmless.strip("."):
            harmless = "file"
        return f"{secrets.token_hex(16)}/{harmless}"

    def path(self, key: str) -> Path:
        """Give where the blob's content lies or would lie."""
        return self.folder / "content" / self._id(key)

    def existing_path(self, key: str) -> Path:
        """Give where the blob's content lies.

        Raises
        ------
        BlobNotFound
            If there is none.
        """
        path = self.path(key)
        if not path.is_file():
            raise BlobNotFound(
                f"there is no content under the key {key!r}; it was never uploaded, or is deleted"
            )
        return path

    def part_path(self, key: str, number: int) -> Path:
        """Give where part `number` (from 1) of an upload lies or would lie."""
        return self.folder / "parts" / self._id(key) / f"{number:05d}"

    @contextlib.contextmanager
    def incoming(self, target: Path) -> Iterator[BinaryIO]:
        """Write a file that becomes `target` when the block is left without an exception."""
        path = self.folder / "incoming" / secrets.token_hex(16)
        try:
            with path.open("xb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            os.replace(path, target)
            sync_folder(target.parent)
        finally:
            path.unlink(missing_ok=True)

    def adopt(self, key: str, path: Path) -> None:
        """Move a finished file in; it is then gone from where it was."""
        with path.open("rb") as file:
            os.fsync(file.fileno())
        try:
            os.replace(path, self.path(key))
            sync_folder(self.folder / "content")
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            with path.open("rb") as source, self.incoming(self.path(key)) as target:
                shutil.copyfileobj(source, target, 1 << 20)
            path.unlink()

    def begin_parts(self, key: str, number: int) -> None:
        """Expect `number` parts, and note so on the disk."""
        if not 1 <= number <= 10_000:
            raise BlobError(f"an upload has 1 to 10,000 parts, not {number}")
        folder = self.part_path(key, 1).parent
        folder.mkdir(exist_ok=True)
        sync_folder(folder.parent)
        with self.incoming(folder / "number") as file:
            file.write(str(number).encode())

    def complete_parts(self, key: str) -> None:
        """Make the parts one blob; a completed upload may be completed again, also at the same time.

        Raises
        ------
        BlobError
            If a part is missing (nothing changes, it may still be sent), or no upload was begun.
        """
        # Who asks again while the parts are copied waits, and then finds the work done.
        with self._completing[hash(key) % _COMPLETING_LOCKS]:
            self._join_parts(key)

    def _join_parts(self, key: str) -> None:
        """Copy the parts one behind the other; one thread an upload."""
        folder = self.part_path(key, 1).parent
        try:
            number = int((folder / "number").read_bytes())
        except FileNotFoundError:
            self._refuse_unless_complete(key)
            return
        missing = [each for each in range(1, number + 1) if not self.part_path(key, each).is_file()]
        if missing:
            names = ", ".join(map(str, missing[:10])) + (", …" if len(missing) > 10 else "")
            what = "part" if len(missing) == 1 else "parts"
            raise BlobError(
                f"{what} {names} of {number} never arrived; send what is missing, then complete again"
            )
        with self.incoming(self.path(key)) as target:
            for each in range(1, number + 1):
                with self.part_path(key, each).open("rb") as part:
                    shutil.copyfileobj(part, target, 1 << 20)
        shutil.rmtree(folder, ignore_errors=True)

    def delete(self, key: str) -> None:
        """Remove the blob and the parts of an unfinished upload, if there are any."""
        self.path(key).unlink(missing_ok=True)
        shutil.rmtree(self.part_path(key, 1).parent, ignore_errors=True)
        sync_folder(self.folder / "content")

    def _refuse_unless_complete(self, key: str) -> None:
        """Explain why there is nothing to complete, unless that was done before."""
        if not self.path(key).is_file():
            raise BlobError(f"no upload in parts was begun for the key {key!r}; ask for its URLs first")

    def _id(self, key: str) -> str:
        """Take the part of a key that names the file; whatever else was handed in names none."""
        match = _KEY.fullmatch(key)
        if match is None:
            raise BlobNotFound(f"{key!r} is not the key of a blob")
        return match[1]

    def _sweep(self) -> None:
        """Remove what a crash left half written; the platform's lock keeps others from writing here."""
        for path in (self.folder / "incoming").iterdir():
            path.unlink(missing_ok=True)
