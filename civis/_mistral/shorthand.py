"""Text that stands for a name with parameters: ``std.echo output="hi"``, ``fail(msg="no rows")``."""

from __future__ import annotations

import json
import re
from typing import Any

__all__ = ["read_command", "read_parameters"]

_VALUE = r"""<%.*?%>|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^\s,"'()]+"""
_PARAMETER = re.compile(rf"([\w-]+)\s*=\s*({_VALUE})", re.DOTALL)
_COMMAND = re.compile(r"""(fail|succeed|pause|noop)\s*(?:\(\s*(.*?)\s*\)|\s+(msg\s*=.*))?\s*""", re.DOTALL)


def read_parameters(text: str) -> tuple[str, dict[str, Any]]:
    """Take a name and its parameters apart.

    Examples
    --------
    >>> read_parameters("std.echo output='two words' n=3 v=<% $.x %>")
    ('std.echo', {'output': 'two words', 'n': 3, 'v': '<% $.x %>'})
    """
    name, _, rest = text.strip().partition(" ")
    return name, {key: _value(value) for key, value in _PARAMETER.findall(rest)}


def read_command(text: str) -> tuple[str, str | None] | None:
    """Give a command and its message; None for a text that is no command.

    Examples
    --------
    >>> read_command("fail(msg='no rows')"), read_command("pause"), read_command("failure")
    (('fail', 'no rows'), ('pause', None), None)
    """
    match = _COMMAND.fullmatch(text.strip())
    if match is None:
        return None
    given = match[2] or match[3]
    if not given:
        return match[1], None
    parameters = {key: _value(value) for key, value in _PARAMETER.findall(given)}
    message = parameters.get("msg", _value(given) if not parameters else None)
    return match[1], None if message is None else str(message)


def _value(text: str) -> Any:
    """Read a parameter's value: a quoted text, JSON, or the text itself."""
    if text[:1] == text[-1:] == "'":
        return text[1:-1]
    try:
        return json.loads(text)
    except ValueError:
        return text.strip('"')
