"""Values put in place of ``{{name}}`` in SQL, so that no value can become SQL that its author did not write.

Which form a value takes depends on where its placeholder stands, never on what the value looks like:

=================================  =============================================================
``'…{{name}}…'``                   its text, quotes and backslashes doubled
``"…{{name}}…"``                   its text, quotes doubled
``from {{name}}``, ``{{name}}.t``  a name: after FROM, JOIN, INTO, TABLE, …, BY, or beside a dot
``{{name}}`` of type table         a name
``{{name}}`` elsewhere             a literal: ``'O''Brien'``, ``42``, ``true``
``{{name.literal}}``               a text literal
``{{name.identifier}}``            a name in quotes
``{{name.shell_escaped}}``         its text, quoted for a shell
``{{name.id}}``, …                 a field of a database or credential
=================================  =============================================================

Placeholders in comments stay as they are, as do those whose name nobody defined.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from civis.local.services.script_parameters import ParameterError

__all__ = ["expanded_arguments", "fill"]

_PLACEHOLDER = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_]*)(?:\.([a-z_]+))?\s*\}\}")
#: Parts of SQL in which quotes and placeholders mean something else; the placeholder itself comes first.
_TOKEN = re.compile(
    r"(?P<placeholder>\{\{\s*[A-Za-z_][A-Za-z0-9_]*(?:\.[a-z_]+)?\s*\}\})"
    r"|(?P<comment>--[^\n]*|/\*.*?(?:\*/|\Z))"
    r"|(?P<text>'(?:[^'\\]|\\.|'')*(?:'|\Z))"
    r'|(?P<name>"(?:[^"]|"")*(?:"|\Z))',
    re.DOTALL,
)
_LOOK_BACK = 80  # characters; no keyword stands further before its name
_NAME_FOLLOWS = re.compile(
    r"(?:\b(?:from|join|into|update|table|view|schema|database|exists|only|truncate|copy|unload|analyze|vacuum|by)"
    r"|\.)\s*\Z",
    re.IGNORECASE,
)
_DOT_FOLLOWS = re.compile(r"\s*\.\s*[A-Za-z_\"{]")
_PART = r'(?:[A-Za-z_][A-Za-z0-9_$]*|"(?:[^"]|"")+")'
_PATH = re.compile(rf"{_PART}(?:\.{_PART}){{0,2}}")
_TEXT_TYPES = ("string", "multi_line_string", "date", "table")


def fill(sql: str, params: Sequence[Mapping[str, Any]], values: Mapping[str, Any]) -> str:
    """Put values in place of their placeholders.

    Parameters
    ----------
    sql : str
    params : sequence of mapping
        The parameters' definitions: `name` and `type`.
    values : mapping
        By parameter name, converted to its type; objects as mappings of their fields.

    Returns
    -------
    str

    Raises
    ------
    ParameterError
        If a name has to stand somewhere and the value is none, or a field is asked for that is not there.

    Examples
    --------
    >>> params = [{"name": "who", "type": "string"}, {"name": "t", "type": "string"}]
    >>> fill("select * from {{t}} where name = {{who}}", params, {"who": "O'Brien", "t": "public.people"})
    "select * from public.people where name = 'O''Brien'"
    """
    types = {str(param["name"]): str(param["type"]) for param in params if param["name"] in values}
    if not types:
        return sql
    written: list[str] = []
    position = 0
    for token in _TOKEN.finditer(sql):
        written.append(sql[position : token.start()])
        position = token.end()
        text = token.group()
        if token.lastgroup == "comment":
            written.append(text)
        elif token.lastgroup == "placeholder":
            before = sql[max(0, token.start() - _LOOK_BACK) : token.start()]
            is_name = _NAME_FOLLOWS.search(before) or _DOT_FOLLOWS.match(sql, token.end())
            written.append(_bare(text, types, values, is_name=bool(is_name)))
        else:
            written.append(_quoted(text, types, values))
    return "".join([*written, sql[position:]])


def expanded_arguments(params: Sequence[Mapping[str, Any]], values: Mapping[str, Any]) -> dict[str, Any]:
    """List every placeholder that SQL can use with its value, as the platform shows them."""
    shown: dict[str, Any] = {}
    for param in params:
        name, kind = str(param["name"]), str(param["type"])
        value = values.get(name)
        if kind.startswith("credential"):
            shown.update({f"{name}.{field}": each for field, each in _fields(value).items()})
            continue
        shown[name] = _plain(value)
        if kind in _TEXT_TYPES:
            forms = ("literal", "identifier", "shell_escaped")
            shown.update(
                {f"{name}.{form}": None if value is None else _FORMS[form](_plain(value)) for form in forms}
            )
    return shown


def _bare(text: str, types: Mapping[str, str], values: Mapping[str, Any], *, is_name: bool) -> str:
    """Write what stands in place of a placeholder outside of quotes."""
    name, field = _split(text)
    if name not in types:
        return text
    value = values[name]
    if field in _FORMS:
        return _FORMS[field](_plain(value))
    if field is not None:
        return _literal(_field(name, value, field))
    if is_name or types[name] == "table":
        return _name(name, str(_plain(value)))
    if types[name] in _TEXT_TYPES:
        return _quote(str(value))
    return _literal(_plain(value))


def _quoted(text: str, types: Mapping[str, str], values: Mapping[str, Any]) -> str:
    """Write a literal or a quoted name with the values inside, which cannot end it."""
    quote = text[0]

    def replace(match: re.Match[str]) -> str:
        name, field = match.group(1), match.group(2)
        if name not in types:
            return match.group()
        value = values[name]
        if field in _FORMS:
            plain = _FORMS[field](_plain(value))
        else:
            plain = _text(_plain(value) if field is None else _field(name, value, field))
        return _quote(plain)[1:-1] if quote == "'" else plain.replace(quote, quote * 2)

    return _PLACEHOLDER.sub(replace, text)


def _split(text: str) -> tuple[str, str | None]:
    """Give a placeholder's name and the field or form it asks for."""
    match = _PLACEHOLDER.fullmatch(text)
    assert match is not None
    return match.group(1), match.group(2)


