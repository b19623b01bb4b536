"""Whole commands, from the start of the process to its end, beside those of the public client.

Both work against one local platform, with what they keep of its description at hand.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.peers import interpreter_options, program_environment, public_python
from benchmarks.tables import Table, keep, main_arguments
from civis.local import Platform

#: What is run: its arguments, and further variables. Ours alone completes the names of methods.
COMMANDS: dict[str, tuple[list[str], dict[str, str]]] = {
    "civis --version": (["--version"], {}),
    "civis --help": (["--help"], {}),
    "civis jobs list --help": (["jobs", "list", "--help"], {}),
    "civis users get-me": (["users", "get-me"], {}),
    "civis jobs list": (["jobs", "list"], {}),
}
#: What the public client calls otherwise.
PUBLIC_WORDS = {"civis users get-me": ["users", "list-me"]}
COMPLETION = {"_CIVIS_COMPLETE": "bash_complete", "COMP_WORDS": "civis jobs li", "COMP_CWORD": "2"}


#: Starts a program and prints the peak of its memory: in a small process of its own, since a child counts
#: what its parent had when it was made.
WATCHER = """
import os, resource, subprocess, sys
status = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)
sys.exit(status)
"""


def _command(python: Path, arguments: list[str]) -> list[str]:
    """Give the whole command line of one environment's ``civis``."""
    return [str(python), *interpreter_options(), str(python.parent / "civis"), *arguments]


def _run(python: Path, arguments: list[str], environment: dict[str, str]) -> float:
    """Run a command line and return its milliseconds."""
    start = time.perf_counter()
    subprocess.run(_command(python, arguments), env=environment, stdout=subprocess.DEVNULL, check=True)
    return 1000 * (time.perf_counter() - start)


def _memory(python: Path, arguments: list[str], environment: dict[str, str]) -> float:
    """Run a command line and return the peak of its memory in MB."""
    watcher = [sys.executable, "-S", "-c", WATCHER]
    ended = subprocess.run(
        [*watcher, *_command(python, arguments)], env=environment, capture_output=True, text=True, check=True
    )
    return float(ended.stdout)


def _bare(python: Path) -> float:
    """Return the milliseconds of an interpreter that does nothing."""
    start = time.perf_counter()
    subprocess.run([str(python), *interpreter_options(), "-c", "pass"], check=True)
    return 1000 * (time.perf_counter() - start)


def main() -> None:
    arguments = main_arguments(__doc__ or "", repeats=15)
    ours, peer = Path(sys.executable), public_python()
    times, memory = Table("A whole command", "ms"), Table("The most memory that it takes", "MB")
    with Platform() as platform, tempfile.TemporaryDirectory() as home:
        variables = {
            "CIVIS_API_ENDPOINT": platform.url,
            "CIVIS_API_KEY": platform.api_key,
            "HOME": home,
            "XDG_CACHE_HOME": f"{home}/cache",
        }
        environment = program_environment(variables)
        runs = [
            (
                f"{who}: {name}",
                python,
                words if who == "ours" else PUBLIC_WORDS.get(name, words),
                {**environment, **further},
            )
            for name, (words, further) in COMMANDS.items()
            for who, python in (("ours", ours), ("public client", peer))
        ]
        runs.append(("ours: completion of civis jobs li", ours, [], {**environment, **COMPLETION}))
        times.add("interpreter alone", [_bare(ours) for _ in range(arguments.repeats)])
        for name, python, words, settings in runs:
            _run(python, words, settings)  # the first run writes byte code and fetches the description
            times.add(name, [_run(python, words, settings) for _ in range(arguments.repeats)])
            memory.add(name, [_memory(python, words, settings) for _ in range(3)])
    times.show("interpreter alone")
    memory.show(memory.rows[0][0])
    keep(arguments.json, [times, memory])


if __name__ == "__main__":
    main()
