"""A call on its way: what it is, who waits for it, how often it may be tried again."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from civis.parallel._pickling import Item, Pickled

__all__ = ["Call", "function_name"]


@dataclass(eq=False)
class Call:
    """One or several function calls that are pickled together and whose results come together.

    Parameters
    ----------
    pickled : Pickled
    count : int
        How many function calls it is.
    function : str
        The name of the function called, by which costs are known.
    retries_left : int
        How often it may be run again after a run that failed.
    is_single : bool
        Whether its future gets the one result, not a list of results.
    is_alone : bool
        Whether it gets a container of its own: it was in one that was lost, perhaps because of it.
    future : Future
        Gets what the calls gave, or the first exception.
    """

    pickled: Pickled
    count: int
    function: str
    retries_left: int = 0
    is_single: bool = False
    is_alone: bool = False
    future: Future[Any] = field(default_factory=Future)


def function_name(item: Item) -> str:
    """Name the function of a call, for people and to know its costs by.

    Examples
    --------
    >>> function_name((len, ([],), {}))
    'len'
    """
    function: Any = item[0]
    function = getattr(function, "func", function)  # of a partial
    function = getattr(function, "function", function)  # of what scikit-learn wraps
    name = getattr(function, "__qualname__", None) or type(function).__qualname__
    return str(name)
