"""What the platform keeps objects of: one declaration a kind, from which the general operations are made.

A declaration says what a kind is called and where; the operations at its path come from the catalogue, and
`general_routes` answers those that no module answers itself. docs/local-services.md tells how to add one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import sqlalchemy as sa

from civis.local.api import Call, NotFound
from civis.local.services.lookups import find_object
from civis.local.state import Stored

__all__ = ["ObjectKind", "declare", "declared", "find", "kind_of", "type_of"]

Check = Callable[[Call, "dict[str, Any]", "Stored | None"], Mapping[str, Any]]
View = Callable[[Call, Stored], Mapping[str, Any]]
Views = Callable[[Call, Sequence[Stored]], Sequence[Mapping[str, Any]]]
Belongs = Callable[[Call, Stored], bool]


@dataclass(frozen=True, eq=False)
class ObjectKind:
    """One kind of object.

    Parameters
    ----------
    kind : str
        What it is in the state, such as ``"notebook"``.
    path : str
        Where its operations are, such as ``"/notebooks"``; those on one object go on with its ID.
    noun : str
        What messages call it.
    object_type : str, optional
        What the API calls it in dependencies, projects, favorites and searches; by default `kind`.
    among : callable, optional
        Gives all kinds that the path takes, where there are several, such as all jobs.
    name : str, default "name"
        The parameter and field that holds its name, in snake_case.
    defaults : mapping, optional
        What the fields of its document are where a request does not say.
    named : mapping, optional
        Fields that requests give as lists of IDs and answers as IDs with names; the kind of those objects.
    is_job : bool, default False
        Whether it runs: answers then have its state, its last run, schedule and notifications.
    run_field : str, optional
        The field of its runs that holds its ID, in snake_case.
    deleting : {"remove", "archive"}, default "remove"
        What DELETE does.
    source : str, optional
        The field of its document that Git keeps versions of.
    project_list : str, optional
        The list of a project's answer that shows it.
    belongs : callable, optional
        ``belongs(call, stored)`` tells whether an object is the one that the whole path names, where more
        than its ID is in it; one that is not is answered like one that is not there.
    check : callable, optional
        ``check(call, document, before)`` gives the document to store; `before` is None for a new object.
        It raises the API's errors.
    view : callable, optional
        ``view(call, stored)`` gives further fields of answers, or others than the general ones.
    views : callable, optional
        ``views(call, found)`` gives the same of several objects at once, in their order: instead of `view`,
        where that would ask the state something for each object of a list.
    state : callable, optional
        ``state()`` gives the state of an object without runs, for the state's SQL, where it is not that of
        what is deployed of it.

    Examples
    --------
    >>> declare(ObjectKind("ratecard", "/media/ratecards", "rate card", name="filename"))  # doctest: +SKIP
    """

    kind: str
    path: str
    noun: str
    object_type: str = ""
    among: Callable[[], Collection[str]] | None = None
    name: str = "name"
    defaults: Mapping[str, Any] = field(default_factory=dict)
    named: Mapping[str, str] = field(default_factory=dict)
    is_job: bool = False
    run_field: str | None = None
    deleting: Literal["remove", "archive"] = "remove"
    source: str | None = None
    project_list: str | None = None
    belongs: Belongs | None = None
    check: Check | None = None
    view: View | None = None
    views: Views | None = None
    state: Callable[[], sa.ColumnElement[str]] | None = None

    @property
    def kinds(self) -> str | Collection[str]:
        """The kinds in the state that the path takes."""
        return self.kind if self.among is None else self.among()


_DECLARED: dict[str, ObjectKind] = {}


def declare(kind: ObjectKind) -> ObjectKind:
    """Have the general operations of a path answered.

    Parameters
    ----------
    kind : ObjectKind

    Returns
    -------
    ObjectKind
        The same.

    Raises
    ------
    ValueError
        If another declaration has the path.
    """
    if _DECLARED.get(kind.path, kind) is not kind:
        raise ValueError(f"{kind.path} is declared twice: as {_DECLARED[kind.path].kind} and as {kind.kind}.")
    _DECLARED[kind.path] = kind
    return kind


def declared() -> list[ObjectKind]:
    """List all declarations, by their paths."""
    return [_DECLARED[path] for path in sorted(_DECLARED)]


def kind_of(stored: Stored) -> ObjectKind | None:
    """Give the declaration of an object's own kind, or None."""
    own = (each for each in _DECLARED.values() if each.kind == stored.kind)
    return next(own, None)


def type_of(stored: Stored) -> str:
    """Give what the API calls an object's kind."""
    kind = kind_of(stored)
    return (kind.object_type if kind else "") or stored.kind


def find(call: Call, kind: ObjectKind, name: str | None = None) -> Stored:
    """Read the object that a request's path names.

    Parameters
    ----------
    call : Call
    kind : ObjectKind
    name : str, optional
        The path's parameter with its ID; by default the first.

    Raises
    ------
    NotFound
        If there is none that the user may see.
    Forbidden
        If the user may not do with it what the operation does.
    """
    if name is None:
        name = next(each.name for each in call.operation.parameters if each.location == "path")
    found = find_object(call.connection, kind.kinds, call.params[name], kind.noun)
    if kind.belongs is not None and not kind.belongs(call, found):
        raise NotFound(f"There is no {kind.noun} with ID {call.params[name]}.")
    return found
