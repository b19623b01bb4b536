"""What a handler is given: one authenticated, validated request inside its transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from civis.local.catalog import CatalogOperation
    from civis.local.platform import Platform
    from civis.local.state.accounts import User

__all__ = ["AfterCommit", "Call"]


@dataclass
class AfterCommit:
    """The callbacks of one transaction, run in their order once it is committed and never otherwise."""

    callbacks: list[Callable[[], object]] = field(default_factory=list)

    def __call__(self, callback: Callable[[], object]) -> None:
        """Remember a callback."""
        self.callbacks.append(callback)

    def run(self) -> None:
        """Call all; what one of them raises keeps none of the others from running."""
        errors = []
        callbacks, self.callbacks = self.callbacks, []
        for callback in callbacks:
            try:
                callback()
            except Exception as error:  # noqa: BLE001, RUF100 - raised below, when all have run
                errors.append(error)
        if errors:
            raise errors[0]


@dataclass(frozen=True)
class Call:
    """One request to an operation.

    Attributes
    ----------
    operation : CatalogOperation
        The operation of the catalogue that is asked for.
    params : mapping
        Path, query and body parameters in one mapping, by their snake_case names, converted to the types of
        the catalogue. What was not sent is absent; what was sent as null is None.
    user : User
        Who asks: ``id``, ``name``, ``username``, ….
    connection : sqlalchemy.Connection
        The request's transaction; committed when the handler returns, undone when it raises.
    platform : Platform
        The platform: ``state``, ``warehouse``, ``blobs``, ``queue``, ``settings``, ``clock``, ``url``.
    after_commit : callable
        ``after_commit(callback)`` has the callback called, without arguments, once the transaction is
        committed; when the handler raises, it never is.
    key_id : int, optional
        The ID of the API key that the request came with.
    """

    operation: CatalogOperation
    params: Mapping[str, Any]
    user: User
    connection: Connection
    platform: Platform
    after_commit: Callable[[Callable[[], object]], None] = field(default_factory=AfterCommit)
    key_id: int | None = None

    @property
    def now(self) -> datetime:
        """The platform's time, in UTC."""
        return datetime.fromtimestamp(self.platform.clock.time(), timezone.utc)
