"""`Response`: a read-only view of a JSON object. Names are translated when asked for; nothing is copied."""

from __future__ import annotations

import copy
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import repeat
from typing import Any, NoReturn

from civis._deprecation import warn_deprecated
from civis._errors import CivisImmutableResponseError
from civis._masking import mask_value
from civis._names import suggestion
from civis._response.headers import header_number, without_secrets
from civis._response.names import KEPT_BELOW, WIRE_NAMES, find_key, remember_name, shape_of
from civis._response.printing import teach_pprint
from civis._response.shown import DEEPEST, html_of_object, shown_repr

_NO_HEADERS: Mapping[str, str] = {}

#: Keys whose objects may not be read as those around them are.
_NOT_AS_CONTEXT = KEPT_BELOW | {"value"}


class Context:
    """What all objects of one answer share: its headers, and how names are read."""

    __slots__ = ("has_json_values", "headers", "kept", "translates")

    def __init__(self, headers: Mapping[str, str], translates: bool, has_json_values: bool) -> None:
        self.headers = headers
        self.translates = translates
        self.has_json_values = has_json_values
        #: The context below keys whose own keys keep their case, and of plain values.
        self.kept: Context = Context(headers, False, False) if translates or has_json_values else self


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

    What is shown of a response (its repr, a notebook's table) is cut to a length that can be read, and hides
    passwords, tokens and the queries of signed URLs. Attributes, items and `json` give everything as it is.

    Examples
    --------
    >>> response = Response({"id": 3, "lastRun": {"createdAt": "2026-01-05"}})
    >>> response.last_run.created_at == response["lastRun"]["createdAt"]
    True
    >>> response
    Response({'id': 3, 'last_run': {'created_at': '2026-01-05'}})
    """

    # A lookup of a slot costs 60 ns, so that an attribute needs one: only an object whose names are
    # translated has `_translated`, any other has `_kept` in its place. `_lists` comes with the first list.
    __slots__ = ("__weakref__", "_context", "_kept", "_lists", "_translated")

    _context: Context
    _kept: dict[str, Any]
    _translated: dict[str, Any]
    _lists: dict[str, list[Any]]

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
            json_data = data_of(json_data)
        elif not isinstance(json_data, Mapping):
            raise TypeError(f"A Response is made of a JSON object, not of a {type(json_data).__name__}.")
        data = json_data if isinstance(json_data, dict) else dict(json_data)
        _fill(self, data, Context(headers or _NO_HEADERS, bool(snake_case), from_json_values))

    @property
    def json_data(self) -> dict[str, Any]:
        """The decoded JSON as the platform sent it."""
        return data_of(self)

    @property
    def headers(self) -> Mapping[str, str]:
        """Headers of the answer; empty where there were none."""
        return context_of(self).headers

    @property
    def calls_remaining(self) -> int | None:
        """Calls left before the platform's limit, or None where it did not say."""
        return header_number(context_of(self).headers, "X-RateLimit-Remaining")

    @property
    def rate_limit(self) -> int | None:
        """The platform's limit of calls, or None where it did not say."""
        return header_number(context_of(self).headers, "X-RateLimit-Limit")

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
        data = data_of(self)
        plain: dict[str, Any] = to_plain(data, context_of(self)) if snake_case else copy.deepcopy(data)
        return plain

    # Not __getattr__: Python asks that only after it has made an AttributeError, 500 ns before 3.12. Names of
    # methods and properties are never remembered as names of fields, so that they need no look of their own.
    def __getattribute__(self, name: str) -> Any:
        try:
            data = _get_translated(self)
            key = WIRE_NAMES[name]
            if key is not name and name in data:
                key = name
            value = data[key]
        except (AttributeError, KeyError):
            data = value = {}  # no local of a frame that an error goes through shows what is in an object
        else:
            kind = value.__class__
            if kind is dict:
                if key in _NOT_AS_CONTEXT:
                    return _nested(self, key, value)
                # As in `_nested`, without the calls: objects in objects are asked for one after another.
                context = context_of(self)
                response: Response = _new(Response)
                (_set_translated if context.translates else _set_kept)(response, value)
                _set_context(response, context)
                return response
            return _nested(self, key, value) if kind is list else value
        if name in _OWN_NAMES:
            return _get_own(self, name)
        found = key_of(self, name)
        return _own_or_missing(self, name) if found is None else _field(self, found)

    def __getitem__(self, name: str) -> Any:
        key = key_of(self, name)
        if key is None:
            raise KeyError(_missing(self, name))
        return _field(self, key)

    def __contains__(self, name: object) -> bool:
        return key_of(self, name) is not None

    def __iter__(self) -> Iterator[str]:
        data = data_of(self)
        return iter(shape_of(data) if context_of(self).translates else data)

    def __len__(self) -> int:
        return len(data_of(self))

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Response):
            return data_of(self) == data_of(other) or self.json() == other.json()
        if isinstance(other, Mapping):
            plain = plain_of(other)
            return bool(plain in (data_of(self), self.json()))
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]  # equal to dicts, which have no hash either

    def __repr__(self) -> str:
        teach_pprint(Response, _shown)  # which asks for this text first
        return f"Response({shown_repr(to_shown(self))})"

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *(name for name in self if name.isidentifier())})

    def __reduce__(self) -> tuple[Any, ...]:
        context = context_of(self)
        headers = without_secrets(context.headers)
        return _rebuild, (data_of(self), headers, context.translates, context.has_json_values)

    def __copy__(self) -> Response:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Response:
        return thin_response(copy.deepcopy(data_of(self), memo), context_of(self))

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
            printer.pretty(mask_value(to_shown(self)))

    def _repr_html_(self) -> str:
        """Show as a table of names and values in a notebook."""
        return html_of_object(to_shown(self))


