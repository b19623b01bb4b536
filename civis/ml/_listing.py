"""The models that there are: the jobs of CivisML's templates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from civis._default_client import make_client
from civis.ml._templates import template_ids

if TYPE_CHECKING:
    from civis.client import APIClient

__all__ = ["list_models"]

_JOBS = {"train": ("training", "registration"), "predict": ("prediction",)}
_ME = "me"


def list_models(
    job_type: str | None = "train",
    author: int | str | None = _ME,
    client: APIClient | None = None,
    **kwargs: Any,
) -> list[Any]:
    """List models.

    Parameters
    ----------
    job_type : {"train", "predict", None}
        Which jobs: those that train or register, those that predict, or all.
    author : int or str, optional
        The ID of a user or several, with commas between; by default oneself, None for everybody.
    client : civis.APIClient, optional
        By default one made from the environment.
    **kwargs
        Passed on to ``client.scripts.list_custom``.

    Returns
    -------
    list of civis.Response
        The jobs.

    Raises
    ------
    ValueError
        If `job_type` is none of these.

    Examples
    --------
    >>> [job.name for job in list_models()]  # doctest: +SKIP
    ['cats Train']
    """
    if job_type is not None and job_type not in _JOBS:
        raise ValueError(f'job_type must be "train", "predict" or None, not {job_type!r}')
    client = client or make_client()
    wanted = _JOBS[job_type] if job_type is not None else [job for jobs in _JOBS.values() for job in jobs]
    ids = {id for jobs in template_ids(client).values() for job, id in jobs.items() if job in wanted}
    if not ids:
        return []
    if author is not None:
        kwargs["author"] = str(client.users.get_me().id if author == _ME else author)
    if not {"limit", "page_num", "iterator"} & kwargs.keys():
        kwargs["iterator"] = True
    return list(client.scripts.list_custom(from_template_id=",".join(map(str, sorted(ids))), **kwargs))
