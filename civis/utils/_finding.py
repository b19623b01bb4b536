"""Finding things: one job by its name, and the objects on all the pages of a list."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from civis._default_client import make_client
from civis._names import suggestion

if TYPE_CHECKING:
    from civis.client import APIClient
    from civis.response import Response

#: Jobs a page: the most that the platform gives.
JOBS_PAGE = 50


def all_pages(method: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Iterator[Any]:
    """Go through all that a list gives, page after page.

    Parameters
    ----------
    method : callable
        A method of a client that gives a list, such as ``client.jobs.list``.
    *args, **kwargs
        Its arguments. `limit` is the size of a page; by default the platform's.

    Yields
    ------
    civis.Response
        One object after the other; a page is asked for when the one before is used up.

    Raises
    ------
    TypeError
        When the method gives one object and no list.

    Examples
    --------
    >>> import civis
    >>> client = civis.APIClient()  # doctest: +SKIP
    >>> [job.name for job in civis.utils.all_pages(client.jobs.list, state="failed")]  # doctest: +SKIP
    ['nightly load', 'report']
    """
    operation = getattr(method, "operation", None)
    # Stand-ins and methods of other clients say by their answer what they are.
    is_paginated = getattr(operation, "is_paginated", None)
    if is_paginated is not False:
        kwargs = {**kwargs, "iterator": True}
    return _each(method(*args, **kwargs), getattr(method, "__qualname__", repr(method)))


def _each(answer: Any, called: str) -> Iterator[Any]:
    """Iterate over an answer that is a list or an iterator."""
    if not isinstance(answer, (list, Iterator)):
        raise TypeError(f"{called}() gives one {type(answer).__name__}, not a list that has pages")
    return iter(answer)


def find_job(name: str, client: APIClient | None = None, **filters: Any) -> Response:
    """Find the one job of a name.

    Parameters
    ----------
    name : str
        The job's whole name; capitals matter.
    client : civis.APIClient, optional
        By default one made from the environment.
    **filters
        Further arguments of ``client.jobs.list``, such as ``type="JobTypes::ContainerDocker"`` or
        ``author=client.users.get_me().id``. Hidden jobs are found with ``hidden=True``, archived ones with
        ``archived=True``.

    Returns
    -------
    civis.Response
        The job as the list shows it: `id`, `name`, `type`, `state`, `last_run` and so on.

    Raises
    ------
    ValueError
        When there is no job of that name (the message names near ones), or more than one (it gives their
        IDs).

    Examples
    --------
    >>> import civis
    >>> civis.utils.find_job("nightly load").id  # doctest: +SKIP
    3000
    """
    client = client or make_client()
    named: list[Any] = []
    near: dict[str, None] = {}
    # The platform's own search finds names that hold the text, in whatever case.
    for job in all_pages(client.jobs.list, **{"q": name, "limit": JOBS_PAGE, **filters}):
        if job.name == name:
            named.append(job)
        else:
            near[str(job.name)] = None
    if len(named) == 1:
        found: Response = named[0]
        return found
    if named:
        ids = ", ".join(str(job.id) for job in named)
        raise ValueError(f"{len(named)} jobs have the name {name!r}; take one of the IDs {ids}")
    if not near:
        recent = client.jobs.list(**{"limit": JOBS_PAGE, **filters})
        near = dict.fromkeys(str(job.name) for job in recent)
    raise ValueError(f"no job that you can see has the name {name!r}.{suggestion(name, near)}")
