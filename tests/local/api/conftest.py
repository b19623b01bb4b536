"""A running platform, and a way to ask it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import requests

from civis.local import Platform


@dataclass
class Api:
    """Sends requests to a platform with one user's key."""

    url: str
    session: requests.Session

    def __call__(self, method: str, path: str, **options: Any) -> requests.Response:
        return self.session.request(method, self.url + path.lstrip("/"), timeout=60, **options)


def open_api(url: str, key: str) -> Api:
    """Make an `Api` that presents a key as the user name of basic authentication."""
    session = requests.Session()
    session.trust_env = False  # no .netrc, no proxy
    session.auth = (key, "")
    return Api(url, session)


@pytest.fixture
def api(platform: Platform) -> Iterator[Api]:
    """The platform's API with the default user's key."""
    api = open_api(platform.url, platform.api_key)
    yield api
    api.session.close()


@pytest.fixture
def api_as(platform: Platform) -> Iterator[Any]:
    """Make further `Api`s, one a key."""
    opened: list[Api] = []

    def make(key: str) -> Api:
        opened.append(open_api(platform.url, key))
        return opened[-1]

    yield make
    for each in opened:
        each.session.close()
