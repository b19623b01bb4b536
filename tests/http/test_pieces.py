"""Large contents over several connections, and what they are checked by."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import random
import re
import threading
import zlib
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from civis._clock import FakeClock
from civis._errors import CivisTransferError
from civis._http import (
    ExpiredUrlError,
    Link,
    PieceReader,
    Transport,
    WindowSettings,
    download,
    open_download,
    upload_form,
    upload_parts,
)
from civis._http.ahead import Ahead
from civis._http.checksums import Checksum
from civis._http.hidden import SignedUrl
from civis._http.inflate import is_sound
from tests._servers import Reply, Request, Script, ScriptedServer, served

CONTENT = random.Random(6).randbytes(1_000_000)
PIECE = 50_000
WINDOWS = WindowSettings(first=100_000, least=100_000, size=PIECE, width=3, enough=float("inf"))
PIECES = (len(CONTENT) - WINDOWS.first) // PIECE


@pytest.fixture
def transport() -> Iterator[Transport]:
    transport = Transport(clock=FakeClock(), attempts=3, windows=WINDOWS)
    yield transport
    transport.close()


def ranges(
    content: bytes,
    fault: Callable[[Request, int], Reply | None] = lambda request, place: None,
    headers: Mapping[str, str] | None = None,
) -> Script:
    """Serve ranges of a content; `fault` may answer in place of it, given the request and where it begins."""
    headers = {"Accept-Ranges": "bytes", "ETag": '"v1"'} if headers is None else headers

    def script(request: Request) -> Reply:
        found = re.fullmatch(r"bytes=(\d+)-(\d*)", request.headers.get("Range", ""))
        begin = int(found[1]) if found else 0
        end = int(found[2]) + 1 if found and found[2] else len(content)
        if (reply := fault(request, begin if found else -1)) is not None:
            return reply
        if not found:
            return Reply(body=content, headers=headers)
        where = {"Content-Range": f"bytes {begin}-{end - 1}/{len(content)}"}
        return Reply(206, content[begin:end], {**headers, **where})

    return script


def fetch(server: ScriptedServer, transport: Transport, **options: Any) -> bytes:
    with open_download(server.url + "x?signature=s", transport=transport, **options) as stream:
        return stream.read()


# -- pieces -------------------------------------------------------------------------------------------------


def test_the_rest_comes_in_pieces(transport: Transport) -> None:
    told: list[int] = []
    with served(ranges(CONTENT)) as server:
        assert fetch(server, transport, progress=told.append) == CONTENT
        asked = server.requests[1:]
        assert len(asked) == PIECES
        assert server.most_at_once <= WINDOWS.width + 1
        assert {request.headers["If-Range"] for request in asked} == {'"v1"'}
    assert sum(told) == len(CONTENT)


def test_to_a_file(transport: Transport, tmp_path: Path) -> None:
    with served(ranges(CONTENT)) as server:
        assert download(server.url, tmp_path / "x", transport=transport) == len(CONTENT)
    assert (tmp_path / "x").read_bytes() == CONTENT


def test_inflated(transport: Transport) -> None:
    with served(ranges(gzip.compress(CONTENT))) as server:
        assert fetch(server, transport, inflate=True) == CONTENT


@pytest.mark.parametrize(
    "headers",
    [{"Accept-Ranges": "bytes"}, {"ETag": '"v1"'}, {"Accept-Ranges": "bytes", "ETag": 'W/"v1"'}],
    ids=["no version", "no ranges", "a weak version"],
)
def test_one_connection_where_pieces_could_be_mixed(transport: Transport, headers: dict[str, str]) -> None:
    with served(ranges(CONTENT, headers=headers)) as server:
        assert fetch(server, transport) == CONTENT
        assert len(server.requests) == 1


def test_one_connection_where_it_is_fast() -> None:
    transport = Transport(windows=WindowSettings(first=1000, least=0, size=PIECE, enough=0))
    with served(ranges(CONTENT)) as server:
        assert fetch(server, transport) == CONTENT
        assert len(server.requests) == 1
    transport.close()


def test_who_reads_only_the_beginning_asks_once(transport: Transport) -> None:
    with served(ranges(CONTENT)) as server:
        with open_download(server.url, transport=transport) as stream:
            assert stream.read(1000) == CONTENT[:1000]
        assert len(server.requests) == 1


@pytest.mark.parametrize("reply", [Reply(503), Reply(drop=True), Reply(reset=True), Reply(429)])
def test_each_piece_is_asked_for_again(transport: Transport, reply: Reply) -> None:
    seen: set[int] = set()
    lock = threading.Lock()

    def once(request: Request, place: int) -> Reply | None:
        with lock:
            if place < 0 or place in seen:
                return None
            seen.add(place)
        return reply

    with served(ranges(CONTENT, once)) as server:
        assert fetch(server, transport) == CONTENT
        assert len(server.requests) == 1 + 2 * PIECES


def test_a_piece_that_breaks_off_goes_on_where_it_did(transport: Transport) -> None:
    def cut(request: Request, place: int) -> Reply | None:
        if place < 0 or place % PIECE:
            return None
        where = {"Content-Range": f"bytes {place}-{place + PIECE - 1}/{len(CONTENT)}", "ETag": '"v1"'}
        return Reply(206, CONTENT[place : place + PIECE], where, cut=20_000)

    with served(ranges(CONTENT, cut)) as server:
        assert fetch(server, transport) == CONTENT
        asked = sorted(request.headers["Range"] for request in server.requests[1:])
    assert f"bytes=120000-{100_000 + PIECE - 1}" in asked


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(Reply(404), id="gone"),
        pytest.param(Reply(200, CONTENT[::-1], {"ETag": '"v2"'}), id="changed"),
        pytest.param(
            Reply(
                206, CONTENT[:PIECE], {"Content-Range": f"bytes 500000-549999/{len(CONTENT)}", "ETag": '"v2"'}
            ),
            id="another version",
        ),
        pytest.param(
            Reply(206, CONTENT[:PIECE], {"Content-Range": "bytes 500000-549999/7", "ETag": '"v1"'}),
            id="another length",
        ),
        pytest.param(
            Reply(206, CONTENT[:PIECE], {"Content-Range": f"bytes 0-49999/{len(CONTENT)}", "ETag": '"v1"'}),
            id="another place",
        ),
        pytest.param(Reply(drop=True), id="drops for ever"),
    ],
)
def test_a_piece_that_cannot_be_had_leaves_no_file(
    transport: Transport, tmp_path: Path, reply: Reply
) -> None:
    with served(ranges(CONTENT, lambda request, place: reply if place == 500_000 else None)) as server:
        with pytest.raises(CivisTransferError):
            download(server.url, tmp_path / "x", transport=transport)
        tries = [
            request for request in server.requests if "bytes=500000-" in request.headers.get("Range", "")
        ]
    assert len(tries) == (3 if reply.drop else 1)
    assert list(tmp_path.iterdir()) == []


def test_an_expired_address_is_replaced_once_for_all(transport: Transport) -> None:
    given: list[str] = []

    def expired(request: Request, place: int) -> Reply | None:
        return Reply(403) if place >= 0 and "fresh" not in request.target else None

    with served(ranges(CONTENT, expired)) as server:

        def fresh() -> str:
            given.append("x")
            return server.url + "x?fresh"

        assert fetch(server, transport, refresh_url=fresh) == CONTENT
    assert given == ["x"]


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_leaving_early_ends_the_threads(transport: Transport, packed: bool) -> None:
    content, held = gzip.compress(CONTENT) if packed else CONTENT, threading.Event()

    def stalled(request: Request, place: int) -> Reply | None:
        return Reply(stall=held, drop=True) if place >= 300_000 else None

    with served(ranges(content, stalled)) as server:
        with open_download(server.url, inflate=packed, transport=transport) as stream:
            assert stream.read(150_000) == CONTENT[:150_000]
        held.set()


def test_leaving_a_stalled_connection_asks_for_nothing_more(transport: Transport) -> None:
    """The thread that inflates waits for bytes that do not come; nobody waits for it."""
    packed, asked = gzip.compress(random.Random(8).randbytes(3_000_000)), []
    held = threading.Event()

    def script(request: Request) -> Reply:
        asked.append(request)
        if "Range" in request.headers:
            return Reply(stall=held, drop=True)
        return Reply(body=packed, headers={"ETag": '"v1"'}, cut=2_500_000)

    with served(script) as server:
        with open_download(server.url, inflate=True, transport=transport) as stream:
            stream.read(1_500_000)
        held.set()
    assert len(asked) <= 2


def test_a_range_alone(transport: Transport) -> None:
    with served(ranges(CONTENT)) as server:
        reader = PieceReader(Link(server.url), transport)
        assert reader.fetch(10, 20) == CONTENT[10:20]
        assert (reader.version.length, reader.version.etag) == (len(CONTENT), '"v1"')
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(lambda place: reader.fetch(place, place + 1000), range(0, 100_000, 1000)))
    assert b"".join(found) == CONTENT[:100_000]


def test_a_server_without_ranges_is_named(transport: Transport) -> None:
    with (
        served(lambda request: Reply(body=CONTENT)) as server,
        pytest.raises(CivisTransferError, match="part"),
    ):
        PieceReader(Link(server.url), transport).fetch(10, 20)


class TestLink:
    def test_a_url_is_renewed_once_until_it_worked(self) -> None:
        urls = iter(["http://h/2", "http://h/3"])
        link = Link("http://h/1", lambda: next(urls))
        first = link.current
        assert link.renew(first)
        assert link.renew(first)  # somebody else did that
        assert not link.renew(link.current)
        link.worked()
        assert link.renew(link.current)
        assert link.current == "http://h/3"

    def test_without_a_way_to_renew(self) -> None:
        link = Link("http://h/1?signature=s")
        assert not link.renew(link.current)
        assert link.shown == "http://h/1"
        assert isinstance(link.current, SignedUrl)


# -- ahead --------------------------------------------------------------------------------------------------


class TestAhead:
    def test_all_blocks_in_order(self) -> None:
        ahead = Ahead((bytes([number]) for number in range(100)), lambda: None)
        assert b"".join(iter(ahead.take, None)) == bytes(range(100))
        assert ahead.take() is None
        ahead.close()

    def test_an_error_comes_after_the_blocks_before_it(self) -> None:
        def blocks() -> Any:
            yield b"a"
            raise CivisTransferError("broke")

        ahead = Ahead(blocks(), lambda: None)
        assert ahead.take() == b"a"
        with pytest.raises(CivisTransferError, match="broke"):
            ahead.take()
        ahead.close()

    def test_closing_ends_the_generator(self) -> None:
        ended, called = threading.Event(), []

        def blocks() -> Any:
            try:
                while True:
                    yield bytes(10)
            finally:
                ended.set()

        ahead = Ahead(blocks(), lambda: called.append(True))
        assert ahead.take() == bytes(10)
        ahead.close()
        ahead.close()
        assert ended.is_set()
        assert called == [True]


def test_progress_is_told_in_the_thread_that_reads(transport: Transport) -> None:
    packed, threads, told = gzip.compress(CONTENT * 5), set(), []

    def tell(further: int) -> None:
        threads.add(threading.current_thread())
        told.append(further)

    with served(lambda request: Reply(body=packed)) as server:
        assert fetch(server, transport, inflate=True, progress=tell) == CONTENT * 5
    assert threads == {threading.current_thread()}
    assert sum(told) == len(packed)


# -- checksums ----------------------------------------------------------------------------------------------


def _in_base64(name: str, content: bytes = CONTENT) -> str:
    return base64.b64encode(hashlib.new(name, content).digest()).decode()


MD5 = hashlib.md5(CONTENT).hexdigest()
NAMED = [
    pytest.param({"Content-MD5": _in_base64("md5")}, "md5", id="Content-MD5"),
    pytest.param({"Repr-Digest": f"sha-256=:{_in_base64('sha256')}:"}, "sha256", id="RFC 9530"),
    pytest.param({"x-goog-hash": f"crc32c=AAAAAA==, md5={_in_base64('md5')}"}, "md5", id="Google"),
    pytest.param({"x-amz-checksum-sha256": _in_base64("sha256")}, "sha256", id="Amazon"),
]
UNNAMED = [
    pytest.param({}, id="nothing"),
    pytest.param({"ETag": f'"{MD5}"'}, id="an ETag of anybody's"),
    pytest.param({"ETag": f'"{MD5}-3"', "Server": "AmazonS3"}, id="of an upload in parts"),
    pytest.param(
        {"ETag": f'"{MD5}"', "Server": "AmazonS3", "x-amz-server-side-encryption": "aws:kms"}, id="encrypted"
    ),
    pytest.param({"x-amz-checksum-sha256": _in_base64("sha256") + "-3"}, id="of parts"),
    pytest.param({"Content-MD5": "no base64!"}, id="no digest"),
]


@pytest.mark.parametrize(("headers", "name"), NAMED)
def test_a_named_checksum_is_compared(transport: Transport, headers: dict[str, str], name: str) -> None:
    other = CONTENT[:-1] + bytes([CONTENT[-1] ^ 1])
    with served(lambda request: Reply(body=CONTENT, headers=headers)) as server:
        assert fetch(server, transport) == CONTENT
        server.script = lambda request: Reply(body=other, headers=headers)
        with pytest.raises(CivisTransferError, match=f"damaged: its {name}"):
            fetch(server, transport)


def test_the_etag_of_amazon_is_a_checksum() -> None:
    found = Checksum.named_in({"ETag": f'"{MD5}"', "Server": "AmazonS3"})
    assert found is not None
    found.update(CONTENT)
    assert found.is_right()


@pytest.mark.parametrize("headers", UNNAMED)
def test_what_is_no_checksum_is_not_compared(headers: dict[str, str]) -> None:
    assert Checksum.named_in(headers) is None


def test_a_part_that_arrived_damaged_is_sent_again(transport: Transport) -> None:
    damaged = [True, True]

    def script(request: Request) -> Reply:
        body = request.body
        if request.path == "/1" and damaged:
            damaged.pop()
            body += b"more"
        return Reply(headers={"ETag": f'"{hashlib.md5(body).hexdigest()}"'})

    with served(script) as server:
        urls = [f"{server.url}{number}" for number in range(4)]
        etags = upload_parts(urls, io.BytesIO(CONTENT), 250_000, len(CONTENT), transport=transport)
        assert len(server.requests) == 6
    assert etags[1] == f'"{hashlib.md5(CONTENT[250_000:500_000]).hexdigest()}"'
    with (
        served(lambda request: Reply(headers={"ETag": f'"{MD5}"'})) as server,
        pytest.raises(CivisTransferError, match="damaged"),
    ):
        upload_parts([server.url], io.BytesIO(b"other"), 10, 5, transport=transport)


@pytest.mark.parametrize("etag", [MD5, hashlib.md5(b"other").hexdigest()], ids=["right", "wrong"])
def test_a_form_that_arrived_damaged_is_found(transport: Transport, etag: str) -> None:
    reply = Reply(204, headers={"ETag": f'"{etag}"'})
    with served(lambda request: reply) as server:
        send = lambda: upload_form(  # noqa: E731
            server.url, {"key": "k"}, io.BytesIO(CONTENT), None, name="x", transport=transport
        )
        if etag == MD5:
            send()
        else:
            with pytest.raises(CivisTransferError, match="damaged"):
                send()


# -- waiting, and libraries ---------------------------------------------------------------------------------


def test_a_storage_says_how_long_to_wait(transport: Transport) -> None:
    busy = Reply(503, headers={"Retry-After": "7"})
    piece = Reply(206, b"x", {"Content-Range": "bytes 0-0/1"})
    answers = iter([busy, Reply(body=b"x"), busy, Reply(), busy, Reply(204), busy, piece])
    clock: Any = transport.clock
    with served(lambda request: next(answers)) as server:
        assert fetch(server, transport) == b"x"
        upload_parts([server.url], io.BytesIO(b"x"), 10, 1, transport=transport)
        upload_form(server.url, {"key": "k"}, io.BytesIO(b"x"), 1, name="x", transport=transport)
        assert PieceReader(Link(server.url), transport).fetch(0, 1) == b"x"
    assert clock.slept == [7, 7, 7, 7]


def test_an_expired_upload_is_told_from_others(transport: Transport) -> None:
    body = b"<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>"
    with served(lambda request: Reply(403, body)) as server:
        with pytest.raises(ExpiredUrlError):
            upload_parts([server.url], io.BytesIO(b"x"), 10, 1, transport=transport)
        assert len(server.requests) == 1


class _Careless:
    """An engine that inflates well and checks nothing."""

    error = zlib.error

    @staticmethod
    def decompressobj(bits: int) -> Any:
        class Member:
            eof, unused_data = True, b"next"

            def decompress(self, data: bytes, most: int) -> bytes:
                return zlib.decompressobj(-15).decompress(data[10:])

        return Member()


def test_engines_prove_themselves() -> None:
    assert is_sound(zlib)
    assert not is_sound(_Careless)
    isal_zlib = pytest.importorskip("isal.isal_zlib")
    assert is_sound(isal_zlib)


# -- text ---------------------------------------------------------------------------------------------------

TEXT = "a,ü,é\n1,“€”,日本\n2,😀🇩🇪,x\n" * 3


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_text_is_decoded_wherever_it_is_split(transport: Transport, packed: bool) -> None:
    content = gzip.compress(TEXT.encode()) if packed else TEXT.encode()
    place = 0

    def split(request: Request, begin: int) -> Reply | None:
        if begin < 0:
            return Reply(body=content, headers={"ETag": '"v1"'}, cut=place)
        return None

    with served(ranges(content, split)) as server:
        for place in range(1, len(content) + 1):  # noqa: B007 - the server reads it
            with open_download(server.url, inflate=packed, transport=transport) as stream:
                assert io.TextIOWrapper(stream, encoding="utf-8", newline="").read() == TEXT
