"""Transfers through a proxy that breaks them: each gives the right bytes, or raises and leaves no trace."""

from __future__ import annotations

import gzip
import io
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import civis.io
import civis.io._file_sources as file_sources
import civis.io._file_uploads as file_uploads
from civis._clock import FakeClock
from civis._errors import CivisError, CivisTransferError
from civis._http import WindowSettings, open_download
from civis.client import APIClient
from civis.local import Platform
from tests.io.faults import CALL_FAULTS, DOWNLOAD_FAULTS, UPLOAD_FAULTS, FaultProxy, faulty

#: Bytes of a part and of a piece: with contents of 0 to 1 MB, everything happens that happens to large ones.
PART = 100_000
#: Several connections, however fast one is.
INFINITE = float("inf")
USUAL, MANY = range(60), range(60, 1000)
SEEDS = [*USUAL, *(pytest.param(seed, marks=pytest.mark.slow) for seed in MANY)]


@pytest.fixture(scope="module")
def direct(platform: Platform) -> Iterator[APIClient]:
    """A client that meets no faults."""
    with platform.client() as made:
        yield made


@pytest.fixture
def proxy(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultProxy]:
    """A proxy without faults, and small parts."""
    for name in ("LARGEST_FORM", "SMALLEST_PART", "USUAL_PART", "PIPE_PART"):
        monkeypatch.setattr(file_uploads, name, PART)
    monkeypatch.setattr(file_sources, "MOST_HELD", PART)
    with faulty(platform.url) as running:
        yield running
    assert running.incomplete == []


@pytest.fixture
def client(platform: Platform, proxy: FaultProxy) -> Iterator[APIClient]:
    """A client through the proxy, which waits for nothing between its attempts."""
    with platform.client(endpoint=proxy.url + "/") as made:
        session: Any = made._session
        session.clock = FakeClock()
        session.transport.windows = WindowSettings(
            first=PART, least=2 * PART, size=PART, width=3, enough=INFINITE
        )
        yield made


def meet(client: APIClient, proxy: FaultProxy, faults: list[str]) -> None:
    """Have the next transfers meet faults; where one stalls, the client loses its patience soon."""
    proxy.faults = faults
    if "stall" in faults:
        client._session.transport.timeout = (5, 0.5)


class Pipe(io.RawIOBase):
    """A source that cannot be read twice."""

    def __init__(self, content: bytes) -> None:
        self._inner = io.BytesIO(content)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._inner.readinto(buffer)


def content_of(chance: random.Random) -> bytes:
    """Make a content, as often small as large."""
    size = chance.choice([0, 1, 1000, PART - 1, PART, PART + 1, 3 * PART, 10 * PART - 7])
    return chance.randbytes(size)


def download(
    client: APIClient, file_id: int, chance: random.Random, folder: Path, plain: bytes
) -> tuple[bytes, bytes]:
    """Download by one of the ways there are; give what came, and what should have come."""
    way = chance.choice(["path", "file there", "handle", "stream", "inflated"])
    if way in ("path", "file there"):
        target = folder / "target"
        if way == "file there":
            target.write_bytes(b"precious")
        try:
            civis.io.civis_to_file(file_id, target, client=client)
        except CivisError:
            assert (target.read_bytes() if target.exists() else b"precious") == b"precious"
            raise
        finally:
            assert {path.name for path in folder.iterdir()} <= {"target"}
        return target.read_bytes(), gzip.compress(plain, mtime=0)
    if way == "handle":
        handle = io.BytesIO()
        try:
            civis.io.civis_to_file(file_id, handle, client=client)
        except CivisError:
            assert handle.getvalue() == b""
            raise
        return handle.getvalue(), gzip.compress(plain, mtime=0)
    url = client.files.get(file_id).file_url
    with open_download(
        url,
        inflate=way == "inflated",
        transport=client._session.transport,
        refresh_url=lambda: client.files.get(file_id).file_url,
    ) as stream:
        return stream.read(), plain if way == "inflated" else gzip.compress(plain, mtime=0)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_transfer_gives_the_right_bytes_or_raises(
    client: APIClient, direct: APIClient, proxy: FaultProxy, tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)
    content = content_of(chance)
    is_upload = bool(seed % 2)
    kinds = UPLOAD_FAULTS if is_upload else DOWNLOAD_FAULTS
    number = chance.choice([1, 1, 2, 3, 4, 12])
    faults = chance.choices(kinds, k=number)
    calls = chance.choices(CALL_FAULTS, k=chance.choice([0, 0, 1, 2]))
    if is_upload:
        meet(client, proxy, faults)
        proxy.calls = calls
        source = Pipe(content) if chance.random() < 0.3 else io.BytesIO(content)
        size = len(content) if chance.random() < 0.5 else None
        try:
            file_id = civis.io.file_to_civis(source, "x", client=client, size=size)
        except CivisError:
            return
        proxy.faults = []
        handle = io.BytesIO()
        civis.io.civis_to_file(file_id, handle, client=direct)
        assert handle.getvalue() == content
        return
    packed = gzip.compress(content, mtime=0)
    file_id = civis.io.file_to_civis(io.BytesIO(packed), "x.gz", client=direct)
    meet(client, proxy, faults)
    proxy.calls = calls
    try:
        found, expected = download(client, file_id, chance, tmp_path, content)
    except CivisError:
        return
    assert found == expected


