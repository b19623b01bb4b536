"""Child processes as runs, with a context that keeps its log in a list."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from civis.local.jobs import JobFailed
from civis.local.warehouse import Interrupted, Interruption

if os.name != "posix":
    pytest.skip("programs run in groups of processes", allow_module_level=True)

from civis.local.jobs.processes import Program, run_process


class ListedLog:
    """As much of a run's context as a process needs; interrupts when a line says so."""

    def __init__(self) -> None:
        self.entries: list[tuple[str, str]] = []
        self.interruption = Interruption()
        self.stopping = threading.Event()
        self.notes: dict[str, Any] = {}

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


def run(
    context: Any, folder: Path, *command: str, grace: float = 5.0, memory_mb: int | None = None
) -> None:
    environment = {"PATH": os.environ["PATH"], "WORD": "ünï"}
    run_process(context, Program(command, folder, environment, grace, memory_mb))


def test_a_program_runs_in_its_folder_with_its_environment_only(tmp_path: Path) -> None:
    context = ListedLog()
    run(context, tmp_path, "sh", "-c", 'pwd; echo "$WORD $HOME"')
    assert context.lines == [str(tmp_path.resolve()), "ünï "]


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
