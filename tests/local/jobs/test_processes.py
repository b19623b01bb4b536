"""Child processes as runs, with a context that keeps its log in a list."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest

from civis.local.jobs import JobFailed
from civis.local.jobs.usage import Usage
from civis.local.warehouse import Interrupted, Interruption

if os.name != "posix":
    pytest.skip("programs run in groups of processes", allow_module_level=True)

import resource

from civis.local.jobs import processes
from civis.local.jobs.processes import Program, run_process


class ListedLog:
    """As much of a run's context as a process needs; interrupts when a line says so."""

    def __init__(self) -> None:
        self.entries: list[tuple[str, str]] = []
        self.interruption = Interruption()
        self.stopping = threading.Event()
        self.notes: dict[str, Any] = {}
        self.warm = None

    @property
    def lines(self) -> list[str]:
        return [line for _, line in self.entries]

    def log_entries(self, entries: Sequence[tuple[str, str]]) -> None:
        self.entries += entries
        if "interrupt me" in self.lines:
            self.interruption.interrupt()

    def check(self) -> None:
        if self.interruption.is_interrupted:
            raise Interrupted("cancelled")


def run(context: Any, folder: Path, *command: str, grace: float = 5.0, memory_mb: int | None = None) -> None:
    environment = {"PATH": os.environ["PATH"], "WORD": "ünï"}
    run_process(context, Program(command, folder, environment, grace, memory_mb))


def test_a_program_runs_in_its_folder_with_its_environment_only(tmp_path: Path) -> None:
    context = ListedLog()
    run(context, tmp_path, "sh", "-c", 'pwd; echo "$WORD $HOME"')
    assert context.lines == [str(tmp_path.resolve()), "ünï "]


def test_a_platform_with_many_open_files_runs_programs(tmp_path: Path) -> None:
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limits[1] < 2048:
        pytest.skip("no process may have so many files open")
    resource.setrlimit(resource.RLIMIT_NOFILE, (limits[1], limits[1]))
    with ExitStack() as opened:
        opened.callback(resource.setrlimit, resource.RLIMIT_NOFILE, limits)
        for _ in range(1100):  # the pipes to a program have higher numbers then
            opened.callback(os.close, os.open(os.devnull, os.O_RDONLY))
        context = ListedLog()
        run(context, tmp_path, "echo", "here")
    assert context.lines == ["here"]


def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(JobFailed, match="'no-such-program' cannot be started: No such file"):
        run(ListedLog(), tmp_path, "no-such-program")


def test_a_program_that_does_not_listen_is_killed(tmp_path: Path) -> None:
    context = ListedLog()
    source = (
        "import signal, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: print('never', flush=True))\n"
        "print('interrupt me', flush=True)\n"
        "while True: time.sleep(60)\n"
    )
    with pytest.raises(Interrupted):
        run(context, tmp_path, sys.executable, "-c", source, grace=0.2)
    assert context.lines[0] == "interrupt me"
    assert [thread.name for thread in threading.enumerate() if thread.name == "civis-platform-kill"] == []


def test_a_program_may_tidy_up_when_it_is_asked_to_end(tmp_path: Path) -> None:
    context = ListedLog()
    with pytest.raises(Interrupted):
        run(
            context,
            tmp_path,
            "sh",
            "-c",
            "trap 'echo tidied; exit 0' TERM; echo interrupt me; sleep 60 & wait",
        )
    assert context.lines == ["interrupt me", "tidied"]


def test_a_run_that_is_cancelled_already_starts_nothing(tmp_path: Path) -> None:
    context = ListedLog()
    context.interruption.interrupt()
    with pytest.raises(Interrupted):
        run(context, tmp_path, "touch", "made")
    assert list(tmp_path.iterdir()) == []


def test_much_output_arrives_whole_and_in_order(tmp_path: Path) -> None:
    context = ListedLog()
    run(context, tmp_path, sys.executable, "-c", "for i in range(50_000): print(i)")
    assert context.lines == [str(number) for number in range(50_000)]


def children_left(word: str) -> list[str]:
    """List the processes on whose command line a word stands."""
    return [
        each for each in subprocess.check_output(["ps", "-eo", "args"], text=True).split("\n") if word in each
    ]


