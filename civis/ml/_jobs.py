"""Starting a job of CivisML: a custom script from its template, and a run of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from civis.ml._sources import joined
from civis.ml._templates import find_template

if TYPE_CHECKING:
    from civis.client import APIClient

__all__ = ["Settings", "start_job"]


@dataclass(frozen=True)
class Settings:
    """What all jobs of a model have alike.

    Parameters
    ----------
    model_name : str, optional
    verbose : bool, default False
    dependencies : sequence of str, optional
    git_token_name : str, optional
        The name of a credential.
    git_credential : int, optional
        Its ID, where that is known.
    notifications : mapping, optional
    resources : mapping, optional
        The arguments ``REQUIRED_…``.
    civisml_version : str, optional
    """

    model_name: str | None = None
    verbose: bool = False
    dependencies: Sequence[str] = ()
    git_token_name: str | None = None
    git_credential: Any = None
    notifications: Mapping[str, Any] = field(default_factory=dict)
    resources: Mapping[str, Any] = field(default_factory=dict)
    civisml_version: str | None = None


def start_job(
    client: APIClient, job: str, title: str, settings: Settings, arguments: Mapping[str, Any]
) -> tuple[int, int]:
    """Start a job.

    Parameters
    ----------
    client : civis.APIClient
    job : {"training", "prediction", "registration"}
    title : str
        What its name ends with.
    settings : Settings
    arguments : mapping
        None among them are left out.

    Returns
    -------
    tuple of int
        The IDs of the job and of its run.

    Raises
    ------
    ValueError
        If there is no such version of CivisML, or no such credential.
    """
    own: dict[str, Any] = {
        name: None if value is None else str(value) for name, value in settings.resources.items()
    }
    own |= {
        "DEBUG": settings.verbose or None,
        "DEPENDENCIES": joined(list(settings.dependencies)) if settings.dependencies else None,
        "GIT_CRED": settings.git_credential or _credential(client, settings.git_token_name),
    }
    template = find_template(client, job, settings.civisml_version)
    given = {name: value for name, value in {**arguments, **own}.items() if value is not None}
    name = " ".join(filter(None, (settings.model_name, title)))
    options: dict[str, Any] = (
        {"notifications": dict(settings.notifications)} if settings.notifications else {}
    )
    made = client.scripts.post_custom(template, name=name, arguments=given, **options)
    return int(made.id), int(client.scripts.post_custom_runs(made.id).id)


def _credential(client: APIClient, name: str | None) -> int | None:
    """Find a credential by its name."""
    if name is None:
        return None
    found = [int(each.id) for each in client.credentials.list(iterator=True) if each.name == name]
    if not found:
        raise ValueError(f"there is no credential named {name!r}, which git_token_name asks for")
    return found[0]
