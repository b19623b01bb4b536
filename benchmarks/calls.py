"""Calls a second beside kept-alive `requests`, `urllib3` and the public client, plain and over TLS."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path

from benchmarks.description import description_path
from benchmarks.peers import interpreters, run_program
from benchmarks.server import serving
from benchmarks.tables import Table, keep, main_arguments

USER = {
    "id": 1,
    "name": "Ann",
    "email": "ann@example.test",
    "username": "ann",
    "initials": "A",
    "online": None,
}
OBJECT = {"id": 7, "name": "a script", "type": "JobTypes::SqlRunner", "state": "succeeded", "archived": False}
PAGES, PER_PAGE = 100, 100

# Each defines `call()`; what follows them runs it from a number of threads for a while.
CALLERS = {
    "ours": """
import civis
client = civis.APIClient(api_key="k", local_api_spec=SPEC)
method = client.users.get_me
def call():
    return method().id
""",
    "public client": """
import civis, requests
# It ignores REQUESTS_CA_BUNDLE, so that the test's certificate has to be given to every session.
made = requests.Session.__init__
def trusting(self, *args, **kwargs):
    made(self, *args, **kwargs)
    if CERTIFICATE:
        self.verify = CERTIFICATE
requests.Session.__init__ = trusting
client = civis.APIClient(api_key="k", local_api_spec=SPEC)
def call():
    return client.users.list_me().id
""",
    "requests, kept alive": """
import requests
session = requests.Session()
session.auth = ("k", "")
session.mount(URL[:8], requests.adapters.HTTPAdapter(pool_maxsize=64))
def call():
    return session.get(URL + "users/me", timeout=(10, 60)).json()["id"]
""",
    "urllib3 pool": """
import urllib3, json
pool = urllib3.PoolManager(maxsize=64, ca_certs=CERTIFICATE or None)
headers = urllib3.make_headers(basic_auth="k:")
def call():
    return json.loads(pool.request("GET", URL + "users/me", headers=headers).data)["id"]
""",
}
PRELUDE = """
import json, sys, threading, time, warnings
URL, SPEC, CERTIFICATE = sys.argv[1:4]
THREADS, SECONDS = int(sys.argv[4]), float(sys.argv[5])
warnings.simplefilter("ignore")
"""
LOOP = """
call()
counts = [0] * THREADS
end = time.perf_counter() + SECONDS
def work(number):
    while time.perf_counter() < end:
        call()
        counts[number] += 1
start = time.perf_counter()
threads = [threading.Thread(target=work, args=(number,)) for number in range(THREADS)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(json.dumps(sum(counts) / (time.perf_counter() - start)))
"""
PAGERS = {
    "ours": """
import civis
client = civis.APIClient(api_key="k", local_api_spec=SPEC)
def read():
    return sum(1 for each in client.scripts.list(limit=100, iterator=True) if each.id)
""",
    "public client": """
import civis
client = civis.APIClient(api_key="k", local_api_spec=SPEC)
def read():
    return sum(1 for each in client.scripts.list(limit=100, iterator=True) if each.id)
""",
    "requests + json": """
import requests, json
session = requests.Session()
session.auth = ("k", "")
def read():
    count, page, pages = 0, 1, 1
    while page <= pages:
        answer = session.get(URL + "scripts", params={"limit": 100, "page_num": page}, timeout=(10, 60))
        pages = int(answer.headers["X-Pagination-Total-Pages"])
        count += sum(1 for each in json.loads(answer.content) if each["id"])
        page += 1
    return count
""",
}
READ = """
read()
start = time.perf_counter()
count = read()
print(json.dumps(count / (time.perf_counter() - start)))
"""


def _answers() -> dict[str, object]:
    """Prepare a small object and the pages of a list."""
    answers: dict[str, object] = {path: {"body": USER} for path in ("/users/me", "/users/me/")}
    answers["/endpoints"] = {"body": {}}
    for page in range(1, PAGES + 2):
        objects = (
            [{**OBJECT, "id": page * 1000 + number} for number in range(PER_PAGE)] if page <= PAGES else []
        )
        headers = {
            "X-Pagination-Per-Page": str(PER_PAGE),
            "X-Pagination-Current-Page": str(page),
            "X-Pagination-Total-Pages": str(PAGES),
            "X-Pagination-Total-Entries": str(PAGES * PER_PAGE),
        }
        for path in ("/scripts", "/scripts/"):
            for query in (f"limit=100&page_num={page}", f"page_num={page}&limit=100"):
                answers[f"{path}?{query}"] = {"body": objects, "headers": headers}
    return answers


def _run(name: str, program: str, url: str, certificate: Path | None, *arguments: str) -> float:
    """Run one program in the environment that its name belongs to."""
    python = interpreters()["public client" if name == "public client" else "ours"]
    environment = {"CIVIS_API_ENDPOINT": url, "REQUESTS_CA_BUNDLE": str(certificate or "")}
    found = run_program(
        python,
        program,
        url,
        str(description_path()),
        str(certificate or ""),
        *arguments,
        environment=environment,
    )
    return float(json.dumps(found))


def main() -> None:
    arguments = main_arguments(__doc__, repeats=5)
    tables = []
    for threads, tls, delay in product((1, 32), (False, True), (0.0, 0.02)):
        title = f"{threads} thread(s), {'TLS' if tls else 'plain'}, {1000 * delay:.0f} ms server"
        table = Table(title, "calls/s")
        with serving(_answers(), delay=delay, tls=tls) as server:
            found: dict[str, list[float]] = {name: [] for name in CALLERS}
            for _ in range(arguments.repeats):
                for name, caller in CALLERS.items():
                    program = PRELUDE + caller + LOOP
                    found[name].append(_run(name, program, server.url, server.certificate, str(threads), "2"))
        for name, values in found.items():
            table.add(name, values)
        table.show("requests, kept alive")
        tables.append(table)
    table = Table("10,000 objects by iterator=True, 100 a page", "objects/s")
    with serving(_answers()) as server:
        pages: dict[str, list[float]] = {name: [] for name in PAGERS}
        for _ in range(arguments.repeats):
            for name, pager in PAGERS.items():
                pages[name].append(_run(name, PRELUDE + pager + READ, server.url, None, "1", "0"))
    for name, values in pages.items():
        table.add(name, values)
    table.show("requests + json")
    keep(arguments.json, [*tables, table])


if __name__ == "__main__":
    main()
