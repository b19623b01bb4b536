"""How long to wait: what users give as ``timeout=``, read and checked. Knows no socket."""

from __future__ import annotations

__all__ = ["DEFAULT_TIMEOUT", "Seconds", "TimeoutArgument", "seconds_of"]

TimeoutArgument = float | tuple[float | None, float | None] | None
#: Seconds for connecting, and for each piece of the answer.
Seconds = tuple[float, float]
DEFAULT_TIMEOUT: Seconds = (10.0, 60.0)
#: More than three years; a socket refuses numbers that its clock cannot count.
_LONGEST = 1e8


def seconds_of(timeout: TimeoutArgument, default: Seconds = DEFAULT_TIMEOUT) -> Seconds:
    """Turn seconds, or a pair of them, into a pair; what is None gets the default.

    Raises
    ------
    ValueError
        It is neither a number above 0 nor a pair of them.

    Examples
    --------
    >>> seconds_of((5, None))
    (5.0, 60.0)
    """
    if timeout is None:
        return default
    connect, read = (timeout, timeout) if not isinstance(timeout, (tuple, list)) else _pair(timeout)
    return _seconds(connect, default[0], timeout), _seconds(read, default[1], timeout)


def _pair(timeout: tuple[object, ...] | list[object]) -> tuple[object, object]:
    """Take a pair apart."""
    if len(timeout) != 2:
        raise _wrong(timeout)
    return timeout[0], timeout[1]


def _seconds(value: object, default: float, timeout: object) -> float:
    """Read one number of seconds."""
    if value is None:
        return default
    try:
        found = float(value)  # type: ignore[arg-type]  # what it cannot take is refused below
    except (TypeError, ValueError):
        raise _wrong(timeout) from None
    if isinstance(value, (bool, str)) or not 0 < found <= _LONGEST:
        raise _wrong(timeout)
    return found


def _wrong(timeout: object) -> ValueError:
    """Make the error for what is no time."""
    return ValueError(f"timeout={timeout!r}: give seconds above 0, or a pair (connect, read) of them.")
