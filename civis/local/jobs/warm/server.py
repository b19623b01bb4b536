"""A process that has loaded what a program needs, and forks itself for each of its runs.

Started as ``python server.py CHANNEL LAUNCHER IDLE KIND PLACE MODULE…`` by the interpreter that the program
itself would have. PLACE is the program, by its KIND the path of a console script (``script``) or the name of
what ``python -m`` runs (``module``); each MODULE is loaded. It runs nothing but that program, has one thread,
and ends when the other side of CHANNEL does, or asks for nothing for IDLE seconds (empty: for ever). Beside
what the program itself loads it leaves nothing that one could come upon.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping
    from typing import Any

    _Changes = dict[str, tuple[int, int] | None]

_LENGTH = 8  # bytes of a request's length
_FILES = 4  # control, report, output, errors


def _receive(channel: socket.socket) -> tuple[dict[str, Any], list[int]] | None:
    """Wait for a request; None when nobody is there any more to make one, or has made none for long."""
    import json  # noqa: PLC0415 - nothing may be loaded before the path is the program's
    from socket import recv_fds  # noqa: PLC0415 - the same

    try:
        head, files, _, _ = recv_fds(channel, _LENGTH, _FILES)
    except TimeoutError:
        return None
    size = int.from_bytes(head, "big")
    body = b""
    while head and len(body) < size:
        chunk = channel.recv(size - len(body))
        if not chunk:
            return None
        body += chunk
    return (json.loads(body), files) if head else None


def _look(paths: set[str]) -> _Changes:
    """Look when files and folders were changed, and how large they are."""
    found: _Changes = {}
    for path in paths:
        try:
            seen = os.stat(path)
            found[path] = seen.st_mtime_ns, seen.st_size
        except OSError:
            found[path] = None
    return found


def _sources(kind: str, place: str) -> set[str]:
    """List the files that were loaded, and the folders whose content decides what is loaded."""
    files = [getattr(module, "__file__", None) for module in list(sys.modules.values())]
    if kind == "script":
        files.append(place)
    return {*(file for file in files if file), *(folder for folder in sys.path if folder)}


def _load(modules: list[str]) -> None:
    """Load what the program needs, and let garbage collections leave it where all forks share it."""
    import gc  # noqa: PLC0415 - nothing may be loaded before the path is the program's
    import importlib  # noqa: PLC0415 - the same

    for name in modules:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()


def _enter(folder: str, environment: Mapping[str, str], place: str) -> None:
    """Take over a run's folder, and its variables beside those that all runs share.

    Two of these are of the shell, and not the same for all.
    """
    os.chdir(folder)
    os.environ.update(environment)
    for name, value in {"PWD": os.getcwd(), "_": place}.items():
        if name in os.environ:
            os.environ[name] = value


def _be_new(arguments: list[str], files: list[int]) -> None:
    """Look like an interpreter that was just started for the script: files, signals, arguments."""
    import signal  # noqa: PLC0415 - nothing may be loaded before the path is the program's

    os.closerange(3, max(files) + 64)  # those that came last have the highest numbers
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    sys.argv[:] = arguments
    sys.orig_argv[:] = ["python" if arguments[0] == "-m" else sys.executable, *arguments]


def _draw_anew() -> None:
    """Have the generators of random numbers that were loaded begin elsewhere in each fork.

    Python's own sees to that itself.
    """
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        numpy.random.seed()


def _take(request: dict[str, Any], files: list[int], launch: Any) -> bool:
    """In a fork: become launcher and program of a run; True in the one for the program."""
    control, report = files[:2]
    arguments = request["arguments"]
    try:
        os.setsid()
        place = sys.executable if arguments[0] == "-m" else arguments[0]
        _enter(request["folder"], request["environment"], place)
        os.write(report, b'{"launcher": %d}\n' % os.getpid())
        for standard, file in zip((1, 2), files[2:], strict=True):
            os.dup2(file, standard)
        if launch(control, report):
            _be_new(arguments, files)
            _draw_anew()
            return True
    except BaseException:  # what was not taken is started in the usual way
        os._exit(1)
    os._exit(0)


def serve(number: int, launcher: str, idle: str, program: tuple[str, str], modules: list[str]) -> bool:
    """Fork a process for each request; False at the end, True in a process that is to run the program."""
    import signal  # noqa: PLC0415 - nothing may be loaded before the path is the program's
    import socket  # noqa: PLC0415 - the same
    import threading  # noqa: PLC0415 - the same

    names: dict[str, Any] = {"__name__": "launcher"}
    with open(launcher, encoding="utf-8") as file:
        exec(compile(file.read(), launcher, "exec"), names)  # noqa: S102 - ours; no module, so it has no name
    _load(modules)
    loaded = _look(_sources(*program))
    if threading.active_count() > 1:  # a fork would lose them
        return False
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # launchers are reaped by the system
    with socket.socket(fileno=number) as channel:
        channel.settimeout(float(idle) if idle else None)
        channel.sendall(b"R")
        while (received := _receive(channel)) is not None:
            request, files = received
            if _look(set(loaded)) != loaded:
                return False
            if os.fork() == 0:
                channel.close()
                return _take(request, files, names["launch"])
            for each in files:
                os.close(each)
    return False


def _run_script(script: str) -> None:
    """Run a script as the interpreter does."""
    with open(script, encoding="utf-8") as file:
        code = compile(file.read(), script, "exec")
    own, main = sys.modules["__main__"], type(sys)("__main__")
    names = {name: value for name, value in vars(own).items() if name[:2] == "__"}
    loader: Any = type(own.__loader__)
    names.update(__doc__=None, __file__=script, __loader__=loader("__main__", script))
    if "__annotations__" in names:  # until Python 3.13
        names["__annotations__"] = {}
    vars(main).update(names)
    sys.modules["__main__"] = main
    exec(code, vars(main))  # noqa: S102 - what the run's command names


def _run_module(name: str) -> None:
    """Run a module as ``python -m`` does, which looks for others in the folder of the run first."""
    import runpy  # noqa: PLC0415 - nothing may be loaded before the path is the program's

    sys.path.insert(0, os.getcwd())
    del sys.argv[1]
    has_annotations = "__annotations__" in vars(sys.modules["__main__"])  # until Python 3.13
    further: dict[str, Any] = {"__annotations__": {}} if has_annotations else {}
    runpy.run_module(name, further, "__main__", alter_sys=True)


def _start() -> None:
    """Serve; in a fork, run the program, and end as the interpreter does."""
    channel, launcher, idle, kind, place, *modules = sys.argv[1:]
    if kind == "script":
        sys.path[0] = os.path.dirname(place)
    else:
        del sys.path[0]  # it is the folder of each run
    if serve(int(channel), launcher, idle, (kind, place), modules):
        (_run_script if kind == "script" else _run_module)(place)


if __name__ == "__main__":
    _start()
