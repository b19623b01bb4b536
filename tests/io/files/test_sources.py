"""Every kind of source and every size, up to a platform and down again: the same SHA-256 at both ends."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import subprocess
import sys
import tempfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import civis.io
import civis.io._file_sources as file_sources
import civis.io._file_uploads as file_uploads
from civis._errors import CivisTransferError
from civis.client import APIClient
from civis.local import Platform

MB = 2**20
#: A threshold that is soon reached.
SMALL = 200_000
BLOCK = os.urandom(MB)


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    with Platform() as running:
        yield running


@pytest.fixture(scope="module")
def client(platform: Platform) -> Iterator[APIClient]:
    with platform.client() as made:
        yield made


@pytest.fixture
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many parts of few bytes."""
    for name in ("LARGEST_FORM", "SMALLEST_PART", "USUAL_PART", "PIPE_PART"):
        monkeypatch.setattr(file_uploads, name, SMALL)
    monkeypatch.setattr(file_sources, "MOST_HELD", SMALL)


def blocks(size: int) -> Iterator[bytes]:
    """Give bytes that do not repeat within a part."""
    for begin in range(0, size, MB):
        yield (begin.to_bytes(8, "big") + BLOCK[8:])[: size - begin]


def _path(folder: Path, size: int, stack: ExitStack) -> Path:
    path = folder / "source.bin"
    with path.open("wb") as file:
        file.writelines(blocks(size))
    return path


def _bytes_io(folder: Path, size: int, stack: ExitStack) -> io.BytesIO:
    buffer = io.BytesIO()
    buffer.writelines(blocks(size))
    return buffer


def _opened(mode: str, **options: Any) -> Callable[..., Any]:
    def make(folder: Path, size: int, stack: ExitStack) -> Any:
        path = _path(folder, size, stack)
        return stack.enter_context(open(path, mode, **options))

    return make


def _gzip(mode: str, **options: Any) -> Callable[..., Any]:
    def make(folder: Path, size: int, stack: ExitStack) -> Any:
        with gzip.open(folder / "x.gz", "wb", 1) as packed:
            packed.writelines(blocks(size))
        return stack.enter_context(gzip.open(folder / "x.gz", mode, **options))

    return make


def _zip_member(folder: Path, size: int, stack: ExitStack) -> Any:
    with zipfile.ZipFile(folder / "x.zip", "w") as archive, archive.open("x", "w") as member:
        for block in blocks(size):
            member.write(block)
    return stack.enter_context(stack.enter_context(zipfile.ZipFile(folder / "x.zip")).open("x"))


def _pipe(folder: Path, size: int, stack: ExitStack) -> Any:
    reading, writing = os.pipe()

    def write() -> None:
        with os.fdopen(writing, "wb") as end:
            end.writelines(blocks(size))

    thread = threading.Thread(target=write)
    thread.start()
    stack.callback(thread.join)
    return stack.enter_context(os.fdopen(reading, "rb"))


def _process(folder: Path, size: int, stack: ExitStack) -> Any:
    path = _path(folder, size, stack)
    program = "import shutil, sys; shutil.copyfileobj(open(sys.argv[1], 'rb'), sys.stdout.buffer)"
    command = [sys.executable, "-c", program, str(path)]
    return stack.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE)).stdout


def _descriptor(folder: Path, size: int, stack: ExitStack) -> Any:
    return stack.enter_context(os.fdopen(os.open(_path(folder, size, stack), os.O_RDONLY), "rb"))


def _temporary(folder: Path, size: int, stack: ExitStack) -> Any:
    handle = stack.enter_context(tempfile.NamedTemporaryFile(dir=folder))  # noqa: SIM115 - the stack does
    handle.writelines(blocks(size))
    return handle


def _named_pipe(folder: Path, size: int, stack: ExitStack) -> Path:
    path = folder / "fifo"
    os.mkfifo(path)

    def write() -> None:
        with path.open("wb") as end:
            end.writelines(blocks(size))

    thread = threading.Thread(target=write)
    thread.start()
    stack.callback(thread.join)
    return path


