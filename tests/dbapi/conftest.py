"""A platform, and a connection to its database, shared by the tests of a module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from civis import dbapi
from civis.client import APIClient


@pytest.fixture(scope="module")
def connection(client: APIClient) -> Iterator[dbapi.Connection]:
    """A connection to its database."""
    with dbapi.connect("local", client) as made:
        yield made


@pytest.fixture
def cursor(connection: dbapi.Connection) -> Iterator[dbapi.Cursor]:
    """A fresh cursor."""
    with connection.cursor() as made:
        yield made
