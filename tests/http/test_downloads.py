"""Downloads over real connections: cut anywhere, resumed, verified, atomic, silent about signatures."""

from __future__ import annotations

import gzip
import io
import logging
import os
import pickle
import random
import traceback
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from civis._clock import FakeClock
from civis._errors import CivisTransferError
from civis._http import Transport, download, open_download
from civis._http.inflate import MOST_OUTPUT, CorruptGzip, Inflater, engines
from tests._servers import Reply, Request, Script, ScriptedServer, ranged, served

CONTENT = random.Random(1).randbytes(60_000)
PACKED = gzip.compress(CONTENT[:30_000]) + gzip.compress(CONTENT[30_000:])
SIGNATURE = "SiGnAtUrE-0123"
CUTS = range(100)


@pytest.fixture
def transport() -> Iterator[Transport]:
    transport = Transport(clock=FakeClock(), attempts=3)
    yield transport
    transport.close()


def url_of(server: ScriptedServer) -> str:
    return f"{server.url}bucket/file.csv?X-Signature={SIGNATURE}"


def fetch(script: Script, transport: Transport, **options: Any) -> bytes:
    with served(script) as server, open_download(url_of(server), transport=transport, **options) as stream:
        return stream.read()


@pytest.mark.parametrize("size", [0, 1, 1000, 3_000_000])
@pytest.mark.parametrize(
    "shape", [{}, {"chunked": True}, {"length": False}], ids=["length", "chunked", "bare"]
)
def test_whole(transport: Transport, size: int, shape: dict[str, bool]) -> None:
    content = (CONTENT * (size // len(CONTENT) + 1))[:size]
    assert fetch(lambda request: Reply(body=content, **shape), transport) == content  # type: ignore[arg-type]


def test_no_credentials_and_no_compression_on_the_way(transport: Transport) -> None:
    with served(lambda request: Reply(body=b"x")) as server:
        open_download(url_of(server), transport=transport).close()
        headers = server.requests[0].headers
    assert not {"Authorization", "Cookie", "X-Civis-Job-ID"} & set(headers)
    assert headers["Accept-Encoding"] == "identity"


@pytest.mark.parametrize(
    ("content", "shape", "inflate"),
    [
        pytest.param(CONTENT, {}, False, id="length"),
        pytest.param(CONTENT, {"chunked": True}, False, id="chunks"),
        pytest.param(PACKED, {}, True, id="gzip with length"),
        pytest.param(PACKED, {"chunked": True}, True, id="gzip in chunks"),
        pytest.param(PACKED, {"length": False}, True, id="gzip without length"),
        pytest.param(PACKED, {"length": False}, False, id="gzip without length, kept packed"),
    ],
)
def test_a_cut_at_any_place_is_found(
    transport: Transport, content: bytes, shape: dict[str, bool], inflate: bool
) -> None:
    cut = 0

    def script(request: Request) -> Reply:
        if "Range" in request.headers:  # a storage that knows no ranges and is gone after a cut
            return Reply(404)
        return Reply(body=content, cut=cut, **shape)  # type: ignore[arg-type]

    with served(script) as server:
        for percent in CUTS:
            cut = len(content) * percent // 100
            with (
                pytest.raises(CivisTransferError),
                open_download(url_of(server), transport=transport, inflate=inflate) as stream,
            ):
                stream.read()


@pytest.mark.parametrize("etag", ['"v1"', None])
def test_a_cut_at_any_place_is_mended(transport: Transport, etag: str | None) -> None:
    with served() as server:
        for percent in CUTS:
            cut = len(CONTENT) * percent // 100
            server.script = ranged(
                CONTENT, etag=etag, cut=lambda number, cut=cut: cut if number == 1 else None
            )
            with open_download(url_of(server), transport=transport) as stream:
                assert stream.read() == CONTENT


def test_without_a_length_the_storage_is_asked_for_the_rest(transport: Transport) -> None:
    inner = ranged(CONTENT)

    def script(request: Request) -> Reply:
        if "Range" in request.headers:
            return inner(request)
        return Reply(body=CONTENT, cut=20_000, length=False)

    assert fetch(script, transport) == CONTENT


def test_ten_drops_cost_next_to_nothing(transport: Transport) -> None:
    content = CONTENT * 70
    sent: list[int] = []
    step = len(content) // 11
    with served(ranged(content, cut=lambda number: step if number <= 10 else None)) as server:
        with open_download(url_of(server), transport=transport, progress=sent.append) as stream:
            assert stream.read() == content
        assert sum(sent) == len(content)
        asked = [int(request.headers.get("Range", "bytes=0-")[6:-1]) for request in server.requests]
    assert asked == [step * number for number in range(11)]
    assert all(request.headers.get("If-Range", '"v1"') == '"v1"' for request in server.requests)


def test_a_content_that_changed_is_not_mixed(transport: Transport) -> None:
    def script(request: Request) -> Reply:
        if "Range" in request.headers:
            return Reply(body=CONTENT[::-1], headers={"ETag": '"v2"'})
        return Reply(body=CONTENT, headers={"ETag": '"v1"'}, cut=1000)

    with pytest.raises(CivisTransferError, match="changed"):
        fetch(script, transport)


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Range": f"bytes 5-59999/{len(CONTENT)}"},
        {"Content-Range": "bytes 1000-59999/70000"},
        {"Content-Range": f"bytes 1000-59999/{len(CONTENT)}", "ETag": '"v2"'},
        {},
    ],
    ids=["elsewhere", "other length", "other version", "nothing said"],
)
def test_a_rest_that_does_not_fit_is_refused(transport: Transport, headers: dict[str, str]) -> None:
    def script(request: Request) -> Reply:
        if "Range" in request.headers:
            return Reply(206, CONTENT[1000:], headers)
        return Reply(body=CONTENT, headers={"ETag": '"v1"'}, cut=1000)

    with pytest.raises(CivisTransferError):
        fetch(script, transport)


