"""The examples of docs/files.md, run in their order as one program."""

from __future__ import annotations

import pytest

from tests._pages import examples, run

pytest.importorskip("fsspec")
PAGE = "files.md"


def test_the_examples_run() -> None:
    *shown, last = examples(PAGE)
    assert len(shown) == 3
    names: dict[str, object] = {}
    try:
        for example in shown:
            run(PAGE, example, names)
    finally:
        run(PAGE, last, names)  # it stops the platform
