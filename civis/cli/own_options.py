"""The options that every operation has besides its parameters, as data. Knows no click."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from civis.cli.words import dashed

if TYPE_CHECKING:
    from civis._spec import Operation

__all__ = ["STYLES", "OwnOption", "options_of"]

#: The forms of output.
STYLES = ("yaml", "json", "jsonl", "table", "csv")


class OwnOption(NamedTuple):
    """One option.

    Parameters
    ----------
    name
        What it is called among our own: ``"dry-run"``.
    help
        What it does.
    short
        Its letter, such as ``"-F"``, or empty.
    metavar
        What its value is called; empty for a flag.
    choices
        The values it takes; empty where any will do.
    is_repeatable
        Whether it may be given more than once.
    shown
        How it is typed: where a parameter has its name, ``"--cli-query"``.
    """

    name: str
    help: str
    short: str = ""
    metavar: str = ""
    choices: tuple[str, ...] = ()
    is_repeatable: bool = False
    shown: str = ""

    def row(self) -> tuple[str, str]:
        """Give its line of help: how it is typed, and what it does."""
        value = f"[{'|'.join(self.choices)}]" if self.choices else self.metavar
        typed = f"{self.short}, {self.shown}" if self.short else self.shown
        return f"{typed} {value}".rstrip(), self.help


_ALL = OwnOption("all", "Every page, written as it comes.")
_OPTIONS = (
    OwnOption("field", "A parameter or a part of one; repeatable.", "-F", "NAME=VALUE", is_repeatable=True),
    OwnOption("output", "The form of the output; YAML by default.", choices=STYLES),
    OwnOption("json-output", "The same as --output json."),
    OwnOption("query", "What to take out of the answer.", metavar="JMESPATH"),
    OwnOption("dry-run", "Show the request and send nothing."),
)


def options_of(operation: Operation) -> list[OwnOption]:
    """List them for an operation; one that a parameter is called like gets another name."""
    taken = {dashed(each.name) for each in operation.parameters if not each.required}
    options = (_ALL, *_OPTIONS) if operation.is_paginated else _OPTIONS
    return [
        each._replace(shown=f"--cli-{each.name}" if each.name in taken else f"--{each.name}")
        for each in options
    ]