def test_a_server_without_ranges_sends_all_again(transport: Transport) -> None:
    answers = iter([Reply(body=CONTENT, cut=30_000), Reply(body=CONTENT, cut=45_000), Reply(body=CONTENT)])
    assert fetch(lambda request: next(answers), transport) == CONTENT


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 416])
def test_a_refusal_is_final(transport: Transport, status: int) -> None:
    body = b"<Error><Code>NoSuchKey</Code><Message>gone</Message></Error>"
    with served(lambda request: Reply(status, body)) as server:
        with pytest.raises(CivisTransferError, match=f"{status} .*NoSuchKey: gone"):
            open_download(url_of(server), transport=transport)
        assert len(server.requests) == 1


@pytest.mark.parametrize("reply", [Reply(408), Reply(429), Reply(500), Reply(503), Reply(drop=True)])
def test_a_failure_is_tried_again(transport: Transport, reply: Reply) -> None:
    answers = iter([reply, reply, Reply(body=b"x")])
    assert fetch(lambda request: next(answers), transport) == b"x"
    with pytest.raises(CivisTransferError):
        fetch(lambda request: reply, transport)


def test_an_expired_url_is_replaced_once(transport: Transport) -> None:
    def script(request: Request) -> Reply:
        return Reply(body=CONTENT) if "fresh" in request.target else Reply(403)

    with served(script) as server:
        fresh = server.url + "file?fresh=1"
        with open_download(url_of(server), transport=transport, refresh_url=lambda: fresh) as stream:
            assert stream.read() == CONTENT
        stale = url_of(server)
        before = len(server.requests)
        with pytest.raises(CivisTransferError, match="403"):
            open_download(stale, transport=transport, refresh_url=lambda: stale)
        assert len(server.requests) - before == 2


