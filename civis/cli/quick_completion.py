"""What completes the names of resources and methods in bash, in half the time that click takes to be loaded.

Everything else is left to click: options, values, own groups, and the shells that show help beside names.
"""

from __future__ import annotations

import os

from civis.cli.descriptions import configured_description
from civis.cli.finding import find_resource
from civis.cli.own_commands import AT_ROOT, IN_RESOURCES
from civis.cli.words import dashed

__all__ = ["answer_to"]

#: Where one of these is in what was typed, reading it takes a shell's grammar.
_BEYOND = frozenset("\"'\\$`")


def answer_to(instruction: str) -> str | None:
    """Give the names that what was typed may go on with, a line each; None where click has to find them.

    Parameters
    ----------
    instruction : str
        What the shell's script asks for: ``"bash_complete"``.
    """
    typed = os.environ.get("COMP_WORDS", "")
    if instruction != "bash_complete" or os.environ.get("COMP_CWORD") not in ("1", "2"):
        return None
    number = int(os.environ["COMP_CWORD"])
    words = typed.split()[1:]
    before, begun = words[: number - 1], "".join(words[number - 1 : number])
    if len(before) != number - 1 or any(word[0] == "-" or not _BEYOND.isdisjoint(word) for word in words):
        return None
    names = _names(before[0] if before else None)
    if names is None:
        return None
    return "".join(f"plain,{name}\n" for name in names if name.startswith(begun))


def _names(resource: str | None) -> list[str] | None:
    """Name all commands, or those of a resource; None where click knows better."""
    if resource is not None and dashed(resource) in AT_ROOT:
        return None
    api = configured_description()
    if resource is None:
        found = sorted({*map(dashed, api.resources), *map(dashed, IN_RESOURCES)} - {*AT_ROOT})
        return [*AT_ROOT, *found]
    own = IN_RESOURCES.get(dashed(resource).replace("-", "_"), {})
    known = find_resource(api, resource)
    operations = known.operations if known is not None else ()
    if not operations and not own:
        return None
    return [*own, *(name for name in map(dashed, operations) if name not in own)]
