"""What the futures of one client share: who waits for which run, the pace of polls, and pushed notices.

The network is asked elsewhere: `_listener` subscribes, futures poll. Futures are held weakly, and so is the
client.
"""

from __future__ import annotations

import importlib.util
import logging
import threading
import time
import weakref
from collections.abc import Iterator
from itertools import chain
from types import ModuleType
from typing import TYPE_CHECKING, Any, Protocol

from civis._clock import SYSTEM_CLOCK, Clock
from civis.futures._job_list import JobList, Known
from civis.futures._policy import Verdict, is_passing, outage_delay, read_verdict, slowdown
from civis.futures._scheduler import call_after_fork, current_scheduler

if TYPE_CHECKING:
    from civis.client import APIClient
    from civis.futures._listener import Listener, Offer

logger = logging.getLogger(__name__)

#: Seconds for which a low remainder of calls slows polls down; the platform counts anew by then.
LOW_FOR = 60.0
#: Seconds for which a subscription outlives the last future, as another one is likely to follow.
IDLE_LIFETIME = 10.0
#: From so many jobs on, the list of jobs is asked for them together.
CROWD = 100
#: PubNub gives so many messages at a time at most; of more, the oldest are lost.
MOST_MESSAGES = 100
#: Seconds from a loss of messages to the search for the runs that they told of, and between two searches.
SEARCH_DELAY, SEARCH_PAUSE = 0.25, 0.75


class Follower(Protocol):
    """What a future is to this module."""

    @property
    def job_id(self) -> int | None:
        """The job."""

    @property
    def run_id(self) -> int | None:
        """The run, None where only the job is known."""

    def _nudge(self) -> None:
        """Ask at once: the run has ended, by what was pushed."""

    def _plan_again(self) -> None:
        """Ask within the usual delay: what is pushed may not have come."""


class Pace:
    """How much slower than planned a client's futures ask, by what remains of its calls."""

    def __init__(self) -> None:
        self._factor = 1.0
        self._until = 0.0

    def note(self, response: object) -> None:
        """Learn from an answer's headers."""
        limit = getattr(response, "rate_limit", None)
        remaining = getattr(response, "calls_remaining", None)
        if isinstance(limit, int) and isinstance(remaining, int):
            self._factor = slowdown(remaining, limit)
            self._until = time.monotonic() + LOW_FOR

    @property
    def factor(self) -> float:
        """What delays are multiplied by."""
        return self._factor if time.monotonic() < self._until else 1.0