def _plain(value: Any) -> Any:
    """Give what a placeholder without a field stands for: of an object, its name or ID."""
    if not isinstance(value, Mapping):
        return value
    if "table" in value:
        return ".".join(str(value[part]) for part in ("schema", "table") if value.get(part))
    return next((value[key] for key in ("database", "id") if value.get(key) is not None), "")


def _fields(value: Any) -> dict[str, Any]:
    """Give the fields of an object that a parameter stands for."""
    return dict(value) if isinstance(value, Mapping) else {"id": value}


def _field(name: str, value: Any, field: str) -> Any:
    """Give one field of an object."""
    fields = _fields(value)
    if field not in fields:
        raise ParameterError(f"{{{{{name}.{field}}}}} is not known; there are {', '.join(sorted(fields))}.")
    return fields[field]


def _text(value: Any) -> str:
    """Write a value as text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _literal(value: Any) -> str:
    """Write a value as SQL: numbers and truth values bare, anything else as a text literal."""
    if isinstance(value, (bool, int, float)):
        return _text(value)
    return _quote(_text(value))


def _quote(text: str) -> str:
    """Write a text literal, in which a backslash would escape what follows it."""
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def _quote_name(text: str) -> str:
    """Write a quoted name."""
    return '"' + text.replace('"', '""') + '"'


def _name(parameter: str, text: str) -> str:
    """Write a value as a name, perhaps of several parts; what is none is refused."""
    if not _PATH.fullmatch(text):
        raise ParameterError(
            f"The value {text!r} of the parameter {parameter!r} stands where SQL needs a name, and is none. "
            f"For an unusual name write {{{{{parameter}.identifier}}}}."
        )
    return text


_FORMS: dict[str | None, Callable[[Any], str]] = {
    "literal": lambda value: _quote(_text(value)),
    "identifier": lambda value: _quote_name(_text(value)),
    "shell_escaped": lambda value: shlex.quote(_text(value)),
}
