"""Uploads over real connections: forms and parts arrive whole, or an error says that they did not."""

from __future__ import annotations

import io
import logging
import os
import pickle
import random
import threading
import traceback
from collections.abc import Iterator
from email.parser import BytesParser
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from civis._clock import FakeClock
from civis._errors import CivisTransferError
from civis._http import Transport, upload_form, upload_parts
from tests._servers import Reply, Request, ScriptedServer, served

CONTENT = random.Random(2).randbytes(3_500_000)
SIGNATURE = "SiGnAtUrE-0123"
FIELDS = {"policy": "p", "key": "folder/ä", "x-signature": SIGNATURE}


@pytest.fixture
def transport() -> Iterator[Transport]:
    transport = Transport(clock=FakeClock(), attempts=3)
    yield transport
    transport.close()


def parse_form(request: Request) -> list[tuple[str, str | None, bytes]]:
    """Read a form by Python's own parser: names, file names and contents, in order."""
    head = f"Content-Type: {request.headers['Content-Type']}\r\n\r\n".encode()
    parts: Any = BytesParser().parsebytes(head + request.body).get_payload()
    return [
        (
            part.get_param("name", header="content-disposition"),
            part.get_filename(),
            part.get_payload(decode=True),
        )
        for part in parts
    ]


class Pipe(io.RawIOBase):
    """A source that cannot be read twice and gives little at a time."""

    def __init__(self, content: bytes) -> None:
        self._inner = io.BytesIO(content)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        piece = self._inner.read(min(len(buffer), 70_000))
        buffer[: len(piece)] = piece
        return len(piece)


def pipe(content: bytes) -> BinaryIO:
    return Pipe(content)  # type: ignore[return-value]


# -- forms --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("given", [True, False], ids=["size given", "size found"])
@pytest.mark.parametrize("size", [0, 1, 3_500_000])
def test_form(transport: Transport, given: bool, size: int) -> None:
    told: list[int] = []
    content = CONTENT[:size]
    with served(lambda request: Reply(204)) as server:
        upload_form(
            server.url, FIELDS, io.BytesIO(content), size if given else None, name='a"b\n.csv',
            progress=told.append, transport=transport,
        )  # fmt: skip
    request = server.requests[0]
    assert request.headers["Content-Length"] == str(len(request.body))
    assert not {"Authorization", "Cookie", "Transfer-Encoding"} & set(request.headers)
    form = parse_form(request)
    assert [name for name, _, _ in form] == ["key", "policy", "x-signature", "file"]
    assert form[0][2] == "folder/ä".encode()
    assert form[-1][1:] == ("a%22b%0A.csv", content)
    assert sum(told) == size


def test_form_from_where_the_source_stands(transport: Transport) -> None:
    source = io.BytesIO(CONTENT)
    source.seek(3_000_000)
    with served(lambda request: Reply(204)) as server:
        upload_form(server.url, {"key": "k"}, source, None, name="x", transport=transport)
    assert parse_form(server.requests[0])[-1][2] == CONTENT[3_000_000:]


def test_form_of_a_pipe(transport: Transport) -> None:
    with served(lambda request: Reply(201)) as server:
        upload_form(server.url, FIELDS, pipe(CONTENT), None, name="x", transport=transport)
        upload_form(server.url, FIELDS, pipe(CONTENT), len(CONTENT), name="x", transport=transport)
    assert [parse_form(request)[-1][2] == CONTENT for request in server.requests] == [True, True]
    assert server.requests[0].headers["Transfer-Encoding"] == "chunked"


@pytest.mark.parametrize("reply", [Reply(503), Reply(drop=True), Reply(reset=True)])
def test_a_form_is_sent_again_where_the_source_can_be_read_again(transport: Transport, reply: Reply) -> None:
    answers = iter([reply, Reply(204)])
    told: list[int] = []
    with served(lambda request: next(answers)) as server:
        upload_form(
            server.url, FIELDS, io.BytesIO(CONTENT), None, name="x", transport=transport, progress=told.append
        )
    assert parse_form(server.requests[1])[-1][2] == CONTENT
    assert sum(told) == len(CONTENT)
    with served(lambda request: reply) as server:
        with pytest.raises(CivisTransferError):
            upload_form(server.url, FIELDS, pipe(CONTENT), None, name="x", transport=transport)
        assert len(server.requests) == 1


