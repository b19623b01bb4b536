"""Operations of the API as commands, made from the model that the client's methods are made from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from civis._names import suggestion
from civis.cli.finding import find_operation, summary_of, usage_words, word_of
from civis.cli.groups import SearchedGroup, load
from civis.cli.help_page import HelpPage
from civis.cli.own_commands import IN_RESOURCES, RESOURCE_HELP
from civis.cli.own_options import options_of
from civis.cli.parameter_types import ParamType, ValueType
from civis.cli.state import state_of
from civis.cli.values import merged, value_of
from civis.cli.words import HELP_NAMES, cut, dashed

if TYPE_CHECKING:
    from civis._spec import Operation, Parameter, Resource

__all__ = ["OperationCommand", "ResourceGroup"]

#: Under these click keeps what was typed; parameters of operations begin with ``of_``.
_WORDS = "words"
_OWN = "own_"


class ResourceGroup(SearchedGroup):
    """The commands of one resource: our own, and one an operation.

    Parameters
    ----------
    name : str
        The resource's name as it is typed.
    resource : Resource or None
        None where the description has none of that name, so that only our own commands are there.
    """

    def __init__(self, name: str, resource: Resource | None) -> None:
        super().__init__(
            name,
            help=RESOURCE_HELP.get(name.replace("-", "_")),
            context_settings={"help_option_names": HELP_NAMES},
        )
        self.resource = resource
        self.own = IN_RESOURCES.get(name.replace("-", "_"), {})

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name all commands, our own first."""
        operations = self.resource.operations if self.resource is not None else ()
        return [*self.own, *(name for name in map(dashed, operations) if name not in self.own)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Make one command."""
        name = dashed(cmd_name)
        if name in self.own:
            return load(self.own[name])
        if self.resource is None:
            return None
        operation = find_operation(self.resource, name)
        return OperationCommand(operation) if operation is not None else None

    def shell_complete(
        self, ctx: click.Context, incomplete: str
    ) -> list[click.shell_completion.CompletionItem]:
        """Name the commands with a line on each, and make none of them."""
        if incomplete.startswith("-"):
            return super().shell_complete(ctx, incomplete)
        from click.shell_completion import CompletionItem  # noqa: PLC0415 - only completion needs it

        return [
            CompletionItem(name, help=self._about(name))
            for name in self.list_commands(ctx)
            if name.startswith(incomplete)
        ]

    def _about(self, name: str) -> str:
        """Say in a line what a command does."""
        if name in self.own:
            return self.own[name].help
        assert self.resource is not None
        found = next(each for each in self.resource.operations if dashed(each) == name)
        return cut(summary_of(self.resource.operations[found]), 200)

    def get_help(self, ctx: click.Context) -> str:
        """List our own commands, then the operations."""
        from civis.cli.operation_help import resource_page  # noqa: PLC0415 - only help needs it

        return resource_page(self.name or "", self.resource, ctx.command_path, ctx.make_formatter().width)


class OperationCommand(click.Command):
    """One operation: required parameters as arguments, the others as options.

    Parameters
    ----------
    operation : Operation
        What it calls.
    """

    def __init__(self, operation: Operation) -> None:
        self.operation = operation
        self.required = [each for each in operation.parameters if each.required]
        self.options = [each for each in operation.parameters if not each.required]
        words = click.Argument([_WORDS], nargs=-1, type=_Words(self.required), expose_value=True)
        super().__init__(
            dashed(operation.name),
            params=[words, *map(_option, self.options), *_own_options(operation)],
            short_help=cut(summary_of(operation), 200),
            context_settings={
                "help_option_names": HELP_NAMES,
                "token_normalize_func": lambda name: name.replace("_", "-"),
            },
        )

    def get_usage(self, ctx: click.Context) -> str:
        """Say how it is called, for errors."""
        page = HelpPage(ctx.make_formatter().width)
        page.usage(ctx.command_path, usage_words(self.operation))
        return page.text()

    def get_help(self, ctx: click.Context) -> str:
        """Say what it does and how, without more of click than the width of its pages."""
        from civis.cli.operation_help import operation_page  # noqa: PLC0415 - only help needs it

        return operation_page(self.operation, ctx.command_path, ctx.make_formatter().width)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments; a mistyped option is told with those that are near."""
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            near = suggestion(
                error.option_name, [name for each in self.get_params(ctx) for name in each.opts]
            )
            raise click.UsageError(f"There is no option {error.option_name!r}.{near}", ctx) from None

    def invoke(self, ctx: click.Context) -> Any:
        """Call the operation and write the answer."""
        from civis.cli.calling import Call, run_call  # noqa: PLC0415 - help and completion do without

        own = {name[len(_OWN) :]: value for name, value in ctx.params.items() if name.startswith(_OWN)}
        try:
            values = self._values(ctx, own.pop("field"))
        except ValueError as error:
            raise click.UsageError(str(error), ctx) from None
        state = state_of(ctx)
        style = "json" if own["json_output"] else own["output"] or state.output
        query = own["query"] if own["query"] is not None else state.query
        run_call(Call(self.operation, values, style, query, own["dry_run"], own.get("all", False)), state)

    def _values(self, ctx: click.Context, fields: Sequence[str]) -> dict[str, Any]:
        """Give the values of the parameters by their names."""
        values = {each.name: value for each in self.options if (value := _given(ctx, each)) is not None}
        if fields:
            from civis.cli.fields import read_fields  # noqa: PLC0415 - only where there are some

            for name, value in read_fields(self.operation, fields).items():
                if name in values:
                    raise click.UsageError(f"{name!r} is given both by an option and by -F", ctx)
                values[name] = value
        words: tuple[str, ...] = ctx.params[_WORDS]
        wanted = [each for each in self.required if each.name not in values]
        if len(words) < len(wanted):
            missing = " ".join(word_of(each) for each in wanted[len(words) :])
            raise click.UsageError(f"Missing argument: {missing}.", ctx)
        if len(words) > len(wanted):
            raise click.UsageError(
                f"Too many arguments: {' '.join(words[len(wanted) :])}. Options give what is optional.",
                ctx,
            )
        for parameter, word in zip(wanted, words, strict=True):
            try:
                values[parameter.name] = value_of(word, parameter.schema)
            except ValueError as error:
                raise click.UsageError(f"Argument {word_of(parameter)}: {error}.", ctx) from None
        return values


def _key(parameter: Parameter) -> str:
    """Give the name under which click keeps a parameter's value."""
    return f"of_{parameter.name}"


def _given(ctx: click.Context, parameter: Parameter) -> Any:
    """Give what was passed for an option, or None."""
    value = ctx.params[_key(parameter)]
    if parameter.schema.type == "array":
        return merged(value) if value else None
    if isinstance(value, tuple):
        return (value[0] if len(value) == 1 else list(value)) if value else None
    return value


def _option(parameter: Parameter) -> click.Option:
    """Make the option of a parameter."""
    is_array = parameter.schema.type == "array"
    # Many of the platform's parameters are texts that hold several values, with commas between.
    is_list_in_text = parameter.schema.type == "string" and parameter.location == "query"
    more: dict[str, Any] = {}
    if parameter.schema.type == "boolean":
        more = {"is_flag": False, "flag_value": "true"}  # --hidden alone is --hidden true
    return click.Option(
        [_key(parameter), f"--{dashed(parameter.name)}"],
        type=ValueType(parameter.schema, is_part=is_array),
        multiple=is_array or is_list_in_text,
        default=None,
        **more,
    )


class _Words(ParamType):
    """Arguments by position: texts, turned into values when it is known which is which."""

    name = "text"

    def __init__(self, parameters: Sequence[Parameter]) -> None:
        self.parameters = parameters

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[click.shell_completion.CompletionItem]:
        """Offer what the description names for the next argument."""
        place = len(ctx.params.get(_WORDS) or ())
        if place >= len(self.parameters):
            return []
        return ValueType(self.parameters[place].schema).shell_complete(ctx, param, incomplete)


def _own_options(operation: Operation) -> list[click.Option]:
    """Make the options that every operation has."""
    return [
        click.Option(
            [_OWN + each.name.replace("-", "_"), *([each.short] if each.short else []), each.shown],
            is_flag=not (each.metavar or each.choices),
            multiple=each.is_repeatable,
            metavar=each.metavar or None,
            type=click.Choice(each.choices) if each.choices else None,
            help=each.help,
        )
        for each in options_of(operation)
    ]
