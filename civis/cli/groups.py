"""Groups of commands that are found when they are needed, and that name what is near a mistyped one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module

import click

from civis._names import suggestion
from civis.cli.own_commands import OwnCommand

__all__ = ["HELP_NAMES", "SearchedGroup", "dashed", "load", "write_commands"]

HELP_NAMES = ["-h", "--help"]


def dashed(name: str) -> str:
    """Write a name as it is typed: ``list_types`` is ``list-types``."""
    return name.strip("_").replace("_", "-")


def load(own: OwnCommand) -> click.Command:
    """Import a command."""
    module, _, name = own.place.partition(":")
    found = getattr(import_module(module), name)
    assert isinstance(found, click.Command)
    return found


class SearchedGroup(click.Group):
    """A group whose commands are looked up by name, whichever way the name is written."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Find a command; ``list_types`` is ``list-types``."""
        return super().get_command(ctx, cmd_name) or super().get_command(ctx, dashed(cmd_name))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that arguments begin with."""
        name = args[0]
        command = self.get_command(ctx, name)
        if command is not None:
            return command.name or name, command, args[1:]
        if ctx.resilient_parsing:
            return None, None, args[1:]
        if name.startswith("-"):
            raise click.NoSuchOption(name, ctx=ctx)
        what = "command" if ctx.parent is None else f"command in '{ctx.info_name}'"
        hint = suggestion(dashed(name), self.names_to_suggest(ctx))
        raise click.UsageError(f"There is no {what} named {name!r}.{hint}", ctx)

    def names_to_suggest(self, ctx: click.Context) -> Sequence[str]:
        """Give the names that a mistyped one may have meant."""
        return self.list_commands(ctx)


def write_commands(formatter: click.HelpFormatter, title: str, rows: Mapping[str, str]) -> None:
    """Write a section of commands, each in one line, cut where the terminal ends."""
    if not rows:
        return
    indent = max(map(len, rows)) + 4
    room = max(formatter.width - indent, 10)
    with formatter.section(title):
        formatter.write_dl([(name, cut(text, room)) for name, text in rows.items()], col_max=40)


def cut(text: str, room: int) -> str:
    """Take the first sentence of a text, shortened to what there is room for."""
    words = " ".join(text.split())
    first = words.partition(". ")[0].rstrip(".")
    return first if len(first) <= room else first[: room - 1].rstrip() + "…"
