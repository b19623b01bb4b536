"""Which future is due to be polled when: a heap of times that holds futures weakly.

Pure: it is told the time and starts no thread.
"""

from __future__ import annotations

import heapq
import itertools
import weakref
from collections.abc import Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class DueTimes(Generic[T]):
    """A heap of due times; adding an item again replaces its earlier entry.

    Items are held weakly: one that nobody else holds just never comes out. Each item must be hashable by
    identity.
    """

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, weakref.ref[T]]] = []
        # The number of an item's latest entry: older entries stay in the heap until their time and are
        # skipped then.
        self._latest: weakref.WeakKeyDictionary[T, int] = weakref.WeakKeyDictionary()
        self._numbers = itertools.count()

    def __len__(self) -> int:
        return len(self._latest)

    def __contains__(self, item: T) -> bool:
        return item in self._latest

    def add(self, item: T, due: float) -> None:
        """Make an item due at a time, whatever was said about it before."""
        number = next(self._numbers)
        self._latest[item] = number
        heapq.heappush(self._heap, (due, number, weakref.ref(item)))

    def discard(self, item: T) -> None:
        """Forget an item."""
        self._latest.pop(item, None)

    def pop_due(self, now: float) -> Iterator[T]:
        """Take out the items whose time has come, the longest due first."""
        while self._heap and self._heap[0][0] <= now:
            _, number, reference = heapq.heappop(self._heap)
            item = reference()
            if item is not None and self._latest.get(item) == number:
                del self._latest[item]
                yield item

    def next_due(self) -> float | None:
        """When the next entry is due; entries of items that are gone are dropped on the way."""
        while self._heap:
            due, number, reference = self._heap[0]
            item = reference()
            if item is not None and self._latest.get(item) == number:
                return due
            heapq.heappop(self._heap)
        return None
