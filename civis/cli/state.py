"""What a command line works with: settings, the way to the platform, the API's description.

Nothing is made before it is asked for, so that what needs no key and no network does without.
"""

from __future__ import annotations

import os
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    import click

    from civis._env import Secret
    from civis._http import Answer, RetryPolicy, Session
    from civis._spec import Api
    from civis.client import APIClient

__all__ = ["PRODUCT", "Connection", "State", "state_of"]

#: How requests of the command line name themselves.
PRODUCT: Final = "civis-cli"


class Connection:
    """What sends an operation's request: a session, and no more of a client.

    Parameters
    ----------
    session : Session
        The session.
    """

    return_type = "snake"

    def __init__(self, session: Session) -> None:
        self._session = session

    @property
    def session(self) -> Session:
        """The session, for what is no operation."""
        return self._session

    def _remember(self, answer: Answer) -> None:
        """Take note of nothing: the process ends after one command."""


class State:
    """The settings of one command line.

    Parameters
    ----------
    profile : str or None
        The profile asked for on the command line; its key and addresses go before the environment's.
    debug : bool
        Whether errors come with all there is to know.
    output : str or None
        The form of the output.
    query : str or None
        A JMESPath expression.
    is_offline : bool
        Whether nothing may be asked of the platform: for help and completion.
    """

    # Not a dataclass: making one would take a twentieth of the time that help may take.
    def __init__(
        self,
        profile: str | None = None,
        debug: bool = False,
        output: str | None = None,
        query: str | None = None,
        is_offline: bool = False,
    ) -> None:
        self.profile = profile
        self.debug = debug
        self.output = output
        self.query = query
        self.is_offline = is_offline
        self._closing: list[Callable[[], object]] = []

    def close(self) -> None:
        """Close what was opened, the youngest first."""
        while self._closing:
            self._closing.pop()()

    @cached_property
    def _of_profile(self) -> dict[str, Any]:
        """Give key and addresses of the profile asked for; empty where none was."""
        if self.profile is None:
            return {}
        from civis._env import config_path  # noqa: PLC0415 - most command lines ask for none
        from civis._profile import read_profile  # noqa: PLC0415 - as above

        return dict(read_profile(config_path()))

    @property
    def endpoint(self) -> str:
        """The base URL of the API."""
        from civis._env import api_endpoint  # noqa: PLC0415 - not for every command line

        return api_endpoint(self._of_profile.get("api_endpoint"))

    @property
    def key(self) -> Secret:
        """The API key; an error where there is none."""
        from civis._env import api_key  # noqa: PLC0415 - not for every command line

        return api_key(self._of_profile.get("api_key"), self.endpoint)

    @property
    def web_address(self) -> str:
        """Where people see the platform."""
        from civis._env import web_address  # noqa: PLC0415 - not for every command line

        return web_address(self._of_profile.get("web_address"), self.endpoint)

    @cached_property
    def connection(self) -> Connection:
        """The way to the platform for operations."""
        from civis import _env  # noqa: PLC0415 - help needs none
        from civis._http import Session  # noqa: PLC0415 - as above

        session = Session(
            self.endpoint,
            self.key,
            user_agent=partial(_env.user_agent, PRODUCT),
            retries=self._retries,
        )
        self._closing.append(session.close)
        return Connection(session)

    @cached_property
    def client(self) -> APIClient:
        """A client, for commands that are more than one operation."""
        from civis.client import APIClient  # noqa: PLC0415 - operations do without

        made = APIClient(
            self.key,
            user_agent=PRODUCT,
            endpoint=self.endpoint,
            web_address=self._of_profile.get("web_address"),
            retries=self._retries,
        )
        self._closing.append(made.close)
        return made

    @cached_property
    def _retries(self) -> RetryPolicy:
        """How often requests are repeated; from now on a person is told of the first that is."""
        from civis.cli.retrying import notice_of_retries, policy_for  # noqa: PLC0415 - help needs none

        if not (self.debug or os.environ.get("CIVIS_LOG_LEVEL")):  # there the log says more
            self._closing.append(notice_of_retries())
        return policy_for(self.endpoint)

    @cached_property
    def api(self) -> Api:
        """The description: as clients get it, or for help whatever is at hand, without a question."""
        if self.is_offline or not self._has_key():
            return self.api_at_hand()
        from civis.cli.descriptions import API_VERSION  # noqa: PLC0415 - own commands do without
        from civis.resources import DESCRIPTIONS  # noqa: PLC0415 - help needs none

        return DESCRIPTIONS.get(self.connection.session, self.key, API_VERSION)

    def api_at_hand(self) -> Api:
        """Give the description kept on the disk, however old, else the one that comes with this package."""
        from civis.cli.descriptions import description_at_hand  # noqa: PLC0415 - own commands do without

        return (
            description_at_hand(self.endpoint, self.key) if self._has_key() else description_at_hand("", None)
        )

    def _has_key(self) -> bool:
        """Tell whether there is a key; that settings are wrong is told by what needs them."""
        from civis._errors import CivisError  # noqa: PLC0415 - own commands do without

        try:
            return bool(self.key)
        except (CivisError, ValueError):
            return False


def state_of(context: click.Context) -> State:
    """Give the state of a command line; commands called alone get a fresh one."""
    root = context.find_root()
    if not isinstance(root.obj, State):
        root.obj = State()
        root.call_on_close(root.obj.close)
    return root.obj
