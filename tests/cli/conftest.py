"""The command line in this process, against a platform that the tests of a module share."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result

from civis.cli.root import root
from civis.local import Platform

Run = Callable[..., Result]


@pytest.fixture
def civis(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command line against that platform."""
    monkeypatch.setenv("CIVIS_API_ENDPOINT", platform.url)
    monkeypatch.setenv("CIVIS_API_KEY", platform.api_key)
    return run_here


def run_here(*arguments: object, input: bytes | str | None = None, code: int | None = 0) -> Result:
    """Run a command line in this process and check its status."""
    result = CliRunner().invoke(root, [str(each) for each in arguments], input=input, prog_name="civis")
    assert code is None or result.exit_code == code, (result.exit_code, result.stderr, result.exception)
    return result
