"""Groups of commands that are found when they are needed, and that name what is near a mistyped one."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

import click

from civis._names import suggestion
from civis.cli.own_commands import OwnCommand
from civis.cli.words import HELP_NAMES, dashed

__all__ = ["HELP_NAMES", "SearchedGroup", "dashed", "load"]


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