KINDS: dict[str, Callable[..., Any]] = {
    "path": _path,
    **({"path of a pipe": _named_pipe} if hasattr(os, "mkfifo") else {}),
    "BytesIO": _bytes_io,
    "rb": _opened("rb"),
    "rb, unbuffered": _opened("rb", buffering=0),
    "r+b": _opened("r+b"),
    "text, latin-1": _opened("r", encoding="latin-1"),
    "gzip rb": _gzip("rb"),
    "gzip rt": _gzip("rt", encoding="latin-1"),
    "zip member": _zip_member,
    "pipe": _pipe,
    "process": _process,
    "descriptor": _descriptor,
    "temporary file": _temporary,
}
SIZES = {
    "nothing": 0,
    "a byte": 1,
    "the limit - 1": SMALL - 1,
    "the limit": SMALL,
    "the limit + 1": SMALL + 1,
    "5 MiB": 5 * MB,
}
LARGE = {
    "the limit - 1": 50 * MB - 1,
    "the limit + 1": 50 * MB + 1,
    "300 MiB": 300 * MB,
}


def go_and_return(client: APIClient, folder: Path, kind: str, size: int, *, told: int | None = None) -> None:
    """Upload, download, and compare."""
    expected, found = hashlib.sha256(), hashlib.sha256()
    for block in blocks(size):
        expected.update(block)
    with ExitStack() as stack:
        source = KINDS[kind](folder, size, stack)
        file_id = civis.io.file_to_civis(source, "x", client=client, size=told)
    assert client.files.get(file_id).file_size == size
    civis.io.civis_to_file(file_id, folder / "target", client=client)
    with (folder / "target").open("rb") as file:
        while block := file.read(MB):
            found.update(block)
    assert found.digest() == expected.digest()
    for path in folder.iterdir():
        path.unlink()


@pytest.mark.usefixtures("_small")
@pytest.mark.parametrize("kind", KINDS)
def test_the_same_content_at_both_ends(client: APIClient, tmp_path: Path, kind: str) -> None:
    for size in SIZES.values():
        go_and_return(client, tmp_path, kind, size)


@pytest.mark.usefixtures("_small")
def test_a_pipe_whose_size_is_told(client: APIClient, tmp_path: Path) -> None:
    for size in SIZES.values():
        go_and_return(client, tmp_path, "pipe", size, told=size)


@pytest.mark.usefixtures("_small")
@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a disk that is always full")
def test_no_room_for_a_pipe(client: APIClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "TemporaryFile", partial(open, "/dev/full", "w+b", 0))
    with ExitStack() as stack:
        source = _pipe(tmp_path, 3 * SMALL, stack)
        with pytest.raises(OSError, match=rf"{tempfile.gettempdir()}.*size=.*TMPDIR"):
            civis.io.file_to_civis(source, "x", client=client)
        while source.read(MB):
            pass


@pytest.mark.slow
@pytest.mark.parametrize("size", LARGE.values(), ids=LARGE)
@pytest.mark.parametrize("kind", KINDS)
def test_the_same_large_content_at_both_ends(client: APIClient, tmp_path: Path, kind: str, size: int) -> None:
    go_and_return(client, tmp_path, kind, size)
    if kind == "pipe":
        go_and_return(client, tmp_path, kind, size, told=size)


@pytest.mark.usefixtures("_small")
@pytest.mark.parametrize("size", [10, 5 * SMALL], ids=["as a form", "in parts"])
@pytest.mark.parametrize(("more", "kind"), [(1, "pipe"), (-1, "pipe"), (1, "BytesIO"), (-1, "BytesIO")])
def test_another_size_than_the_one_told(
    client: APIClient, tmp_path: Path, size: int, more: int, kind: str
) -> None:
    with ExitStack() as stack:
        source = KINDS[kind](tmp_path, size, stack)
        with pytest.raises((ValueError, CivisTransferError), match=r"size|source"):
            civis.io.file_to_civis(source, "x", client=client, size=size + more)
        while kind == "pipe" and source.read(MB):
            pass


def test_text_in_memory_is_sent_as_utf_8(client: APIClient) -> None:
    file_id = civis.io.file_to_civis(io.StringIO("é\r\n😀"), "x", client=client)
    with io.BytesIO() as target:
        civis.io.civis_to_file(file_id, target, client=client)
        assert target.getvalue() == "é\r\n😀".encode()


@pytest.mark.parametrize("size", [-1, True, "5", 1.5])
def test_no_size(client: APIClient, size: Any) -> None:
    with pytest.raises(ValueError, match="size="):
        civis.io.file_to_civis(io.BytesIO(b"x"), "x", client=client, size=size)
