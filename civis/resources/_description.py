"""Where the API's description comes from: this process's memory, the disk or the platform, in that order.

A description counts as current for a while; then the platform is asked, and sends it only if it has changed.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from civis._clock import SYSTEM_CLOCK, Clock
from civis._errors import CivisConnectionError, api_error
from civis._spec import Api, SpecCache, SpecError, load_spec

if TYPE_CHECKING:
    from civis._env import Secret
    from civis._http import Answer, Session, Turn

#: Seconds for which a description counts as current where somebody types, and in scripts.
INTERACTIVE_SECONDS = 15 * 60.0
SCRIPT_SECONDS = 24 * 3600.0
ENDPOINTS_PATH = "endpoints"


class Held(NamedTuple):
    """A description in memory."""

    api: Api
    etag: str
    last_modified: str
    checked_at: float

    def is_current(self, now: float) -> bool:
        """Say whether it needs no question to the platform; a clock put back makes it old."""
        return 0 <= now - self.checked_at < lifetime()


class Descriptions:
    """The descriptions that this process has read, one for each endpoint, key and version.

    Parameters
    ----------
    cache : SpecCache, optional
        Where they are kept on disk.
    clock : Clock, optional
        What tells how old they are.
    """

    def __init__(self, cache: SpecCache | None = None, clock: Clock = SYSTEM_CLOCK) -> None:
        self._cache = cache or SpecCache()
        self._clock = clock
        self._held: dict[str, Held] = {}
        self._turns: dict[str, Turn[Held]] = {}
        self._lock = threading.Lock()

    def get(self, session: Session, key: Secret, version: str, *, refresh: bool = False) -> Api:
        """Give the description that a key sees at a session's endpoint.

        Raises
        ------
        CivisAPIKeyError
            If the platform refuses the key.
        CivisAPIError
            If it answers with another error.
        CivisConnectionError
            If there is no answer, and no older description either.
        """
        name = self._cache.name(session.base_url, key.reveal(), version)
        held = None if refresh else self._current(name)
        if held is None:
            held = self._turn(name).take(
                lambda: None if refresh else self._current(name),
                lambda: self._keep(name, self._from_platform(session, name, refresh=refresh)),
            )
        return held.api

    def _current(self, name: str) -> Held | None:
        """Give a description that needs no question to the platform, from memory or the disk."""
        now = self._clock.time()
        held = self._held.get(self._place(name))
        if held is None or not held.is_current(now):
            held = self._from_disk(name) or held
            if held is not None:
                self._keep(name, held)
        return held if held is not None and held.is_current(now) else None

    def _keep(self, name: str, held: Held) -> Held:
        """Keep a description in memory."""
        with self._lock:
            self._held[self._place(name)] = held
        return held

    def _turn(self, name: str) -> Turn[Held]:
        """Give what lets one thread ask the platform for all those that need the same description."""
        from civis._http import Turn  # noqa: PLC0415 - only where a description has to be asked for

        with self._lock:
            return self._turns.setdefault(self._place(name), Turn())

    def clear(self) -> None:
        """Forget what is in memory; the disk stays."""
        with self._lock:
            self._held.clear()

    def after_fork(self) -> None:
        """Begin anew in a process whose other threads are gone."""
        self._lock = threading.Lock()
        self._turns = {}

    def _place(self, name: str) -> str:
        """Name the place in memory: a program that changes its cache folder must not see the old one's."""
        return f"{self._cache.folder()}/{name}"

    def _from_disk(self, name: str) -> Held | None:
        """Read a description from the disk."""
        stored = self._cache.read(name)
        if stored is None:
            return None
        return Held(stored.api, stored.etag, stored.last_modified, stored.fetched_at)

    def _from_platform(self, session: Session, name: str, *, refresh: bool) -> Held:
        """Ask the platform, which sends nothing if it has nothing newer."""
        held = None if refresh else self._held.get(self._place(name))
        # A key that is new here, as each run's is, mostly sees what the keys before it saw. Whether it does
        # is for the platform to say, by the tag; without its word nobody is given another key's.
        other, neighbour = (None, "") if refresh or held is not None else self._neighbour(name)
        headers: dict[str, str] = {}
        if held is not None and held.etag:
            headers["If-None-Match"] = held.etag
        if held is not None and held.last_modified:
            headers["If-Modified-Since"] = held.last_modified
        if other is not None:
            headers["If-None-Match"] = other.etag
        now = self._clock.time()
        try:
            answer = session.request("GET", ENDPOINTS_PATH, headers=headers or None)
        except CivisConnectionError as error:
            if held is None:
                raise
            import logging  # noqa: PLC0415 - takes 5 ms to import, and clients do without

            logger = logging.getLogger("civis.resources")
            logger.warning("The API's description is out of date and could not be asked for: %s", error)
            return held
        if answer.status == 304 and held is not None:
            self._cache.touch(name, now)
            return Held(held.api, held.etag, held.last_modified, now)
        if answer.status == 304 and other is not None:
            self._cache.copy(neighbour, name, now)
            return Held(other.api, other.etag, other.last_modified, now)
        return self._store(name, answer, now)

    def _neighbour(self, name: str) -> tuple[Held | None, str]:
        """Find the newest description with a tag that another key has at the endpoint; its name."""
        for each in self._cache.neighbours(name):
            found = self._held.get(self._place(each)) or self._from_disk(each)
            if found is not None and found.etag:
                return found, each
        return None, ""

    def _store(self, name: str, answer: Answer, now: float) -> Held:
        """Keep a description that the platform sent."""
        mapping = decoded(answer)
        etag, last_modified = answer.headers.get("ETag", ""), answer.headers.get("Last-Modified", "")
        if self._cache.write(name, mapping, etag=etag, last_modified=last_modified):
            self._cache.touch(name, now)
        stored = self._cache.read(name)  # what was written needs a fraction of the memory
        return Held(stored.api if stored else load_spec(mapping), etag, last_modified, now)


