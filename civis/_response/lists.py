"""`ListResponse`: a list of Responses, with the headers of the answer that brought them."""

from __future__ import annotations

import copy
import importlib
from collections.abc import Iterable, Mapping
from typing import Any

from civis._response.headers import header_number, without_secrets
from civis._response.items import Item
from civis._response.objects import Context, Response, data_of, thin_responses, to_plain, to_shown
from civis._response.shown import ROWS_SHOWN, html_of_list, list_repr

_NO_HEADERS: Mapping[str, str] = {}


class ListResponse(list[Item]):
    """The objects of one answer: a real list, with the answer's headers.

    Parameters
    ----------
    items : iterable
        Responses, or decoded JSON to be wrapped.
    headers : Mapping[str, str], optional
        Headers of the answer.
    snake_case : bool, default True
        As for `Response`.
    from_json_values : bool, default False
        As for `Response`.

    Examples
    --------
    >>> found = ListResponse([{"id": 1}, {"id": 2}], headers={"X-Pagination-Total-Entries": "2"})
    >>> [item.id for item in found], found.total, found.has_more
    ([1, 2], 2, False)
    """

    __slots__ = ("_context",)

    def __init__(
        self,
        items: Iterable[Any] = (),
        headers: Mapping[str, str] | None = None,
        *,
        snake_case: bool = True,
        from_json_values: bool = False,
    ) -> None:
        context = Context(headers or _NO_HEADERS, snake_case, from_json_values)
        self._context = context
        super().__init__(thin_responses(items, context))

    @property
    def headers(self) -> Mapping[str, str]:
        """Headers of the answer."""
        return self._context.headers

    @property
    def calls_remaining(self) -> int | None:
        """Calls left before the platform's limit, or None where it did not say."""
        return header_number(self.headers, "X-RateLimit-Remaining")

    @property
    def rate_limit(self) -> int | None:
        """The platform's limit of calls, or None where it did not say."""
        return header_number(self.headers, "X-RateLimit-Limit")

    @property
    def total(self) -> int | None:
        """Objects there are on all pages, or None where the platform did not say."""
        return header_number(self.headers, "X-Pagination-Total-Entries")

    @property
    def has_more(self) -> bool:
        """Whether there are further pages; ``iterator=True`` gives them all."""
        page = header_number(self.headers, "X-Pagination-Current-Page") or 1
        pages = header_number(self.headers, "X-Pagination-Total-Pages")
        return pages is not None and page < pages

    def json(self, snake_case: bool = True) -> list[Any]:
        """Give plain lists and dicts, copies that may be changed."""
        return [self._plain(item, snake_case) for item in self]

    def _plain(self, item: Any, snake_case: bool) -> Any:
        """Copy one item."""
        if isinstance(item, Response):
            return item.json(snake_case)
        if isinstance(item, list):
            return [self._plain(inner, snake_case) for inner in item]
        return to_plain(item, self._context) if snake_case else copy.deepcopy(item)

    def to_pandas(self) -> Any:
        """Give a `pandas.DataFrame`, one row an object, one column a field.

        Raises
        ------
        ImportError
            pandas is not installed.
        """
        return optional_package("pandas").DataFrame(self.json())

    def to_polars(self) -> Any:
        """Give a `polars.DataFrame`, one row an object, one column a field.

        Raises
        ------
        ImportError
            polars is not installed.
        """
        return optional_package("polars").DataFrame(self.json(), infer_schema_length=None)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, list):
            return len(self) == len(other) and all(
                mine == theirs for mine, theirs in zip(self, other, strict=True)
            )
        return NotImplemented

    __hash__ = None  # a list

    def __ne__(self, other: object) -> bool:
        equal = self.__eq__(other)
        return equal if equal is NotImplemented else not equal

    def __reduce__(self) -> tuple[Any, ...]:
        context = self._context
        plain = [_as_sent(item) for item in self]
        return _rebuild, (
            plain,
            without_secrets(context.headers),
            context.translates,
            context.has_json_values,
        )

    def __copy__(self) -> ListResponse[Item]:
        return ListResponse(self, self.headers, snake_case=self._context.translates)

    def __deepcopy__(self, memo: dict[int, Any]) -> ListResponse[Item]:
        items = [copy.deepcopy(item, memo) for item in self]
        return ListResponse(items, self.headers, snake_case=self._context.translates)

    def __repr__(self) -> str:
        return list_repr(self)

    def _repr_html_(self) -> str:
        """Show as a table in a notebook."""
        rows = [to_shown(item, self._context) for item in self[:ROWS_SHOWN]]
        return html_of_list(rows, len(self), self.total)


def _as_sent(item: Any) -> Any:
    """Take Responses apart again, in lists too."""
    if isinstance(item, Response):
        return data_of(item)
    return [_as_sent(inner) for inner in item] if isinstance(item, list) else item


def optional_package(name: str) -> Any:
    """Import a package that is not installed with this one, or say how to get it."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError:
        raise ImportError(f"{name} is not installed: pip install 'civis[{name}]'", name=name) from None


def _rebuild(
    items: list[Any], headers: Mapping[str, str], translates: bool, has_json_values: bool
) -> ListResponse[Any]:
    """Make a ListResponse again from what was pickled."""
    return ListResponse(items, headers, snake_case=translates, from_json_values=has_json_values)
