"""Two names for one argument: releases 2.x call it otherwise than the manuals do, and both stay valid."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

__all__ = ["also_named"]

_P = ParamSpec("_P")
_R = TypeVar("_R")


def also_named(other: str, name: str) -> Callable[[Callable[_P, _R]], Callable[_P, _R]]:
    """Let a function take an argument by another keyword too.

    Parameters
    ----------
    other, name : str
        The keyword that is to be valid too, and the one in the signature.

    Examples
    --------
    >>> @also_named("buf", "source")
    ... def read(source: str) -> str:
    ...     return source
    >>> read(buf="x")
    'x'
    """

    def decorate(function: Callable[_P, _R]) -> Callable[_P, _R]:
        @functools.wraps(function)
        def call(*args: _P.args, **kwargs: _P.kwargs) -> _R:
            if other in kwargs:
                if name in kwargs:
                    raise TypeError(f"{function.__name__}() got {other}= and {name}=, which are one argument")
                kwargs[name] = kwargs.pop(other)
            return function(*args, **kwargs)

        return call

    return decorate
