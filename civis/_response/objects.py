"""`Response`: a read-only view of a JSON object. Names are translated when asked for; nothing is copied."""

from __future__ import annotations

import copy
import html
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NoReturn

from civis._deprecation import warn_deprecated
from civis._errors import CivisImmutableResponseError
from civis._names import suggestion
from civis._response.names import KEPT_BELOW, WIRE_NAMES, find_key, shape_of

_NO_HEADERS: Mapping[str, str] = {}


class Context:
    """What all objects of one answer share: its headers, and how names are read."""

    __slots__ = ("has_json_values", "headers", "kept", "names", "translates")

    def __init__(self, headers: Mapping[str, str], translates: bool, has_json_values: bool) -> None:
        self.headers = headers
        self.translates = translates
        #: Where names were found before; stays empty where names are keys.
        self.names: dict[str, str] = WIRE_NAMES if translates else {}
        self.has_json_values = has_json_values
        #: The context below keys whose own keys keep their case, and of plain values.
        self.kept: Context = Context(headers, False, False) if translates or has_json_values else self


_State = tuple[dict[str, Any], dict[str, str], Context]


class Response(Mapping[str, Any]):
    """A JSON object that the platform sent, as a read-only mapping whose keys are attributes too.

    Parameters
    ----------
    json_data : Mapping or None
        The decoded object; None stands for an empty one.
    headers : Mapping[str, str], optional
        Headers of the answer.
    snake_case : bool, default True
        Whether names are given in snake_case; the platform's work too then, and otherwise only they.
    from_json_values : bool, default False
        Whether the object is a JSON value, so that its ``value`` is given as plain decoded JSON.

    Notes
    -----
    Where a key has the name of a method or property (``items``, ``headers``), ask for it as an item.

    Examples
    --------
    >>> response = Response({"id": 3, "lastRun": {"createdAt": "2026-01-05"}})
    >>> response.last_run.created_at == response["lastRun"]["createdAt"]
    True
    >>> response
    Response({'id': 3, 'last_run': {'created_at': '2026-01-05'}})
    """

    # The state is one tuple, since each look at a slot costs 60 ns: object, names met before, context.
    __slots__ = ("__weakref__", "_nested", "_state")

    _state: _State
    _nested: dict[str, Any] | None

    def __init__(
        self,
        json_data: Mapping[str, Any] | None,
        *older: Any,
        headers: Mapping[str, str] | None = None,
        snake_case: bool = True,
        from_json_values: bool = False,
    ) -> None:
        if older:
            if len(older) > 2:
                raise TypeError(
                    f"Response takes json_data and two further values by position, not {len(older)}"
                )
            warn_deprecated(
                "Response(json_data, snake_case, headers) by position",
                since="2.0",
                instead="Response(json_data, headers=…, snake_case=…)",
                stacklevel=3,
            )
            snake_case, headers = older[0], older[1] if len(older) == 2 else headers
        if json_data is None:
            json_data = {}
        elif isinstance(json_data, Response):
            json_data = json_data.json_data
        elif not isinstance(json_data, Mapping):
            raise TypeError(f"A Response is made of a JSON object, not of a {type(json_data).__name__}.")
        context = Context(headers or _NO_HEADERS, bool(snake_case), from_json_values)
        data = json_data if isinstance(json_data, dict) else dict(json_data)
        _set_state(self, (data, context.names, context))
        _set_nested(self, None)

    @property
    def json_data(self) -> dict[str, Any]:
        """The decoded JSON as the platform sent it."""
        return _get_state(self)[0]

    @property
    def headers(self) -> Mapping[str, str]:
        """Headers of the answer; empty where there were none."""
        return _get_state(self)[2].headers

    @property
    def calls_remaining(self) -> int | None:
        """Calls left before the platform's limit, or None where it did not say."""
        return header_number(_get_state(self)[2].headers, "X-RateLimit-Remaining")

    @property
    def rate_limit(self) -> int | None:
        """The platform's limit of calls, or None where it did not say."""
        return header_number(_get_state(self)[2].headers, "X-RateLimit-Limit")

    def json(self, snake_case: bool = True) -> dict[str, Any]:
        """Give a plain dict all the way down, a copy that may be changed.

        Parameters
        ----------
        snake_case : bool, default True
            Whether names are in snake_case or as the platform wrote them.

        Examples
        --------
        >>> Response({"lastRun": {"id": 1}}).json(snake_case=False)
        {'lastRun': {'id': 1}}
        """
        if not snake_case:
            return copy.deepcopy(_get_state(self)[0])
        data, _, context = _get_state(self)
        plain: dict[str, Any] = to_plain(data, context)
        return plain

    # Not __getattr__: Python asks that only after it has made an AttributeError, 500 ns before 3.12.
    def __getattribute__(self, name: str) -> Any:
        if name in _OWN_NAMES:
            return _get_own(self, name)
        data, names, context = _get_state(self)
        if name in data:
            key = name
        else:
            key = names.get(name, "")
            if key not in data:
                found = find_key(data, name) if context.translates else None
                if found is None:
                    return _own_or_missing(self, name)
                key = found
        value = data[key]
        kind = value.__class__
        if kind is not dict and kind is not list:
            return value
        return _wrapped(self, key, value)

    def __getitem__(self, name: str) -> Any:
        key = _key_of(self, name)
        if key is None:
            raise KeyError(_missing(self, name))
        value = _get_state(self)[0][key]
        kind = value.__class__
        if kind is not dict and kind is not list:
            return value
        return _wrapped(self, key, value)

    def __contains__(self, name: object) -> bool:
        return _key_of(self, name) is not None

    def __iter__(self) -> Iterator[str]:
        data, _, context = _get_state(self)
        return iter(shape_of(data) if context.translates else data)

    def __len__(self) -> int:
        return len(_get_state(self)[0])

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Response):
            return self.json_data == other.json_data or self.json() == other.json()
        if isinstance(other, Mapping):
            plain = plain_of(other)
            return bool(plain in (self.json_data, self.json()))
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]  # equal to dicts, which have no hash either

    def __repr__(self) -> str:
        return f"Response({self.json()!r})"

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *(name for name in self if name.isidentifier())})

    def __reduce__(self) -> tuple[Any, ...]:
        data, _, context = _get_state(self)
        return _rebuild, (data, context.headers, context.translates, context.has_json_values)

    def __copy__(self) -> Response:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Response:
        data, _, context = _get_state(self)
        return thin_response(copy.deepcopy(data, memo), context)

    def __setattr__(self, name: str, value: Any) -> NoReturn:
        raise _immutable("set", f".{name}")

    def __delattr__(self, name: str) -> NoReturn:
        raise _immutable("delete", f".{name}")

    def __setitem__(self, name: str, value: Any) -> NoReturn:
        raise _immutable("set", f"[{name!r}]")

    def __delitem__(self, name: str) -> NoReturn:
        raise _immutable("delete", f"[{name!r}]")

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """Print in IPython."""
        with printer.group(9, "Response(", ")"):
            printer.pretty(self.json())

    def _repr_html_(self) -> str:
        """Show as a table of names and values in a notebook."""
        rows = "".join(
            f"<tr><th>{cell(name)}</th><td>{cell(value)}</td></tr>" for name, value in self.json().items()
        )
        return f"<table>{rows}</table>"


