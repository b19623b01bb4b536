"""Errors as a person sees them: one line with cause and remedy, and an exit status that scripts can use."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any, Final, NoReturn

import click

from civis.cli.plain_output import discard_output

__all__ = ["FAILED_JOB", "INTERRUPTED", "REFUSED", "WRONG_USAGE", "Failure", "status_of", "told_plainly"]

REFUSED: Final = 1
WRONG_USAGE: Final = 2
FAILED_JOB: Final = 3
INTERRUPTED: Final = 130  # 128 and the number of SIGINT, as shells have it


class Failure(click.ClickException):
    """An error in one line, with its exit status.

    Parameters
    ----------
    message : str
        What was wrong, and what to do.
    exit_code : int
        The status of the process.
    """

    def __init__(self, message: str, exit_code: int = REFUSED) -> None:
        super().__init__(" ".join(message.split()))
        self.exit_code = exit_code  # type: ignore[misc] # click reads it of the instance

    def show(self, file: IO[Any] | None = None) -> None:
        """Write it: in one line for programs, between words wrapped for people."""
        text = f"Error: {self.format_message()}"
        if sys.stderr.isatty():
            import shutil  # noqa: PLC0415 - only errors need it
            import textwrap  # noqa: PLC0415 - as above

            width = shutil.get_terminal_size().columns
            # A column is left free: some terminals make an empty line of what fills one.
            text = textwrap.fill(
                text, width - 1, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
            )
        click.echo(text, file=file, err=True)


class Interrupted(Failure):
    """Ctrl-C, or the end of input at a prompt."""

    def __init__(self) -> None:
        super().__init__("interrupted", INTERRUPTED)

    def show(self, file: IO[Any] | None = None) -> None:
        """Say it after whatever the terminal made of Ctrl-C."""
        click.echo("Interrupted.", err=True)


@contextmanager
def told_plainly(is_debugging: bool) -> Iterator[None]:
    """Turn errors into one line each; when debugging, show where they came from, too."""
    try:
        yield
    except click.exceptions.NoArgsIsHelpError:
        raise
    except click.UsageError as error:
        raise Failure(_with_help(error), WRONG_USAGE) from None
    except (click.exceptions.Exit, click.ClickException, BrokenPipeError):
        raise
    except (KeyboardInterrupt, click.Abort):
        raise Interrupted from None
    except BaseException as error:
        if isinstance(error, (SystemExit, GeneratorExit)):
            raise
        if is_debugging:
            import traceback  # noqa: PLC0415 - only here

            traceback.print_exc()
        _fail(error, is_debugging)


def _with_help(error: click.UsageError) -> str:
    """Say what is wrong with a command line, and where help is: in one line, where click writes four."""
    text = error.format_message()
    end = "" if text.endswith((".", "?", "!", ")")) else "."
    return f"{text}{end} Help: {error.ctx.command_path} --help" if error.ctx is not None else text


def status_of(error: BaseException) -> int:
    """Tell an error that ended a command which click has not run, and give the status to end with."""
    try:
        with told_plainly(is_debugging=False):
            raise error
    except BrokenPipeError:
        discard_output()
        return REFUSED
    except click.ClickException as told:
        told.show()
        return told.exit_code


def _fail(error: BaseException, is_debugging: bool) -> NoReturn:
    """Give an error its line and its status."""
    from civis import _errors  # noqa: PLC0415 - there is an error, so it is loaded

    text = str(error) or type(error).__name__
    futures = sys.modules.get("concurrent.futures")
    if isinstance(error, (_errors.CivisJobFailure, MemoryError)):
        raise Failure(text, FAILED_JOB) from error
    if futures is not None and isinstance(error, futures.CancelledError):
        raise Failure("the run was cancelled", FAILED_JOB) from error
    if isinstance(error, _errors.CivisAPIKeyMissingError):
        raise Failure(text, WRONG_USAGE) from error
    if isinstance(error, _errors.CivisError):
        raise Failure(text, REFUSED) from error
    if isinstance(error, (OSError, ValueError, TypeError, ImportError)):
        raise Failure(_with_file(error, text), WRONG_USAGE) from error
    hint = "" if is_debugging else "; --debug shows where"
    raise Failure(f"unexpected {type(error).__name__}: {text}{hint}", REFUSED) from error


def _with_file(error: BaseException, text: str) -> str:
    """Say what the system says of a file, the file's name first where there is one."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename is not None else error.strerror
    return text
