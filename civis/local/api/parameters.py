"""What a request sends, checked against the catalogue and converted to its types; knows no server.

The values of path, query and body become one mapping of snake_case names. Unknown names are ignored, as the
platform does; what the catalogue requires must be there; a value of another type is converted where that
loses nothing (``"5"`` for an integer) and refused otherwise.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from civis._names import camel_to_snake
from civis.local.api.conversion import Unfit, convert, convert_text
from civis.local.api.errors import ApiError, BadRequest, NotFound

if TYPE_CHECKING:
    from civis.local.catalog import CatalogOperation, CatalogParameter

__all__ = ["read_body", "read_parameters"]

#: What the platform puts before the reasons for refusing a request.
PREFIX = "The given request was not as expected: "
NO_ENDPOINT = "The requested endpoint could not be found."
#: A code unit that JSON can spell alone although it is half a character; no database stores it.
_DEEPEST = 100  # what reads, stores and shapes values calls itself for each level
#: A bracket, or a whole text with the brackets in it.
_NESTING = re.compile(r"""[\[\]{}]|"[^"\\]*(?:\\.[^"\\]*)*"?""", re.DOTALL)
_STEPS = {"[": 1, "{": 1, "]": -1, "}": -1}
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def read_parameters(
    operation: CatalogOperation,
    path_values: Mapping[str, str],
    query: Sequence[tuple[str, str]],
    body: Mapping[str, Any],
) -> dict[str, Any]:
    """Collect and convert all parameters of a request.

    Parameters
    ----------
    operation : CatalogOperation
        What the parameters must be like.
    path_values : mapping of str to str
        The decoded segments of the path by the names in the operation's path.
    query : sequence of (str, str)
        Names and values in their order; arrays as ``name[]`` several times.
    body : mapping
        The JSON body, its keys in snake_case or camelCase.

    Returns
    -------
    dict
        By snake_case name; what was not sent is absent.

    Raises
    ------
    BadRequest
        Naming every parameter that is missing or cannot be converted.
    NotFound
        When a value in the path cannot be one: there is nothing of that ID.
    """
    texts: dict[str, list[str]] = {}
    for name, value in query:
        texts.setdefault(name.removesuffix("[]"), []).append(value)
    bodies = _by_snake_name(body)
    found: dict[str, Any] = {}
    problems: list[str] = []
    for parameter in operation.parameters:
        try:
            if parameter.location == "path":
                found[parameter.name] = _path_value(parameter, path_values)
            elif parameter.location == "query":
                _put(found, parameter, _query_value(parameter, texts))
            elif parameter.location == "body":
                _put(found, parameter, _body_value(parameter, body, bodies))
        except Unfit as error:
            problems.append(str(error))
    if problems:
        raise BadRequest(PREFIX + ", ".join(problems) + ".")
    return found


def read_body(content: bytes, content_type: str = "") -> dict[str, Any]:
    """Read a request's JSON body; an empty one is an empty object.

    Parameters
    ----------
    content : bytes
        The body as received.
    content_type : str, optional
        What the request says it is; a request that says nothing means JSON.

    Raises
    ------
    ApiError
        415 when it says that it is something else.
    BadRequest
        When it is not a JSON object.
    """
    if not content.strip():
        return {}
    kind = content_type.partition(";")[0].strip().lower()
    if kind and kind != "application/json" and not kind.endswith("+json"):
        raise ApiError(415, f"{PREFIX}the body must be sent as application/json, not {kind}.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadRequest(f"{PREFIX}the body is not UTF-8 ({error.reason} at {error.start}).") from None
    if _is_deep(text):
        raise BadRequest(f"{PREFIX}the body is nested more than {_DEEPEST} levels deep.")
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
    except ValueError as error:
        raise BadRequest(f"{PREFIX}the body is not valid JSON ({error}).") from None
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise BadRequest(f"{PREFIX}the body must be a JSON object, not {_kind(value)}.")
    # Only an escape can spell half a character, so most bodies need no second look.
    if b"\\u" in content and _LONE_SURROGATE.search(json.dumps(value, ensure_ascii=False)):
        raise BadRequest(f"{PREFIX}the body has an unpaired surrogate, which is no character.")
    return value


def _is_deep(text: str) -> bool:
    """Tell whether arrays and objects lie in each other beyond any use, without calling itself for each."""
    # Brackets in texts count as well here, which only means that the exact look follows.
    if text.count("[") + text.count("{") <= _DEEPEST:
        return False
    depth = 0
    for found in _NESTING.finditer(text):
        depth += _STEPS.get(found[0], 0)
        if depth > _DEEPEST:
            return True
    return False


def _refuse_constant(text: str) -> Any:
    """Refuse ``NaN`` and ``Infinity``, which Python reads although JSON has none."""
    raise ValueError(f"{text} is no JSON value")


def _kind(value: object) -> str:
    """Name the kind of a JSON value for a message."""
    if isinstance(value, list):
        return "an array"
    return "a string" if isinstance(value, str) else "a single value"


def _by_snake_name(body: Mapping[str, Any]) -> dict[str, Any]:
    """Index a body's values by the snake_case form of their keys."""
    return {camel_to_snake(key): value for key, value in body.items()}


#: Stands for "was not sent", which is not the same as null.
_ABSENT = object()


def _put(found: dict[str, Any], parameter: CatalogParameter, value: Any) -> None:
    """Keep a value that was sent; complain about one that had to be."""
    if value is _ABSENT or (value is None and parameter.required):
        if parameter.required:
            raise Unfit(f"{parameter.wire_name} is missing")
        return
    found[parameter.name] = value


def _path_value(parameter: CatalogParameter, values: Mapping[str, str]) -> Any:
    """Convert a segment of the path; one that cannot be an ID names nothing."""
    text = values.get(parameter.wire_name, values.get(parameter.name, ""))
    try:
        return convert_text(text, parameter.schema, parameter.wire_name)
    except Unfit:
        raise NotFound(NO_ENDPOINT) from None


def _query_value(parameter: CatalogParameter, texts: Mapping[str, list[str]]) -> Any:
    """Convert a query parameter's text, or its texts where it is an array."""
    sent = texts.get(parameter.wire_name, texts.get(parameter.name))
    if sent is None:
        return _ABSENT
    if parameter.type == "array":
        return [convert_text(text, parameter.items, parameter.wire_name) for text in sent]
    # An empty value of anything but a string is one that was left out: ``?limit=``.
    if sent[-1] == "" and parameter.type != "string":
        return _ABSENT
    return convert_text(sent[-1], parameter.schema, parameter.wire_name)


def _body_value(parameter: CatalogParameter, body: Mapping[str, Any], bodies: Mapping[str, Any]) -> Any:
    """Convert a value of the body, whose key may be written either way."""
    for names, key in ((body, parameter.wire_name), (body, parameter.name), (bodies, parameter.name)):
        if key in names:
            return convert(names[key], parameter.schema, parameter.wire_name)
    return _ABSENT
