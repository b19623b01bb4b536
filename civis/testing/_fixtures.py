"""The fixtures. Imported whenever pytest starts, so that nothing large may be imported here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from civis.client import APIClient
    from civis.local import Platform
    from civis.testing._database import FreshDatabase
    from civis.testing._faults import FaultMaker

__all__ = [
    "civis_client",
    "civis_database",
    "civis_environment",
    "civis_faults",
    "civis_platform",
    "pytest_addoption",
    "pytest_configure",
]

RESET = "civis_reset"
#: What the platform sets for its jobs, and what a developer may have set for work by hand.
FOREIGN_VARIABLES = ("CIVIS_JOB_ID", "CIVIS_RUN_ID", "CIVIS_PROFILE", "CIVIS_WEB_ADDRESS", "CIVIS_DATABASE")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Tell pytest of this plugin's one setting."""
    parser.addini(
        RESET,
        'When the local Civis Platform is emptied: "test" (after each test that used it) or "never".',
        default="test",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Refuse a setting that there is not, before any test runs."""
    value = str(config.getini(RESET))
    if value not in ("test", "never"):
        raise pytest.UsageError(f"{RESET} must be 'test' or 'never', not {value!r}")


@pytest.fixture(scope="session")
def civis_platform() -> Iterator[Platform]:
    """Give a Civis Platform that runs as long as the tests do; with pytest-xdist one a worker.

    It is a `civis.local.Platform`, on a temporary directory and a free port. Its ``reset()`` empties it, in a
    few hundredths of a second.
    """
    from civis.local import Platform  # noqa: PLC0415 - large and optional

    with Platform() as platform:
        yield platform


@pytest.fixture
def civis_environment(
    civis_platform: Platform, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[dict[str, str]]:
    """Point the environment to the platform: ``civis.APIClient()`` and programs that a test starts use it.

    Gives the variables ``CIVIS_API_ENDPOINT`` and ``CIVIS_API_KEY``. The platform is emptied after the test,
    unless the setting ``civis_reset`` is ``never``.
    """
    variables = {"CIVIS_API_ENDPOINT": civis_platform.url, "CIVIS_API_KEY": civis_platform.api_key}
    for name in FOREIGN_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    is_reset = must_reset(request.config)
    yield variables
    if is_reset:
        civis_platform.reset()


@pytest.fixture
def civis_client(civis_platform: Platform, civis_environment: dict[str, str]) -> Iterator[APIClient]:
    """Give a client of the platform; code that makes its own by ``civis.APIClient()`` sees the same data."""
    with civis_platform.client() as client:
        yield client


@pytest.fixture
def civis_database(civis_platform: Platform, civis_client: APIClient) -> Iterator[FreshDatabase]:
    """Give a database with a schema that no other test knows; it is dropped after the test."""
    from civis.testing._database import FreshDatabase  # noqa: PLC0415 - not before a test asks for it

    database = FreshDatabase(civis_platform, civis_client)
    yield database
    database.drop()


@pytest.fixture
def civis_faults(civis_platform: Platform, civis_client: APIClient) -> Iterator[FaultMaker]:
    """Have the platform fail as a network and a busy platform do; all is well again after the test."""
    from civis.testing._faults import FaultMaker  # noqa: PLC0415 - not before a test asks for it

    faults = FaultMaker(civis_platform, civis_client)
    yield faults
    faults.clear()


def must_reset(config: pytest.Config) -> bool:
    """Read the setting."""
    return str(config.getini(RESET)) == "test"
