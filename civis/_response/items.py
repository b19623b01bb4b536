"""The type of what a list or an iterator of an answer holds; open, where nobody says it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing_extensions import TypeVar

    Item = TypeVar("Item", default=Any)
else:
    from typing import TypeVar  # a default is for checkers; Python has it from 3.13 on

    Item = TypeVar("Item")
