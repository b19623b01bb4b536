"""The examples of docs/responses.md, run in their order as one program."""

from __future__ import annotations

import pytest

from tests._pages import run_page


def test_the_examples_run(capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, object] = {}
    try:
        assert run_page("responses.md", names) > 10
    finally:
        names["client"].close()  # type: ignore[attr-defined]
        names["platform"].stop()  # type: ignore[attr-defined]
    assert "Project 4" in capsys.readouterr().out
