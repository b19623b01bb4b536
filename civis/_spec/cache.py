"""Descriptions kept on disk, so that a program reads only the resources that it touches.

A file is one line of JSON (what is in it), then one compressed piece a resource, with all definitions
that it refers to. Files are written whole or not at all, only their owner can read them; one that is damaged,
or of another format, is as good as none. How long one is good, and where it comes from, is not known here.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from civis._spec import loading
from civis._spec.model import Api, LazyMapping, Resource, lazily
from civis._spec.reading import Rules
from civis._spec.schema import Document, SpecError

#: Changed whenever a file written before could be misread.
FORMAT = 1
#: Most descriptions that are kept, each about 150 KB: every run on the platform comes with a key of its own.
MOST_FILES = 16
#: Seconds after which one is removed that nobody found current meanwhile, and what a killed writer left.
LONGEST_UNUSED = 30 * 24 * 3600.0
LONGEST_WRITING = 3600.0
_FIRST, _LAST = "api-", ".spec"


class Stored(NamedTuple):
    """A description from the disk.

    Parameters
    ----------
    api
        What it describes.
    etag, last_modified
        What the server called this state of it, or "".
    fetched_at
        When it was last known to be current, in seconds since 1970.
    """

    api: Api
    etag: str
    last_modified: str
    fetched_at: float


class SpecCache:
    """Descriptions in a folder, one file for each endpoint, key and version.

    Parameters
    ----------
    folder : Path, optional
        By default ``civis`` in the user's cache folder.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> cache = SpecCache(Path(tempfile.mkdtemp()))
    >>> name = cache.name("https://api.civisanalytics.com/", "key", "1.0")
    >>> cache.write(name, {"swagger": "2.0", "paths": {"/jobs/{id}": {"get": {}}}})
    True
    >>> list(cache.read(name).api.resources)
    ['jobs']
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._given = folder

    def folder(self) -> Path | None:
        """Say where the files lie; None for users without a home."""
        return self._given or default_folder()

    def name(self, endpoint: str, key: str, version: str) -> str:
        """Name the file for an endpoint, a key and a version; the key cannot be told from it."""
        return f"{_FIRST}{_digest(endpoint, version)[:16]}-{_digest(endpoint, key, version)[:40]}{_LAST}"

    def neighbours(self, name: str) -> list[str]:
        """Name the files of other keys for the same endpoint and version, the newest first."""
        folder = self.folder()
        shared = shared_part(name)
        found = [] if folder is None else _by_age(folder, f"{shared}*{_LAST}")
        return [path.name for _, path in found if path.name != name]

    def read(self, name: str) -> Stored | None:
        """Read a description, or None where there is none that can be used."""
        path = self._path(name)
        if path is None:
            return None
        try:
            with open(path, "rb") as file:
                content = file.read()
                fetched_at = os.fstat(file.fileno()).st_mtime
            header, pieces = _unpack(content)
            return Stored(
                _api_of(header, pieces), str(header["etag"]), str(header["last_modified"]), fetched_at
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

    def write(
        self, name: str, mapping: Mapping[str, object], *, etag: str = "", last_modified: str = ""
    ) -> bool:
        """Keep a description of the platform; False where it cannot be written."""
        path = self._path(name)
        if path is None:
            return False
        try:
            content = _pack(mapping, etag, last_modified)
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _write_privately(path, content)
        except (OSError, TypeError, ValueError, RecursionError):
            return False
        _clean(path.parent, keep=path)
        return True

    def copy(self, name: str, to: str, now: float) -> bool:
        """Keep one key's description for another key too, for which it was found current just now.

        False where that cannot be done. It is no link: how old they are is known of each by itself.
        """
        source, target = self._path(name), self._path(to)
        if source is None or target is None:
            return False
        try:
            content = source.read_bytes()
            _unpack(content)
            _write_privately(target, content)
            os.utime(target, (now, now))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return False
        _clean(target.parent, keep=target)
        return True

    def touch(self, name: str, now: float) -> None:
        """Note that a description is current."""
        path = self._path(name)
        if path is not None:
            with contextlib.suppress(OSError):
                os.utime(path, (now, now))

    def _path(self, name: str) -> Path | None:
        """Where a file lies; None for users without a home."""
        folder = self.folder()
        return folder / name if folder is not None else None


def default_folder() -> Path | None:
    """Give the user's folder for caches of this package, or None where there is no home."""
    base = os.environ.get("XDG_CACHE_HOME") or ""
    try:
        return (Path(base) if os.path.isabs(base) else Path.home() / ".cache") / "civis"
    except RuntimeError:  # nobody's home is known
        return None


def shared_part(name: str) -> str:
    """Give the part of a name that all keys share at one endpoint, for one version."""
    return name[: len(_FIRST) + 17]


def _digest(*told: str) -> str:
    """Give what tells values apart and does not tell what they are."""
    return hashlib.sha256("\0".join([str(FORMAT), *told]).encode()).hexdigest()


def _by_age(folder: Path, pattern: str) -> list[tuple[float, Path]]:
    """List files with the times they were last known to be current, the newest first."""
    found: list[tuple[float, Path]] = []
    try:
        for path in folder.glob(pattern):
            with contextlib.suppress(OSError):  # another process removed it meanwhile
                found.append((path.stat().st_mtime, path))
    except OSError:
        return []
    return sorted(found, reverse=True)


def _clean(folder: Path, keep: Path) -> None:
    """Remove what is old or too much; whoever reads one of the files has it, and does not notice."""
    now = time.time()
    kept = _by_age(folder, f"{_FIRST}*{_LAST}")
    doomed = [
        path for number, (at, path) in enumerate(kept) if number >= MOST_FILES or now - at > LONGEST_UNUSED
    ]
    unfinished = _by_age(folder, f".{_FIRST}*{_LAST}.*")
    doomed += [path for at, path in unfinished if now - at > LONGEST_WRITING]
    for path in doomed:
        if path != keep:
            with contextlib.suppress(OSError):
                path.unlink()


def _write_privately(path: Path, content: bytes) -> None:
    """Replace a file at one blow; only its owner can read it."""
    temporary = path.with_name(f".{path.name}.{os.urandom(6).hex()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def _pack(mapping: Mapping[str, object], etag: str, last_modified: str) -> bytes:
    """Write a description as one line of contents and one piece a resource."""
    rules = loading.rules_of(mapping, platform=True, root_path="")
    document = Document(mapping)
    sizes: dict[str, int] = {}
    pieces: list[bytes] = []
    for name, paths in loading.group_paths(mapping, rules).items():
        rows = loading.name_operations(paths, document, rules)
        # A path begins with "/", a reference with "#": one table holds both.
        nodes = {**paths, **_targets(paths, document)}
        lines = [json.dumps(each, separators=(",", ":")) for each in (rows, list(nodes), *nodes.values())]
        pieces.append(zlib.compress("\n".join(lines).encode(), 6))
        sizes[name] = len(pieces[-1])
    body = b"".join(pieces)
    header = {
        "format": FORMAT,
        "title": loading.text_of_info(mapping, "title"),
        "version": loading.text_of_info(mapping, "version"),
        "openapi3": rules.openapi3,
        "etag": etag,
        "last_modified": last_modified,
        "sizes": sizes,
    }
    line = json.dumps(header).encode() + b"\n" + body
    return b"%08x " % zlib.crc32(line) + line


def _unpack(content: bytes) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Check a file and cut it into its pieces."""
    checksum, line = content[:8], content[9:]
    if int(checksum or b"0", 16) != zlib.crc32(line):
        raise ValueError("the file is damaged")
    first, _, body = line.partition(b"\n")
    header = json.loads(first)
    if header["format"] != FORMAT:
        raise ValueError("the file is of another format")
    pieces: dict[str, bytes] = {}
    start = 0
    for name, size in header["sizes"].items():
        pieces[name] = body[start : start + size]
        start += size
    return header, pieces


def _api_of(header: Mapping[str, Any], pieces: Mapping[str, bytes]) -> Api:
    """Give an Api that decodes a resource's piece when the resource is asked for."""
    rules = Rules(platform=True, openapi3=bool(header["openapi3"]))
    makers = {name: lazily(_read_piece, name, piece, rules) for name, piece in pieces.items()}
    return loading.assemble(header["title"], header["version"], makers, platform=True)


def _read_piece(name: str, piece: bytes, rules: Rules) -> Resource:
    """Read one resource; its paths and definitions are decoded when they are asked for."""
    first, second, *lines = zlib.decompress(piece).split(b"\n")
    rows = [loading.NamedOperation(*row) for row in json.loads(first)]
    keys = json.loads(second)
    nodes = LazyMapping({key: lazily(_decode, line) for key, line in zip(keys, lines, strict=True)})
    return loading.resource_of(name, rows, nodes, KnownTargets(nodes), rules)


def _decode(line: bytes) -> object:
    """Decode one path or definition."""
    node: object = json.loads(line)
    return node


class KnownTargets(Document):
    """What a resource's references point at, by the reference."""

    __slots__ = ("targets",)

    def __init__(self, targets: Mapping[str, object]) -> None:
        super().__init__({})
        self.targets = targets

    def target(self, reference: object) -> object:
        """Look a reference up."""
        if not isinstance(reference, str) or reference not in self.targets:
            raise SpecError(f"the reference {reference!r} points at nothing")
        return self.targets[reference]


def _targets(paths: Mapping[str, object], document: Document) -> dict[str, object]:
    """Find all that paths refer to, near and far, by the reference."""
    waiting = list(_references(paths))
    found: dict[str, object] = {}
    while waiting:
        reference = waiting.pop()
        if reference in found:
            continue
        try:
            found[reference] = document.target(reference)
        except SpecError:
            continue  # whoever reads the operation is told
        waiting.extend(_references(found[reference]))
    return found


def _references(node: object) -> Iterator[str]:
    """Find all references under a node."""
    stack = [node]
    while stack:
        current = stack.pop()
        if isinstance(current, Mapping):
            reference = current.get("$ref")
            if isinstance(reference, str):
                yield reference
            stack.extend(current.values())
        elif isinstance(current, (list, tuple)):
            stack.extend(current)
