"""``civis local``: a Civis Platform on this machine, run from the command line.

It knows how to talk to a person, to a shell and to a child process; everything else is `civis.local`'s,
which is imported by the commands that need it, because its packages are large and optional.
"""

from __future__ import annotations

import gc
import logging
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from types import FrameType
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from civis.local import Platform

__all__ = ["local"]

_NOT_FOUND, _NOT_EXECUTABLE = 127, 126  # as shells have it
_BOUND_COMMAND = Path(__file__).with_name("bound_command.py")
#: Signals that are handed on to a command, where the system has them.
_FORWARDED = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGBREAK")
#: Signals that a terminal sends to the command itself.
_FROM_TERMINAL = ("SIGINT", "SIGQUIT", "SIGBREAK")
#: Signals that a terminal sends, and that a starter may have had ignored.
_OF_TERMINAL = ("SIGHUP", "SIGINT", "SIGQUIT")

_data_dir = click.option(
    "--data-dir",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Where the platform keeps its data.",
)


class _PlainError(click.ClickException):
    """An error that is told in one line; the exit status is 2."""

    exit_code = 2


@contextmanager
def _plain_errors() -> Iterator[None]:
    """Tell what a person can do something about in one line, without a traceback."""
    try:
        yield
    except (click.Abort, click.exceptions.Exit):  # which are RuntimeErrors
        raise
    except (ImportError, OSError, RuntimeError, ValueError) as error:
        raise _PlainError(" ".join(str(error).split()) or type(error).__name__) from error


@click.group()
def local() -> None:
    """Run a Civis Platform on this machine."""


@local.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    metavar="N",
    help="The port to listen on; by default a free one.",
)
@_data_dir
@click.option(
    "--log-requests",
    is_flag=True,
    help="Print a line a request: time, method, path, status, duration, request ID.",
)
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    default=16,
    show_default=True,
    metavar="N",
    help="How many runs of jobs go on at once, not counting those that wait for runs they have started.",
)
@click.option(
    "--time-limit",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="How long a run may take; by default as long as it likes. SQL is interrupted between two steps of "
    "the engine, so that one that is going on may finish first.",
)
@click.option(
    "--containers",
    type=click.Choice(["process", "docker", "podman"]),
    default="process",
    show_default=True,
    help="What runs container scripts: this machine's shell, or Docker or Podman with the script's image.",
)
def start(
    host: str,
    port: int,
    data_dir: Path | None,
    log_requests: bool,
    workers: int,
    time_limit: float | None,
    containers: str,
) -> None:
    """Run a platform until Ctrl-C; its data stay for the next start."""
    with _plain_errors():
        limits = {"workers": workers, "run_seconds": time_limit}
        platform = _lasting_platform(data_dir, host=host, port=port, containers=containers, **limits)
        # Before the start: a signal that comes meanwhile must not leave a half-started platform.
        with _stop_signals() as stops, _started(platform):
            if log_requests:  # before others learn the address
                _print_requests()
            _announce(platform)
            with _settled():
                _wait(stops)


