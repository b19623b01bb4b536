"""A platform and a client of it, shared by the tests of a module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from civis.client import APIClient
from civis.local import Platform


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    """A running platform."""
    with Platform() as running:
        yield running


@pytest.fixture(scope="module")
def client(platform: Platform) -> Iterator[APIClient]:
    """A client of that platform."""
    with platform.client() as made:
        yield made
