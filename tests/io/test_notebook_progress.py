"""Bars in notebooks, whose standard error is no terminal."""

from __future__ import annotations

import io
import sys
from types import SimpleNamespace

import pytest

from civis.io._progress import show_progress

SHELLS = [("ZMQInteractiveShell", True), ("TerminalInteractiveShell", False)]


@pytest.mark.parametrize(("shell", "is_shown"), SHELLS)
def test_a_bar_in_a_notebook(monkeypatch: pytest.MonkeyPatch, shell: str, is_shown: bool):
    pytest.importorskip("tqdm")
    kernel = SimpleNamespace(get_ipython=type(shell, (), {}))
    monkeypatch.setitem(sys.modules, "IPython", kernel)  # type: ignore[misc]  # all that is asked of it
    written = io.StringIO()
    monkeypatch.setattr(sys, "stdout" if is_shown else "stderr", written)
    with show_progress(True, 100, "some.csv") as update:
        assert (update is not None) == is_shown
        if update is not None:
            update(100)
    assert ("100%" in written.getvalue()) == is_shown
