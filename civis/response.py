"""Responses: what client methods return. Knows JSON and the errors, and no operation of the API."""

from __future__ import annotations

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
from civis._response.decoding import TOO_DEEP, read_json, unusable
from civis._response.lists import ListResponse, optional_package
from civis._response.objects import Response
from civis._response.pages import PaginatedResponse

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
    if return_type not in RETURN_TYPES:
        raise ValueError(f"return_type={return_type!r} is none of {', '.join(RETURN_TYPES)}.")
    if not 200 <= answer.status < 300:
        raise api_error(answer)
    if return_type == "raw":
        return answer.to_requests()
    try:
        found = _wrap_json(read_json(answer), answer.headers, from_json_values)
    except RecursionError:
        raise unusable(answer, TOO_DEEP) from None
    return as_pandas(found) if return_type == "pandas" else found


def _wrap_json(data: Any, headers: Mapping[str, str], from_json_values: bool) -> Any:
    """Make a Response or ListResponse of what was decoded; anything else stays what it is."""
    if isinstance(data, dict):
        return Response(data, headers=headers, from_json_values=from_json_values)
    if isinstance(data, list):
        return ListResponse(data, headers, from_json_values=from_json_values)
    return data


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
        Responses, dicts, or any objects with attributes; a list, or pages that are still being asked for.
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

    Parameters
    ----------
    object_list : iterable
        Responses, or other objects.
    filter_func : callable, optional
        Takes an object and says whether it passes.
    **kwargs
        As for `find`.

    Returns
    -------
    object or None

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
            passed = bool(test(value)) if callable(test) else _is_equal(value, test)
        if not passed:
            return False
    return True


def _is_equal(value: Any, wanted: Any) -> bool:
    """Compare; arrays and frames, which compare item by item, are equal where all their items are."""
    try:
        equal = value == wanted
        return bool(equal.all() if hasattr(equal, "all") else equal)
    except (TypeError, ValueError):
        return False  # as of arrays of different lengths
