"""The types of operations' parameters, as click wants them: how a text is read, and what completes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from civis.cli.values import choices, value_of, word_for

if TYPE_CHECKING:
    from civis._spec import Schema

__all__ = ["ParamType", "ValueType"]

if TYPE_CHECKING:
    ParamType = click.ParamType[Any]
else:
    ParamType = click.ParamType  # takes no type in brackets before click 8.5


class ValueType(ParamType):
    """The values of one parameter, told by its schema.

    Parameters
    ----------
    schema : Schema
        The shape of the values.
    is_part : bool, default False
        Whether an array is given in parts, by an option that may be repeated.
    """

    def __init__(self, schema: Schema, is_part: bool = False) -> None:
        self.schema = schema
        self.is_part = is_part
        self.name = word_for(schema)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Turn a text into a value; in parts of an array, into a list."""
        if not isinstance(value, str):
            return value
        try:
            return value_of(value, self.schema, is_part=self.is_part)
        except ValueError as error:
            self.fail(str(error), param, ctx)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[click.shell_completion.CompletionItem]:
        """Offer the values that the description names, and files after ``@``."""
        from click.shell_completion import CompletionItem  # noqa: PLC0415 - only completion needs it

        if incomplete.startswith("@"):
            return [CompletionItem(incomplete, type="file")]
        return [CompletionItem(each) for each in choices(self.schema) if each.startswith(incomplete)]
