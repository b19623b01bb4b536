"""How long the command line goes on where the platform does not answer, and what a person is told meanwhile.

Loaded with the first request only: it needs logging and the client's rules for retries.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from urllib.parse import urlsplit

from civis._http import RetryPolicy
from civis._http.addresses import is_loopback

__all__ = ["notice_of_retries", "policy_for"]

#: Attempts to connect. At an address of this machine a program that listens is there at once, or, when it is
#: being started, after seconds; somebody who sits at a terminal rather tries again than waits for minutes.
#: Without a terminal the client's own rule holds: a script at night is to outlast a restart of the network.
_AT_HOME, _AT_A_TERMINAL = 4, 6


def policy_for(endpoint: str) -> RetryPolicy:
    """Say how often requests to an endpoint are repeated.

    Parameters
    ----------
    endpoint : str
        The base URL of the API.
    """
    if is_loopback(urlsplit(endpoint).hostname or ""):
        return RetryPolicy(connect_attempts=_AT_HOME)
    return RetryPolicy(connect_attempts=_AT_A_TERMINAL if sys.stderr.isatty() else None)


class _Notice(logging.Handler):
    """Tells once, on standard error, that a request is repeated."""

    has_told = False

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line about the first request that is repeated; a lost terminal is no reason to stop."""
        if self.has_told:
            return
        self.has_told = True
        reason = getattr(record, "civis_reason", "no answer")
        try:
            sys.stderr.write(f"The platform gave no good answer ({reason}); trying again, Ctrl-C stops.\n")
            sys.stderr.flush()
        except (OSError, ValueError):
            self.handleError(record)


def notice_of_retries() -> Callable[[], object]:
    """Tell of the first retry from now on; give what ends that."""
    logger = logging.getLogger("civis.http.retries")
    handler, before = _Notice(logging.INFO), logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)

    def end() -> None:
        logger.removeHandler(handler)
        logger.setLevel(before)

    return end
