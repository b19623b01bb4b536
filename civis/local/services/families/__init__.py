"""Operations that many kinds of objects have alike, one module a family.

Each module has a table, called `family`, from an operation's method and the path behind an object's ID to its
handler, which is told the object's kind. `general_routes` applies them wherever the catalogue has them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from civis.local.services.object_requests import KindHandler

__all__ = ["Family"]


class Family:
    """A table of handlers by method and the path behind an object's ID.

    Examples
    --------
    >>> family = Family()
    >>> @family("GET", "/colour")
    ... def get_colour(call, kind):
    ...     return {"colour": "green"}
    >>> sorted(family.handlers)
    [('GET', '/colour')]
    """

    def __init__(self) -> None:
        self._handlers: dict[tuple[str, str], KindHandler] = {}

    def __call__(self, method: str, path: str) -> Callable[[KindHandler], KindHandler]:
        """Register the decorated function.

        Parameters
        ----------
        method : str
        path : str
            What follows the object's ID in the operation's path, such as ``"/shares"``.
        """

        def register(handler: KindHandler) -> KindHandler:
            self._handlers[method, path] = handler
            return handler

        return register

    @property
    def handlers(self) -> Mapping[tuple[str, str], KindHandler]:
        """All handlers, by method and path."""
        return self._handlers
