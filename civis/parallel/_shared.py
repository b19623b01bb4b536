"""Large inputs of calls as files on the platform: each content is uploaded once, whoever needs it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Any

from civis.parallel._envelope import digest_of

__all__ = ["SharedInputs"]


class _Input:
    """One content: first its bytes, then the file that has them."""

    def __init__(self, content: bytes) -> None:
        self.lock = threading.Lock()
        self.content: bytes | None = content
        self.size = len(content)
        self.file_id: int | None = None


class SharedInputs:
    """Knows which contents there are, and where.

    Parameters
    ----------
    upload : callable
        Is given a content, and gives the ID of the file that it made of it.
    """

    def __init__(self, upload: Callable[[bytes], int]) -> None:
        self._upload = upload
        self._lock = threading.Lock()
        self._inputs: dict[str, _Input] = {}

    def keep(self, content: Any) -> str:
        """Note a content that will be needed, and give its digest; it is copied if it is new."""
        digest = digest_of(content)
        with self._lock:
            if digest not in self._inputs:
                self._inputs[digest] = _Input(bytes(content))
        return digest

    def files(self, digests: Iterable[str]) -> dict[str, int]:
        """Give the files with contents, and upload those that no file has yet."""
        return {digest: self._file(self._inputs[digest]) for digest in digests}

    def _file(self, shared: _Input) -> int:
        """Give the file with a content; others who need that content wait while it is sent."""
        with shared.lock:
            if shared.file_id is None:
                assert shared.content is not None
                shared.file_id = self._upload(shared.content)
                shared.content = None
            return shared.file_id

    def forget(self) -> list[int]:
        """Forget all contents, and give the files there are."""
        with self._lock:
            inputs, self._inputs = self._inputs, {}
        return [shared.file_id for shared in inputs.values() if shared.file_id is not None]