# The class refuses assignments and looks for attributes in the data: slots are reached by their descriptors.
_get_translated: Callable[[Response], dict[str, Any]] = Response.__dict__["_translated"].__get__
_set_translated: Callable[[Response, dict[str, Any]], None] = Response.__dict__["_translated"].__set__
_get_kept: Callable[[Response], dict[str, Any]] = Response.__dict__["_kept"].__get__
_set_kept: Callable[[Response, dict[str, Any]], None] = Response.__dict__["_kept"].__set__
_get_lists: Callable[[Response], dict[str, list[Any]]] = Response.__dict__["_lists"].__get__
_set_lists: Callable[[Response, dict[str, list[Any]]], None] = Response.__dict__["_lists"].__set__
context_of: Callable[[Response], Context] = Response.__dict__["_context"].__get__
_set_context: Callable[[Response, Context], None] = Response.__dict__["_context"].__set__
_get_own = object.__getattribute__
_new = object.__new__
_OWN_NAMES = frozenset(dir(Response))


def data_of(response: Response) -> dict[str, Any]:
    """Give the decoded JSON behind a Response."""
    return _get_translated(response) if context_of(response).translates else _get_kept(response)


def _fill(response: Response, data: dict[str, Any], context: Context) -> None:
    """Give a new Response its data."""
    (_set_translated if context.translates else _set_kept)(response, data)
    _set_context(response, context)


def thin_response(data: dict[str, Any], context: Context) -> Response:
    """Make a Response of an object whose context is known; lists of thousands are made of these."""
    response: Response = _new(Response)
    (_set_translated if context.translates else _set_kept)(response, data)
    _set_context(response, context)
    return response


def thin_responses(items: Iterable[Any], context: Context) -> list[Any]:
    """Make Responses of a whole list; objects, of which nearly all lists consist, take no call each."""
    listed = items if isinstance(items, list) else list(items)
    if set(map(type, listed)) != {dict}:
        return [wrap_value(item, context) for item in listed]
    found = list(map(_new, repeat(Response, len(listed))))
    _consume(map(_set_translated if context.translates else _set_kept, found, listed))
    _consume(map(_set_context, found, repeat(context)))
    return found


def _consume(steps: Iterable[None]) -> None:
    """Take all steps of an iterator, at the speed of C."""
    deque(steps, maxlen=0)


def key_of(response: Response, name: object) -> str | None:
    """Find the platform's key for a name in either spelling, and remember where fields are."""
    if not isinstance(name, str):
        return None
    data = data_of(response)
    if not context_of(response).translates:
        return name if name in data else None
    key: str | None = name if name in data else WIRE_NAMES.get(name, "")
    if key not in data:
        key = find_key(data, name)
    if key is not None and WIRE_NAMES.get(name) != key and name not in _OWN_NAMES:
        remember_name(name, key)
    return key


def _field(response: Response, key: str) -> Any:
    """Give the value of a key."""
    value = data_of(response)[key]
    kind = value.__class__
    return _nested(response, key, value) if kind is dict or kind is list else value


def _nested(response: Response, key: str, value: Any) -> Any:
    """Give an object as a Response and a list as a list of them: the list is made once, as it may be long."""
    context = context_of(response)
    if context.has_json_values and key == "value":
        return value
    inner = context.kept if key in KEPT_BELOW else context
    if value.__class__ is dict:
        return thin_response(value, inner)
    try:
        lists = _get_lists(response)
    except AttributeError:
        lists = {}
        _set_lists(response, lists)
    found = lists.get(key)
    if found is None:
        found = lists[key] = wrap_value(value, inner)
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


def to_shown(value: Any, context: Context | None = None, levels: int = DEEPEST) -> Any:
    """Translate the names of a Response, or of what is in one, as deep as is shown; no copy to be changed."""
    if isinstance(value, Response):
        return to_shown(data_of(value), context_of(value), levels)
    if context is None or not context.translates:
        return value
    kind = value.__class__
    if levels <= 0 and kind in (dict, list):
        return "…"
    if kind is dict:
        return {
            name: value[key]
            if context.has_json_values and key == "value"
            else to_shown(value[key], context.kept if key in KEPT_BELOW else context, levels - 1)
            for name, key in shape_of(value).items()
        }
    if kind is list:
        return [to_shown(item, context, levels - 1) for item in value]
    return value


def plain_of(value: Any) -> Any:
    """Turn Responses within a user's dicts and lists into dicts, for comparing."""
    if isinstance(value, Response):
        return value.json()
    if isinstance(value, Mapping):
        return {key: plain_of(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain_of(item) for item in value]
    return value


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


def _shown(response: Response) -> object:
    """Give what is to be printed of a response."""
    return mask_value(to_shown(response))
