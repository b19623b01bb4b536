"""The platform that the scripts of a module share, and an environment that leads to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from civis.client import APIClient
from civis.local import Platform

#: Seconds between polls: these tests look at what runs do, not at how they are waited for.
QUICKLY = 0.01


@pytest.fixture(scope="module")
def platform(civis_platform: Platform) -> Iterator[Platform]:
    """A platform that is empty when the module begins."""
    yield civis_platform
    civis_platform.reset()


@pytest.fixture(scope="module")
def client(platform: Platform) -> Iterator[APIClient]:
    """A client of that platform."""
    with platform.client() as made:
        yield made


@pytest.fixture(autouse=True)
def _environment(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have code that makes its own client find the platform."""
    monkeypatch.setenv("CIVIS_API_ENDPOINT", platform.url)
    monkeypatch.setenv("CIVIS_API_KEY", platform.api_key)
