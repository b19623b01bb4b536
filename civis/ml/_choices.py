"""How what users say about models is read: names, choices, runs, files with models."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from civis._names import suggestion
from civis.io import file_to_civis
from civis.ml._errors import ModelError
from civis.ml._sources import upload_pickle

if TYPE_CHECKING:
    from civis.client import APIClient

__all__ = [
    "PREDEFINED",
    "TRAINING_KEY",
    "TrainingKey",
    "model_file",
    "names_of",
    "require_choice",
    "require_model",
    "run_id_of",
    "words",
]


PREDEFINED = (
    "extra_trees_classifier",
    "extra_trees_regressor",
    "gradient_boosting_classifier",
    "gradient_boosting_regressor",
    "multilayer_perceptron_classifier",
    "multilayer_perceptron_regressor",
    "random_forest_classifier",
    "random_forest_regressor",
    "sparse_linear_regressor",
    "sparse_logistic",
    "sparse_ridge_regressor",
    "stacking_classifier",
    "stacking_regressor",
)
"""The names of the pre-defined models."""


class TrainingKey:
    """The default of `primary_key` in predictions: None is a choice of its own."""

    def __repr__(self) -> str:
        return "<that of the training>"


TRAINING_KEY = TrainingKey()


def require_choice(name: str, value: str, choices: Sequence[str]) -> None:
    """Refuse what is none of the choices."""
    if value not in choices:
        raise ValueError(f"{name} must be one of {tuple(choices)}, not {value!r}")


def require_model(name: str) -> None:
    """Refuse a name that no pre-defined model has, as the job would; the number of a file is none.

    Raises
    ------
    ModelError
        With metadata, as a job's that failed.
    """
    if name in PREDEFINED or name.isdigit():
        return
    near = suggestion(name, PREDEFINED)
    message = (
        f"There is no model {name!r}.{near} There are: {', '.join(PREDEFINED)}. Or give an estimator of "
        "scikit-learn's interface; nothing was sent."
    )
    raise ModelError(message, metadata={"run": {"status": "exception", "message": message}})


def names_of(given: str | Sequence[str] | None) -> list[str]:
    """Give one name or several as a list."""
    return [given] if isinstance(given, str) else list(given or [])


def words(text: str | None) -> list[str]:
    """Read names that :func:`~civis.ml._sources.joined` wrote."""
    text = (text or "").strip()
    return [str(each) for each in json.loads(text)] if text.startswith("[") else text.split()


def run_id_of(client: APIClient, job_id: int, wanted: int | str, arguments: Mapping[str, Any]) -> int:
    """Find the run that is meant."""
    if wanted == "active":
        wanted = arguments.get("ACTIVE_BUILD") or "latest"
    if wanted != "latest":
        return int(wanted)
    runs = list(client.jobs.list_runs(int(job_id), limit=1, order="id", order_dir="desc"))
    if not runs:
        raise ValueError(f"job {job_id} never ran, so there is no model")
    return int(runs[0].id)


def model_file(model: Any, client: APIClient) -> int:
    """Give the file with a model, uploaded if it is here."""
    if isinstance(model, int) and not isinstance(model, bool):
        return model
    if isinstance(model, (str, os.PathLike)):
        return file_to_civis(model, client=client)
    return upload_pickle(model, "model.pkl", client)
