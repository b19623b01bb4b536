"""Operations of the API as commands, made from the model that the client's methods are made from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from civis._names import suggestion
from civis.cli.groups import HELP_NAMES, SearchedGroup, cut, dashed, load, write_commands
from civis.cli.own_commands import IN_RESOURCES, RESOURCE_HELP
from civis.cli.state import state_of
from civis.cli.values import ParamType, ValueType, merged, value_of

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
        operations = self.resource.operations
        known = name.replace("-", "_")
        known = self.resource.older_names.get(known, known)
        if known not in operations:
            known = next((each for each in operations if dashed(each) == name), "")
        return OperationCommand(operations[known]) if known else None

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
        return cut(_summary(self.resource.operations[found]), 200)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write our own commands, then the operations."""
        write_commands(formatter, "Commands", {name: own.help for name, own in self.own.items()})
        operations = self.resource.operations if self.resource is not None else {}
        rows = {
            dashed(name): _summary(operations[name]) for name in operations if dashed(name) not in self.own
        }
        write_commands(formatter, "Operations", rows)


def _summary(operation: Operation) -> str:
    """Say in a line what an operation does."""
    return operation.summary or operation.description or f"{operation.http_method} {operation.path}"


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
        own = _own_options({dashed(each.name) for each in self.options}, operation.is_paginated)
        super().__init__(
            dashed(operation.name),
            params=[words, *map(_option, self.options), *own],
            short_help=cut(_summary(operation), 200),
            context_settings={
                "help_option_names": HELP_NAMES,
                "token_normalize_func": lambda name: name.replace("_", "-"),
            },
        )

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        """Name the arguments after the options."""
        return ["[OPTIONS]", *(metavar(each) for each in self.required)]

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write what the operation does, and which one it is."""
        from civis.cli.operation_help import write_about  # noqa: PLC0415 - only help needs it

        write_about(formatter, self.operation)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the parameters, what goes for all operations, and an example."""
        from civis.cli.operation_help import write_parameters  # noqa: PLC0415 - only help needs it

        own = [
            record
            for each in self.get_params(ctx)
            if each.name == "help" or (each.name or "").startswith(_OWN)
            if (record := each.get_help_record(ctx)) is not None
        ]
        write_parameters(formatter, self.operation, own)

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
            missing = " ".join(metavar(each) for each in wanted[len(words) :])
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
                raise click.UsageError(f"Argument {metavar(parameter)}: {error}.", ctx) from None
        return values


def metavar(parameter: Parameter) -> str:
    """Name a required parameter as help does."""
    return parameter.name.strip("_").upper()


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


def _own_options(taken: set[str], is_paginated: bool) -> list[click.Option]:
    """Make the options that every operation has; one that a parameter is called like gets another name."""

    def made(name: str, *short: str, **more: Any) -> click.Option:
        shown = f"--cli-{name}" if name in taken else f"--{name}"
        return click.Option([_OWN + name.replace("-", "_"), *short, shown], **more)

    from civis.cli.output import STYLES  # noqa: PLC0415 - click loads before it

    options = [
        made(
            "field",
            "-F",
            multiple=True,
            metavar="NAME=VALUE",
            help="A parameter or a part of one; repeatable.",
        ),
        made("output", type=click.Choice(STYLES), help="The form of the output; YAML by default."),
        made("json-output", is_flag=True, help="The same as --output json."),
        made("query", metavar="JMESPATH", help="What to take out of the answer."),
        made("dry-run", is_flag=True, help="Show the request and send nothing."),
    ]
    if is_paginated:
        options.insert(0, made("all", is_flag=True, help="Every page, written as it comes."))
    return options
