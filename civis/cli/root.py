"""``civis``: the group of all commands, its options, and what happens to errors."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from civis._version import __version__
from civis.cli.failures import told_plainly
from civis.cli.finding import find_resource
from civis.cli.groups import SearchedGroup, load
from civis.cli.help_page import HelpPage
from civis.cli.own_commands import AT_ROOT, IN_RESOURCES, RESOURCE_HELP
from civis.cli.own_options import STYLES
from civis.cli.plain_output import plain_warnings
from civis.cli.state import State, state_of
from civis.cli.words import HELP_NAMES, dashed

__all__ = ["root"]

#: Where a context keeps the word after the resource.
_FOLLOWING = "civis.cli.following"
#: With one of these nothing is asked of the platform.
_OFFLINE = frozenset({*HELP_NAMES, "--dry-run", "--cli-dry-run"})


class Root(SearchedGroup):
    """All commands; those of the API are found in its description."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Note, before anything is read, whether the platform may be asked."""
        is_offline = bool(extra.get("resilient_parsing")) or not _OFFLINE.isdisjoint(args)
        state = extra.setdefault("obj", State(is_offline=is_offline))
        with told_plainly(is_debugging=False):
            context = super().make_context(info_name, args, parent, **extra)
        context.call_on_close(state.close)
        profile = context.params.get("profile")
        if profile is not None:  # before a command is looked up, for which the platform may be asked
            state.profile = profile
            context.with_resource(_environment("CIVIS_PROFILE", profile))
        if not context.resilient_parsing:
            with told_plainly(is_debugging=False):
                _listen(context, state)  # before a command is looked up, as above
        return context

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name our own commands, then the resources."""
        return [*AT_ROOT, *(name for name in _resources(ctx) if name not in AT_ROOT)]

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, with the word after it in view, which tells whether a description is needed."""
        ctx.meta[_FOLLOWING] = dashed(args[1]) if len(args) > 1 else ""
        return super().resolve_command(ctx, args)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Make one command, or the group of one resource."""
        name = dashed(cmd_name)
        if name in AT_ROOT:
            return load(AT_ROOT[name])
        from civis.cli.operations import ResourceGroup  # noqa: PLC0415 - own commands do without

        known = name.replace("-", "_")
        state = state_of(ctx)
        own = IN_RESOURCES.get(known, {})
        if ctx.meta.get(_FOLLOWING) in own:  # no description is needed for these
            return ResourceGroup(name, None)
        resource = find_resource(state.api, name)
        return ResourceGroup(name, resource) if resource is not None or own else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write our own commands, then the resources, a line each."""
        page = HelpPage(formatter.width)
        page.commands("Commands", {name: own.help for name, own in AT_ROOT.items()})
        rows = {name: RESOURCE_HELP.get(name.replace("-", "_"), "") for name in _resources(ctx)}
        page.commands("Resources", {name: text for name, text in rows.items() if name not in AT_ROOT})
        formatter.write(f"\n{page.text()}\n")

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; whatever goes wrong is told in one line."""
        with told_plainly(ctx.params["debug"]):
            return super().invoke(ctx)


def _resources(ctx: click.Context) -> list[str]:
    """Name the resources, without asking the platform."""
    return sorted({*map(dashed, state_of(ctx).api_at_hand().resources), *map(dashed, IN_RESOURCES)})


def _set_output(ctx: click.Context, is_json: bool, output: str | None) -> str | None:
    """Give the form of the output that was asked for before the command."""
    if is_json and output not in (None, "json"):
        raise click.UsageError("--json-output and --output contradict each other", ctx)
    return "json" if is_json else output


def _listen(context: click.Context, state: State) -> None:
    """Show the log as far as it is asked for."""
    state.debug = bool(context.params.get("debug"))
    level = "DEBUG" if state.debug else os.environ.get("CIVIS_LOG_LEVEL")
    if level:
        from civis.cli.logs import show_log  # noqa: PLC0415 - logging takes 5 ms, and most are silent

        context.with_resource(show_log(level))


@click.group(
    cls=Root,
    context_settings={"help_option_names": HELP_NAMES},
    epilog="'civis RESOURCE --help' lists what a resource offers; 'civis RESOURCE COMMAND --help' says how.",
)
@click.version_option(__version__, prog_name="civis")
@click.option(
    "--profile", metavar="NAME", help="The profile to use, before key and address of the environment."
)
@click.option("--output", type=click.Choice(STYLES), help="The form of the output.")
@click.option("--json-output", is_flag=True, help="The same as --output json.")
@click.option("--query", metavar="JMESPATH", help="What to take out of the answer.")
@click.option("--debug", is_flag=True, help="Show requests, and where errors come from.")
@click.pass_context
def root(
    ctx: click.Context,
    profile: str | None,
    output: str | None,
    json_output: bool,
    query: str | None,
    debug: bool,
) -> None:
    """Work with Civis Platform from the command line."""
    state = state_of(ctx)
    state.query = query
    state.output = _set_output(ctx, json_output, output)
    ctx.with_resource(plain_warnings())


@contextmanager
def _environment(name: str, value: str) -> Iterator[None]:
    """Set a variable of the environment as long as a command runs."""
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = before
