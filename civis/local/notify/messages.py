"""Messages in the order of their time tokens, the latest of them kept; pure, and thread-safe by its lock.

A time token is PubNub's: units of 100 ns since 1970, no two alike.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from civis._clock import Clock

__all__ = ["KEPT", "Message", "MessageLog", "run_message"]

#: Messages that are kept for who was away.
KEPT = 20_000
_PER_SECOND = 10_000_000


@dataclass(frozen=True)
class Message:
    """What was published, and when."""

    token: int
    payload: Mapping[str, Any]


def run_message(job_id: int, run_id: int, state: str) -> dict[str, Any]:
    """Give the message that a run has come to a state.

    Examples
    --------
    >>> run_message(3, 7, "succeeded")
    {'object': {'id': 3}, 'run': {'id': 7, 'state': 'succeeded'}}
    """
    return {"object": {"id": job_id}, "run": {"id": run_id, "state": state}}


class MessageLog:
    """The latest messages.

    Parameters
    ----------
    clock : Clock
        Gives the time tokens.
    kept : int, default 20,000
        How many messages stay; of more, the oldest go.

    Examples
    --------
    >>> from civis._clock import FakeClock
    >>> log = MessageLog(FakeClock(100.0))
    >>> start = log.now()
    >>> message = log.add({"a": 1})
    >>> [each.payload for each in log.after(start)], log.after(message.token)
    ([{'a': 1}], [])
    """

    def __init__(self, clock: Clock, kept: int = KEPT) -> None:
        self._clock = clock
        self._messages: deque[Message] = deque(maxlen=kept)
        self._last = 0
        self._lock = threading.Lock()

    def add(self, payload: Mapping[str, Any]) -> Message:
        """Publish a message."""
        with self._lock:
            # A clock that stands still, or goes back, gives every message a token of its own nevertheless.
            self._last = max(self._last + 1, self._present())
            message = Message(self._last, payload)
            self._messages.append(message)
            return message

    def after(self, token: int) -> list[Message]:
        """List what was published after a time token, oldest first."""
        with self._lock:
            found: list[Message] = []
            for message in reversed(self._messages):
                if message.token <= token:
                    break
                found.append(message)
        return found[::-1]

    def now(self) -> int:
        """Give the time token of this moment: no message so far is later."""
        with self._lock:
            return max(self._last, self._present())

    def clear(self) -> None:
        """Forget all messages; time tokens go on growing."""
        with self._lock:
            self._messages.clear()

    def _present(self) -> int:
        """Give the clock's time as a token."""
        return int(self._clock.time() * _PER_SECOND)
