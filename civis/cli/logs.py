"""The log on standard error, as long as a command runs."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

__all__ = ["show_log"]


@contextmanager
def show_log(level: str) -> Iterator[None]:
    """Write what the package logs, from a level on, to standard error.

    Raises
    ------
    click.UsageError
        If there is no such level.
    """
    number = int(level) if level.isdigit() else logging.getLevelName(level.upper())
    if not isinstance(number, int):
        raise click.UsageError(f"CIVIS_LOG_LEVEL={level!r} is no level; use DEBUG, INFO, WARNING or ERROR")
    logger = logging.getLogger("civis")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(number)
    try:
        yield
    finally:
        logger.setLevel(before)
        logger.removeHandler(handler)
