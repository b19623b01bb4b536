"""What a client was told of certificates, proxies and time limits holds for its transfers of files too."""

from __future__ import annotations

import io
import ssl
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import civis
from civis._clock import FakeClock
from civis._env import Secret
from civis._errors import CivisConnectionError, CivisTransferError
from civis._http import Session, open_download
from civis.client import APIClient
from civis.io._file_clients import transport_of
from tests._certificates import make_certificate
from tests._servers import Reply, Request, ScriptedServer, json_reply, served

NEW_FILE = {"required": ["name"], "properties": {"name": {}, "expiresAt": {}, "description": {}}}
SPEC: dict[str, Any] = {
    "swagger": "2.0",
    "paths": {
        "/files/": {"post": {"parameters": [{"name": "b", "in": "body", "schema": NEW_FILE}]}},
        "/files/{id}": {"get": {"parameters": [{"name": "id", "in": "path", "type": "integer"}]}},
    },
}


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("tls") / "server.pem")


@pytest.fixture
def storage(certificate: Path) -> Iterator[ScriptedServer]:
    """A platform with its storage behind a certificate that only `verify=` makes known."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def script(request: Request) -> Reply:
        if request.path == "/content":
            return Reply(200, b"a,b\n1,2\n")
        if request.path == "/upload":
            return Reply(204)
        url = f"{server.url}content?signature=1"
        fields = {"key": "k"}
        return json_reply(
            {"id": 7, "name": "f", "fileUrl": url, "uploadUrl": f"{server.url}upload", "uploadFields": fields}
        )

    with served(script, tls=context) as server:
        yield server


def test_verify_holds_for_files(storage: ScriptedServer, certificate: Path, tmp_path: Path) -> None:
    options: dict[str, Any] = {"endpoint": storage.url, "local_api_spec": SPEC, "retries": 0}
    with APIClient("k", verify=str(certificate), **options) as client:
        assert civis.io.file_to_civis(io.BytesIO(b"a,b\n"), name="f", client=client) == 7
        civis.io.civis_to_file(7, str(tmp_path / "f.csv"), client=client)
    assert (tmp_path / "f.csv").read_bytes() == b"a,b\n1,2\n"
    for request in storage.requests:
        assert ("Authorization" in request.headers) == request.path.startswith("/files")
    with APIClient("k", **options) as client, pytest.raises(CivisConnectionError, match="CERTIFICATE"):
        client.files.get(7)


def test_proxies_hold_for_files() -> None:
    with served(lambda request: Reply(200, b"content")) as proxy:
        session = Session("http://platform.test/", None, user_agent="x", proxies={"http": proxy.url})
        with open_download("http://storage.test/f?signature=1", transport=session.transport) as stream:
            assert stream.read() == b"content"
        session.close()
        assert proxy.requests[0].target == "http://storage.test/f?signature=1"


def test_time_limits_hold_for_files() -> None:
    session = Session("http://127.0.0.1:1/", None, user_agent="x", timeout=(2, 3), clock=FakeClock())
    assert session.transport.timeout == (2, 3)
    assert session.with_options(timeout=(None, 9)).transport.timeout == (2, 9)
    assert session.transport is session.transport
    assert session.transport.pools is session.pools
    session.close()


def test_a_stand_in_for_a_client_uses_the_connections_of_the_environment() -> None:
    assert transport_of(SimpleNamespace()) is None
    assert transport_of(SimpleNamespace(_session=3)) is None


@pytest.fixture
def asking(certificate: Path) -> Iterator[ScriptedServer]:
    """A server that wants to see a certificate of the client."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.load_verify_locations(certificate)
    context.verify_mode = ssl.CERT_REQUIRED
    with served(lambda request: json_reply({"id": 1}), tls=context) as server:
        yield server


def test_client_certificate(asking: ScriptedServer, certificate: Path) -> None:
    def call(**options: Any) -> int:
        session = Session(
            asking.url, Secret("k"), user_agent="x", clock=FakeClock(), retries=0,
            verify=str(certificate), **options,
        )  # fmt: skip
        try:
            with open_download(f"{asking.url}x?signature=1", transport=session.transport) as stream:
                assert stream.read() == b'{"id": 1}'
            return session.request("GET", "jobs").status
        finally:
            session.close()

    assert call(cert=str(certificate)) == 200
    assert call(cert=(str(certificate), str(certificate))) == 200
    with pytest.raises((CivisConnectionError, CivisTransferError)):
        call()