@local.command(
    name="exec",
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
@_data_dir
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def execute(context: click.Context, data_dir: Path | None, command: tuple[str, ...]) -> None:
    """Run COMMAND with a platform that ends with it.

    The command finds the platform by CIVIS_API_ENDPOINT and CIVIS_API_KEY. Signals are handed on to it, and
    its exit status is this one's. Without --data-dir the data go when it ends.
    """
    if not command:
        raise click.UsageError("Missing the command to run: civis local exec [--data-dir DIR] -- COMMAND …")
    with _plain_errors():
        with _loading():
            from civis.local import Platform  # noqa: PLC0415 - large and optional
        with Platform(data_dir) as platform:
            variables = {"CIVIS_API_ENDPOINT": platform.url, "CIVIS_API_KEY": platform.api_key}
            status = _run(command, {**os.environ, **variables})
    context.exit(status)


@local.group()
def database() -> None:
    """Manage the databases of a platform."""


@database.command(name="add")
@click.argument("name")
@_data_dir
def add_database(name: str, data_dir: Path | None) -> None:
    """Add the database NAME to a platform that is not running."""
    with _plain_errors(), _lasting_platform(data_dir, is_working=False) as platform:
        database_id = platform.add_database(name)
        click.echo(f"Database {name!r} has the ID {database_id} in {platform.data_dir}")


@local.group()
def user() -> None:
    """Manage the users of a platform."""


@user.command(name="add")
@click.argument("name")
@click.option("--full-name", help="The person's name; by default NAME.")
@click.option("--email", help="By default NAME@example.com.")
@click.option("--admin", "is_admin", is_flag=True, help="May manage users, groups and all objects.")
@click.option(
    "--key-file",
    type=click.Path(path_type=Path),
    help="Write the key there, for its owner only, instead of printing it.",
)
@_data_dir
def add_user(
    name: str,
    full_name: str | None,
    email: str | None,
    is_admin: bool,
    key_file: Path | None,
    data_dir: Path | None,
) -> None:
    """Add the user NAME, and print an API key of theirs.

    The platform must not be running. The key is shown this once.
    """
    with _plain_errors(), _lasting_platform(data_dir, is_working=False) as platform:
        from civis.local.members import add_member  # noqa: PLC0415 - large and optional

        member = add_member(platform, name, name=full_name, email=email, is_admin=is_admin, key_file=key_file)
        where = f"the key is in {key_file}" if key_file else "the key:"
        click.echo(f"User {name!r} has the ID {member.id} in {platform.data_dir}; {where}", err=True)
        if key_file is None:
            click.echo(member.token)


@local.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@_data_dir
def reset(yes: bool, data_dir: Path | None) -> None:
    """Empty a platform that is not running.

    Databases, files, jobs and users are removed; its key stays.
    """
    with _plain_errors():
        platform = _lasting_platform(data_dir, is_working=False)
        if not (yes or click.confirm(f"Remove all data in {_shown_dir(data_dir)}?", err=True)):
            raise click.ClickException("nothing was removed")
        with platform:
            platform.reset()
            click.echo(f"Emptied {platform.data_dir}", err=True)


@local.command()
def demo() -> None:
    """Move real data in and out of a platform, and check every value.

    A data frame becomes a table, SQL aggregates it, it comes back, is exported as CSV, and that file goes up
    and down again. The platform is a new one, and everything goes when the command ends.
    """
    with _plain_errors():
        _announce_step("… start a platform")
        with _loading():
            from civis.cli.demo import run  # noqa: PLC0415 - imports the whole client
            from civis.local import Platform  # noqa: PLC0415 - large and optional
        with Platform() as platform:
            run(platform.client(), click.echo, announce=_announce_step, progress=sys.stdout.isatty())


def _announce_step(line: str) -> None:
    """Say what is being done; on a terminal the next line takes its place, wholly."""
    is_terminal = sys.stdout.isatty()
    click.echo(f"{line:<79}\r" if is_terminal else line, nl=not is_terminal)


def _lasting_platform(data_dir: Path | None, **options: Any) -> Platform:
    """Make a platform on a directory, by default the one of this user."""
    with _loading():
        from civis.local import Platform, default_data_dir  # noqa: PLC0415 - large and optional
    return Platform(data_dir or default_data_dir(), **options)


def _shown_dir(data_dir: Path | None) -> Path:
    """Give the directory that a command works on, as a person is to read it."""
    from civis.local import default_data_dir  # noqa: PLC0415 - large and optional
    from civis.local.storage import plain_path  # noqa: PLC0415 - large and optional

    return plain_path(data_dir or default_data_dir())


def _wait(stops: SimpleQueue[int]) -> None:
    """Wait for a signal to stop."""
    # Windows delivers no signal to a thread that waits without end.
    seconds = 1.0 if sys.platform == "win32" else None
    while True:
        with suppress(Empty):
            stops.get(timeout=seconds)
            return


def _announce(platform: Platform) -> None:
    """Say where the platform is, at once even if the output goes to a pipe."""
    assign = "set" if sys.platform == "win32" else "export"
    lines = (
        f"Civis Platform is running at {platform.url}",
        f"Its data are in {platform.data_dir}",
        "",
        "To use it, paste into another terminal:",
        "",
        f"  {assign} CIVIS_API_ENDPOINT={platform.url}",
        f"  {assign} CIVIS_API_KEY={platform.api_key}",
        "",
        "Ctrl-C stops it.",
    )
    click.echo("\n".join(lines))
    sys.stdout.flush()


@contextmanager
def _loading() -> Iterator[None]:
    """Keep the garbage collector from looking through modules, a tenth of the time that they take to load."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@contextmanager
def _started(platform: Platform) -> Iterator[None]:
    """Have a platform run, started without the garbage collector, which finds nothing in that time."""
    with _loading():
        platform.start()
    try:
        yield
    finally:
        platform.stop()


@contextmanager
def _settled() -> Iterator[None]:
    """Spare the garbage collector what was loaded for the start and lives as long as the process."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _print_requests() -> None:
    """Print a line a request on standard error, which is not buffered and takes nothing from a pipe."""
    from civis.local.api.access_log import logger  # noqa: PLC0415 - large and optional

    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", datefmt="%H:%M:%S"))
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False


@contextmanager
def _handled(names: tuple[str, ...], handler: Callable[[int, FrameType | None], object]) -> Iterator[None]:
    """Have signals handled inside the block and as before after it; only the main thread can."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name) and not _is_ignored(name)]
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)


def _is_ignored(name: str) -> bool:
    """Tell whether this process was told, as by nohup, to ignore a signal of the terminal's."""
    return name in _OF_TERMINAL and signal.getsignal(getattr(signal, name)) is signal.SIG_IGN


@contextmanager
def _stop_signals() -> Iterator[SimpleQueue[int]]:
    """Give a queue that gets what comes of Ctrl-C and of what asks a process to end.

    A handler runs between any two steps of the main thread, which may be waiting on the same object; of what
    the standard library has, only `SimpleQueue` allows that.
    """
    stops: SimpleQueue[int] = SimpleQueue()
    with _handled(("SIGINT", "SIGTERM", "SIGBREAK"), lambda number, frame: stops.put(number)):
        yield stops


def _run(command: tuple[str, ...], environment: Mapping[str, str]) -> int:
    """Run a command to its end, hand signals on to it, and give its status as a shell would."""
    # Windows finds a .cmd file only by its whole name.
    program = shutil.which(command[0]) if sys.platform == "win32" else command[0]
    children: list[subprocess.Popen[bytes]] = []
    early: list[int] = []
    shares_terminal = _shares_terminal()

    def hand_on(number: int, frame: FrameType | None) -> None:
        if not children:
            early.append(number)
        elif not (shares_terminal and signal.Signals(number).name in _FROM_TERMINAL):
            children[0].send_signal(number)

    with _handled(_FORWARDED, hand_on):
        try:
            arguments = _bound([program or command[0], *command[1:]])
            children.append(subprocess.Popen(arguments, env=environment))  # noqa: S603 - what the user asks for
        except FileNotFoundError:
            click.echo(f"Error: the command {command[0]!r} was not found", err=True)
            return _NOT_FOUND
        except PermissionError:
            click.echo(f"Error: {command[0]!r} is not a program that may be run", err=True)
            return _NOT_EXECUTABLE
        for number in early:
            children[0].send_signal(number)
        status = children[0].wait()
    return 128 - status if status < 0 else status


def _bound(command: list[str]) -> list[str]:
    """Have a command end with this process, even if that is killed, where the system can."""
    if sys.platform != "linux":
        return command
    return [sys.executable, "-I", "-S", str(_BOUND_COMMAND), str(os.getpid()), *command]


def _shares_terminal() -> bool:
    """Tell whether Ctrl-C reaches the command by itself: then handing it on would interrupt it twice."""
    try:
        return os.name == "nt" or os.tcgetpgrp(0) == os.getpgrp()
    except OSError:
        return False
