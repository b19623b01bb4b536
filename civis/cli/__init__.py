"""The command line: where it begins, and nothing of how it is done.

Nothing is imported here that Python does not have at hand, so that ``civis --version`` answers at once.
What can be answered without click is: click takes as long as everything else that help needs.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence

from civis._version import __version__

__all__ = ["main"]


def main(args: Sequence[str] | None = None) -> None:
    """Run the command line and end the process.

    Parameters
    ----------
    args : sequence of str, optional
        The arguments; by default those of the process.

    Raises
    ------
    SystemExit
        Always, with the status: 0; 1 when the platform refused or did not answer; 2 for wrong usage or
        settings; 3 when a job failed; 130 when it was interrupted.

    Examples
    --------
    >>> main(["--version"])  # doctest: +SKIP
    civis, version 3.0.0
    """
    arguments = list(sys.argv[1:] if args is None else args)
    try:
        if sys.stdout is None or sys.stderr is None:
            from civis.cli.plain_output import replace_closed  # noqa: PLC0415 - hardly ever

            replace_closed()
        answer = _quick_answer(arguments)
        if answer is not None:
            from civis.cli.plain_output import write_whole  # noqa: PLC0415 - see above: each import is waited for

            sys.exit(write_whole(answer))
        status = _quick_status(arguments)
        if status is not None:
            # The interpreter, ending, looks through all objects for garbage: for 20 ms. Not so where click
            # runs commands: libraries for data, such as those of the local platform, count on it.
            gc.freeze()
            sys.exit(status)
        from civis.cli.root import root  # noqa: PLC0415 - click takes 30 ms, and an interrupt may come meanwhile
    except KeyboardInterrupt:
        sys.exit(130)
    root.main(arguments, prog_name="civis")


def _quick_status(arguments: list[str]) -> int | None:
    """Run a call of an operation that can be made without click; None for all other command lines."""
    if len(arguments) < 2 or any(word.startswith("-") for word in arguments):
        return None
    if "_CIVIS_COMPLETE" in os.environ:
        return None  # nothing is called by who wants to know how names go on
    from civis.cli.quick_call import status_of_call  # noqa: PLC0415 - see above

    return status_of_call(arguments)


def _quick_answer(arguments: list[str]) -> str | None:
    """Give what a command line prints that can be answered without click; None for all others."""
    if arguments == ["--version"]:
        return f"civis, version {__version__}\n"
    if "_CIVIS_COMPLETE" in os.environ:
        if arguments:
            return None
        from civis.cli.quick_completion import answer_to  # noqa: PLC0415 - a shell asks, not a person

        return answer_to(os.environ["_CIVIS_COMPLETE"])
    if arguments and arguments[-1] in ("-h", "--help"):
        from civis.cli.quick_help import page_of  # noqa: PLC0415 - only help needs it

        page = page_of(arguments)
        return None if page is None else f"{page}\n"
    return None
