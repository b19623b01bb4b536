"""What scripts take as `params` and `arguments`: checks, defaults, and the values that a run works with.

Pure: knows neither state nor requests. How values get into SQL is for `sql_template` to know.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from civis._names import suggestion

__all__ = ["TYPES", "ParameterError", "check_arguments", "check_definitions", "values_of"]

TYPES = (
    "string",
    "multi_line_string",
    "integer",
    "float",
    "bool",
    "date",
    "file",
    "table",
    "database",
    "credential_aws",
    "credential_redshift",
    "credential_custom",
)
"""What a parameter can be."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_TRUE = frozenset({"true", "t", "y", "yes", "1"})
_FALSE = frozenset({"false", "f", "n", "no", "0"})
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}([T ].*)?", re.ASCII)
#: What an optional parameter is that nobody gave a value, as the platform expands it.
_BLANKS: dict[str, Any] = {"integer": 0, "float": 0, "bool": False}


class ParameterError(ValueError):
    """Definitions or arguments that do not fit; one sentence for each problem."""


def check_definitions(params: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Check the definitions of a script's parameters and fill in what was left out.

    Parameters
    ----------
    params : sequence of mapping
        Each with `name` and `type`; perhaps `label`, `description`, `required`, `value`, `default`,
        `allowed_values`.

    Returns
    -------
    list of dict
        With all of these fields.

    Raises
    ------
    ParameterError
        If a name or type is none, a name comes twice, a required parameter or a credential has a default,
        or a value does not fit its type.
    """
    problems: list[str] = []
    filled: list[dict[str, Any]] = []
    for param in params:
        name, kind = str(param.get("name") or ""), str(param.get("type") or "")
        if not _NAME.fullmatch(name):
            problems.append(f"Code.Parameters the name {name!r} must be a letter, then letters, digits or _.")
        if name in {each["name"] for each in filled}:
            problems.append(f"Code.Parameters {name} is defined twice.")
        if kind not in TYPES:
            problems.append(f"Code.Parameters {name} has the unknown type {kind!r}.{suggestion(kind, TYPES)}")
        required = bool(param.get("required"))
        if required and param.get("default") not in (None, ""):
            problems.append(f"Code.Parameters {name} cannot have a default value since it is required.")
        problems += _problems_of_values(param, name, kind)
        filled.append(
            {
                "name": name,
                "label": param.get("label") or name,
                "description": param.get("description"),
                "type": kind,
                "required": required,
                "value": param.get("value"),
                "default": param.get("default"),
                "allowed_values": list(param.get("allowed_values") or ()),
            }
        )
    if problems:
        raise ParameterError(", ".join(problems))
    return filled


def _problems_of_values(param: Mapping[str, Any], name: str, kind: str) -> list[str]:
    """Tell what is wrong with the fixed value and the default of a parameter."""
    if kind.startswith("credential") and param.get("default") not in (None, ""):
        return [f"Code.Parameters {name} cannot have a default value since it is a credential."]
    found: list[str] = []
    for field in ("value", "default"):
        value = param.get(field)
        if value not in (None, "") and kind in TYPES:
            try:
                _convert({**param, "name": name, "type": kind}, value)
            except ParameterError as error:
                found.append(f"Code.Parameters {name} has a wrong {field}: {error}")
    return found


def check_arguments(params: Sequence[Mapping[str, Any]], arguments: Mapping[str, Any]) -> None:
    """Check arguments against the parameters they are for.

    Raises
    ------
    ParameterError
        If one has no parameter, the wrong type, or a value that is not allowed.
    """
    known = {str(param["name"]): param for param in params}
    problems: list[str] = []
    for name, value in arguments.items():
        if name not in known:
            problems.append(f"There is no parameter {name!r} for an argument.{suggestion(name, list(known))}")
        elif value is not None:
            try:
                _convert(known[name], value)
            except ParameterError as error:
                problems.append(str(error))
    if problems:
        raise ParameterError(" ".join(problems))


def values_of(params: Sequence[Mapping[str, Any]], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Work out each parameter's value: the fixed one, else the argument, else the default, else a blank.

    Parameters
    ----------
    params : sequence of mapping
        As :func:`check_definitions` gave them.
    arguments : mapping

    Returns
    -------
    dict
        By name, converted to the parameter's type.

    Raises
    ------
    ParameterError
        If a required one has no value, or a value has the wrong type.
    """
    found: dict[str, Any] = {}
    missing: list[str] = []
    for param in params:
        name = str(param["name"])
        default = None if param.get("default") == "" else param.get("default")
        given = [param.get("value"), arguments.get(name), default]
        value = next((each for each in given if each is not None), None)
        if value is not None:
            found[name] = _convert(param, value)
        elif param.get("required"):
            missing.append(name)
        else:
            found[name] = _BLANKS.get(str(param["type"]), "")
    if missing:
        raise ParameterError(f"The required parameters {', '.join(missing)} have no value; give arguments.")
    return found


def _convert(param: Mapping[str, Any], value: Any) -> Any:
    """Turn a value into a parameter's type; one that is not allowed, or does not fit, is refused."""
    name, kind = param["name"], param["type"]
    converted = _CONVERTERS.get(str(kind), _reference)(value)
    if converted is None:
        raise ParameterError(f"The parameter {name!r} takes a value of type {kind}, not {value!r}.")
    allowed = param.get("allowed_values")
    if allowed and str(value) not in {str(_allowed_value(each)) for each in allowed}:
        raise ParameterError(f"The parameter {name!r} does not allow the value {value!r}.")
    return converted


def _allowed_value(allowed: Any) -> Any:
    """Give what an entry of `allowed_values` allows."""
    return allowed.get("value") if isinstance(allowed, Mapping) else allowed


def _text(value: Any) -> str | None:
    """Read text; numbers and truth values count as theirs."""
    return str(value) if isinstance(value, (str, int, float)) else None


def _integer(value: Any) -> int | None:
    """Read a whole number."""
    if isinstance(value, bool):
        return None
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    try:
        return int(value)
    except (TypeError, ValueError):
        return None


def _float(value: Any) -> float | int | None:
    """Read a number; a whole one stays one, so that nothing is lost."""
    if isinstance(value, (bool, Mapping)):
        return None
    whole = _integer(value)
    if whole is not None:
        return whole
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def _bool(value: Any) -> bool | None:
    """Read a truth value in any of the platform's spellings."""
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    if word in _TRUE:
        return True
    return False if word in _FALSE else None


def _date(value: Any) -> str | None:
    """Read a date, perhaps with a time."""
    text = str(value)
    return text if _DATE.fullmatch(text) else None


def _reference(value: Any) -> Any:
    """Read what names an object: an ID, or a mapping such as a database's with its credential."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, bool):
        return None
    number = _integer(value)
    return _text(value) if number is None else number


_CONVERTERS: dict[str, Any] = {
    "string": _text,
    "multi_line_string": _text,
    "integer": _integer,
    "float": _float,
    "bool": _bool,
    "date": _date,
}
