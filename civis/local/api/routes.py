"""Tables of handlers: which function answers which operation; knows neither HTTP nor the catalogue."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from civis.local.api.paging import Page

if TYPE_CHECKING:
    from civis.local.api.call import Call

__all__ = ["Handler", "Key", "Result", "Routes"]

#: What a handler returns: an object, a list, one page of a list, a single value, or nothing (204).
Result: TypeAlias = "Mapping[str, Any] | list[Any] | Page | str | int | bool | None"
#: A handler is a plain function of the call; it runs in a worker thread, inside the request's transaction.
Handler: TypeAlias = "Callable[[Call], Result]"
#: An operation: its HTTP method and its path as the catalogue spells it, without a trailing slash.
Key: TypeAlias = "tuple[str, str]"


class Routes:
    """A table of handlers, filled by decorating functions.

    Examples
    --------
    >>> routes = Routes()
    >>> @routes("GET", "/files/{id}")
    ... def get_file(call):
    ...     return {"id": call.params["id"]}
    >>> sorted(routes)
    [('GET', '/files/{id}')]
    """

    def __init__(self) -> None:
        self._handlers: dict[Key, Handler] = {}
        self._reading: set[Key] = set()
        self._quick: set[Key] = set()

    def __call__(
        self, method: str, path: str, *, is_reading: bool = False, is_quick: bool = False
    ) -> Callable[[Handler], Handler]:
        """Register the decorated function for an operation; several decorators may stand on one function.

        Parameters
        ----------
        method : str
            The HTTP method, in capitals.
        path : str
            The path as the catalogue spells it, without a trailing slash.
        is_reading : bool, default False
            Whether the function writes nothing to the state although the method says so: it then keeps no
            writer waiting, however long it takes.
        is_quick : bool, default False
            Whether the function, of a GET, takes a millisecond at most, writes nothing, and asks only the
            state: no file, no warehouse, no program. It is then called without a thread of its own.

        Raises
        ------
        ValueError
            When the operation has another handler already.
        """
        key = (method.upper(), path.rstrip("/") or "/")

        def register(handler: Handler) -> Handler:
            # The same function again is no conflict: a table may be part of another that is gathered too.
            if self._handlers.get(key, handler) is not handler:
                raise ValueError(
                    f"{key[0]} {key[1]} has another handler already: {self._handlers[key].__name__}"
                )
            self._handlers[key] = handler
            if is_reading:
                self._reading.add(key)
            if is_quick:
                self._quick.add(key)
            return handler

        return register

    def __getitem__(self, key: Key) -> Handler:
        return self._handlers[key]

    def __contains__(self, key: object) -> bool:
        return key in self._handlers

    def __iter__(self) -> Iterator[Key]:
        return iter(self._handlers)

    def __len__(self) -> int:
        return len(self._handlers)

    def get(self, key: Key) -> Handler | None:
        """Return the handler of an operation, or None."""
        return self._handlers.get(key)

    def is_reading(self, key: Key) -> bool:
        """Tell whether an operation's handler was registered as one that writes nothing."""
        return key in self._reading

    def is_quick(self, key: Key) -> bool:
        """Tell whether an operation's handler was registered as one that needs no thread of its own."""
        return key in self._quick

    def include(self, others: Iterable[Routes]) -> None:
        """Take over the handlers of other tables.

        Raises
        ------
        ValueError
            When two tables answer the same operation.
        """
        for other in others:
            for key, handler in other._handlers.items():
                self(*key, is_reading=other.is_reading(key), is_quick=other.is_quick(key))(handler)
