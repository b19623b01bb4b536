"""A small program between the platform and a run's program: whatever happens, nothing outlives the run.

Started as ``python -I -S launcher.py CONTROL REPORT PROGRAM ARGUMENT…``; knows nothing of the package, so
that it starts fast. CONTROL is a pipe on which the platform writes ``T`` (ask the program to end) or ``K``
(end it); when the platform dies, its end closes, which counts as ``K``. On REPORT the launcher writes a line
of JSON for the start, and one for the end.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys

TYPE_CHECKING = False  # typing itself takes longer to load than all else here
if TYPE_CHECKING:
    import resource
    from typing import NoReturn, TypeAlias

    _Reaped: TypeAlias = tuple[int, int, resource.struct_rusage]

_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36
_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGPIPE)


def _prctl(option: int, value: int) -> None:
    """Ask Linux for something about this process; where that is not possible, it goes on without."""
    if sys.platform != "linux":
        return
    import ctypes  # noqa: PLC0415 - milliseconds that other systems need not spend

    try:
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)
    except (OSError, AttributeError):  # a C library without it
        return


def _offer_to_be_killed() -> None:
    """Have Linux end the program, and not the platform, when memory runs out; children inherit it."""
    try:
        with open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
            file.write("800")
    except OSError:
        return


def _tell(report: int, **fields: object) -> None:
    """Write a line for the platform, which may be gone."""
    try:
        os.write(report, (json.dumps(fields) + "\n").encode())
    except OSError:
        return


def _lead(parent: int) -> None:
    """Lead a session of its own that ends with the launcher, with signals as they usually are."""
    os.setsid()
    for number in (*_SIGNALS, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(127)


def _exec(command: list[str], report: int) -> NoReturn:
    """Become the program."""
    try:
        os.execvp(command[0], command)  # noqa: S606 - no shell is wanted
    except OSError as error:
        _tell(report, error=error.strerror or str(error))
    finally:
        os._exit(127)


def _kill(process: int, number: int) -> None:
    """Send a signal to a program's group; nobody may be left, or only zombies."""
    try:
        os.killpg(process, number)
    except (ProcessLookupError, PermissionError):
        return


def _children() -> list[int]:
    """List the children of this process, by the system's table of processes; none where it has no such."""
    found, own = [], str(os.getpid())
    for name in os.listdir("/proc") if os.path.isdir("/proc/self") else ():
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as file:
                # The name of the program is in parentheses and may hold any of them itself.
                state, parent = file.read().rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if parent == own and state != "Z":
            found.append(int(name))
    return found


def _end_all(process: int, reaped: list[_Reaped]) -> tuple[int, float]:
    """End whatever the program left; give its exit code and the seconds of processor time it took."""
    _kill(process, signal.SIGKILL)
    if not reaped:
        os.kill(process, signal.SIGKILL)  # it may not lead a group yet; unreaped, its ID is its own
    _, status, usage = reaped[0] if reaped else os.wait4(process, 0)
    while True:  # a child's death makes its children ours
        for child in _children():
            try:
                os.kill(child, signal.SIGKILL)
            except ProcessLookupError:
                continue
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            break
    return os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime


def _has_ended(process: int, reaped: list[_Reaped]) -> bool:
    """Tell whether the program has ended; not reaping it keeps its group's ID its own."""
    if hasattr(os, "waitid"):
        return os.waitid(os.P_PID, process, os.WEXITED | os.WNOWAIT | os.WNOHANG) is not None
    found = os.wait4(process, os.WNOHANG)  # macOS before Python 3.13
    if found[0]:
        reaped.append(found)
    return bool(found[0])


def _watch(process: int, control: int, wakes: int, reaped: list[_Reaped]) -> None:
    """Wait until the program has ended or has to; hand on what the platform asks."""
    poll = select.poll()  # `select.select` refuses descriptors from 1024 on, which a busy platform hands out
    for each in (control, wakes):
        poll.register(each, select.POLLIN)
    while not _has_ended(process, reaped):
        ready = [number for number, _ in poll.poll()]
        if wakes in ready:
            os.read(wakes, 512)
        if control in ready:
            asked = os.read(control, 1)
            if asked != b"T":
                return
            _kill(process, signal.SIGTERM)


def launch(control: int, report: int) -> bool:
    """Make a process for the program, watch it to its end, and end all that it started.

    True in the process for the program, which is to become it at once; False here, when all is over.
    """
    for each in (control, report):
        os.set_inheritable(each, False)
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    _offer_to_be_killed()
    wakes, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    for number in _SIGNALS:  # the platform decides when it ends
        signal.signal(number, signal.SIG_IGN)
    own = os.getpid()
    process = os.fork()
    if process == 0:
        signal.set_wakeup_fd(-1)
        _lead(own)
        return True
    # Held open here, the program's output would never end.
    for standard in (1, 2):
        os.dup2(0, standard)
    _tell(report, process=process)
    reaped: list[_Reaped] = []
    _watch(process, control, wakes, reaped)
    code, seconds = _end_all(process, reaped)
    _tell(report, code=code, seconds=seconds)
    return False


if __name__ == "__main__":
    reporting = int(sys.argv[2])
    if launch(int(sys.argv[1]), reporting):
        _exec(sys.argv[3:], reporting)