# The class refuses assignments and looks for attributes in the data: slots are reached by their descriptors.
_get_state: Callable[[Response], _State] = Response.__dict__["_state"].__get__
_set_state: Callable[[Response, _State], None] = Response.__dict__["_state"].__set__
_get_nested: Callable[[Response], dict[str, Any] | None] = Response.__dict__["_nested"].__get__
_set_nested: Callable[[Response, dict[str, Any] | None], None] = Response.__dict__["_nested"].__set__
_get_own = object.__getattribute__
_new = object.__new__
_OWN_NAMES = frozenset(dir(Response))


def thin_response(data: dict[str, Any], context: Context) -> Response:
    """Make a Response of an object whose context is known; lists of thousands are made of these."""
    response: Response = _new(Response)
    _set_state(response, (data, context.names, context))
    _set_nested(response, None)
    return response


def _key_of(response: Response, name: object) -> str | None:
    """Find the platform's key for a name in either spelling."""
    if not isinstance(name, str):
        return None
    data, names, context = _get_state(response)
    if name in data:
        return name
    if not context.translates:
        return None
    key = names.get(name, "")
    return key if key in data else find_key(data, name)


def _wrapped(response: Response, key: str, value: Any) -> Any:
    """Give an object or list as Responses; made once."""
    nested = _get_nested(response)
    if nested is None:
        nested = {}
        _set_nested(response, nested)
    elif key in nested:
        return nested[key]
    context = _get_state(response)[2]
    if context.has_json_values and key == "value":
        return value
    found = nested[key] = wrap_value(value, context.kept if key in KEPT_BELOW else context)
    return found