@pytest.mark.parametrize("fault", [fault for fault in DOWNLOAD_FAULTS if fault != "corrupt"])
@pytest.mark.parametrize("place", [0, 1, 3], ids=["at first", "then", "among pieces"])
def test_a_fault_on_the_way_down_is_mended(
    client: APIClient, direct: APIClient, proxy: FaultProxy, tmp_path: Path, fault: str, place: int
) -> None:
    content = random.Random(1).randbytes(10 * PART)
    file_id = civis.io.file_to_civis(io.BytesIO(content), "x", client=direct)
    faults = ["", "", "", ""]
    faults[place] = fault
    meet(client, proxy, faults)
    civis.io.civis_to_file(file_id, tmp_path / "x", client=client)
    assert (tmp_path / "x").read_bytes() == content


@pytest.mark.parametrize("place", [0, 1, 3], ids=["at first", "then", "among pieces"])
def test_a_bit_turned_over_is_found(
    client: APIClient, direct: APIClient, proxy: FaultProxy, tmp_path: Path, place: int
) -> None:
    file_id = civis.io.file_to_civis(io.BytesIO(bytes(10 * PART)), "x", client=direct)
    proxy.faults = ["", "", "", ""]
    proxy.faults[place] = "corrupt"
    with pytest.raises(CivisTransferError, match="sha256"):
        civis.io.civis_to_file(file_id, tmp_path / "x", client=client)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("fault", UPLOAD_FAULTS)
@pytest.mark.parametrize("kind", ["form", "parts", "pipe"])
def test_a_fault_on_the_way_up_is_mended(
    client: APIClient, direct: APIClient, proxy: FaultProxy, fault: str, kind: str
) -> None:
    content = random.Random(2).randbytes(PART if kind == "form" else 5 * PART + 3)
    meet(client, proxy, [fault])
    source = Pipe(content) if kind == "pipe" else io.BytesIO(content)
    if (kind, fault) == ("pipe", "expired"):  # what was sent cannot be read again
        with pytest.raises(CivisTransferError, match="expired"):
            civis.io.file_to_civis(source, "x", client=client, size=len(content))
        return
    file_id = civis.io.file_to_civis(source, "x", client=client, size=len(content))
    handle = io.BytesIO()
    civis.io.civis_to_file(file_id, handle, client=direct)
    assert handle.getvalue() == content


def test_ten_drops_move_hardly_more_bytes(
    client: APIClient, direct: APIClient, proxy: FaultProxy, tmp_path: Path
) -> None:
    content = random.Random(3).randbytes(40 * PART)
    file_id = civis.io.file_to_civis(io.BytesIO(content), "x", client=direct)
    client._session.transport.windows = WindowSettings(
        first=PART, least=PART, size=PART, width=4, enough=INFINITE
    )
    before = proxy.sent
    proxy.faults = ["truncate", ""] * 10
    civis.io.civis_to_file(file_id, tmp_path / "x", client=client)
    assert (tmp_path / "x").read_bytes() == content
    # All of the first answer is written by the proxy, though the client takes only its beginning.
    assert proxy.sent - before <= 1.05 * len(content) + 2 * len(content)
