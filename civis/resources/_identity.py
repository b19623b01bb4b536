"""Who a key belongs to: name, default credential, features; asked for once, and again after a while."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from civis._clock import SYSTEM_CLOCK, Clock
from civis.resources._calls import call_operation

if TYPE_CHECKING:
    from collections.abc import Callable

    from civis._spec import Api
    from civis.resources._calls import Caller

    class DescribedCaller(Caller, Protocol):
        """A client that has a description of the API."""

        @property
        def _api(self) -> Api: ...


#: Seconds after which the platform is asked again.
KEPT_SECONDS = 15 * 60.0
Value = TypeVar("Value")


class Identity:
    """The user of a client, as the platform knows them.

    Parameters
    ----------
    client : DescribedCaller
        The client.
    clock : Clock, optional
        What tells how old an answer is.
    """

    def __init__(self, client: DescribedCaller, clock: Clock = SYSTEM_CLOCK) -> None:
        self._client = client
        self._clock = clock
        self._kept: dict[str, tuple[float, Any]] = {}

    def username(self) -> str:
        """Give the user's name."""
        return str(self._me()["username"])

    def feature_flags(self) -> tuple[str, ...]:
        """Give the names of the features switched on, as the platform spells them."""
        flags = self._me().json_data.get("featureFlags") or {}
        return tuple(name for name, is_on in flags.items() if is_on)

    def default_credential_id(self) -> int | None:
        """Give the ID of the default database credential; that there is none is not kept."""
        kept = self._keep("credential", self._ask_credential)
        if kept is None:
            self._kept.pop("credential", None)
        return kept

    def clear(self) -> None:
        """Forget all."""
        self._kept.clear()

    def _me(self) -> Any:
        """Give what the platform says of the user."""
        return self._keep("me", self._ask_me)

    def _ask_me(self) -> Any:
        """Ask who the user is."""
        return call_operation(self._client, self._client._api.resources["users"].operations["get_me"])

    def _ask_credential(self) -> int | None:
        """Ask for the default credential."""
        operation = self._client._api.resources["credentials"].operations["list"]
        found = call_operation(self._client, operation, default=True)
        return int(found[0]["id"]) if found else None

    def _keep(self, name: str, ask: Callable[[], Value]) -> Value:
        """Give a kept answer, or ask."""
        now = self._clock.monotonic()
        kept = self._kept.get(name)
        if kept is None or now - kept[0] >= KEPT_SECONDS:
            kept = self._kept[name] = (now, ask())
        value: Value = kept[1]
        return value
