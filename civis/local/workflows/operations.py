"""Operations of the API called from within the platform, on behalf of a user, in a transaction that is open.

What a workflow's task or a schedule asks for is validated, permitted and done as if the user had sent it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy.engine import Connection

from civis.local import catalog
from civis.local.api import Call, Routes
from civis.local.api.parameters import read_parameters
from civis.local.catalog import CatalogOperation, Outline
from civis.local.state import after_commit
from civis.local.state.accounts import fetch_user

if TYPE_CHECKING:
    from civis.local.platform import Platform

__all__ = ["Operations"]


class Operations:
    """Calls operations.

    Parameters
    ----------
    platform : Platform
    routes : Routes
        The handlers of all services, each looking after permissions itself.
    """

    def __init__(self, platform: Platform, routes: Routes) -> None:
        self._platform, self._routes = platform, routes
        self._operations: dict[tuple[str, str], Outline] = {}

    def perform(
        self,
        connection: Connection,
        user_id: int,
        method: str,
        path: str,
        *,
        ids: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> Any:
        """Do what a request would; undone as a whole where it raises.

        Parameters
        ----------
        connection : sqlalchemy.engine.Connection
            A write transaction.
        user_id : int
            Who asks.
        method, path : str
            As the catalogue spells them: ``"POST", "/jobs/{id}/runs"``.
        ids : mapping, optional
            The values in the path.
        body : mapping, optional

        Raises
        ------
        ApiError
            What a request would be answered with.
        ObjectNotFound
            If there is no such user.
        """
        operation = self._find(method, path)
        values = {name: str(value) for name, value in (ids or {}).items()}
        params = read_parameters(operation, values, [], body or {})
        waiting: list[Callable[[], object]] = []
        with connection.begin_nested():
            call = self.call(connection, user_id, operation, params, waiting.append)
            answer = self._routes[operation.method, operation.path](call)
        for each in waiting:
            after_commit(connection, each)
        return answer

    def call(
        self,
        connection: Connection,
        user_id: int,
        operation: CatalogOperation | None = None,
        params: Mapping[str, Any] | None = None,
        later: Callable[[Callable[[], object]], object] | None = None,
    ) -> Call:
        """Make what handlers are given; by default one that only looks."""
        return Call(
            operation or self._find("GET", "/users/me"),
            params or {},
            fetch_user(connection, user_id),
            connection,
            self._platform,
            later or partial(after_commit, connection),  # type: ignore[arg-type]  # what it gives is not used
        )

    def _find(self, method: str, path: str) -> CatalogOperation:
        """Find an operation in the catalogue."""
        if not self._operations:
            self._operations = {(each.method, each.path): each for each in catalog.outlines()}
        return self._operations[method, path].operation
