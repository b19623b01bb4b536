"""Models that are there already: the settings of a job that trained one, and the job that registers one."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from civis.ml._choices import model_file, names_of, words
from civis.ml._jobs import Settings, start_job
from civis.ml._sources import joined

if TYPE_CHECKING:
    from civis.client import APIClient

__all__ = ["settings_of", "start_registration"]

_NAME = re.compile(r"(?:^| )(?:Train|Register)$")


def settings_of(name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Give what a model is made with, from its training's name and arguments.

    Parameters
    ----------
    name : str
    arguments : mapping

    Returns
    -------
    dict
        The arguments of ``ModelPipeline``.
    """
    space = str(arguments.get("CVPARAMS") or "{}")
    return {
        "model": arguments.get("MODEL") or arguments["MODEL_FILE_ID"],
        "dependent_variable": words(arguments.get("TARGET_COLUMN")),
        "primary_key": arguments.get("PRIMARY_KEY") or None,
        "parameters": json.loads(arguments.get("PARAMS") or "{}"),
        "cross_validation_parameters": "hyperband" if space == "hyperband" else json.loads(space),
        "model_name": _NAME.sub("", name) or None,
        "calibration": arguments.get("CALIBRATION") or None,
        "excluded_columns": words(arguments.get("EXCLUDE_COLS")),
        "dependencies": words(arguments.get("DEPENDENCIES")),
        "verbose": bool(arguments.get("DEBUG")),
        "civisml_version": arguments.get("CIVISML_VERSION") or None,
    }


def start_registration(
    client: APIClient,
    model: Any,
    dependent_variable: str | Sequence[str] | None,
    features: Sequence[str] | None,
    primary_key: str | None,
    settings: Settings,
    *,
    skips_check: bool,
) -> tuple[int, int]:
    """Start the job that takes a fitted model in.

    Parameters
    ----------
    client : civis.APIClient
    model : estimator, str or int
        Or the path of a pickle, or the ID of a file with one.
    dependent_variable : str or list of str, optional
    features : list of str, optional
    primary_key : str, optional
    settings : Settings
    skips_check : bool

    Returns
    -------
    tuple of int
        The IDs of the job and of its run.
    """
    targets = names_of(dependent_variable)
    arguments = {
        "MODEL_FILE_ID": str(model_file(model, client)),
        "TARGET_COLUMN": joined(targets) if targets else None,
        "FEATURE_COLUMNS": joined(list(features)) if features else None,
        "PRIMARY_KEY": primary_key,
        "SKIP_MODEL_CHECK": skips_check,
    }
    return start_job(client, "registration", "Register", settings, arguments)
