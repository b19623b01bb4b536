"""What a client costs: the first one in a process, from JSON and from the cache, and the second."""

from __future__ import annotations

import json
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.description import description_path
from benchmarks.peers import interpreters, run_program
from benchmarks.server import serving
from benchmarks.tables import Table, keep, main_arguments

# Measured inside the process after `import civis`: the modules that a client needs are part of the first.
FROM_FILE = """
import json, resource, sys, time
import civis
METHOD = "get_me" if civis.__version__ >= "3" else "list_me"
METHOD = "get_me" if civis.__version__ >= "3" else "list_me"
def memory():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize() / 2**20
before, start = memory(), time.perf_counter()
client = civis.APIClient(api_key="k", local_api_spec=sys.argv[1])
getattr(client.users, METHOD)
first = 1000 * (time.perf_counter() - start)
grown = memory() - before
start = time.perf_counter()
other = civis.APIClient(api_key="k", local_api_spec=sys.argv[1])
getattr(other.users, METHOD)
print(json.dumps([first, grown, 1000 * (time.perf_counter() - start)]))
"""
FROM_CACHE = """
import json, resource, sys, time
import civis
import civis.client, civis.resources._classes, civis.resources._description
METHOD = "get_me" if civis.__version__ >= "3" else "list_me"
METHOD = "get_me" if civis.__version__ >= "3" else "list_me"
def memory():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize() / 2**20
before, start = memory(), time.perf_counter()
client = civis.APIClient(api_key="k")
getattr(client.users, METHOD)
first = 1000 * (time.perf_counter() - start)
print(json.dumps([first, memory() - before]))
"""
# The same, modules included: what a program pays over `import civis`.
FROM_CACHE_COLD = "\n".join(
    line for line in FROM_CACHE.splitlines() if not line.startswith("import civis.client")
)
# A whole process, measured from outside: import, client, one call.
WHOLE = {
    "requests": """
import os, requests
url = os.environ["CIVIS_API_ENDPOINT"] + "users/me"
print(requests.get(url, auth=("k", ""), timeout=(10, 60)).json()["id"])
""",
    "urllib3": """
import json, os, urllib3
headers = urllib3.make_headers(basic_auth="k:")
url = os.environ["CIVIS_API_ENDPOINT"] + "users/me"
answer = urllib3.PoolManager().request("GET", url, headers=headers)
print(json.loads(answer.data)["id"])
""",
    "ours": """
import civis
print(civis.APIClient(api_key="k").users.get_me().id)
""",
    "public client": """
import civis, sys
print(civis.APIClient(api_key="k", local_api_spec=sys.argv[1]).users.list_me().id)
""",
}
BARE = """
import json, sys, time
start = time.perf_counter()
with open(sys.argv[1]) as file:
    json.load(file)
print(json.dumps(1000 * (time.perf_counter() - start)))
"""


def _from_file(repeats: int, path: Path) -> list[Table]:
    """Measure the first and the second client made from a JSON file."""
    first = Table("First client from the JSON file, a first method bound", "ms")
    second = Table("Second client in the process", "ms")
    grown = Table("Memory of the first client", "MB")
    ours, peer = interpreters().values()
    first.add("json.load of the file", [float(run_program(ours, BARE, str(path))) for _ in range(repeats)])
    for name, python in (("ours", ours), ("public client", peer)):
        found = [run_program(python, FROM_FILE, str(path)) for _ in range(repeats)]
        first.add(name, [each[0] for each in found])
        grown.add(name, [each[1] for each in found])
        second.add(name, [each[2] for each in found])
    first.show("json.load of the file")
    second.show("public client")
    grown.show("public client")
    return [first, second, grown]


def _from_cache(repeats: int, path: Path) -> list[Table]:
    """Measure a client whose description an earlier process fetched, and a whole process with one call."""
    cold = Table("First client from the parsed cache over import civis, a first method bound", "ms")
    whole = Table("A whole process: import, client from the parsed cache, one call", "ms")
    first = Table("First client from the parsed cache (modules imported), a first method bound", "ms")
    grown = Table("Memory of that client", "MB")
    answers: dict[str, object] = {f"/users/me{end}": {"body": {"id": 1}} for end in ("", "/")}
    answers["/endpoints"] = {"body": json.loads(path.read_text())}
    ours, peer = interpreters().values()
    with serving(answers) as server, TemporaryDirectory() as cache:
        environment = {"CIVIS_API_ENDPOINT": server.url, "XDG_CACHE_HOME": cache}
        run_program(ours, FROM_CACHE, environment=environment)  # fills the cache
        found = [run_program(ours, FROM_CACHE, environment=environment) for _ in range(repeats)]
        later = [run_program(ours, FROM_CACHE_COLD, environment=environment) for _ in range(repeats)]
        for name, program in WHOLE.items():
            python = peer if name == "public client" else ours
            whole.add(name, [_whole(python, program, path, environment) for _ in range(repeats)])
    cold.add("ours", [each[0] for each in later])
    cold.show("ours")
    whole.show("requests")
    first.add("ours", [each[0] for each in found])
    grown.add("ours", [each[1] for each in found])
    first.show("ours")
    grown.show("ours")
    return [cold, whole, first, grown]


def _whole(python: Path, program: str, path: Path, environment: dict[str, str]) -> float:
    """Give the milliseconds that a process takes."""
    start = time.perf_counter()
    run_program(python, program, str(path), environment=environment)
    return 1000 * (time.perf_counter() - start)


def main() -> None:
    arguments = main_arguments(__doc__, repeats=9)
    path = description_path()
    keep(arguments.json, _from_file(arguments.repeats, path) + _from_cache(arguments.repeats, path))


if __name__ == "__main__":
    main()
