"""As much of a Jupyter server as the platform needs, for tests where none is installed.

Started under the name ``jupyter-lab`` with a Jupyter server's options; it writes the file that it is sent.
"""

from __future__ import annotations

import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

_OPTIONS = dict(each.removeprefix("--ServerApp.").split("=", 1) for each in sys.argv[1:])
_ROOT, _BASE = Path(_OPTIONS["root_dir"]), _OPTIONS["base_url"]


class _Handler(BaseHTTPRequestHandler):
    """Answers `api/status`, tells of kernels as a file says, and reads and writes `api/contents/…`."""

    def do_GET(self) -> None:
        self._answer(None)

    def do_PUT(self) -> None:
        sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self._answer(sent["content"])

    def _answer(self, content: object) -> None:
        path = self.path.removeprefix(_BASE)
        is_known = self.headers["Authorization"] == f"token {os.environ['JUPYTER_TOKEN']}"
        status, found = (200 if is_known and path != self.path else 403), {}
        if status == 200 and path.startswith("api/contents/"):
            file = _ROOT / path.removeprefix("api/contents/")
            if content is not None:
                file.write_text(json.dumps(content), encoding="utf-8")
            found = {"content": json.loads(file.read_text(encoding="utf-8"))}
        body = json.dumps(_kernels() if path == "api/kernels" else found).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _kernels() -> object:
    """Give what tests have put there, and note that it was asked for."""
    with open(_ROOT / "kernels.asked", "a") as asked:
        asked.write("x")
    told = _ROOT / "kernels.json"
    return json.loads(told.read_text(encoding="utf-8")) if told.exists() else []


if __name__ == "__main__":
    ThreadingHTTPServer((_OPTIONS["ip"], int(_OPTIONS["port"])), _Handler).serve_forever()
