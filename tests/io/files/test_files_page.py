"""The examples of docs/files.md, run in their order as one program."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytest.importorskip("fsspec")

PAGE = Path(__file__).resolve().parents[3] / "docs" / "files.md"


def test_the_examples_run() -> None:
    if not PAGE.is_file():
        pytest.skip("no docs beside these tests")
    examples = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(examples) == 4
    names: dict[str, object] = {}
    for example in examples[:-1]:
        try:
            exec(compile(example, str(PAGE), "exec"), names)
        except BaseException:
            exec(compile(examples[-1], str(PAGE), "exec"), names)
            raise
    exec(compile(examples[-1], str(PAGE), "exec"), names)
