"""A small program that becomes a command which ends with the process that started it, on Linux.

Started as ``python -I -S bound_command.py PARENT COMMAND ARGUMENT…``; knows nothing of the package, so that
it starts fast. Setting this up between fork and exec in the starting process itself is not safe there: other
threads may hold locks in the moment of the fork.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from contextlib import suppress

_PR_SET_PDEATHSIG = 1
_NOT_FOUND, _NOT_EXECUTABLE = 127, 126  # as shells have it


def main(parent: int, command: list[str]) -> int:
    """Become the command; give a status where that is not possible."""
    # Python's own settings are not the command's; what is ignored by its parent's wish stays ignored.
    for name in ("SIGPIPE", "SIGXFSZ"):
        signal.signal(getattr(signal, name), signal.SIG_DFL)
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    with suppress(OSError, AttributeError):  # a C library without it: the command may outlive its parent
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it ended before it was asked for its end
        return 128 + signal.SIGKILL
    try:
        os.execvp(command[0], command)  # noqa: S606 - no shell is wanted
    except (FileNotFoundError, NotADirectoryError):
        sys.stderr.write(f"Error: the command {command[0]!r} was not found\n")
        return _NOT_FOUND
    except OSError:
        sys.stderr.write(f"Error: {command[0]!r} is not a program that may be run\n")
        return _NOT_EXECUTABLE


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2:]))
