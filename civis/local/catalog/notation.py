"""The compact notation of types in the catalogue's files; it must not know files, operations, or wording.

A list of fields reads like the columns of a table: ``id integer, name string!, tags string[]``. A type is

- a basic one: ``string integer float boolean object time datetime date``,
- the values allowed: ``asc|desc``, in quotes where there is one only or it is empty: ``"viz"``, ``all|""``,
- the name of a shape, which begins with a capital letter: ``User``,
- fields in place: ``{id integer, name string}``,
- free keys with values of one type: ``map<integer>``,

followed by ``[]`` for an array, ``?`` for a shape without required fields, ``!`` for a required field.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from civis.local.catalog.errors import CatalogError
from civis.local.catalog.model import Type

_TOKEN = re.compile(r'"[^"]*"|[\w:]+|\S')
_VALUE = re.compile(r'"[^"]*"|[\w:]+')

BASIC = {
    "string": Type("string"),
    "integer": Type("integer"),
    "boolean": Type("boolean"),
    "object": Type("object"),
    "float": Type("number", "float"),
    "time": Type("string", "time"),
    "datetime": Type("string", "date-time"),
    "date": Type("string", "date"),
}

Shapes = Callable[[str], Type]


def is_field_list(text: str) -> bool:
    """Tell ``name string, …`` from a type such as ``User[]`` or ``asc|desc``."""
    return " " in text


def parse_type(text: str, shapes: Shapes) -> Type:
    """Parse a type that stands alone, such as ``User[]`` or ``name string, id integer``."""
    if is_field_list(text):
        whole = Type("object")
        parse_fields(text, whole, shapes)
        return whole
    parser = _Parser(text, shapes)
    parsed = parser.type()
    parser.end()
    return parsed


def parse_fields(text: str, into: Type, shapes: Shapes) -> None:
    """Parse a list of fields and add them to an object's type.

    Parameters
    ----------
    text
        The list, such as ``id integer, name string!``.
    into
        The type that gets them: it exists before, so that a shape can hold itself.
    shapes
        Answers the shape of a name.

    Raises
    ------
    CatalogError
        When the text is not in the notation.
    """
    parser = _Parser(text, shapes)
    parser.fields(into)
    parser.end()


class _Parser:
    """Reads one text token by token."""

    def __init__(self, text: str, shapes: Shapes) -> None:
        self._text = text
        self._tokens = [*_TOKEN.findall(text), "", ""]  # so that one may look ahead at the end
        self._at = 0
        self._shapes = shapes

    def fields(self, into: Type) -> None:
        """Read ``name type, …`` up to the text's end or a closing brace."""
        tokens = self._tokens
        while True:
            name = tokens[self._at]
            self._at += 1
            if not name.isidentifier():
                raise self._error(f"a field's name instead of {name!r}")
            into.fields[name] = self.type()
            if tokens[self._at] == "!":
                self._at += 1
                into.required.add(name)
            if tokens[self._at] != ",":
                return
            self._at += 1

    def type(self) -> Type:
        """Read one type with what follows it, but for the mark of a required field."""
        parsed = self._plain()
        tokens = self._tokens
        while tokens[self._at] == "[":
            self._at += 1
            self._expect("]")
            parsed = Type("array", items=parsed)
        return parsed

    def end(self) -> None:
        """Check that nothing is left over."""
        if self._tokens[self._at]:
            raise self._error(f"the end instead of {self._tokens[self._at]!r}")

    def _plain(self) -> Type:
        word = self._tokens[self._at]
        self._at += 1
        if self._tokens[self._at] == "|" or word.startswith('"'):
            return Type("string", enum=self._values(word))
        if word in BASIC:
            return BASIC[word]
        if word == "{":
            inner = Type("object")
            self.fields(inner)
            self._expect("}")
            return inner
        if word == "map":
            self._expect("<")
            values = self.type()
            self._expect(">")
            return Type("object", values=values)
        if word[:1].isupper():
            if self._tokens[self._at] == "?":
                self._at += 1
                word += "?"
            return self._shapes(word)
        raise self._error(f"a type instead of {word!r}")

    def _values(self, first: str) -> tuple[str, ...]:
        values = [first]
        while self._tokens[self._at] == "|":
            values.append(self._tokens[self._at + 1])
            self._at += 2
        for value in values:
            if _VALUE.fullmatch(value) is None:
                raise self._error(f"a value instead of {value!r}")
        return tuple(value.strip('"') for value in values)

    def _expect(self, token: str) -> None:
        if self._tokens[self._at] != token:
            raise self._error(f"{token!r} instead of {self._tokens[self._at]!r}")
        self._at += 1

    def _error(self, wanted: str) -> CatalogError:
        return CatalogError(f"The catalogue's notation wants {wanted}, word {self._at} of: {self._text}")
