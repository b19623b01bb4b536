"""The command line: where it begins, and nothing of how it is done.

Nothing is imported here, so that ``civis --version`` answers at once.
"""

from __future__ import annotations

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
    if arguments == ["--version"]:
        sys.stdout.write(f"civis, version {__version__}\n")
        sys.exit(0)
    try:
        if arguments == [] and "_CIVIS_COMPLETE" in os.environ:
            from civis.cli.quick_completion import answered  # noqa: PLC0415 - a shell asks, not a person

            if answered(os.environ["_CIVIS_COMPLETE"]):
                sys.exit(0)
        from civis.cli.root import root  # noqa: PLC0415 - click takes 30 ms, and an interrupt may come meanwhile
    except KeyboardInterrupt:
        sys.exit(130)
    root.main(arguments, prog_name="civis")
