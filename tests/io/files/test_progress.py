"""Bars for transfers."""

from __future__ import annotations

import io
import sys

import pytest

from civis.io._progress import show_progress


class Terminal(io.StringIO):
    """Somebody who sees what is written."""

    def isatty(self):
        return True


def test_a_bar_on_a_terminal(monkeypatch):
    pytest.importorskip("tqdm")
    monkeypatch.setattr(sys, "stderr", Terminal())
    with show_progress(True, 100, "some.csv") as update:
        update(100)
    assert "some.csv" in sys.stderr.getvalue()
    assert "100%" in sys.stderr.getvalue()


@pytest.mark.parametrize("wish", [None, False])
def test_nothing_by_default(monkeypatch, wish):
    monkeypatch.setattr(sys, "stderr", Terminal())
    with show_progress(wish, 100, "some.csv") as update:
        assert update is None
    assert sys.stderr.getvalue() == ""


def test_nothing_without_the_package(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setitem(sys.modules, "tqdm", None)
    with show_progress(True, 100, "some.csv") as update:
        assert update is None


def test_a_callable_is_what_is_called():
    told = []
    with show_progress(told.append, None, "some.csv") as update:
        update(3)
    assert told == [3]
