"""The types of answers and arguments, which exist for editors and type checkers only.

The files beside this one are generated (``python -m civis.resources.types``). No program runs them: what
a method returns is a `civis.response.Response`, and an argument is a plain dict.
"""

from __future__ import annotations

from typing import NoReturn


def __getattr__(name: str) -> NoReturn:
    raise AttributeError(
        f"module 'civis.resources.types' has no attribute {name!r}: it holds types for editors and type "
        "checkers, and is empty at run time. Import from it under `if TYPE_CHECKING:`."
    )
