"""The command line: what ``civis`` offers, and nothing of how it is done.

Only click is imported here, so that ``civis --version`` and ``civis --help`` answer at once.
"""

from __future__ import annotations

import click

from civis._version import __version__
from civis.cli.local import local

__all__ = ["main"]


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="civis")
def main() -> None:
    """Work with Civis Platform from the command line."""


main.add_command(local)
