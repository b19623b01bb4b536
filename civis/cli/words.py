"""How names are typed and texts shortened on the command line. Knows no click, for what is to be quick."""

from __future__ import annotations

__all__ = ["HELP_NAMES", "cut", "dashed"]

HELP_NAMES = ["-h", "--help"]


def dashed(name: str) -> str:
    """Write a name as it is typed: ``list_types`` is ``list-types``."""
    return name.strip("_").replace("_", "-")


def cut(text: str, room: int) -> str:
    """Take the first sentence of a text, shortened to what there is room for."""
    words = " ".join(text.split())
    first = words.partition(". ")[0].rstrip(".")
    return first if len(first) <= room else first[: room - 1].rstrip() + "…"