def test_both_streams_have_levels_of_their_own(tmp_path: Path) -> None:
    context = ListedLog()
    with pytest.raises(JobFailed, match=r"ended with code 1: wrong$"):
        run(context, tmp_path, "sh", "-c", "echo wrong >&2; sleep 0.1; echo right; exit 1")
    assert context.entries == [("error", "wrong"), ("info", "right")]


LEFT = [
    pytest.param("sleep {0} & sleep {0} & exit 0", id="in its group"),
    pytest.param(
        "setsid sleep {0} & setsid sh -c 'setsid sleep {0}' & sleep 0.2", id="in sessions of their own"
    ),
    pytest.param("(sleep {0} &); exit 0", id="an orphan"),
    pytest.param("trap '' TERM; setsid sleep {0} & echo interrupt me; sleep {0}; sleep {0}", id="cancelled"),
]


@pytest.mark.skipif(
    sys.platform != "linux", reason="other systems have no way to adopt what a program leaves"
)
@pytest.mark.parametrize("command", LEFT)
def test_nothing_of_a_program_is_left(tmp_path: Path, command: str) -> None:
    number = f"6{os.getpid()}"  # seconds that no other process sleeps
    context = ListedLog()
    with suppress(Interrupted):
        run(context, tmp_path, "sh", "-c", command.format(number), grace=0.05)
    assert children_left(f"sleep {number}") == []


def test_a_program_that_uses_too_much_memory_ends_with_what_it_used(tmp_path: Path) -> None:
    context = ListedLog()
    source = "import time; kept = bytearray(200_000_000); time.sleep(60)"
    with pytest.raises(JobFailed, match="Process ran out of its 100 MB memory"):
        run(context, tmp_path, sys.executable, "-c", source, memory_mb=100)
    assert 100 < context.notes["max_memory_usage"] < 1000
    assert context.notes["max_cpu_usage"] > 0


def test_the_memory_of_all_that_a_program_starts_counts(tmp_path: Path) -> None:
    one = f"{sys.executable} -c 'import time; kept = bytearray(60_000_000); time.sleep(60)'"
    with pytest.raises(JobFailed, match="memory"):
        run(ListedLog(), tmp_path, "sh", "-c", f"{one} & {one} & wait", memory_mb=100)


def test_pages_that_forks_share_count_once(tmp_path: Path) -> None:
    source = (
        "import os, time\n"
        "kept = bytearray(60_000_000)\n"
        "children = [os.fork() for _ in range(2)]\n"
        "time.sleep(0.7)\n"
    )
    run(ListedLog(), tmp_path, sys.executable, "-c", source, memory_mb=110)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a program of its parent's death")
def test_a_program_whose_launcher_is_killed_has_vanished(tmp_path: Path) -> None:
    source = "import os, signal, time; os.kill(os.getppid(), signal.SIGKILL); time.sleep(60)"
    with pytest.raises(JobFailed, match="vanished"):
        run(ListedLog(), tmp_path, sys.executable, "-c", source)


def test_a_program_that_signals_its_group_ends_itself_only(tmp_path: Path) -> None:
    with pytest.raises(JobFailed, match="ended by signal 9"):
        run(ListedLog(), tmp_path, "sh", "-c", "kill -9 0")


def test_when_the_platform_stops_a_long_grace_is_cut_short(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "GRACE_SECONDS", 0.1)
    context = ListedLog()
    begun = threading.Thread(
        target=lambda: [
            context.interruption.interrupt(),
            context.stopping.set(),
            context.interruption.interrupt(),
        ]
    )
    context.log_entries = lambda entries: begun.start()  # type: ignore[method-assign]
    with pytest.raises(Interrupted):
        run(context, tmp_path, "sh", "-c", "trap '' TERM; echo up; sleep 60; sleep 60", grace=3600)
    begun.join()


def test_a_burst_of_lines_costs_few_transactions(tmp_path: Path) -> None:
    context = ListedLog()
    sizes: list[int] = []
    context.log_entries = lambda entries: sizes.append(len(entries))  # type: ignore[method-assign]
    run(context, tmp_path, sys.executable, "-c", "print('\\n'.join(map(str, range(300_000))))")
    assert sum(sizes) == 300_000
    assert len(sizes) < 100


def test_a_program_that_is_not_there_yet_is_looked_for_again_soon() -> None:
    nobody = Usage(2**31 - 1)
    assert nobody.look() < 0.1
    assert nobody.memory_mb == 0
    own = Usage(os.getppid())  # this very process is among its descendants
    assert own.look() > 0.1
    assert own.memory_mb > 0
