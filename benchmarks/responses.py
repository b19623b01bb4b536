"""What receiving 10,000 objects and reading two fields of each costs in time and memory."""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks.peers import FOLDER, interpreters, run_program
from benchmarks.tables import Table, keep, main_arguments

# Both clients turn an answer into objects by a function of their own; ours gets what its transport gives it.
OURS = """
from types import SimpleNamespace
from civis.response import wrap
def receive(content):
    return wrap(Answer(content), "snake")
class Answer:
    status, headers, method = 200, {"Content-Type": "application/json"}, "GET"
    url, attempts, reason = "", 1, "OK"
    def __init__(self, content):
        self.content = content
    def json(self):
        return json.loads(self.content)
"""
PUBLIC = """
import requests
from civis.response import convert_response_data_type
def receive(content):
    answer = requests.Response()
    answer._content, answer.status_code, answer.encoding = content, 200, "utf-8"
    return convert_response_data_type(answer, return_type="snake")
"""
# Both sides keep what they made until the clock has stopped; each ratio is of two neighbours in time.
MEASURE = """
bare, whole = [], []
for _ in range(9):
    gc.collect()
    start = time.perf_counter()
    plain = json.loads(content)
    bare.append(time.perf_counter() - start)
    del plain
    gc.collect()
    start = time.perf_counter()
    found = receive(content)
    for each in found:
        each.id, each.last_run.state
    whole.append(time.perf_counter() - start)
    del found, each
ratio = statistics.median(ours / theirs for ours, theirs in zip(whole, bare))
one = receive(content)[0]
def attribute_ns(read):
    read(one)
    return statistics.median(timeit.repeat(lambda: read(one), number=20_000, repeat=7)) / 20_000 * 1e9
nothing = attribute_ns(lambda one: one)
created_at = attribute_ns(lambda one: one.created_at) - nothing
identity = attribute_ns(lambda one: one.id) - nothing
nested = attribute_ns(lambda one: one.last_run.state) - nothing
del one
gc.collect()
tracemalloc.start()
plain = json.loads(content)
decoded = tracemalloc.get_traced_memory()[0] / len(plain)
del plain
gc.collect()
before = tracemalloc.get_traced_memory()[0]
found = receive(content)
received = (tracemalloc.get_traced_memory()[0] - before) / len(found)
for each in found:
    each.id, each.last_run.state
used = (tracemalloc.get_traced_memory()[0] - before) / len(found)
print(json.dumps({
    "bare": 1000 * statistics.median(bare), "whole": 1000 * statistics.median(whole), "ratio": ratio,
    "created_at": created_at, "id": identity, "last_run.state": nested,
    "decoded": decoded, "received": received, "used": used,
}))
"""
PRELUDE = """
import gc, json, statistics, sys, time, timeit, tracemalloc
with open(sys.argv[1], "rb") as file:
    content = file.read()
"""


def _objects() -> Path:
    """Write 10,000 objects as a list of jobs gives them, 650 bytes each."""
    author = {"id": 1, "name": "Ann Ample", "username": "ann", "initials": "AA", "online": None}
    run = {
        "id": 0,
        "state": "succeeded",
        "createdAt": "2026-01-01T00:00:00.000Z",
        "startedAt": None,
        "error": None,
    }
    common = {
        "type": "JobTypes::SqlRunner",
        "fromTemplateId": None,
        "state": "succeeded",
        "createdAt": "2026-01-01T00:00:00.000Z",
        "updatedAt": "2026-01-01T00:00:00.000Z",
        "archived": False,
        "schedule": {"scheduled": False, "scheduledDays": [], "scheduledHours": [1], "scheduledMinutes": [0]},
    }
    objects = [
        {"id": number, "name": f"job {number}", **common, "author": author, "lastRun": {**run, "id": -number}}
        for number in range(10_000)
    ]
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / "objects.json"
    path.write_text(json.dumps(objects))
    return path


def main() -> None:
    arguments = main_arguments(__doc__, repeats=5)
    path = _objects()
    whole = Table(f"10,000 objects ({path.stat().st_size / 1e6:.1f} MB), two fields of each read", "ms")
    ratio = Table("The same, as a multiple of json.loads right before it in the same process", "x")
    attributes = {
        name: Table(f"One read of .{name}", "ns") for name in ("id", "created_at", "last_run.state")
    }
    memory = Table("Memory an object, beside decoded JSON", "bytes")
    for name, python in interpreters().items():
        program = PRELUDE + (OURS if name == "ours" else PUBLIC) + MEASURE
        found = [run_program(python, program, str(path)) for _ in range(arguments.repeats)]
        if name == "ours":
            whole.add("json.loads", [each["bare"] for each in found])
            memory.add("json.loads", [each["decoded"] for each in found])
        whole.add(name, [each["whole"] for each in found])
        ratio.add(name, [each["ratio"] for each in found])
        for read, table in attributes.items():
            table.add(name, [each[read] for each in found])
        memory.add(f"{name}, received", [each["received"] for each in found])
        memory.add(f"{name}, two fields of each read", [each["used"] for each in found])
    whole.show("json.loads")
    for table in (ratio, *attributes.values()):
        table.show("public client")
    memory.show("json.loads")
    keep(arguments.json, [whole, ratio, *attributes.values(), memory])


if __name__ == "__main__":
    main()
