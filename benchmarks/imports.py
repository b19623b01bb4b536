"""How long ``import civis`` takes, over the bare interpreter, beside `requests` and the public client."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from benchmarks.peers import FOLDER, interpreter_options, public_python
from benchmarks.tables import Table, keep, main_arguments

STATEMENTS = {
    "interpreter alone": (None, "pass"),
    "ours: import civis": (None, "import civis"),
    "ours: civis.io.file_to_civis": (None, "import civis; civis.io.file_to_civis"),
    "import urllib3": (None, "import urllib3"),
    "import requests": (None, "import requests"),
    "public client: import civis": ("public", "import civis"),
    "public client: civis.io.file_to_civis": ("public", "import civis; civis.io.file_to_civis"),
}


def _milliseconds(python: Path, statement: str) -> float:
    start = time.perf_counter()
    command = [str(python), "-I", *interpreter_options(), "-c", statement]
    subprocess.run(command, check=True, cwd=FOLDER)
    return 1000 * (time.perf_counter() - start)


def main() -> None:
    arguments = main_arguments(__doc__, repeats=15)
    peer = public_python()
    table = Table("A process that only imports", "ms")
    for name, (where, statement) in STATEMENTS.items():
        python = peer if where else Path(sys.executable)
        _milliseconds(python, statement)  # the first run writes byte code
        table.add(name, [_milliseconds(python, statement) for _ in range(arguments.repeats)])
    table.show("interpreter alone")
    keep(arguments.json, [table])


if __name__ == "__main__":
    main()