@pytest.mark.parametrize("status", [301, 303, 400, 403, 404, 411])
def test_a_form_that_is_refused(transport: Transport, status: int) -> None:
    body = b"<Error><Code>EntityTooLarge</Code><Message>too much</Message></Error>"
    with served(lambda request: Reply(status, body)) as server:
        with pytest.raises(CivisTransferError, match="EntityTooLarge: too much"):
            upload_form(server.url, FIELDS, io.BytesIO(b"x"), 1, name="x", transport=transport)
        assert len(server.requests) == 1


@pytest.mark.parametrize(("size", "says"), [(4_000_000, "shorter"), (3_000_000, "grew")])
def test_a_source_that_changes_is_noticed(transport: Transport, size: int, says: str) -> None:
    with served(lambda request: Reply(204)) as server, pytest.raises(CivisTransferError, match=says):
        upload_form(server.url, FIELDS, io.BytesIO(CONTENT), size, name="x", transport=transport)


# -- parts --------------------------------------------------------------------------------------------------


class Storage:
    """Takes parts; `faults` says what goes wrong, by path, one fault a request."""

    def __init__(self, faults: dict[str, list[Reply]] | None = None) -> None:
        self.parts: dict[str, bytes] = {}
        self.faults = faults or {}
        self._lock = threading.Lock()

    def __call__(self, request: Request) -> Reply:
        with self._lock:
            faults = self.faults.get(request.path)
            if faults:
                return faults.pop(0) if len(faults) > 1 else faults[0]
            self.parts[request.path] = request.body
        return Reply(200, headers={"ETag": f'"{request.path[1:]}"'})

    def content(self) -> bytes:
        return b"".join(self.parts[path] for path in sorted(self.parts))


def urls_of(server: ScriptedServer, number: int) -> list[str]:
    return [f"{server.url}{index:02}?X-Signature={SIGNATURE}" for index in range(number)]


def sources(tmp_path: Path) -> dict[str, Any]:
    path = tmp_path / "source"
    path.write_bytes(CONTENT)
    moved = io.BytesIO(b"before" + CONTENT)
    moved.seek(6)
    return {
        "path": path,
        "text path": str(path),
        "file": open(path, "rb"),
        "bytes": io.BytesIO(CONTENT),
        "from the middle": moved,
        "pipe": pipe(CONTENT),
    }


