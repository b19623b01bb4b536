"""How `pprint` prints Responses: as it prints dicts. Does not import it, since few programs use it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any


def teach_pprint(kind: type, shown: Callable[[Any], object]) -> None:
    """Tell pprint, if it is loaded, how to print a class: it asks for a text before it looks in its table.

    Parameters
    ----------
    kind : type
        The class.
    shown : callable
        Gives the dict to print for an object of the class.
    """
    # pprint breaks lines only for classes it knows; its table has no public door, so it is sought with care.
    table = getattr(getattr(sys.modules.get("pprint"), "PrettyPrinter", None), "_dispatch", None)
    if not isinstance(table, dict) or kind.__repr__ in table:
        return
    begin = f"{kind.__name__}("

    def print_it(
        printer: Any, item: Any, stream: Any, indent: int, allowance: int, context: Any, level: int
    ) -> None:
        stream.write(begin)
        printer._format(shown(item), stream, indent + len(begin), allowance + 1, context, level - 1)
        stream.write(")")

    table[kind.__repr__] = print_it
