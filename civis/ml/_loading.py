"""From the bytes of an output to an estimator: by pickle, or by skops, which runs no code."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from civis.ml._errors import ModelError

__all__ = ["load_pickled", "load_safely"]

#: The classes of this package that are in pipelines, and what such hold; plain data, all of them.
_OWN_TYPES = (
    "civis.local.civisml.etl.DefaultEtl",
    "civis.local.civisml.lasso.LassoSelector",
    "numpy.dtype",
)


def load_pickled(content: bytes) -> Any:
    """Unpickle an estimator, which runs whatever code is in it.

    Raises
    ------
    ModelError
        If a package is missing.
    """
    import joblib  # noqa: PLC0415 - it takes long to import, and few need it

    try:
        return joblib.load(io.BytesIO(content))
    except ModuleNotFoundError as error:
        raise ModelError(
            f"the model needs the package {error.name!r}, which is not installed; "
            "pip install 'civis[ml]' brings scikit-learn; others are named in its dependencies"
        ) from error


def load_safely(content: bytes, trusted: Sequence[str] = ()) -> Any:
    """Load an estimator by skops, none of whose types is one that could run code.

    Raises
    ------
    ModelError
        If skops is not installed, or there are other types in it.
    """
    try:
        import skops.io  # noqa: PLC0415 - an optional package
    except ImportError:
        raise ModelError("to load a model safely takes the package skops: pip install skops") from None
    found = skops.io.get_untrusted_types(data=content)
    others = sorted(set(found) - {*_OWN_TYPES, *trusted})
    if others:
        raise ModelError(
            f"the model holds the types {', '.join(others)}, which are not known to be safe; "
            f"load_estimator(trusted={others}) loads it nevertheless"
        )
    return skops.io.loads(content, trusted=list(found))
