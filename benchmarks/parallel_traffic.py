"""What a call in a container costs in requests and bytes, by this client and by the public one.

Counted by the platform, in front of everything else: what the program sends, and what its containers do. Both
clients run the same loads; each has its own worker, and both poll equally often.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

from benchmarks.peers import FOLDER, program_environment, public_python
from benchmarks.tables import Table, keep, main_arguments
from civis.local import Platform
from civis.local.api.faults import Faults

#: How this client is called in the tables.
OURS = "civis, local platform"
#: Calls that do nothing; one container each where nothing is batched.
CALLS = (10, 30)

LOAD = """
import os, sys, time
import joblib
from joblib import Parallel, delayed
import civis.parallel

def work(number):
    return number

if __name__ == "__main__":
    count = int(sys.argv[1])
    worker = f"export PATH={os.path.dirname(sys.executable)}:$PATH"
    worker += f" PYTHONPATH={os.environ.get('PYTHONPATH', '')}"
    joblib.register_parallel_backend(
        "civis", civis.parallel.make_backend_factory(polling_interval=0.25, setup_cmd=worker)
    )
    with joblib.parallel_config("civis"):
        found = Parallel(n_jobs=4)(delayed(work)(number) for number in range(count))
    assert found == list(range(count))
"""


class Traffic:
    """Counts the requests that a platform gets, and the bytes of both directions."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.requests = self.bytes = 0

    def attach(self) -> None:
        """Count at all platforms of this process from now on."""
        traffic, plain = self, Faults.__call__

        async def counted(faults: Faults, scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] != "http":
                await plain(faults, scope, receive, send)
                return
            traffic.note(1, sum(len(name) + len(value) for name, value in scope["headers"]))

            async def receive_counted() -> MutableMapping[str, Any]:
                message: MutableMapping[str, Any] = await receive()
                traffic.note(0, len(message.get("body", b"")))
                return message

            async def send_counted(message: MutableMapping[str, Any]) -> None:
                headers = message.get("headers", ())
                size = sum(len(name) + len(value) for name, value in headers)
                traffic.note(0, size + len(message.get("body", b"")))
                await send(message)

            await plain(faults, scope, receive_counted, send_counted)

        Faults.__call__ = counted  # type: ignore[method-assign]  # a benchmark looks from outside

    def note(self, requests: int, size: int) -> None:
        """Count some more."""
        with self._lock:
            self.requests += requests
            self.bytes += size

    def take(self) -> tuple[int, int]:
        """Give what was counted, and begin anew."""
        with self._lock:
            found, self.requests, self.bytes = (self.requests, self.bytes), 0, 0
        return found


def measure_traffic(repeats: int) -> list[Table]:
    """Measure both clients."""
    FOLDER.mkdir(exist_ok=True)
    script = FOLDER / "parallel_traffic_load.py"
    script.write_text(LOAD)
    traffic = Traffic()
    traffic.attach()
    tables = []
    for count in CALLS:
        requests = Table(f"Requests a call, {count} calls that do nothing", "requests")
        size = Table(f"Traffic a call, {count} calls that do nothing", "bytes")
        for name, python in {OURS: Path(sys.executable), "public client": public_python()}.items():
            found = [_run(python, script, count, traffic) for _ in range(repeats)]
            requests.add(name, [each[0] / count for each in found])
            size.add(name, [each[1] / count for each in found])
        tables += [requests, size]
    return tables


def _run(python: Path, script: Path, count: int, traffic: Traffic) -> tuple[int, int]:
    """Run the load on a new platform; give requests and bytes."""
    with Platform() as platform:
        traffic.take()
        environment = program_environment(
            {"CIVIS_API_ENDPOINT": platform.url, "CIVIS_API_KEY": platform.api_key}
        )
        if python != Path(sys.executable):
            environment.pop("PYTHONPATH", None)
        answer = subprocess.run(
            [str(python), str(script), str(count)],
            capture_output=True,
            text=True,
            env=environment,
            cwd=FOLDER,
            timeout=280,
        )
        if answer.returncode:
            raise RuntimeError(f"{python}: {answer.stderr[-2000:]}")
        return traffic.take()


def main() -> None:
    arguments = main_arguments(__doc__, repeats=1)
    tables = measure_traffic(arguments.repeats)
    for table in tables:
        table.show(OURS)
    keep(arguments.json, tables)


if __name__ == "__main__":
    main()
