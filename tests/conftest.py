"""Fixtures for all tests: a clean environment, and a watch on what tests leave behind."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from civis.client import APIClient
from civis.local import Platform

# Tests run in as many processes as there are cores: threads of the linear algebra on top of that get into
# each other's way. Said before any of them loads NumPy, and to the processes that tests start.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

pytest_plugins = ["civis.testing"]  # as its entry point does where the package is installed
collect_ignore = ["sample_project"]  # a project of its own, which a test runs

#: Threads that live as long as the process by design: the scheduler of futures and its pool.
LASTING_THREADS = (
    "civis-futures",
    "civis-platform",
    "AnyIO worker thread",  # of a platform that a whole module of tests shares
    "pymp-",
    "QueueFeederThread",
    "execnet",
)


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No test sees the developer's key, endpoint, profile or caches."""
    for name in [name for name in os.environ if name.startswith("CIVIS_")]:
        monkeypatch.delenv(name)
    home = tmp_path_factory.getbasetemp() / "home"
    home.mkdir(exist_ok=True)
    monkeypatch.setenv("HOME", str(home))
    for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(home / name.lower()))


@pytest.fixture(autouse=True)
def _no_thread_left() -> Iterator[None]:
    """A test ends the threads it started, but for the ones meant to last."""
    before = set(threading.enumerate())
    yield
    left = [
        thread
        for thread in set(threading.enumerate()) - before
        if thread.is_alive() and not thread.name.startswith(LASTING_THREADS)
    ]
    for thread in left:
        thread.join(2)
    assert not [thread.name for thread in left if thread.is_alive()]


@pytest.fixture(scope="session")
def reference() -> Path:
    """The reference material beside the checkout; a test that needs it skips where there is none."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "reference"
    if not folder.is_dir():
        pytest.skip("no reference material beside this checkout")
    return folder


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    """A running platform, shared by the tests of a module."""
    with Platform() as running:
        yield running


@pytest.fixture(scope="module")
def client(platform: Platform) -> Iterator[APIClient]:
    """A client of that platform."""
    with platform.client() as made:
        yield made
