"""The templates of CivisML's jobs: found by their aliases, once a client."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from civis._names import suggestion

if TYPE_CHECKING:
    from civis.client import APIClient

__all__ = ["JOBS", "PRODUCTION", "find_template", "template_ids"]

JOBS = ("training", "prediction", "registration")
PRODUCTION = "prod"
"""What the version is called that is used where none is named."""

_ALIAS = re.compile(rf"civis-civisml-({'|'.join(JOBS)})(?:-(.+))?")
_NUMBERS = re.compile(r"v?(\d+)[-.](\d+)")


def template_ids(client: APIClient) -> dict[str, dict[str, int]]:
    """List the templates that there are.

    Parameters
    ----------
    client : civis.APIClient

    Returns
    -------
    dict
        By version (``"prod"``, ``"v2.3"``) and job (``"training"``), the template's ID.
    """
    found: dict[str, dict[str, int]] = {}
    for each in client.aliases.list(object_type="template_script", iterator=True):
        match = _ALIAS.fullmatch(str(each.alias))
        if match is not None:
            version = PRODUCTION if match[2] is None else _spelled(match[2])
            found.setdefault(version, {})[match[1]] = int(each.object_id)
    return found


def find_template(client: APIClient, job: str, version: str | None) -> int:
    """Find the template of a job.

    Parameters
    ----------
    client : civis.APIClient
    job : {"training", "prediction", "registration"}
    version : str, optional
        By default the one that is in production.

    Returns
    -------
    int

    Raises
    ------
    ValueError
        If there is none; it lists the versions that there are.
    """
    known = template_ids(client)
    wanted = PRODUCTION if version is None else _spelled(str(version))
    found = known.get(wanted, {}).get(job)
    if found is None:
        versions = sorted(name for name, jobs in known.items() if job in jobs)
        raise ValueError(
            f"there is no CivisML of version {version or wanted!r} for {job};"
            f"{suggestion(wanted, versions)} the versions are {versions}"
        )
    return found


def _spelled(version: str) -> str:
    """Give a version in one spelling: ``2.3``, ``v2.3`` and ``v2-3`` are the same."""
    numbers = _NUMBERS.fullmatch(version.strip().lower())
    return version if numbers is None else f"v{numbers[1]}.{numbers[2]}"
