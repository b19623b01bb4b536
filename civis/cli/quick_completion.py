"""What completes the names of resources and methods in bash, in half the time that click takes to be loaded.

Everything else is left to click: options, values, own groups, and the shells that show help beside names.
"""

from __future__ import annotations

import os
import sys

__all__ = ["answered"]

#: Where one of these is in what was typed, reading it takes a shell's grammar.
_BEYOND = frozenset("\"'\\$`")


def answered(instruction: str) -> bool:
    """Print the names that what was typed may go on with; False where click has to find them.

    Parameters
    ----------
    instruction : str
        What the shell's script asks for: ``"bash_complete"``.
    """
    typed = os.environ.get("COMP_WORDS", "")
    if instruction != "bash_complete" or os.environ.get("COMP_CWORD") not in ("1", "2"):
        return False
    number = int(os.environ["COMP_CWORD"])
    words = typed.split()[1:]
    before, begun = words[: number - 1], "".join(words[number - 1 : number])
    if len(before) != number - 1 or any(word[0] == "-" or not _BEYOND.isdisjoint(word) for word in words):
        return False
    names = _names(before[0] if before else None)
    if names is None:
        return False
    sys.stdout.write("".join(f"plain,{name}\n" for name in names if name.startswith(begun)))
    return True


def _names(resource: str | None) -> list[str] | None:
    """Name all commands, or those of a resource; None where click knows better."""
    from civis._env import api_endpoint, api_key  # noqa: PLC0415 - the fewer are loaded, the sooner it answers
    from civis._errors import CivisError  # noqa: PLC0415 - as above
    from civis.cli.descriptions import description_at_hand  # noqa: PLC0415 - as above
    from civis.cli.own_commands import AT_ROOT, IN_RESOURCES  # noqa: PLC0415 - as above

    if resource is not None and _dashed(resource) in AT_ROOT:
        return None
    try:
        endpoint = api_endpoint()
        key = api_key(None, endpoint)
    except (CivisError, ValueError):  # settings are told to be wrong by what needs them
        endpoint, key = "", None
    api = description_at_hand(endpoint, key)
    if resource is None:
        found = sorted({*map(_dashed, api.resources), *map(_dashed, IN_RESOURCES)} - {*AT_ROOT})
        return [*AT_ROOT, *found]
    own = IN_RESOURCES.get(_dashed(resource).replace("-", "_"), {})
    known = next((each for each in api.resources if _dashed(each) == _dashed(resource)), None)
    operations = api.resources[known].operations if known is not None else ()
    if not operations and not own:
        return None
    return [*own, *(name for name in map(_dashed, operations) if name not in own)]


def _dashed(name: str) -> str:
    """Write a name as it is typed."""
    return name.strip("_").replace("_", "-")