class Sharing:
    """What the futures of one client share.

    The scheduler polls it, as it does a future, when a subscription is to begin or to end.
    """

    def __init__(self, client: APIClient | None) -> None:
        self._client = weakref.ref(client) if client is not None else None
        self.pace = Pace()
        #: Since when notices arrive, by the monotonic clock; None while they do not.
        self.connected_at: float | None = None
        # Re-entrant, because collecting garbage under the lock may run a destructor that comes back here.
        self._lock = threading.RLock()
        # By run, and by job where only that is known. Tuples, as there is one follower of a run as a rule.
        self._of_run: dict[int, tuple[weakref.ref[Follower], ...]] = {}
        self._of_job: dict[int, tuple[weakref.ref[Follower], ...]] = {}
        self._can_list = client is not None and _is_real_client(client)
        self._can_push = self._can_list and _has_pubnub()
        self._jobs = JobList()
        self._search = Search(self)
        self._listener: Listener | None = None
        self._is_wanted = False
        self._is_polling = False
        self._error_count = 0

    def join(self, follower: Follower) -> None:
        """Know a future that waits for a run."""
        table, number = self._place(follower)
        with self._lock:
            table[number] = (*table.get(number, ()), weakref.ref(follower))

    def _place(self, follower: Follower) -> tuple[dict[int, tuple[weakref.ref[Follower], ...]], int]:
        """Give the table and the number by which a future is found."""
        if follower.run_id is None:
            return self._of_job, follower.job_id or 0
        return self._of_run, follower.run_id

    def subscribe(self) -> None:
        """Have notices come, if that is possible."""
        with self._lock:
            begins = self._can_push and not self._is_wanted
            self._is_wanted = self._is_wanted or begins
        if begins:
            current_scheduler().watch(self, 0.0)

    def is_crowded(self) -> bool:
        """Whether so many futures wait that asking for each in turn would take too long."""
        return len(self._of_run) + len(self._of_job) >= CROWD

    def look_up(self, job_id: int | None, run_id: int) -> tuple[Known, float]:
        """Tell whether a run goes on by the list of jobs, where many are waited for; see `JobList`."""
        client: Any = self._client() if self._client is not None else None
        if job_id is None or client is None or not self._can_list or not self.is_crowded():
            return Known.NOTHING, 0.0
        return self._jobs.look_up(client, job_id, run_id)

    def leave(self, follower: Follower) -> None:
        """Forget a future: it is done, or follows another run from now on."""
        table, number = self._place(follower)
        with self._lock:
            rest = tuple(each for each in table.pop(number, ()) if each() not in (None, follower))
            if rest:
                table[number] = rest
            is_last = self._is_wanted and not (self._of_run or self._of_job)
        if is_last:
            current_scheduler().watch(self, IDLE_LIFETIME)

    def followers(self, job_id: int, run_id: int) -> list[Follower]:
        """List the futures of a run, and those of its job that name no run."""
        with self._lock:
            found = [reference() for reference in self._of_run.get(run_id, ())]
            found += [reference() for reference in self._of_job.get(job_id, ())]
        return [follower for follower in found if follower is not None and follower.job_id == job_id]

    # What the scheduler does

    def _poll(self) -> float | None:
        """Begin a subscription, or end it where nobody needs it; the seconds until another attempt."""
        with self._lock:
            if self._is_polling:
                return 0.1
            self._is_polling = True
            self._is_wanted = bool(self._of_run or self._of_job)
        try:
            if self._is_wanted:
                return self._begin()
            self._stop()
            return None
        finally:
            self._is_polling = False

    def _begin(self) -> float | None:
        """Subscribe; the seconds until another attempt where the platform did not answer."""
        if self._listener is not None or not self._can_push:
            return None
        try:
            offer = self._ask_offer()
        except Exception as error:
            if is_passing(error):
                self._error_count += 1
                return outage_delay(self._error_count, None)
            logger.debug("the platform offers no notices", exc_info=True)
            offer = None
        self._error_count = 0
        if offer is None:
            self._can_push = False
            return None
        listener = _load_listener().current_listener()
        try:
            listener.follow(self, offer)
        except Exception:  # PubNub's library cannot be loaded: polling goes on, and so must this thread
            logger.debug("nothing listens for notices", exc_info=True)
            self._can_push = False
            return None
        self._listener = listener
        return None

    def _ask_offer(self) -> Offer | None:
        """Ask the platform where its notices come; None where it has none."""
        client: Any = self._client() if self._client is not None else None
        channels = getattr(client, "channels", None)
        ask = getattr(channels, "get", None) or getattr(channels, "list", None)
        return None if ask is None else _load_listener().Offer.read(ask())

    def _stop(self) -> None:
        """End the subscription."""
        listener, self._listener = self._listener, None
        self.connected_at = None
        if listener is not None:
            listener.leave(id(self))

    def __del__(self) -> None:
        if getattr(self, "_listener", None) is not None:
            self._stop()

    # What the listener tells

    def on_connected(self) -> None:
        """Take note that notices arrive from now on; each future asks once more before it relies on them."""
        self.connected_at = time.monotonic()

    def on_disconnected(self) -> None:
        """Have the futures ask for themselves until notices arrive again."""
        was_connected, self.connected_at = self.connected_at is not None, None
        if was_connected:
            self._plan_all()

    def on_refused(self) -> None:
        """Ask for other keys: those that were offered hold no longer."""
        self._listener = None
        self._error_count += 1
        current_scheduler().watch(self, outage_delay(self._error_count, None))

    def on_messages(self, messages: list[Any]) -> None:
        """Have the futures of runs that ended ask at once; all of them where messages may be missing."""
        for message in messages:
            for follower in self._concerned(message):
                follower._nudge()
        if len(messages) < MOST_MESSAGES:
            return
        if self.is_crowded() and self._can_list:
            self._search.begin()
        else:
            self.on_connected()
            self._plan_all()

    def _concerned(self, message: Any) -> Iterator[Follower]:
        """Give the futures that a message is news for."""
        try:
            run = message["run"]
            job_id, run_id, state = int(message["object"]["id"]), int(run["id"]), run["state"]
        except (TypeError, KeyError, ValueError):
            return  # what is said of other things is no concern of ours
        if read_verdict(state) is not Verdict.RUNNING:
            yield from self.followers(job_id, run_id)

    def read_list(self, since: float) -> float | None:
        """Read some of the list of jobs, as `JobList.read_anew`."""
        client: Any = self._client() if self._client is not None else None
        return None if client is None else self._jobs.read_anew(client, since)

    def tell_unlisted(self) -> None:
        """Have the futures ask whose runs are not in the list of jobs: at once where they were before."""
        for follower in self._all_followers():
            known = self._jobs.tell(follower.job_id, follower.run_id)
            if known is Known.GONE:
                follower._nudge()
            elif known is not Known.RUNNING:
                follower._plan_again()

    def _plan_all(self) -> None:
        """Have every future ask within its usual delay."""
        for follower in self._all_followers():
            follower._plan_again()

    def _all_followers(self) -> Iterator[Follower]:
        """Give every future."""
        with self._lock:
            references = [each for table in (self._of_run, self._of_job) for each in table.values()]
        for reference in chain.from_iterable(references):
            follower = reference()
            if follower is not None:
                yield follower


