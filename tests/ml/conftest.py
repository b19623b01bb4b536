"""A platform and a client of it, and scikit-learn's real data sets as frames, for the tests of models."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
import pytest

from civis.local import Platform

datasets = pytest.importorskip("sklearn.datasets")


@pytest.fixture(scope="session")
def platform() -> Iterator[Platform]:
    """A running platform for all tests of models: what has loaded scikit-learn serves them all."""
    with Platform() as running:
        yield running


@pytest.fixture(scope="session")
def cancer() -> pd.DataFrame:
    """Two classes, numbers only, a primary key."""
    frame = datasets.load_breast_cancer(as_frame=True).frame
    return frame.assign(id=range(1000, 1000 + len(frame)))


@pytest.fixture(scope="session")
def diabetes() -> pd.DataFrame:
    """A number to predict."""
    return datasets.load_diabetes(as_frame=True).frame


@pytest.fixture(scope="session")
def digits() -> pd.DataFrame:
    """Ten classes; every third row, which is enough and quicker."""
    return datasets.load_digits(as_frame=True).frame[::3].reset_index(drop=True)
