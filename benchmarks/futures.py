"""Many futures at once: threads, memory, requests, lateness; with and without notices, and beside a peer.

Every run is over a set time after the futures were made; lateness is the time from a run's end to the moment
at which `concurrent.futures.as_completed` gives its future. Run as a program with ``--serve`` it is the
platform.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

from benchmarks.description import description_path
from benchmarks.peers import FOLDER, interpreters, run_program
from benchmarks.tables import Table, keep, main_arguments

SECONDS, SPREAD = 20.0, 10.0
#: PubNub keeps so many; of more, the oldest are lost.
MOST_MESSAGES = 100
FUTURES = """
import concurrent.futures, gc, json, resource, sys, threading, time, urllib.request, warnings
warnings.simplefilter("ignore")
import civis
from civis.futures import CivisFuture
URL, SPEC, COUNT, SECONDS, SPREAD = sys.argv[1], sys.argv[2], *map(float, sys.argv[3:6])
COUNT = int(COUNT)
def memory():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize() / 2**20
def ask(path):
    with urllib.request.urlopen(URL + path) as answer:
        return json.load(answer)
client = civis.APIClient(api_key="k", local_api_spec=SPEC)
poller = client.jobs.get_runs
threads = threading.active_count()
# What is loaded once, whatever the number of futures, is loaded by one before.
ask("_plan?count=1&seconds=6&spread=0")
CivisFuture(poller, (1, 1), client=client).result()
base = ask(f"_plan?count={COUNT}&seconds={SECONDS}&spread={SPREAD}")
gc.collect()
before = memory()
start = time.perf_counter()
futures = [CivisFuture(poller, (number + 1, number + 1), client=client) for number in range(COUNT)]
made = time.perf_counter() - start
most_threads, most_memory, late = [0], [0.0], []
over = threading.Event()
def watch():
    while not over.wait(0.2):
        most_threads[0] = max(most_threads[0], threading.active_count() - 1)
        most_memory[0] = max(most_memory[0], memory())
watcher = threading.Thread(target=watch)
watcher.start()
for future in concurrent.futures.as_completed(futures):
    late.append(time.time() - (base + SECONDS + SPREAD * (future.run_id - 1) / COUNT))