def _own_or_missing(response: Response, name: str) -> Any:
    """Give an attribute of a subclass, or say that there is no such field."""
    if hasattr(type(response), name):
        return _get_own(response, name)
    raise AttributeError(_missing(response, name))


def _missing(response: Response, name: object) -> str:
    """Say that a name is not there, and which one may be meant."""
    names = list(response)
    shown = ", ".join(names[:30]) + (", …" if len(names) > 30 else "")
    hint = suggestion(name, names) if isinstance(name, str) else ""
    return f"this response has no {name!r}.{hint} It has: {shown or 'nothing, it is empty'}"


def wrap_value(value: Any, context: Context) -> Any:
    """Give objects as Responses, lists as lists of them, and anything else as it is."""
    kind = value.__class__
    if kind is dict:
        return thin_response(value, context)
    if kind is list:
        return [wrap_value(item, context) for item in value]
    return value


def to_plain(value: Any, context: Context) -> Any:
    """Copy decoded JSON with the names that `context` gives."""
    kind = value.__class__
    if kind is dict:
        if not context.translates and not context.has_json_values:
            return copy.deepcopy(value)
        names = shape_of(value) if context.translates else {key: key for key in value}
        return {name: _plain_field(key, value[key], context) for name, key in names.items()}
    if kind is list:
        return [to_plain(item, context) for item in value]
    return value


def _plain_field(key: str, value: Any, context: Context) -> Any:
    """Copy one field."""
    if context.has_json_values and key == "value":
        return copy.deepcopy(value)
    return to_plain(value, context.kept if key in KEPT_BELOW else context)


def plain_of(value: Any) -> Any:
    """Turn Responses within a user's dicts and lists into dicts, for comparing."""
    if isinstance(value, Response):
        return value.json()
    if isinstance(value, Mapping):
        return {key: plain_of(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain_of(item) for item in value]
    return value


def header_number(headers: Mapping[str, str], name: str) -> int | None:
    """Read a header that is a whole number, in whatever case its name stands."""
    text = headers.get(name)
    if text is None:
        text = next((headers[key] for key in headers if key.lower() == name.lower()), None)
    try:
        return None if text is None else int(text)
    except ValueError:
        return None


def cell(value: Any) -> str:
    """Write a value for a table in a notebook."""
    text = value if isinstance(value, str) else repr(value)
    return html.escape(text if len(text) <= 200 else text[:200] + " …")


def _rebuild(
    data: dict[str, Any], headers: Mapping[str, str], translates: bool, has_json_values: bool
) -> Response:
    """Make a Response again from what was pickled."""
    return Response(data, headers=headers, snake_case=translates, from_json_values=has_json_values)


def _immutable(verb: str, what: str) -> CivisImmutableResponseError:
    """Make the error for writing to a Response, with what to write instead."""
    return CivisImmutableResponseError(
        f"cannot {verb} {what}: a Response is what the platform sent and is read-only. "
        "Work on a copy, data = response.json(), or change the object on the platform "
        "by a put or patch method of the client."
    )
