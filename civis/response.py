"""Responses: what client methods return. Knows JSON and the errors, and no operation of the API."""

from __future__ import annotations

import pprint
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from civis._errors import (
    CivisAPIError,
    CivisAPIKeyError,
    CivisClientError,
    CivisImmutableResponseError,
    api_error,
)
from civis._http import Answer
from civis._response.lists import ListResponse, PaginatedResponse, optional_package
from civis._response.objects import Response

__all__ = [
    "CivisAPIError",
    "CivisAPIKeyError",
    "CivisClientError",
    "CivisImmutableResponseError",
    "ListResponse",
    "PaginatedResponse",
    "Response",
    "find",
    "find_one",
    "wrap",
]

RETURN_TYPES = ("snake", "raw", "pandas")


def wrap(answer: Answer, return_type: str = "snake", *, from_json_values: bool = False) -> Any:
    """Turn an answer into what a client method returns.

    Parameters
    ----------
    answer : Answer
        What the session brought.
    return_type : {"snake", "raw", "pandas"}, default "snake"
        Responses; a `requests.Response`; a Series for an object and a DataFrame for a list.
    from_json_values : bool, default False
        Whether the operation gives JSON values.

    Raises
    ------
    CivisAPIError
        The status says so, or the body is not JSON.
    ValueError
        There is no such return type.

    Examples
    --------
    >>> from civis._http import Answer
    >>> wrap(Answer(200, {}, b'{"lastRun": null}', "GET", "https://api.civisanalytics.com/jobs/1"))
    Response({'last_run': None})
    """
    if not 200 <= answer.status < 300:
        raise api_error(answer)
    if return_type == "raw":
        return answer.to_requests()
    data = read_json(answer)
    found: Any = data
    if isinstance(data, dict):
        found = Response(data, headers=answer.headers, from_json_values=from_json_values)
    elif isinstance(data, list):
        found = ListResponse(data, answer.headers, from_json_values=from_json_values)
    if return_type == "snake":
        return found
    if return_type == "pandas":
        return as_pandas(found)
    raise ValueError(f"return_type={return_type!r} is none of {', '.join(RETURN_TYPES)}.")


def read_json(answer: Answer) -> Any:
    """Decode a body; an empty one (as with status 204) is an empty object.

    Raises
    ------
    CivisAPIError
        It is not JSON.
    """
    if not answer.content or answer.content.isspace():
        return {}
    problem = ""
    try:
        return answer.json()
    except RecursionError:
        problem = "nested too deeply"
    except ValueError as error:
        problem = str(error)
    failure = CivisAPIError(answer)
    kind = answer.headers.get("Content-Type") or "no Content-Type"
    begin = answer.content[:200].decode("utf-8", "replace")
    failure.error_message = (
        f"the answer is not JSON ({problem}) but {kind} that begins with {begin!r}; "
        "is CIVIS_API_ENDPOINT the address of the API, or is a proxy answering?"
    )
    failure.args = (failure.error_message,)
    raise failure


def as_pandas(found: Any) -> Any:
    """Give a Series for an object, a DataFrame for a list; anything else as it is."""
    if isinstance(found, ListResponse):
        return found.to_pandas()
    if isinstance(found, Response):
        return optional_package("pandas").Series(found.json(), dtype=object if not found else None)
    return found


def find(
    object_list: Iterable[Any], filter_func: Callable[[Any], Any] | None = None, **kwargs: Any
) -> list[Any]:
    """Choose the objects that pass every test.

    Parameters
    ----------
    object_list : iterable
        Responses, or any objects with attributes.
    filter_func : callable, optional
        Called with each object.
    **kwargs
        Name of an attribute, and: a value that it must equal, a function that is called with it, or True or
        False, which it must be itself (1 is not True). Objects without the attribute do not pass.

    Examples
    --------
    >>> people = [Response({"id": 1, "isActive": True}), Response({"id": 2, "isActive": False})]
    >>> find(people, is_active=True)
    [Response({'id': 1, 'is_active': True})]
    >>> find(people, id=lambda number: number > 1)
    [Response({'id': 2, 'is_active': False})]
    """
    return [item for item in object_list if _passes(item, filter_func, kwargs)]


def find_one(
    object_list: Iterable[Any], filter_func: Callable[[Any], Any] | None = None, **kwargs: Any
) -> Any:
    """Choose the first object that passes every test of `find`; None where none does.

    Examples
    --------
    >>> find_one([Response({"id": 1}), Response({"id": 2})], id=2)
    Response({'id': 2})
    """
    return next((item for item in object_list if _passes(item, filter_func, kwargs)), None)


_MISSING = object()


def _passes(item: Any, filter_func: Callable[[Any], Any] | None, wanted: Mapping[str, Any]) -> bool:
    """Tell whether an object passes all tests."""
    if filter_func is not None and not filter_func(item):
        return False
    for name, test in wanted.items():
        # By item, as a field may have the name of a method (``items``).
        value = item.get(name, _MISSING) if isinstance(item, Mapping) else getattr(item, name, _MISSING)
        if value is _MISSING:
            return False
        if isinstance(test, bool):
            passed = value is test
        else:
            passed = bool(test(value)) if callable(test) else value == test
        if not passed:
            return False
    return True


def _pprint_response(
    printer: Any, response: Response, stream: Any, indent: int, allowance: int, context: Any, level: int
) -> None:
    """Print a Response as pprint prints dicts."""
    stream.write("Response(")
    printer._format(response.json(), stream, indent + len("Response("), allowance + 1, context, level - 1)
    stream.write(")")


# pprint breaks lines only for classes it knows; its table has no public door, so it is looked for with care.
_PPRINT_TABLE = getattr(pprint.PrettyPrinter, "_dispatch", None)
if isinstance(_PPRINT_TABLE, dict):
    _PPRINT_TABLE[Response.__repr__] = _pprint_response
