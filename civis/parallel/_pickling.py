"""Calls as bytes, with large inputs set apart so that what many calls share travels once.

Set apart are the memory of arrays and frames (numpy, pandas and pyarrow hand it to a pickler as such), bytes
and texts, and large lists, tuples, sets and dicts of plain values. Each piece is known by the digest of its
content: what changes between two calls is another piece.
"""

from __future__ import annotations

import io
import pickle
import types
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import cloudpickle  # type: ignore[import-untyped]  # it ships no types

__all__ = ["PROTOCOL", "Item", "Pickled", "pickle_calls", "unpickle_calls"]

#: A function with its arguments, as joblib has them.
Item = tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]

#: The one that hands out the memory of arrays; all supported versions of Python have it.
PROTOCOL = 5
#: Containers of fewer elements are not looked at.
_MANY = 50_000
_PLAIN = frozenset({int, float, complex, bool, str, bytes, type(None)})


@dataclass(frozen=True)
class Pickled:
    """Calls as bytes.

    Parameters
    ----------
    content : bytes
    digests : frozenset of str
        Of the pieces that were set apart.
    modules : frozenset of str
        What unpickling will import.
    """

    content: bytes
    digests: frozenset[str]
    modules: frozenset[str]


class _Pickler(cloudpickle.Pickler):  # type: ignore[misc]  # it has no types
    """Sets large inputs apart, and notes which modules are referred to."""

    def __init__(self, file: io.BytesIO, keep: Callable[[Any], str], least: int | None) -> None:
        super().__init__(file, protocol=PROTOCOL)
        self._keep = keep
        self._least = least
        self._apart: dict[int, tuple[Any, tuple[str, str, int]]] = {}
        self.modules: set[str] = set()
        self.digests: set[str] = set()

    def persistent_id(self, value: Any) -> tuple[str, str, int] | None:
        """Give what stands for a value that is set apart; None for all others."""
        kind = type(value)
        if self._least is None or kind not in _APART:
            return None
        known = self._apart.get(id(value))
        if known is not None:
            return known[1]
        content = _APART[kind](value, self._least)
        if content is None:
            return None
        digest = self._keep(content)
        self.digests.add(digest)
        name = "bytes" if kind is pickle.PickleBuffer and value.raw().readonly else kind.__name__
        stand_in = (name, digest, len(self._apart))
        self._apart[id(value)] = (value, stand_in)  # the value too: another one must not get its ID
        return stand_in

    def reducer_override(self, value: Any) -> Any:
        """Note where those functions and classes come from that travel by their names only."""
        reduced = super().reducer_override(value)
        if isinstance(value, types.ModuleType):
            self._note(value.__name__)
        elif reduced is NotImplemented and hasattr(value, "__name__"):
            # Classes, functions, and what numpy has in place of functions. Instances name their classes.
            self._note(getattr(value, "__module__", None) or type(value).__module__)
        return reduced

    def _note(self, module: str | None) -> None:
        """Note a module that unpickling will import."""
        if module and not any(
            module == own or module.startswith(f"{own}.")
            for own in cloudpickle.list_registry_pickle_by_value()
        ):
            self.modules.add(module)


def _buffer(value: pickle.PickleBuffer, least: int) -> Any:
    """Give the memory of an array."""
    memory = value.raw()
    return memory if memory.nbytes >= least else None


def _binary(value: bytes | bytearray, least: int) -> Any:
    """Give bytes as they are."""
    return value if len(value) >= least else None


def _text(value: str, least: int) -> Any:
    """Give a text as bytes; lone surrogates, which file names may have, included."""
    if len(value) * 4 < least:
        return None
    content = value.encode("utf-8", "surrogatepass")
    return content if len(content) >= least else None


def _collection(value: Any, least: int) -> Any:
    """Give a large collection of plain values; others may share objects with the rest of the call."""
    if len(value) < _MANY or not all(type(each) in _PLAIN for each in value):
        return None
    if isinstance(value, dict) and not all(type(each) in _PLAIN for each in value.values()):
        return None
    content = pickle.dumps(value, protocol=PROTOCOL)
    return content if len(content) >= least else None


#: What gives the content of a value that may be set apart, by its exact type.
_APART: dict[type, Callable[[Any, int], Any]] = {
    pickle.PickleBuffer: _buffer,
    bytes: _binary,
    bytearray: _binary,
    str: _text,
    list: _collection,
    tuple: _collection,
    set: _collection,
    frozenset: _collection,
    dict: _collection,
}


def pickle_calls(items: Sequence[Item], keep: Callable[[Any], str], least: int | None) -> Pickled:
    """Pickle calls that belong together.

    Parameters
    ----------
    items : sequence of (function, args, kwargs)
    keep : callable
        Is given the content of a large input, and gives its digest.
    least : int or None
        From how many bytes on an input is set apart; None sets none apart.

    Returns
    -------
    Pickled
    """
    file = io.BytesIO()
    pickler = _Pickler(file, keep, least)
    pickler.dump(list(items))
    return Pickled(file.getvalue(), frozenset(pickler.digests), frozenset(pickler.modules))


class _Unpickler(pickle.Unpickler):
    """Puts large inputs back where they were."""

    def __init__(self, content: bytes, fetch: Callable[[str], bytes]) -> None:
        super().__init__(io.BytesIO(content))
        self._fetch = fetch
        self._known: dict[int, Any] = {}

    def persistent_load(self, stand_in: Any) -> Any:
        """Give the value for what stood for it; the same object where it was the same."""
        kind, digest, number = stand_in
        if number not in self._known:
            self._known[number] = _BACK[kind](self._fetch(digest))
        return self._known[number]


def _load(content: bytes) -> Any:
    return pickle.loads(content)  # noqa: S301 - verified by its digest, which the call holds


_BACK: dict[str, Callable[[bytes], Any]] = {
    "PickleBuffer": bytearray,  # arrays are writable again
    "bytes": bytes,
    "bytearray": bytearray,
    "str": lambda content: content.decode("utf-8", "surrogatepass"),
    "list": _load,
    "tuple": _load,
    "set": _load,
    "frozenset": _load,
    "dict": _load,
}


def unpickle_calls(content: bytes, fetch: Callable[[str], bytes]) -> list[Item]:
    """Unpickle calls; `fetch` gives the content of a large input by its digest."""
    items: list[Item] = _Unpickler(content, fetch).load()
    return items
