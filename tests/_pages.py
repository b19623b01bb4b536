"""The examples of the documentation's pages, taken out of them and run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Example(NamedTuple):
    """A block of a page: where it begins, and its text."""

    line: int
    text: str


def page_text(name: str) -> str:
    """Read a page; where there are none beside these tests, the test is skipped."""
    path = (ROOT if name == "README.md" else DOCS) / name
    if not path.is_file():
        pytest.skip(f"no {name} beside these tests")
    return path.read_text(encoding="utf-8")


def examples(name: str, language: str = "python") -> list[Example]:
    """Take the blocks in a language out of a page."""
    text = page_text(name)
    return [
        Example(text.count("\n", 0, found.start()) + 2, found[2])
        for found in _BLOCK.finditer(text)
        if found[1] == language
    ]


def run(name: str, example: Example, names: dict[str, object]) -> None:
    """Run a block; a traceback shows the page and its line."""
    shifted = "\n" * (example.line - 1) + example.text
    exec(compile(shifted, str(DOCS / name), "exec"), names)


def run_page(name: str, names: dict[str, object]) -> int:
    """Run the examples of a page in their order as one program; give how many there are."""
    found = examples(name)
    for example in found:
        run(name, example, names)
    return len(found)


def all_pages() -> Iterator[Path]:
    """Go over the pages that are written by hand."""
    for path in sorted(DOCS.rglob("*.md")):
        if "_build" not in path.parts and "generated" not in path.parts:
            yield path
