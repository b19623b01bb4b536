"""What a script is told by whoever makes it: its declared parameters, and by which job it was started.

For packages that make scripts: the executors here, `civis.parallel`. It sends nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from civis._env import job_id, run_id

__all__ = ["declare_parameters", "parent_arguments"]


def parent_arguments() -> dict[str, int]:
    """Give what tells a script by which job it was started, as arguments.

    Returns
    -------
    dict
        Empty outside of a job.

    Examples
    --------
    >>> parent_arguments()  # doctest: +SKIP
    {'CIVIS_PARENT_JOB_ID': 3000, 'CIVIS_PARENT_RUN_ID': 3001}
    """
    ids = {"CIVIS_PARENT_JOB_ID": job_id(), "CIVIS_PARENT_RUN_ID": run_id()}
    return {name: int(value) for name, value in ids.items() if value and value.isdigit()}


def declare_parameters(params: Sequence[Any], arguments: Mapping[str, Any]) -> list[Any]:
    """Give the parameters of a script: those given, and one for each argument that has none.

    Parameters
    ----------
    params : sequence of dict
        Parameters as the platform takes them, with at least a `name` each.
    arguments : Mapping
        The script's arguments by name.

    Returns
    -------
    list

    Examples
    --------
    >>> declare_parameters([], {"YEAR": 2026})
    [{'name': 'YEAR', 'label': 'YEAR', 'type': 'integer'}]
    """
    declared = {param["name"] for param in params}
    missing = [name for name in arguments if name not in declared]
    return [
        *params,
        *({"name": name, "label": name, "type": _type_of(arguments[name])} for name in missing),
    ]


def _type_of(value: object) -> str:
    """Give the platform's type for an argument."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "integer"
    return "float" if isinstance(value, float) else "string"
