"""Certificates: which are trusted, and what an error says about one that is not."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from civis._clock import FakeClock
from civis._env import Secret
from civis._errors import CivisConnectionError, CivisTransferError
from civis._http import Session, Transport, open_download
from civis._http.pools import CA_VARIABLES, Pools, PoolSettings
from tests._certificates import make_certificate
from tests._servers import Reply, ScriptedServer, json_reply, served


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("tls") / "server.pem")


@pytest.fixture
def server(certificate: Path) -> Iterator[ScriptedServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with served(lambda request: json_reply({"id": 1}), tls=context) as server:
        yield server


def call(server: ScriptedServer, **options: object) -> int:
    session = Session(server.url, Secret("k"), user_agent="x", clock=FakeClock(), **options)  # type: ignore[arg-type]
    try:
        return session.request("GET", "jobs").status
    finally:
        session.close()


def test_an_unknown_certificate_is_refused_at_once(server: ScriptedServer) -> None:
    with pytest.raises(CivisConnectionError, match=r"REQUESTS_CA_BUNDLE .*CERTIFICATE_VERIFY_FAILED"):
        call(server)
    transport = Transport(clock=FakeClock())
    with pytest.raises(CivisTransferError, match="CERTIFICATE_VERIFY_FAILED"):
        open_download(f"{server.url}x?signature=1", transport=transport)
    assert transport.clock.slept == []  # type: ignore[attr-defined]
    transport.close()
    assert server.requests == []


def test_verify_names_the_bundle(server: ScriptedServer, certificate: Path) -> None:
    assert call(server, verify=str(certificate)) == 200
    transport = Transport(Pools(PoolSettings(verify=str(certificate))))
    with open_download(server.url, transport=transport) as stream:
        assert stream.read() == b'{"id": 1}'
    transport.close()


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"])
def test_the_environment_names_the_bundle(
    server: ScriptedServer, certificate: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    for other in CA_VARIABLES:
        monkeypatch.delenv(other, raising=False)
    monkeypatch.setenv(name, str(certificate))
    assert call(server) == 200
    with open_download(server.url) as stream:
        assert stream.read() == b'{"id": 1}'


@pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")
def test_checks_can_be_switched_off(server: ScriptedServer) -> None:
    assert call(server, verify=False) == 200


def test_a_redirect_to_http_gets_no_key(server: ScriptedServer, certificate: Path) -> None:
    with served(lambda request: json_reply({})) as plain:
        server.script = lambda request: Reply(307, headers={"Location": f"{plain.url}x"})
        assert call(server, verify=str(certificate)) == 200
        assert "Authorization" not in plain.requests[0].headers
