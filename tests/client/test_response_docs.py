"""The examples of docs/responses.md, run in their order as one program."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).resolve().parents[2] / "docs" / "responses.md"


def test_the_examples_run(capsys: pytest.CaptureFixture[str]) -> None:
    examples = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(examples) > 10
    names: dict[str, object] = {}
    try:
        for example in examples:
            exec(compile(example, str(PAGE), "exec"), names)
    finally:
        names["client"].close()  # type: ignore[attr-defined]
        names["platform"].stop()  # type: ignore[attr-defined]
    assert "Project 4" in capsys.readouterr().out
