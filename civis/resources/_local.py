"""Descriptions that a user has: a mapping, or a JSON file. Knows neither the platform nor its caches."""

from __future__ import annotations

import gc
import json
import os
from collections.abc import Mapping
from typing import Any

from civis._spec import Api, SpecError, load_spec

SpecSource = Mapping[str, Any] | str | os.PathLike[str]


def read_local_spec(source: SpecSource, *, platform: bool = True, root_path: str = "") -> Api:
    """Read a description that a user has: a mapping, or the path of a JSON file.

    A file is read once in a process, as long as it does not change.

    Raises
    ------
    TypeError
        If it is neither.
    OSError
        If the file cannot be read.
    SpecError
        If there is no description in it.
    """
    if isinstance(source, Mapping):
        return load_spec(source, platform=platform, root_path=root_path)
    if not isinstance(source, (str, os.PathLike)):
        raise TypeError(
            f"local_api_spec has to be a mapping or the path of a JSON file, not {type(source).__name__}"
        )
    path = os.path.abspath(os.path.expanduser(os.fspath(source)))
    status = os.stat(path)
    state = (status.st_mtime_ns, status.st_size, platform, root_path)
    known = _FILES.get(path)
    if known is not None and known[0] == state:
        return known[1]
    try:
        mapping = _decoded(path)
    except ValueError as error:
        raise SpecError(f"{path} is not JSON: {error}") from None
    api = load_spec(mapping, platform=platform, root_path=root_path)
    while len(_FILES) >= _MOST_FILES:
        _FILES.pop(next(iter(_FILES)), None)
    _FILES[path] = (state, api)
    return api


def _decoded(path: str) -> Any:
    """Decode a JSON file; looking for garbage among 100,000 new objects would take a third of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        with open(path, "rb") as file:
            return json.load(file)
    finally:
        if was_on:
            gc.enable()


_MOST_FILES = 4
_FILES: dict[str, tuple[tuple[int, int, bool, str], Api]] = {}


def check_version(api_version: str) -> None:
    """Refuse a version that there is not."""
    if api_version != "1.0":
        raise ValueError(f"api_version={api_version!r} is not supported; the only version is '1.0'")
