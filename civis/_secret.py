"""A text that must not be seen, such as a key."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["Secret"]


class Secret:
    """A text that must not be seen: its repr, format and pickle hide it.

    Parameters
    ----------
    value : str
        What to hide.

    Examples
    --------
    >>> secret = Secret("abc")
    >>> secret
    Secret('***')
    >>> secret.reveal()
    'abc'
    """

    __slots__ = ("__value",)

    def __init__(self, value: str) -> None:
        # A closure, not the text: a dump of attributes (a debugger's, a crash reporter's) sees nothing.
        self.__value: Callable[[], str] = lambda: value

    def reveal(self) -> str:
        """Give the text, for the one place that sends it."""
        return self.__value()

    def __repr__(self) -> str:
        return "Secret('***')"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other.reveal() == self.reveal()

    def __hash__(self) -> int:
        return hash(self.reveal())

    def __bool__(self) -> bool:
        return bool(self.reveal())

    def __reduce__(self) -> str:
        raise TypeError("a secret cannot be pickled; let the receiver read it from its own environment")
