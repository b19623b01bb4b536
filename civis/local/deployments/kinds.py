"""Which functions say how a kind of object is served, and what they are given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.engine import Connection

from civis.local.deployments.plans import Plan
from civis.local.jobs.executors import RunContext
from civis.local.jobs.processes import Program
from civis.local.state import Stored

if TYPE_CHECKING:
    from civis.local.platform import Platform

__all__ = ["Deployable", "Keep", "Launch", "Served", "declare_deployable", "deployable", "is_deployable"]


@dataclass(frozen=True)
class Launch:
    """What a function that serves a kind of object is given.

    Parameters
    ----------
    context : RunContext
        The deployment as a run: its log, who it works for, its interruption.
    base : Stored
        What is deployed, as it is now.
    folder : Path
        A directory for this deployment alone, empty.
    port : int
        A free port of 127.0.0.1, on which the program has to listen.
    prefix : str
        The path of the platform's address below which it is reached, with slashes at both ends.
    key : str
        An API key that ends with the deployment.
    secret : str
        A password that only the platform and the program know.
    """

    context: RunContext
    base: Stored
    folder: Path
    port: int
    prefix: str
    key: str = field(repr=False)
    secret: str = field(repr=False)


@dataclass(frozen=True)
class Served:
    """How an object is served.

    Parameters
    ----------
    program : Program
        Listens on the port it was told.
    strips_prefix : bool, default True
        Whether the program is asked for ``/a`` where the platform is asked for ``/deployed/7/a``.
    headers : mapping, optional
        Headers that requests get on their way, in place of those of the same name that they have.
    ended : str, optional
        What is said of a program that ended by itself and well.
    activity : callable, optional
        Gives something that is another thing when the program has been at work, or None if it cannot say;
        by default requests tell whether it is in use.
    """

    program: Program
    strips_prefix: bool = True
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    ended: str = "The program has ended."
    activity: Callable[[], object] | None = None


Keep = Callable[[], None]


def _keep_nothing(platform: Platform, base: Stored, folder: Path) -> Keep:
    """Keep nothing of what a program changes."""
    return lambda: None


def _always(base: Stored) -> Plan:
    """Keep it on."""
    return Plan()


def _admit_nobody(connection: Connection, base: Stored, token: str, now: float) -> bool:
    """Let nobody in by tokens of the object's own."""
    return False


@dataclass(frozen=True)
class Deployable:
    """A kind of object that can be served.

    Parameters
    ----------
    serve : callable
        Gets a `Launch` and gives a `Served`; raises `JobFailed` where it cannot be done.
    level : {"read", "write"}
        What those may at least do with the object who reach it.
    keeping : callable
        ``keeping(platform, base, folder)`` gives what stores what the program has changed: called every few
        seconds, when the program has ended, and once more for a folder that a killed platform left.
    admits : callable
        ``admits(connection, base, token, now)`` tells whether a token of the object's own lets in.
    plan : callable
        ``plan(base)`` says when it is on.
    """

    serve: Callable[[Launch], Served]
    level: str = "read"
    keeping: Callable[[Platform, Stored, Path], Keep] = _keep_nothing
    admits: Callable[[Connection, Stored, str, float], bool] = _admit_nobody
    plan: Callable[[Stored], Plan] = _always


_DEPLOYABLE: dict[str, Deployable] = {}


def declare_deployable(kind: str, how: Deployable) -> None:
    """Have objects of a kind served.

    Parameters
    ----------
    kind : str
        The objects' kind, such as ``"notebook"``.
    how : Deployable

    Examples
    --------
    >>> def serve_clock(launch: Launch) -> Served:
    ...     return Served(Program(["clockd", str(launch.port)], launch.folder, {"PATH": "/bin"}))
    >>> declare_deployable("clock", Deployable(serve_clock))  # doctest: +SKIP
    """
    _DEPLOYABLE[kind] = how


def deployable(kind: str) -> Deployable:
    """Say how objects of a kind are served; `KeyError` where they are not."""
    return _DEPLOYABLE[kind]


def is_deployable(kind: str) -> bool:
    """Tell whether objects of a kind can be served here."""
    return kind in _DEPLOYABLE
