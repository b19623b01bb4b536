"""The problems that are found while a definition is read, each with its line; and values of a needed type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from civis._mistral.problems import Problem
from civis._mistral.source import Path, Source

__all__ = ["Notes"]


class Notes:
    """What is found to be wrong.

    Parameters
    ----------
    source : Source
        Knows the lines.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self.problems: list[Problem] = []

    def line(self, path: Path) -> int | None:
        """Give the line of what a path leads to."""
        return self._source.line(*path)

    def add(self, path: Path, message: str, *, task: str | None = None, key: str | None = None) -> None:
        """Note that something is wrong."""
        self.problems.append(Problem(message, task, key, self.line(path)))

    def mapping(self, value: Any, path: Path, key: str, task: str | None = None) -> dict[str, Any]:
        """Give a value that must be a mapping; nothing at all counts as an empty one."""
        if value is None:
            return {}
        if not isinstance(value, Mapping):
            self.add(path, f"it must be a mapping, not {value!r}.", task=task, key=key)
            return {}
        return {str(name): each for name, each in value.items()}

    def seconds(self, value: Any, path: Path, key: str, task: str) -> Any:
        """Give a value that must be a number of seconds, 0 or more, or an expression."""
        if value is None or is_expression(value) or _is_number(value):
            return value
        if isinstance(value, str) and value.strip().isascii() and value.strip().isdecimal():
            return int(value)
        self.add(path, f"it must be a number of seconds, 0 or more, not {value!r}.", task=task, key=key)
        return None

    def count(self, value: Any, path: Path, key: str, task: str, *, least: int = 0) -> Any:
        """Give a value that must be a whole number, or an expression."""
        if value is None or is_expression(value):
            return value
        if isinstance(value, str) and value.strip().isascii() and value.strip().isdecimal():
            value = int(value)
        if isinstance(value, int) and not isinstance(value, bool) and value >= least:
            return value
        self.add(path, f"it must be a whole number, {least} or more, not {value!r}.", task=task, key=key)
        return None


def is_expression(value: Any) -> bool:
    """Tell whether a value is text with an expression."""
    return isinstance(value, str) and "<%" in value


def _is_number(value: Any) -> bool:
    """Tell whether a value is a number that can be a time: neither negative nor endless."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < 10**9
