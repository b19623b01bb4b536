"""Modules that wait for their first use: what a start of the platform loads, and what it does not."""

from __future__ import annotations

import copy
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from civis.local.deferral import Deferred

_LARGE = ("fsspec", "httpcore", "numpy", "pandas", "pyarrow", "requests", "urllib3", "yaql")


def test_a_start_loads_nothing_large_that_it_does_not_need() -> None:
    program = (
        "import sys; from civis.local import Platform\n"
        "with Platform():\n"
        f"    print([name for name in {_LARGE!r} if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_a_module_comes_when_something_of_it_is_used() -> None:
    xml = Deferred("xml", "xml.dom")
    assert repr(xml) == "Deferred('xml', 'xml.dom')"
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: xml.dom, range(8)))
    assert all(each is sys.modules["xml.dom"] for each in found)
    assert copy.copy(xml).dom is xml.dom


def test_what_is_missing_is_told_as_by_an_import() -> None:
    with pytest.raises(ModuleNotFoundError, match="no_such_module"):
        _ = Deferred("no_such_module").anything
    with pytest.raises(AttributeError, match="nothing"):
        _ = Deferred("xml").nothing
