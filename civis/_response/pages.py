"""`PaginatedResponse`: an iterator over the objects of all pages. Knows the paging headers and no HTTP."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Generic, Protocol

from civis._response.decoding import TOO_DEEP, read_page, unusable
from civis._response.headers import header_number
from civis._response.items import Item
from civis._response.lists import ListResponse
from civis._response.objects import Response

#: A length beyond this is a slip of a header; `list` makes room for as many objects as it is told of.
_MOST_COUNTED = 10**8


class PageSource(Protocol):
    """What `PaginatedResponse` asks for pages; `civis.base.Endpoint` is one."""

    def _make_request(self, method: str, path: str, params: Any = None, data: Any = None) -> Any: ...


class _PageAhead:
    """A page that is being asked for by a thread of its own, which ends with the answer.

    It knows nothing of the iterator, so that one that is dropped is gone at once, and no thread waits for it.
    """

    def __init__(self, ask: Callable[[], ListResponse[Any]]) -> None:
        self._ask: Callable[[], ListResponse[Any]] | None = ask
        self._found: ListResponse[Any] | None = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="civis-page", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        """Ask for the page, and keep what comes or what goes wrong for `result`."""
        ask, self._ask = self._ask, None
        assert ask is not None
        try:
            self._found = ask()
        except BaseException as error:
            self._error = error

    def result(self) -> ListResponse[Any]:
        """Wait for the page."""
        self._thread.join()
        if self._error is not None:
            error, self._error = self._error, None
            raise error
        assert self._found is not None
        return self._found


class PaginatedResponse(Generic[Item]):
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

    Notes
    -----
    The platform says with each page how many there are, so no request is made for a page beyond the last;
    where it does not say, the first empty page ends the iteration. A page that failed is asked for again by
    the next ``next()``. `prefetch` overlaps requests with the work on what they brought.

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
        convert: Callable[[Any], Any] | None = None,
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
        self._total: int | None = None
        self._prefetches = False
        self._ahead: _PageAhead | None = None

    def __iter__(self) -> PaginatedResponse[Item]:
        return self

    def __next__(self) -> Item:
        item = self._next_item()
        converted: Item = item if self._convert is None else self._convert(item)
        return converted

    def __repr__(self) -> str:
        of = "" if self._total is None else f" of {self._total:,} objects"
        count = self._page - 1
        return f"<PaginatedResponse of {self._path}: {count} page{'' if count == 1 else 's'} read{of}>"

    @property
    def total(self) -> int | None:
        """Objects on all pages, None where the platform does not say; asks for the first page if need be."""
        if self._page == 1:
            self._next_page()
        return self._total

    def __len__(self) -> int:
        total = self.total
        if total is None or total > _MOST_COUNTED:
            raise TypeError(
                f"the platform does not say how many objects {self._path} has: list() counts them"
            )
        return total

    def __bool__(self) -> bool:
        return True  # without __len__, which may ask the platform

    def prefetch(self) -> PaginatedResponse[Item]:
        """Ask for each page while the objects of the one before it are being worked on.

        Returns
        -------
        PaginatedResponse
            This very iterator.

        Notes
        -----
        One request runs ahead, in a thread that ends with it; so breaking off costs one request at most and
        leaves nothing behind. Without it no thread is started and no page is asked for that is not needed.
        Only where the platform says how many pages there are does it work ahead.

        Examples
        --------
        >>> for script in client.scripts.list(iterator=True).prefetch():  # doctest: +SKIP
        ...     print(script.id)
        """
        self._prefetches = True
        return self

    def json(self, snake_case: bool = True) -> list[Any]:
        """Read all further pages and give plain dicts."""
        found: list[Any] = []
        while True:
            try:
                item = self._next_item()
            except StopIteration:
                return found
            found.append(item.json(snake_case) if isinstance(item, Response) else item)

    def _next_item(self) -> Any:
        """Give the next object, with a request if the pages that came are used up."""
        while not self._items:
            if self._is_last:
                raise StopIteration
            self._next_page()
        return self._items.popleft()

    def _next_page(self) -> None:
        """Get the next page; after an error the same page is asked for again."""
        ahead, self._ahead = self._ahead, None
        found = self._asking(self._page)() if ahead is None else ahead.result()
        pages = header_number(found.headers, "X-Pagination-Total-Pages")
        if found.total is not None:
            self._total = found.total
        self._is_last = not found or (pages is not None and self._page >= pages)
        self._items.extend(found)
        self._page += 1
        if self._prefetches and pages is not None and not self._is_last:
            self._ahead = _PageAhead(self._asking(self._page))

    def _asking(self, page: int) -> Callable[[], ListResponse[Any]]:
        """Give a function that asks for a page, and that does not keep this iterator alive."""
        endpoint, path, params = self._endpoint, self._path, {**self._params, "page_num": page}
        snake_case, from_json_values = self._snake_case, self._from_json_values

        def ask() -> ListResponse[Any]:
            answer = endpoint._make_request("GET", path, params)
            try:
                return ListResponse(
                    read_page(answer),
                    answer.headers,
                    snake_case=snake_case,
                    from_json_values=from_json_values,
                )
            except RecursionError:
                raise unusable(answer, TOO_DEEP) from None

        return ask
