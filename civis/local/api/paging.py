"""One page of a list: what was asked for, and how many entries there are; knows no database."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from civis.local.api.errors import BadRequest

if TYPE_CHECKING:
    from civis.local.api.call import Call

__all__ = ["Page", "Window", "page_of", "window"]

#: Entries on a page when the request names no ``limit``, as the platform's run lists have it.
DEFAULT_LIMIT = 50
#: The most entries a page may hold, whatever a request asks for.
MAXIMUM_LIMIT = 1000


@dataclass(frozen=True)
class Page:
    """One page of a list; the answer gets the ``X-Pagination-…`` headers.

    Attributes
    ----------
    items : sequence
        The entries of this page.
    total : int
        How many entries all pages have together.
    page : int
        This page's number; the first is 1.
    limit : int
        How many entries a full page has.
    """

    items: Sequence[Any]
    total: int
    page: int = 1
    limit: int = DEFAULT_LIMIT

    @property
    def pages(self) -> int:
        """How many pages there are; an empty list has one."""
        return max(1, -(-self.total // self.limit))

    def headers(self) -> dict[str, str]:
        """Return the headers that tell a client where in the list it is."""
        return {
            "X-Pagination-Per-Page": str(self.limit),
            "X-Pagination-Current-Page": str(self.page),
            "X-Pagination-Total-Pages": str(self.pages),
            "X-Pagination-Total-Entries": str(self.total),
        }


@dataclass(frozen=True)
class Window:
    """Which part of a list a request asks for."""

    limit: int
    page: int

    @property
    def offset(self) -> int:
        """How many entries stand before this page."""
        return (self.page - 1) * self.limit


def window(call: Call, *, default: int = DEFAULT_LIMIT, maximum: int = MAXIMUM_LIMIT) -> Window:
    """Read ``limit`` and ``page_num`` of a request.

    A ``limit`` above the maximum is lowered to it, as the platform does.

    Parameters
    ----------
    call : Call
        The request.
    default : int, optional
        Entries on a page when the request names none.
    maximum : int, optional
        The most entries a page may have.

    Raises
    ------
    BadRequest
        When either is below 1.
    """
    limit, page = call.params.get("limit"), call.params.get("page_num")
    for name, value in (("limit", limit), ("page_num", page)):
        if value is not None and value < 1:
            raise BadRequest(f"{name} must be 1 or more, not {value}.")
    return Window(min(default if limit is None else limit, maximum), 1 if page is None else page)


def page_of(
    call: Call,
    total: int,
    fetch: Callable[[int, int], Sequence[Any]],
    *,
    default: int = DEFAULT_LIMIT,
    maximum: int = MAXIMUM_LIMIT,
) -> Page:
    """Fetch the page a request asks for.

    Parameters
    ----------
    call : Call
        The request, with ``limit`` and ``page_num`` among its parameters or not.
    total : int
        How many entries the whole list has.
    fetch : callable
        ``fetch(limit, offset)`` returns the entries of one page.
    default, maximum : int, optional
        Entries on a page by default, and at most.

    Returns
    -------
    Page
        The entries and the numbers for the paging headers; beyond the last page it is empty.
    """
    part = window(call, default=default, maximum=maximum)
    # A number beyond any list must not reach the database, whose integers end at 2**63.
    items = fetch(part.limit, part.offset) if part.offset < total else []
    return Page(items, total, part.page, part.limit)