class Search:
    """Finds runs whose messages were lost, by the list of jobs; losses shortly after each other, together.

    When thousands of runs end within seconds, more than PubNub gives at a time, asking each future's question
    anew at every loss would take longer than the runs.
    """

    #: A search is short, and many may depend on it.
    goes_first = True

    def __init__(self, sharing: Sharing, clock: Clock = SYSTEM_CLOCK) -> None:
        self._sharing = weakref.ref(sharing)
        self._clock = clock
        self._lock = threading.Lock()
        self._lost_at = 0.0
        self._since: float | None = None
        self._not_before = 0.0

    def begin(self) -> None:
        """Search soon for what was lost just now."""
        with self._lock:
            self._lost_at = self._clock.monotonic()
            if self._since is not None:
                return
            delay = self._plan()
        current_scheduler().watch(self, delay)

    def _plan(self) -> float:
        """Decide from when on the list must have been read; the seconds until then."""
        self._since = max(self._lost_at + SEARCH_DELAY, self._not_before)
        return max(0.0, self._since - self._clock.monotonic())

    def _poll(self) -> float | None:
        """Search for a while; the seconds until going on, None at the end."""
        sharing, since = self._sharing(), self._since
        if sharing is None or since is None:
            return None
        delay = sharing.read_list(since)
        if delay is not None:
            return delay
        sharing.tell_unlisted()
        with self._lock:
            self._not_before = self._clock.monotonic() + SEARCH_PAUSE
            if self._lost_at + SEARCH_DELAY / 2 > since:
                return self._plan()  # more was lost meanwhile, which this list may show as running
            self._since = None
        return None


#: What the futures of each client share, for as long as there is the client.
_sharings: weakref.WeakKeyDictionary[Any, Sharing] = weakref.WeakKeyDictionary()
_sharings_lock = threading.Lock()


def sharing_of(client: APIClient | None) -> Sharing:
    """Give what the futures of a client share; futures without one share nothing."""
    if client is None:
        return Sharing(None)
    try:
        with _sharings_lock:
            found = _sharings.get(client)
            if found is None:
                found = _sharings[client] = Sharing(client)
            return found
    except TypeError:  # something in a client's place that cannot be held weakly
        return Sharing(None)


def _is_real_client(client: object) -> bool:
    """Whether it is a client of ours and no double, which would answer anything to anything."""
    from civis.client import APIClient  # noqa: PLC0415 - a future may do without any client

    return issubclass(type(client), APIClient)


def _load_listener() -> ModuleType:
    """Load what listens, when somebody is to: it needs asyncio, which takes long."""
    from civis.futures import _listener  # noqa: PLC0415 - see above

    return _listener


def _has_pubnub() -> bool:
    """Whether the package that notices come by is installed; it is not loaded for that."""
    try:
        return importlib.util.find_spec("pubnub") is not None
    except ValueError:  # somebody put an object of their own in its place, as tests do
        return False


def _start_over_in_child() -> None:
    """After a fork: subscriptions and locks are the parent's."""
    global _sharings_lock
    _sharings_lock = threading.Lock()
    for sharing in list(_sharings.values()):
        sharing._lock = threading.RLock()
        sharing._listener = None
        sharing.connected_at = None
        sharing._is_wanted = sharing._is_polling = False
        sharing._jobs = JobList()
        sharing._search = Search(sharing)
        sharing._of_run.clear()
        sharing._of_job.clear()


call_after_fork(_start_over_in_child)
