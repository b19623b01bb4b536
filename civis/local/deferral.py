"""Modules that are imported when something of theirs is first used: what no start of the platform needs.

It knows none of them by name; whoever uses one says which.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__all__ = ["Deferred"]


class Deferred:
    """Stands for a module until an attribute is asked for, then hands on what the module has.

    Many threads may ask at once: the interpreter's import locks have the module imported once.

    Parameters
    ----------
    name : str
        The module.
    *parts : str
        Modules inside of it that are used with it, and that it does not import itself.

    Examples
    --------
    >>> from civis.local.deferral import Deferred
    >>> xml = Deferred("xml", "xml.dom")
    >>> xml.dom.EMPTY_PREFIX is None
    True
    """

    def __init__(self, name: str, *parts: str) -> None:
        self._modules = (name, *parts)

    def __repr__(self) -> str:
        return f"Deferred{self._modules!r}"

    def __getattr__(self, attribute: str) -> Any:
        # Only what is not kept yet comes here; copying asks for special names before there are any.
        if attribute.startswith("__") or attribute == "_modules":
            raise AttributeError(attribute)
        module, *_ = [import_module(each) for each in self._modules]
        found = getattr(module, attribute)
        self.__dict__[attribute] = found
        return found
