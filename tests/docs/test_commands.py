"""The command lines on the pages name commands and options that there are."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from civis.cli.groups import HELP_NAMES
from civis.cli.root import root
from civis.cli.state import State
from tests._pages import DOCS, all_pages, examples

_CALL = re.compile(r"(?:^|\| |\()(civis .*)$", re.MULTILINE)
#: What ends a command in a shell.
_ENDS = frozenset({"|", ">", "<", "&&", ";"})


def command_lines() -> Iterator[tuple[str, list[str]]]:
    """Take the calls of `civis` out of the pages' blocks for shells."""
    for path in all_pages():
        name = str(path.relative_to(DOCS))
        for example in examples(name, "bash"):
            for line in _CALL.findall(example.text.replace("\\\n", " ")):
                words = shlex.split(line.replace(')"', " ; "), comments=True)
                end = next((number for number, word in enumerate(words) if word in _ENDS), len(words))
                yield f"{name}: {line.strip()}", words[1:end]


LINES = dict(command_lines())


@pytest.mark.parametrize("line", LINES)
def test_commands_and_options_are_there(line: str) -> None:
    words = LINES[line]
    command: click.Command = root
    path: list[str] = []
    used: list[tuple[list[str], str]] = []
    remaining = iter(words)
    for word in remaining:
        if word == "--":
            break
        if word.startswith("-") and word != "-":
            used.append((list(path), word.partition("=")[0]))
            if isinstance(command, click.Group) and takes_value(command, word):
                next(remaining)
        elif isinstance(command, click.Group):
            with click.Context(command, info_name="civis", obj=State(is_offline=True)) as context:
                found = command.get_command(context, word)
            assert found is not None, f"there is no command {word!r}"
            command = found
            path.append(word)
    assert not isinstance(command, click.Group) or set(words) & set(HELP_NAMES), "it names a group only"
    for place, option in used:
        told = CliRunner().invoke(root, [*place, "--help"])
        assert told.exit_code == 0, told.output
        assert re.search(rf"(^|[\s,/]){re.escape(option)}\b", told.output), f"{place} has no option {option}"


def takes_value(command: click.Command, option: str) -> bool:
    """Tell whether the next word belongs to an option."""
    found = next((each for each in command.params if option in each.opts), None)
    return isinstance(found, click.Option) and not found.is_flag
