"""What the pages are generated with, which lies beside them and not in the package."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

from civis._spec import Api, load_spec
from civis.resources import API_SPEC_PATH
from tests._pages import DOCS


@pytest.fixture(scope="session")
def api() -> Api:
    """The API that the pages describe."""
    return load_spec(json.loads(Path(API_SPEC_PATH).read_text(encoding="utf-8")))


@pytest.fixture
def extension(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of the extension, from which modules can be imported."""
    folder = DOCS / "_ext"
    if not folder.is_dir():
        pytest.skip("no docs beside these tests")
    monkeypatch.syspath_prepend(str(folder))
    before = set(sys.modules)
    yield folder
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(folder)):
            del sys.modules[name]


@pytest.fixture
def operation_model(extension: Path) -> ModuleType:
    """What a page says of an operation."""
    return import_module("operation_model")


@pytest.fixture
def page_texts(extension: Path) -> ModuleType:
    """The texts of the generated pages."""
    return import_module("page_texts")


@pytest.fixture
def check_links(extension: Path) -> ModuleType:
    """The check of the built pages' links."""
    return import_module("check_links")
