"""Which function does the work of which kind of job, and what that function is given.

An executor knows its kind of job; it does not know threads, the queue, or how a run's state is kept.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy.engine import Connection

from civis.local.jobs.board import NOTHING, Needs
from civis.local.jobs.warm import WarmWorkers
from civis.local.state import Run, Stored, runs
from civis.local.warehouse import Interrupted, Interruption

if TYPE_CHECKING:
    from civis.local.platform import Platform


class JobFailed(Exception):  # noqa: N818 - it reads as a sentence at the place that raises it
    """The job cannot do its work; the message becomes the run's `error`."""


@dataclass(frozen=True)
class RunContext:
    """What an executor is given.

    Parameters
    ----------
    platform : Platform
    job : Stored
        The object that is run, as it was when the run started.
    run : Run
        Its `document` holds what the run was submitted with.
    user : str
        The user name the run works under, in the warehouse too.
    interruption : Interruption
        Fired when the run is cancelled or the platform stops; hand it to the warehouse's calls.
    at_end : list of callable
        What is written, each given the connection, in the transaction that ends the run if it succeeds: short
        runs then cost one commit less, and nobody sees the one without the other.
    at_every_end : list of callable
        The same, however the run ends.
    notes : dict
        Fields of the run's document that are set when it ends, however it ends.
    stopping : threading.Event
        Set when it is the platform that stops, which waits for its runs.
    warm : WarmWorkers, optional
        What starts worker processes quickly.
    """

    platform: Platform
    job: Stored
    run: Run
    user: str
    interruption: Interruption = field(default_factory=Interruption)
    at_end: list[Callable[[Connection], object]] = field(default_factory=list, repr=False)
    at_every_end: list[Callable[[Connection], object]] = field(default_factory=list, repr=False)
    notes: dict[str, Any] = field(default_factory=dict)
    stopping: threading.Event = field(default_factory=threading.Event, repr=False)
    warm: WarmWorkers | None = field(default=None, repr=False)

    @property
    def user_id(self) -> int | None:
        """Who the run works for: the user who started it, or else the job's author."""
        document = self.run.document
        id: int | None = document.get("acts_as_id") or document.get("run_by_id") or self.job.author_id
        return id

    def log(self, text: str, level: str = "info") -> None:
        """Add a line to the run's log, readable at once."""
        with self.platform.state.begin(is_lasting=False) as connection:
            runs.add_log(connection, self.run.id, text, self.platform.clock.time(), level)

    def log_lines(self, lines: Sequence[str], level: str = "info") -> None:
        """Add several lines to the run's log at once; a program that talks a lot costs one commit a burst."""
        self.log_entries([(level, line) for line in lines])

    def log_entries(self, entries: Sequence[tuple[str, str]]) -> None:
        """Add several lines at once, each given as its level and its text."""
        with self.platform.state.begin(is_lasting=False) as connection:
            runs.add_logs(connection, self.run.id, entries, self.platform.clock.time())

    def add_output(self, object_type: str, object_id: int, name: str) -> None:
        """Note an object (``"File"``, ``"JSONValue"``, ``"Table"``, …) as the run's output, under a name."""
        with self.platform.state.begin() as connection:
            runs.add_output(
                connection,
                self.run.id,
                object_type=object_type,
                object_id=object_id,
                name=name,
                now=self.platform.clock.time(),
            )

    def save(self, **fields: Any) -> None:
        """Set fields of the run's document, such as the rows a query gave."""
        with self.platform.state.begin() as connection:
            runs.update_run(connection, self.run.id, document=fields)

    def check(self) -> None:
        """Raise :class:`~civis.local.warehouse.Interrupted` if the run was cancelled; between steps."""
        if self.interruption.is_interrupted:
            raise Interrupted("The run was cancelled.")


Executor = Callable[[RunContext], None]
NeedsOf = Callable[[Connection, Stored], Needs]

_EXECUTORS: dict[str, Executor] = {}
_JOB_TYPES: dict[str, str] = {}
_NEEDS: dict[str, NeedsOf] = {}


def executor(
    kind: str, *, job_type: str | None = None, needs: NeedsOf | None = None
) -> Callable[[Executor], Executor]:
    """Register the decorated function as what runs objects of a kind.

    Parameters
    ----------
    kind : str
        The objects' kind, such as ``"sql_script"``.
    job_type : str, optional
        What ``/jobs`` calls them; by default ``JobTypes::`` and the kind in CamelCase.
    needs : callable, optional
        ``needs(connection, job)`` tells what a run takes of the machine; by default nothing that is counted.

    Raises
    ------
    ValueError
        If another function has the kind already.

    Examples
    --------
    >>> @executor("greeting")
    ... def greet(context: RunContext) -> None:
    ...     context.log(f"Hello {context.user}!")
    >>> job_type("greeting")
    'JobTypes::Greeting'
    >>> forget("greeting")
    """

    def register(function: Executor) -> Executor:
        known = _EXECUTORS.get(kind)
        if known is not None and known is not function:
            raise ValueError(f"Jobs of kind {kind!r} have an executor already: {known.__qualname__}.")
        _EXECUTORS[kind] = function
        if needs is not None:
            _NEEDS[kind] = needs
        _JOB_TYPES[kind] = job_type or "JobTypes::" + "".join(word.capitalize() for word in kind.split("_"))
        return function

    return register


def executor_of(kind: str) -> Executor | None:
    """Give what runs objects of a kind, or None."""
    return _EXECUTORS.get(kind)


def needs_of(connection: Connection, job: Stored) -> Needs:
    """Tell what a run of a job takes of the machine."""
    found = _NEEDS.get(job.kind)
    return NOTHING if found is None else found(connection, job)


def forget(kind: str) -> None:
    """Take a kind's executor away again."""
    _EXECUTORS.pop(kind, None)
    _NEEDS.pop(kind, None)
    _JOB_TYPES.pop(kind, None)


def job_kinds() -> list[str]:
    """List the kinds of objects that can be run."""
    return sorted(_EXECUTORS)


def job_type(kind: str) -> str:
    """Give what ``/jobs`` calls objects of a kind."""
    return _JOB_TYPES[kind]