over.set()
watcher.join()
late.sort()
figures = ask("_figures")
print(json.dumps({
    "threads": most_threads[0] - threads, "memory (MB)": most_memory[0] - before, "made in (ms)": 1000 * made,
    "requests": figures["runs"] + figures["lists"],
    "lateness, median (s)": late[len(late) // 2], "lateness, most (s)": late[-1],
}), flush=True)
import os
os._exit(0)  # the peer's threads need a while
"""


class Platform:
    """Runs that end by the clock, counted questions, and subscribers to be told."""

    def __init__(self, has_push: bool) -> None:
        self.has_push = has_push
        self.counts: Counter[str] = Counter()
        self.ends: list[float] = []
        self.published: list[tuple[int, int]] = []
        self.news = asyncio.Event()

    def plan(self, count: int, seconds: float, spread: float) -> float:
        """Have `count` runs end between `seconds` and `seconds + spread` from now."""
        base = time.time()
        self.ends = [base + seconds + spread * number / count for number in range(count)]
        self.published, self.counts = [], Counter()
        if self.has_push:
            self.publisher = asyncio.get_running_loop().create_task(self._publish())
        return base

    async def _publish(self) -> None:
        """Tell subscribers of the runs that have ended."""
        while len(self.published) < len(self.ends):
            await asyncio.sleep(0.02)
            before = done = len(self.published)
            while done < len(self.ends) and self.ends[done] <= time.time():
                done += 1
                self.published.append((int(time.time() * 1e7) + done, done))
            if done > before:
                self.news.set()
                self.news = asyncio.Event()

    async def answer(self, target: str) -> tuple[int, object]:
        """Answer one question."""
        parts = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        words = parts.path.strip("/").split("/")
        if words[0] == "_plan":
            return 200, self.plan(int(query["count"]), float(query["seconds"]), float(query["spread"]))
        if words[0] == "_figures":
            return 200, {"runs": self.counts["runs"], "lists": self.counts["lists"]}
        if words[0] == "channels":
            offer = {"channels": [{"name": "runs"}], "subscribeKey": "s", "cipherKey": None, "authKey": "a"}
            return (200, {**offer, "origin": self.url}) if self.has_push else (404, {})
        if words[:2] == ["v2", "subscribe"]:
            return 200, await self._subscribe(int(query.get("tt", 0)))
        if words == ["jobs"]:
            self.counts["lists"] += 1
            return 200, self._list(query)
        self.counts["runs"] += 1
        number = int(words[1])
        return 200, self._run(number)

    def _run(self, number: int) -> dict[str, object]:
        state = "succeeded" if self.ends[number - 1] <= time.time() else "running"
        return {"id": number, "state": state, "createdAt": None, "startedAt": None, "finishedAt": None}

    def _list(self, query: dict[str, str]) -> list[object]:
        now, first = time.time(), 50 * (int(query["page_num"]) - 1)
        going = (
            [] if query["hidden"].lower() == "true" else [n for n, end in enumerate(self.ends) if end > now]
        )
        return [
            {"id": n + 1, "state": "running", "lastRun": self._run(n + 1)} for n in going[first : first + 50]
        ]

    async def _subscribe(self, token: int) -> dict[str, object]:
        now = int(time.time() * 1e7)
        if not token:
            return {"t": {"t": str(now), "r": 1}, "m": []}
        if not (self.published and self.published[-1][0] > token):
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self.news.wait(), 280)
            await asyncio.sleep(0)
        found = [each for each in self.published[-MOST_MESSAGES:] if each[0] > token]
        messages = [
            {
                "c": "runs", "f": 0, "k": "s", "p": {"t": str(at), "r": 1},
                "d": {"object": {"id": number}, "run": {"id": number, "state": "succeeded"}},
            }
            for at, number in found
        ]  # fmt: skip
        return {"t": {"t": str(found[-1][0] if found else token), "r": 1}, "m": messages}


async def _serve(has_push: bool) -> None:
    """Serve until standard input ends."""
    platform = Platform(has_push)

    async def connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                status, body = await platform.answer(head.split(b" ", 2)[1].decode())
                content = json.dumps(body).encode()
                writer.write(
                    f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\n"
                    f"Content-Length: {len(content)}\r\n\r\n".encode()
                    + content
                )
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(connection, "127.0.0.1", 0, backlog=4096)
    port = server.sockets[0].getsockname()[1]
    platform.url = f"http://127.0.0.1:{port}/"
    print(port, flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


@contextlib.contextmanager
def _platform(has_push: bool) -> Iterator[str]:
    """Run the platform in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.futures", "--serve", str(int(has_push))]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}/"
    finally:
        process.kill()
        process.wait()


def _description(has_push: bool) -> str:
    """Give the API description, with channels where there are notices."""
    path = description_path()
    if not has_push:
        return str(path)
    described = json.loads(path.read_text())
    described["paths"]["/channels/"] = {
        "get": {
            "summary": "Show channels", "description": "", "deprecated": False, "x-deprecation-warning": None,
            "parameters": [],
            "responses": {"200": {"description": "success", "schema": {"type": "object"}}},
        }
    }  # fmt: skip
    target = FOLDER / "with-channels.json"
    target.write_text(json.dumps(described))
    return str(target)


def _measure(name: str, count: int, has_push: bool) -> dict[str, float]:
    """Follow `count` runs in a process of its own."""
    FOLDER.mkdir(exist_ok=True)
    with _platform(has_push) as url:
        python = interpreters()["public client" if name == "public client" else "ours"]
        found = run_program(
            python, FUTURES, url, _description(has_push), str(count), str(SECONDS), str(SPREAD),
            environment={"CIVIS_API_ENDPOINT": url, "CIVIS_API_KEY": "k"},
        )  # fmt: skip
    print(f"  {name}, {count}: {found}", flush=True)
    return dict(found)


def main() -> None:
    arguments = main_arguments(__doc__, repeats=3)
    # Each case takes half a minute; the peer's threads are too many for 10,000 futures.
    cases = [("public client", count, False) for count in (1, 100, 1000)]
    cases += [
        (name, count, name != "ours") for count in (1, 100, 1000, 10000) for name in ("ours", "ours, push")
    ]
    tables: dict[str, Table] = {}
    for name, count, has_push in cases:
        found = [_measure(name, count, has_push) for _ in range(arguments.repeats)]
        for quantity in found[0]:
            title = f"{quantity}, runs of {SECONDS:.0f} to {SECONDS + SPREAD:.0f} s"
            table = tables.setdefault(quantity, Table(title, quantity))
            table.add(f"{name}, {count} futures", [each[quantity] for each in found])
    for table in tables.values():
        table.show("ours, 1000 futures")
    keep(arguments.json, list(tables.values()))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        asyncio.run(_serve(sys.argv[2] == "1"))
    else:
        main()