def download_description(session: Session) -> dict[str, Any]:
    """Download the platform's description of its API, as it is.

    Parameters
    ----------
    session : civis.base.Session
        What sends the request.

    Returns
    -------
    dict
        In Swagger 2.0.

    Raises
    ------
    CivisAPIError
        If the platform refuses.
    SpecError
        If what it answers is no description.

    Examples
    --------
    >>> from civis.base import Session
    >>> from civis.resources import download_description
    >>> session = Session("https://api.civisanalytics.com/", "the key")
    >>> download_description(session)["swagger"]  # doctest: +SKIP
    '2.0'
    """
    return decoded(session.request("GET", ENDPOINTS_PATH))


def decoded(answer: Answer) -> dict[str, Any]:
    """Take the description out of the platform's answer."""
    if answer.status in (401, 403):
        from civis.resources._refusals import (  # noqa: PLC0415 - it imports requests, which takes 60 ms
            DescriptionRefusedError,
        )

        raise DescriptionRefusedError(answer)
    if answer.status >= 400:
        raise api_error(answer)
    try:
        found = answer.json()
    except ValueError:
        found = None
    if not isinstance(found, dict) or not isinstance(found.get("paths"), Mapping):
        raise SpecError(
            f"{answer.url} answered no description of an API; is CIVIS_API_ENDPOINT the address of the API?"
        )
    return found


def lifetime() -> float:
    """Give the seconds for which a description counts as current."""
    return INTERACTIVE_SECONDS if is_interactive() else SCRIPT_SECONDS


def is_interactive() -> bool:
    """Say whether somebody types: at Python's prompt, in IPython or in a notebook."""
    if hasattr(sys, "ps1") or sys.flags.interactive:
        return True
    ipython = sys.modules.get("IPython")
    try:
        return ipython is not None and ipython.get_ipython() is not None
    except Exception:  # a broken IPython is nobody typing
        return False


#: Where all clients of this process look.
DESCRIPTIONS = Descriptions()
# What another thread held or was doing while the process forked would stay so in the child for ever.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=DESCRIPTIONS.after_fork)
