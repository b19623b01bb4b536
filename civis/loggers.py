"""A logger for scripts: progress to standard output, warnings to standard error."""

from __future__ import annotations

import logging
import os
import sys
from typing import TYPE_CHECKING, TextIO

__all__ = ["civis_logger"]


if TYPE_CHECKING:
    _StreamHandler = logging.StreamHandler[TextIO]
else:
    _StreamHandler = logging.StreamHandler  # takes no type in brackets before Python 3.11


class _StandardStream(_StreamHandler):
    """Writes to what `sys.stdout` or `sys.stderr` is now, since notebooks and tests replace them."""

    def __init__(self, name: str) -> None:
        self._name_in_sys = name
        super().__init__()

    @property
    def stream(self) -> TextIO:
        """The stream to write to."""
        found: TextIO = getattr(sys, self._name_in_sys)
        return found

    @stream.setter
    def stream(self, value: TextIO) -> None:
        """Ignore what the base class sets: the stream is looked up at each record."""


def _is_below_warning(record: logging.LogRecord) -> bool:
    """Whether a record belongs on standard output."""
    return record.levelno < logging.WARNING


def civis_logger(
    name: str | None = None, level: int | str | None = None, fmt: str | logging.Formatter = "%(message)s"
) -> logging.Logger:
    """Make a logger that writes INFO and below to standard output, and the rest to standard error.

    Parameters
    ----------
    name : str, optional
        The logger's name; by default ``"civis"``.
    level : int or str, optional
        The lowest level that is written; by default the environment variable ``CIVIS_LOG_LEVEL``, else INFO.
    fmt : str or logging.Formatter, default "%(message)s"
        How a record is written.

    Returns
    -------
    logging.Logger
        It does not propagate. Asking again for a name replaces format and level and never doubles a line.

    Raises
    ------
    ValueError
        If there is no such level.

    Examples
    --------
    >>> import civis
    >>> log = civis.civis_logger("my_script")
    >>> log.info("loaded %d rows", 3)
    loaded 3 rows
    """
    logger = logging.getLogger(name or "civis")
    chosen = level if level is not None else os.getenv("CIVIS_LOG_LEVEL") or logging.INFO
    logger.setLevel(chosen.upper() if isinstance(chosen, str) and not chosen.isdigit() else int(chosen))
    logger.propagate = False
    for handler in [each for each in logger.handlers if isinstance(each, _StandardStream)]:
        logger.removeHandler(handler)
    formatter = fmt if isinstance(fmt, logging.Formatter) else logging.Formatter(fmt)
    output, errors = _StandardStream("stdout"), _StandardStream("stderr")
    output.addFilter(_is_below_warning)
    errors.setLevel(logging.WARNING)
    for handler in (output, errors):
        handler.setFormatter(formatter)
        logger.addHandler(handler)
    return logger
