"""Calls of operations without an option, made without click in two thirds of the time.

What has options, begins with one, names a file, or is not as it should be is left to click.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from civis.cli.finding import find_operation, find_resource
from civis.cli.own_commands import AT_ROOT, IN_RESOURCES
from civis.cli.plain_output import plain_warnings
from civis.cli.state import State
from civis.cli.values import value_of
from civis.cli.words import dashed

if TYPE_CHECKING:
    from civis._spec import Operation

__all__ = ["status_of_call"]


def status_of_call(arguments: Sequence[str]) -> int | None:
    """Call the operation that is asked for, write its answer, and give the status to end with.

    Parameters
    ----------
    arguments : sequence of str
        The whole command line, such as ``["jobs", "get", "12"]``.

    Returns
    -------
    int or None
        None where nothing was done, since click has to find what to do.
    """
    if not _is_plain(arguments):
        return None
    state = State()
    try:
        with plain_warnings():
            return _call(arguments, state)
    except BaseException as error:
        from civis.cli.failures import status_of  # noqa: PLC0415 - click, which errors can wait for

        return status_of(error)
    finally:
        state.close()


def _is_plain(arguments: Sequence[str]) -> bool:
    """Tell whether these are the names of a resource and an operation, and values as they are."""
    if len(arguments) < 2 or os.environ.get("CIVIS_LOG_LEVEL"):
        return False
    if any(not word or word[0] in "-@" for word in arguments):
        return False
    resource, operation = map(dashed, arguments[:2])
    return resource not in AT_ROOT and operation not in IN_RESOURCES.get(resource.replace("-", "_"), {})


def _call(arguments: Sequence[str], state: State) -> int | None:
    """Find the operation, read its values and send them; None where one of these cannot be."""
    resource = find_resource(state.api, arguments[0])
    operation = find_operation(resource, arguments[1]) if resource is not None else None
    values = _values(operation, arguments[2:]) if operation is not None else None
    if operation is None or values is None:
        return None
    from civis.cli.calling import Call, run_call  # noqa: PLC0415 - there may be nothing to call

    run_call(Call(operation, values), state)
    return 0


def _values(operation: Operation, words: Sequence[str]) -> dict[str, Any] | None:
    """Give the values of the required parameters; None where they are not these."""
    required = [each for each in operation.parameters if each.required]
    if len(required) != len(words):
        return None
    try:
        return {each.name: value_of(word, each.schema) for each, word in zip(required, words, strict=True)}
    except ValueError:
        return None
