"""`ListResponse`, a list of Responses, and `PaginatedResponse`, an iterator over all pages of one."""

from __future__ import annotations

import copy
import importlib
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from civis._response.objects import Context, Response, cell, header_number, plain_of, thin_response, to_plain

_ROWS_SHOWN = 50
_NO_HEADERS: Mapping[str, str] = {}


class ListResponse(list[Any]):
    """The objects of one answer: a real list, with the answer's headers.

    Parameters
    ----------
    items : iterable
        Responses, or decoded JSON to be wrapped.
    headers : Mapping[str, str], optional
        Headers of the answer.
    snake_case : bool, default True
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
        super().__init__([thin_response(item, context) if item.__class__ is dict else item for item in items])

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
        return [
            item.json(snake_case) if isinstance(item, Response)
            else to_plain(item, self._context) if snake_case else copy.deepcopy(item)
            for item in self
        ]  # fmt: skip

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
        plain = [item.json_data if isinstance(item, Response) else item for item in self]
        return _rebuild, (plain, context.headers, context.translates, context.has_json_values)

    def __copy__(self) -> ListResponse:
        return ListResponse(self, self.headers, snake_case=self._context.translates)

    def __deepcopy__(self, memo: dict[int, Any]) -> ListResponse:
        items = [copy.deepcopy(item, memo) for item in self]
        return ListResponse(items, self.headers, snake_case=self._context.translates)

    def _repr_html_(self) -> str:
        """Show as a table in a notebook."""
        rows = [plain_of(item) for item in self[:_ROWS_SHOWN]]
        columns = list(dict.fromkeys(name for row in rows if isinstance(row, dict) for name in row))
        if not columns:
            return f"<pre>{cell(list(self))}</pre>"
        head = "".join(f"<th>{cell(name)}</th>" for name in columns)
        body = "".join(
            "<tr>" + "".join(f"<td>{cell(row.get(name, ''))}</td>" for name in columns) + "</tr>"
            for row in rows
            if isinstance(row, dict)
        )
        more = f"<p>{len(self) - _ROWS_SHOWN} more rows</p>" if len(self) > _ROWS_SHOWN else ""
        return f"<table><tr>{head}</tr>{body}</table>{more}"


def optional_package(name: str) -> Any:
    """Import a package that is not installed with this one, or say how to get it."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError:
        raise ImportError(f"{name} is not installed: pip install 'civis[{name}]'", name=name) from None


def _rebuild(
    items: list[Any], headers: Mapping[str, str], translates: bool, has_json_values: bool
) -> ListResponse:
    """Make a ListResponse again from what was pickled."""
    return ListResponse(items, headers, snake_case=translates, from_json_values=has_json_values)


class PageSource(Protocol):
    """What `PaginatedResponse` asks for pages; `civis.base.Endpoint` is one."""

    def _make_request(self, method: str, path: str, params: Any = None, data: Any = None) -> Any: ...


class PaginatedResponse:
    """An iterator over the objects of all pages, which are asked for one by one as they are needed.

    Parameters
    ----------
    path : str
        Path of the operation.
    initial_params : mapping or None
        Query; ``limit`` is the size of a page, and ``page_num`` is set here.
    endpoint : object
        Makes the requests: its ``_make_request("GET", path, params)`` gives an answer with ``json()`` and
        ``headers``.

    Examples
    --------
    >>> for script in client.scripts.list(iterator=True):  # doctest: +SKIP
    ...     print(script.id)
    """

    def __init__(
        self,
        path: str,
        initial_params: Mapping[str, Any] | None,
        endpoint: PageSource,
        *,
        snake_case: bool = True,
        from_json_values: bool = False,
        convert: Callable[[Response], Any] | None = None,
    ) -> None:
        self._path = path
        self._params = dict(initial_params or {})
        self._endpoint = endpoint
        self._snake_case = snake_case
        self._from_json_values = from_json_values
        self._convert = convert
        self._page = 1
        self._items: deque[Any] = deque()
        self._is_last = False

    def __iter__(self) -> PaginatedResponse:
        return self

    def __next__(self) -> Any:
        while not self._items:
            if self._is_last:
                raise StopIteration
            self._next_page()
        item = self._items.popleft()
        return item if self._convert is None else self._convert(item)

    def __repr__(self) -> str:
        return f"<PaginatedResponse of {self._path}, {self._page - 1} pages read>"

    def _next_page(self) -> None:
        """Ask for the next page; after an error the same page is asked for again."""
        answer = self._endpoint._make_request("GET", self._path, {**self._params, "page_num": self._page})
        found = ListResponse(
            answer.json() or (),
            answer.headers,
            snake_case=self._snake_case,
            from_json_values=self._from_json_values,
        )
        pages = header_number(found.headers, "X-Pagination-Total-Pages")
        self._is_last = not found or (pages is not None and self._page >= pages)
        self._items.extend(found)
        self._page += 1

    def json(self, snake_case: bool = True) -> list[Any]:
        """Read all further pages and give plain dicts."""
        found = []
        while True:
            while self._items:
                item = self._items.popleft()
                found.append(item.json(snake_case) if isinstance(item, Response) else item)
            if self._is_last:
                return found
            self._next_page()
