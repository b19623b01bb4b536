"""Sharing models: the job, and every output of every run, without which the job is of no use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from civis._default_client import make_client

if TYPE_CHECKING:
    from civis.client import APIClient

__all__ = [
    "delete_models_shares_groups",
    "delete_models_shares_users",
    "put_models_shares_groups",
    "put_models_shares_users",
]

_DEFAULT = "DEFAULT"
#: Which resource shares an output of a type; tables and others have shares of their own.
_RESOURCES = {"File": "files", "JSONValue": "json_values", "Project": "projects", "Report": "reports"}


def put_models_shares_users(
    id: int,
    user_ids: int | Sequence[int],
    permission_level: str,
    client: APIClient | None = None,
    share_email_body: str | None = _DEFAULT,
    send_shared_email: bool | str = _DEFAULT,
) -> Any:
    """Share a model with users.

    Parameters
    ----------
    id : int
        The job that trained it.
    user_ids : int or list of int
    permission_level : {"read", "write", "manage"}
    client : civis.APIClient, optional
        By default one made from the environment.
    share_email_body : str, optional
        The text of the mail; by default the platform's.
    send_shared_email : bool, optional
        Whether there is one; by default the platform decides.

    Returns
    -------
    civis.Response
        Who may do what with the job.

    Examples
    --------
    >>> put_models_shares_users(3000, [17], "read")  # doctest: +SKIP
    """
    options = _mail(share_email_body, send_shared_email)
    return _put(id, "users", user_ids, permission_level, client, options)


def put_models_shares_groups(
    id: int,
    group_ids: int | Sequence[int],
    permission_level: str,
    client: APIClient | None = None,
    share_email_body: str | None = _DEFAULT,
    send_shared_email: bool | str = _DEFAULT,
) -> Any:
    """Share a model with groups; see :func:`put_models_shares_users`.

    Parameters
    ----------
    id : int
        The job that trained it.
    group_ids : int or list of int
    permission_level : {"read", "write", "manage"}
    client : civis.APIClient, optional
        By default one made from the environment.
    share_email_body : str, optional
        The text of the mail; by default the platform's.
    send_shared_email : bool, optional
        Whether there is one; by default the platform decides.

    Returns
    -------
    civis.Response
        Who may do what with the job.

    Examples
    --------
    >>> put_models_shares_groups(3000, [4], "read")  # doctest: +SKIP
    """
    options = _mail(share_email_body, send_shared_email)
    return _put(id, "groups", group_ids, permission_level, client, options)


def delete_models_shares_users(id: int, user_id: int, client: APIClient | None = None) -> None:
    """No longer share a model with a user.

    Parameters
    ----------
    id : int
        The job that trained it.
    user_id : int
    client : civis.APIClient, optional
        By default one made from the environment.

    Examples
    --------
    >>> delete_models_shares_users(3000, 17)  # doctest: +SKIP
    """
    _delete(id, "users", user_id, client)


def delete_models_shares_groups(id: int, group_id: int, client: APIClient | None = None) -> None:
    """No longer share a model with a group.

    Parameters
    ----------
    id : int
        The job that trained it.
    group_id : int
    client : civis.APIClient, optional
        By default one made from the environment.

    Examples
    --------
    >>> delete_models_shares_groups(3000, 4)  # doctest: +SKIP
    """
    _delete(id, "groups", group_id, client)


def _mail(body: str | None, is_sent: bool | str) -> dict[str, Any]:
    """Give the options about a mail that were set."""
    given = {"share_email_body": body, "send_shared_email": is_sent}
    return {name: value for name, value in given.items() if value != _DEFAULT}


def _outputs(client: APIClient, id: int) -> list[tuple[str, int]]:
    """List what the runs of a job put out and what can be shared: the resource and the ID of each."""
    found: dict[tuple[str, int], None] = {}
    for run in client.jobs.list_runs(id, iterator=True):
        for each in client.jobs.list_runs_outputs(id, run.id, iterator=True):
            if each.object_type in _RESOURCES:
                found[_RESOURCES[each.object_type], int(each.object_id)] = None
    return list(found)


def _put(
    id: int,
    whom: str,
    ids: int | Sequence[int],
    level: str,
    client: APIClient | None,
    options: dict[str, Any],
) -> Any:
    """Share outputs first: who finds the job then finds a model."""
    client = client or make_client()
    wanted = [ids] if isinstance(ids, int) else list(ids)
    for resource, object_id in _outputs(client, id):
        put = getattr(getattr(client, resource), f"put_shares_{whom}")
        put(object_id, wanted, level, send_shared_email=False)  # one mail is enough
    return getattr(client.scripts, f"put_custom_shares_{whom}")(id, wanted, level, **options)


def _delete(id: int, whom: str, of: int, client: APIClient | None) -> None:
    """Take the job away first."""
    client = client or make_client()
    getattr(client.scripts, f"delete_custom_shares_{whom}")(id, of)
    for resource, object_id in _outputs(client, id):
        getattr(getattr(client, resource), f"delete_shares_{whom}")(object_id, of)
