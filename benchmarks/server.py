"""A stand-in platform: prepared answers over kept-alive HTTP or TLS, as fast as one asyncio process can.

Run as a program it prints its port and serves until its standard input ends.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.peers import FOLDER


@dataclass(frozen=True)
class Server:
    """Where a stand-in platform listens, and the certificate to trust."""

    url: str
    certificate: Path | None


class _Protocol(asyncio.Protocol):
    """One connection: finds the ends of requests and writes prepared answers."""

    def __init__(self, answers: dict[str, bytes], delay: float) -> None:
        self._answers, self._delay, self._buffer = answers, delay, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end].lower()
            at = head.find(b"content-length:")
            length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            if len(self._buffer) < end + 4 + length:
                return
            target = self._buffer.split(b" ", 2)[1].decode()
            self._buffer = self._buffer[end + 4 + length :]
            answer = self._answers.get(target) or self._answers[target.partition("?")[0]]
            if self._delay:
                asyncio.get_running_loop().call_later(self._delay, self._transport.write, answer)
            else:
                self._transport.write(answer)


def _prepare(body: object, headers: dict[str, str]) -> bytes:
    """Render one answer."""
    content = json.dumps(body).encode()
    lines = ["HTTP/1.1 200 OK", "Content-Type: application/json", f"Content-Length: {len(content)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + content


async def _serve(file: Path, delay: float, certificate: Path | None) -> None:
    prepared = json.loads(file.read_text())
    answers = {
        target: _prepare(answer["body"], answer.get("headers", {})) for target, answer in prepared.items()
    }
    context = None
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: _Protocol(answers, delay), "127.0.0.1", 0, ssl=context, backlog=512
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


def make_certificate() -> Path:
    """Make a certificate for 127.0.0.1 with the program ``openssl``; the file holds its key too."""
    path = FOLDER / "certificate.pem"
    if not path.exists():
        FOLDER.mkdir(exist_ok=True)
        key, certificate = FOLDER / "key.pem", FOLDER / "only.pem"
        command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3650"]
        command += ["-subj", "/CN=127.0.0.1"]
        extension = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
        subprocess.run(command + extension, check=True, capture_output=True)
        path.write_text(key.read_text() + certificate.read_text())
    return path


@contextmanager
def serving(answers: dict[str, object], *, delay: float = 0.0, tls: bool = False) -> Iterator[Server]:
    """Serve prepared answers from a process of its own.

    Parameters
    ----------
    answers : dict
        By target (path with or without query): ``{"body": …, "headers": {…}}``.
    delay : float, optional
        Seconds before every answer. Default: 0.
    tls : bool, optional
        Speak TLS. Default: False.
    """
    FOLDER.mkdir(exist_ok=True)
    certificate = make_certificate() if tls else None
    file = FOLDER / f"answers-{id(answers)}.json"
    file.write_text(json.dumps(answers))
    command = [sys.executable, "-m", "benchmarks.server", str(file), str(delay), str(certificate or "")]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        port = int(process.stdout.readline())
        yield Server(f"http{'s' if tls else ''}://127.0.0.1:{port}/", FOLDER / "only.pem" if tls else None)
    finally:
        process.stdin.close()
        process.wait()
        file.unlink()


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1]), float(sys.argv[2]), Path(sys.argv[3]) if sys.argv[3] else None))