@pytest.mark.parametrize("damage", ["byte", "trailer", "tail", "not gzip"])
def test_damaged_gzip_is_found(transport: Transport, damage: str) -> None:
    packed = bytearray(gzip.compress(CONTENT))
    if damage == "byte":
        packed[len(packed) // 2] ^= 1
    elif damage == "trailer":
        packed[-6] ^= 1
    elif damage == "tail":
        packed += b"more"
    else:
        packed = bytearray(CONTENT)
    with pytest.raises(CivisTransferError, match="damaged"):
        fetch(lambda request: Reply(body=bytes(packed)), transport, inflate=True)


def test_inflated_once(transport: Transport) -> None:
    reply = Reply(body=PACKED, headers={"Content-Encoding": "gzip"})
    assert fetch(lambda request: reply, transport, inflate=True) == CONTENT
    assert fetch(lambda request: reply, transport) == CONTENT
    assert fetch(lambda request: Reply(body=PACKED), transport) == PACKED
    assert fetch(lambda request: Reply(body=PACKED + b"\0" * 700), transport, inflate=True) == CONTENT


ENGINES = pytest.mark.parametrize("engine", list(engines()), ids=lambda engine: type(engine).__name__)


@ENGINES
@given(
    members=st.lists(st.binary(max_size=300), min_size=1, max_size=4),
    sizes=st.lists(st.integers(1, 200), min_size=1),
)
@settings(deadline=None, max_examples=60)
def test_inflating_does_not_depend_on_the_pieces(engine: Any, members: list[bytes], sizes: list[int]) -> None:
    packed = b"".join(gzip.compress(member) for member in members)
    inflater, found, place, index = Inflater(engine), b"", 0, 0
    while place < len(packed):
        size = sizes[index % len(sizes)]
        found += b"".join(inflater.feed(packed[place : place + size]))
        place, index = place + size, index + 1
    inflater.finish()
    assert found == b"".join(members)


@ENGINES
def test_a_bomb_comes_in_pieces(engine: Any) -> None:
    packed = gzip.compress(b"\0" * 50_000_000, 1)
    inflater = Inflater(engine)
    blocks = list(map(len, inflater.feed(packed)))
    inflater.finish()
    assert sum(blocks) == 50_000_000
    assert max(blocks) <= MOST_OUTPUT


@ENGINES
def test_gzip_that_ends_too_early(engine: Any) -> None:
    whole = gzip.compress(bytes(range(256)))
    for content in (whole[:length] for length in range(len(whole))):
        inflater = Inflater(engine)
        list(inflater.feed(content))
        with pytest.raises(CorruptGzip, match="breaks off"):
            inflater.finish()


@ENGINES
def test_a_trailer_that_is_wrong_is_found_wherever_it_is_split(engine: Any) -> None:
    whole = gzip.compress(b"civis")
    for place in range(len(whole) - 8, len(whole)):
        damaged = whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :]
        for split in range(1, len(whole)):
            with pytest.raises(CorruptGzip):
                _inflate([damaged[:split], damaged[split:]], engine)


def _inflate(pieces: list[bytes], engine: Any) -> bytes:
    """Inflate all pieces."""
    inflater = Inflater(engine)
    found = b"".join(block for piece in pieces for block in inflater.feed(piece))
    inflater.finish()
    return found