@pytest.mark.parametrize("kind", ["path", "text path", "file", "bytes", "from the middle", "pipe"])
@pytest.mark.parametrize("part_size", [300_000, 1_750_000, 3_500_000, 5_000_000])
def test_parts(transport: Transport, tmp_path: Path, kind: str, part_size: int) -> None:
    every = sources(tmp_path)
    number = -(-len(CONTENT) // part_size)
    storage, told = Storage(), []  # type: ignore[var-annotated]
    with served(storage) as server:
        etags = upload_parts(
            urls_of(server, number),
            every[kind],
            part_size,
            len(CONTENT),
            progress=told.append,
            transport=transport,
        )
    every["file"].close()
    assert etags == [f'"{index:02}"' for index in range(number)]
    assert storage.content() == CONTENT
    assert sum(told) == len(CONTENT)
    assert all("Content-Length" in request.headers for request in server.requests)
    assert not any({"Authorization", "Cookie"} & set(request.headers) for request in server.requests)


def test_parts_go_out_four_at_a_time(transport: Transport) -> None:
    together = threading.Barrier(4)

    def script(request: Request) -> Reply:
        together.wait(20)
        return Reply(200)

    with served(script) as server:
        assert upload_parts(urls_of(server, 8), io.BytesIO(b"x" * 8), 1, 8, transport=transport) == [""] * 8
        assert server.most_at_once == 4


def test_nothing_is_one_part(transport: Transport) -> None:
    storage = Storage()
    with served(storage) as server:
        assert upload_parts(urls_of(server, 1), io.BytesIO(b""), 10, 0, transport=transport) == ['"00"']
    assert storage.parts == {"/00": b""}


@pytest.mark.parametrize("fault", [Reply(500), Reply(503), Reply(drop=True), Reply(reset=True)])
@pytest.mark.parametrize("kind", ["bytes", "pipe"])
def test_a_part_is_sent_again(transport: Transport, tmp_path: Path, kind: str, fault: Reply) -> None:
    storage = Storage()
    source = io.BytesIO(CONTENT) if kind == "bytes" else pipe(CONTENT)
    left = [2]

    def script(request: Request) -> Reply:
        if request.path == "/03" and left[0]:
            left[0] -= 1
            return fault
        return storage(request)

    told: list[int] = []
    with served(script) as server:
        upload_parts(
            urls_of(server, 7), source, 500_000, len(CONTENT), transport=transport, progress=told.append
        )
    assert storage.content() == CONTENT
    assert sum(told) == len(CONTENT)


@pytest.mark.parametrize("fault", [Reply(403), Reply(400), Reply(500), Reply(drop=True), Reply(302)])
def test_a_part_that_fails_fails_the_upload(transport: Transport, fault: Reply) -> None:
    storage = Storage({"/01": [fault]})
    with served(storage) as server:
        with pytest.raises(CivisTransferError, match="Part 2 of 70"):
            upload_parts(urls_of(server, 70), io.BytesIO(CONTENT), 50_000, len(CONTENT), transport=transport)
        assert len(server.requests) < 70
        assert "/01" not in storage.parts


def test_parts_of_a_source_that_became_shorter(transport: Transport) -> None:
    for source in (io.BytesIO(CONTENT[:-5]), pipe(CONTENT[:-5])):
        with served(Storage()) as server, pytest.raises(CivisTransferError, match="5 bytes"):
            upload_parts(urls_of(server, 4), source, 1_000_000, len(CONTENT), transport=transport)


@pytest.mark.parametrize(("number", "part_size"), [(3, 1_000_000), (5, 1_000_000), (1, 0)])
def test_urls_that_do_not_fit(transport: Transport, number: int, part_size: int) -> None:
    with pytest.raises(ValueError, match="URLs"):
        upload_parts(
            ["http://h/"] * number, io.BytesIO(CONTENT), part_size, len(CONTENT), transport=transport
        )


def test_an_error_of_the_progress_ends_the_upload(transport: Transport) -> None:
    def stop(further: int) -> None:
        raise KeyboardInterrupt

    with served(Storage()) as server, pytest.raises(KeyboardInterrupt):
        upload_parts(
            urls_of(server, 35),
            io.BytesIO(CONTENT),
            100_000,
            len(CONTENT),
            transport=transport,
            progress=stop,
        )
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("civis-upload")]


@pytest.mark.parametrize("fault", [Reply(403), Reply(drop=True)])
@pytest.mark.parametrize("kind", ["form", "parts"])
def test_no_signature_is_to_be_seen(
    transport: Transport, fault: Reply, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with served(lambda request: fault) as server:
        given = [urls_of(server, 1)]  # popped, so that no local of this frame shows it below
        try:
            if kind == "form":
                upload_form(given.pop()[0], dict(FIELDS), io.BytesIO(b"x"), 1, name="x", transport=transport)
            else:
                upload_parts(given.pop(), io.BytesIO(b"x"), 1, 1, transport=transport)
        except CivisTransferError as error:
            found = traceback.TracebackException.from_exception(error, capture_locals=True)
            shown = "".join(found.format()) + repr(vars(error))
            packed = pickle.dumps(error)
        else:
            pytest.fail("no error")
    assert SIGNATURE not in shown
    assert SIGNATURE.encode() not in packed
    assert SIGNATURE not in caplog.text


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_transfers_work_in_a_forked_child() -> None:
    with served(lambda request: Reply(204)) as server:
        upload_form(server.url, {"key": "k"}, io.BytesIO(b"x"), 1, name="x")
        child = os.fork()
        if child == 0:
            status = 1
            try:
                upload_form(server.url, {"key": "k"}, io.BytesIO(b"x"), 1, name="x")
                status = 0
            finally:
                os._exit(status)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert server.connections == 2
