"""What it costs to receive 10,000 objects and read two fields of each, beside `json.loads` of the bytes."""

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
MEASURE = """
best_bare, best_whole = [], []
for _ in range(5):
    start = time.perf_counter()
    json.loads(content)
    best_bare.append(time.perf_counter() - start)
    start = time.perf_counter()
    found = receive(content)
    for each in found:
        each.id, each.last_run.state
    best_whole.append(time.perf_counter() - start)
    del found
found = receive(content)
one = found[0]
one.created_at
start = time.perf_counter()
for _ in range(100_000):
    one.created_at
attribute = (time.perf_counter() - start) * 1e4
print(json.dumps([1000 * sorted(best_bare)[2], 1000 * sorted(best_whole)[2], attribute]))
"""
PRELUDE = """
import json, sys, time
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
    attribute = Table("One attribute", "ns")
    for name, python in interpreters().items():
        program = PRELUDE + (OURS if name == "ours" else PUBLIC) + MEASURE
        found = [run_program(python, program, str(path)) for _ in range(arguments.repeats)]
        if name == "ours":
            whole.add("json.loads", [each[0] for each in found])
        whole.add(name, [each[1] for each in found])
        attribute.add(name, [each[2] for each in found])
    whole.show("json.loads")
    attribute.show("public client")
    keep(arguments.json, [whole, attribute])


if __name__ == "__main__":
    main()