@pytest.mark.parametrize("inflate", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("read", [0, 1, 700, 3_000_000], ids=str)
def test_blocks_follow_what_was_read(transport: Transport, inflate: bool, read: int) -> None:
    content = random.Random(4).randbytes(1 << 20).hex().encode() * 3
    body = gzip.compress(content, 1) if inflate else content
    with (
        served(lambda request: Reply(body=body)) as server,
        open_download(url_of(server), transport=transport, inflate=inflate) as stream,
    ):
        begin = stream.read(read)
        blocks = list(stream.blocks())
        assert begin + b"".join(blocks) == content
        assert all(blocks)
        assert list(stream.blocks()) == []
        assert stream.read() == b""


def test_it_is_a_stream_as_others_are(transport: Transport) -> None:
    text = "".join(f"line {number}\n" for number in range(1000)).encode()
    with (
        served(lambda request: Reply(body=text)) as server,
        open_download(url_of(server), transport=transport) as stream,
    ):
        assert stream.readline() == b"line 0\n"
        lines = list(io.TextIOWrapper(stream, encoding="utf-8"))
        assert len(lines) == 999


def test_a_stream_left_early_gives_its_connection_up(transport: Transport) -> None:
    with served(lambda request: Reply(body=CONTENT * 100)) as server:
        with open_download(url_of(server), transport=transport) as stream:
            stream.read(10)
        with open_download(url_of(server), transport=transport) as stream:
            stream.read(10)
        assert server.connections == 2


def test_a_connection_read_to_its_end_is_used_again(transport: Transport) -> None:
    for shape in ({}, {"chunked": True}):
        with served(lambda request, shape=shape: Reply(body=CONTENT, **shape)) as server:  # type: ignore[arg-type, misc]
            for _ in range(3):
                with open_download(url_of(server), transport=transport) as stream:
                    assert stream.read() == CONTENT
            assert server.connections == 1


# -- to a file ----------------------------------------------------------------------------------------------


def test_download(tmp_path: Path, transport: Transport) -> None:
    target = tmp_path / "result.csv"
    told: list[int] = []
    with served(ranged(PACKED)) as server:
        assert download(url_of(server), target, transport=transport, progress=told.append) == len(PACKED)
        assert target.read_bytes() == PACKED
        assert sum(told) == len(PACKED)
        assert download(url_of(server), target, transport=transport, inflate=True) == len(CONTENT)
    assert target.read_bytes() == CONTENT
    assert os.listdir(tmp_path) == ["result.csv"]


FAULTS: list[Callable[[Request], Reply]] = [
    lambda request: Reply(403),
    lambda request: Reply(drop=True),
    lambda request: Reply(body=CONTENT, cut=0),
    lambda request: Reply(body=CONTENT, cut=40_000, headers={"ETag": str(random.random())}),
    lambda request: Reply(body=zlib.compress(CONTENT)),
]


@pytest.mark.parametrize("fault", FAULTS, ids=["403", "drop", "cut", "changes", "damaged"])
@pytest.mark.parametrize("old", [b"precious", None], ids=["a file", "no file"])
def test_after_a_failure_all_is_as_before(
    tmp_path: Path, transport: Transport, fault: Script, old: bytes | None
) -> None:
    target = tmp_path / "result.csv"
    if old is not None:
        target.write_bytes(old)
    with served(fault) as server, pytest.raises(CivisTransferError):
        download(url_of(server), target, transport=transport, inflate=True)
    assert (target.read_bytes() if target.exists() else None) == old
    assert len(os.listdir(tmp_path)) == (0 if old is None else 1)


def test_mode_and_link_of_the_target_stay(tmp_path: Path, transport: Transport) -> None:
    real, link = tmp_path / "real", tmp_path / "link"
    real.write_bytes(b"")
    real.chmod(0o640)
    link.symlink_to(real)
    with served(lambda request: Reply(body=b"new")) as server:
        download(url_of(server), link, transport=transport)
        with pytest.raises(IsADirectoryError):
            download(url_of(server), tmp_path, transport=transport)
    assert link.is_symlink()
    assert real.read_bytes() == b"new"
    assert real.stat().st_mode & 0o777 == 0o640


# -- secrets ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", FAULTS, ids=["403", "drop", "cut", "changes", "damaged"])
def test_no_signature_is_to_be_seen(
    tmp_path: Path, transport: Transport, fault: Script, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with served(fault) as server:
        urls = [url_of(server)]  # a list, so that no local of this frame shows it below
        try:
            download(urls.pop(), tmp_path / "x", transport=transport, inflate=True)
        except CivisTransferError as error:
            found = traceback.TracebackException.from_exception(error, capture_locals=True)
            shown = "".join(found.format()) + repr(vars(error)) + str(error)
            packed = pickle.dumps(error)
        else:
            pytest.fail("no error")
    assert "bucket/file.csv" in shown
    assert SIGNATURE not in shown
    assert SIGNATURE.encode() not in packed
    assert SIGNATURE not in caplog.text
    assert "bucket/file.csv" in caplog.text


def test_redirects_are_followed_and_logged_without_queries(
    transport: Transport, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    def script(request: Request) -> Reply:
        if request.path == "/moved":
            return Reply(body=b"x")
        return Reply(302, headers={"Location": f"/moved?again={SIGNATURE}"})

    assert fetch(script, transport) == b"x"
    assert SIGNATURE not in caplog.text
