"""The model of an API that all readers share: methods, docstrings, command line, the local platform's routes.

Operations are parsed when they are first asked for. Knows no HTTP. Neither here nor in the modules that read
a description are there dataclasses: making one takes a millisecond, and every program would pay for all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeVar

from civis._spec.schema import Schema

if TYPE_CHECKING:
    from collections.abc import Callable

Location = Literal["path", "query", "body", "header", "cookie"]
#: How an array stands in a query string: ``a[]=1&a[]=2``, ``a=1&a=2``, ``a=1,2``, ``a=1 2``, ``a=1|2``; the
#: last two are for objects: ``a[b]=1``, and JSON, which holds anything.
ArrayStyle = Literal["brackets", "repeated", "commas", "spaces", "pipes", "deep", "json"]
#: What bodies are by default.
JSON_TYPE = "application/json"
Value = TypeVar("Value")


class Parameter(NamedTuple):
    """One argument of an operation.

    Parameters
    ----------
    name
        Its name in Python, snake_case.
    wire_name
        Its name in the request; empty where the argument is the whole body.
    location
        Where it goes: ``"path"``, ``"query"``, ``"body"``, ``"header"`` or ``"cookie"``.
    required
        Whether it must be passed.
    schema
        The shape of its value.
    description
        What it means.
    array_style
        How an array or an object is written in a query string.
    """

    name: str
    wire_name: str
    location: Location
    required: bool
    schema: Schema
    description: str = ""
    array_style: ArrayStyle = "brackets"


class Operation(NamedTuple):
    """One method on one path.

    Parameters
    ----------
    resource, name
        ``client.{resource}.{name}`` calls it.
    http_method, path
        What is sent, such as ``"GET"`` and ``"/files/{id}"``; no slash at the end.
    summary, description
        What it does.
    parameters
        In the description's order.
    returns
        The shape of the answer, or None.
    success_status
        The status of a good answer.
    deprecation
        The platform's warning, or None.
    problem
        Why it cannot be called, or None.
    older_names
        Method names of earlier releases that still work.
    has_method
        False for the operations that the platform lists but wants nobody to use.
    body_type
        The content type of its body: JSON, a form, or what is sent as it is.
    body_required
        Whether a body has to be sent even if no argument goes into it.
    is_platform
        Whether it is one of the platform's, whose ways of writing values are its own.
    """

    resource: str
    name: str
    http_method: str
    path: str
    summary: str = ""
    description: str = ""
    parameters: tuple[Parameter, ...] = ()
    returns: Schema | None = None
    success_status: int = 200
    deprecation: str | None = None
    problem: str | None = None
    older_names: tuple[str, ...] = ()
    has_method: bool = True
    body_type: str = JSON_TYPE
    body_required: bool = False
    is_platform: bool = True

    @property
    def is_paginated(self) -> bool:
        """Whether the answer comes in pages, so that ``iterator=True`` makes sense."""
        names = {parameter.name for parameter in self.parameters if parameter.location == "query"}
        return self.http_method == "GET" and {"limit", "page_num"} <= names

    @property
    def takes_body(self) -> bool:
        """Whether a request can have a body."""
        return any(parameter.location == "body" for parameter in self.parameters)


class LazyMapping(Mapping[str, Value]):
    """A mapping whose values are made when first asked for, and kept."""

    __slots__ = ("_made", "_makers")

    def __init__(self, makers: Mapping[str, Callable[[], Value]]) -> None:
        self._makers = makers
        self._made: dict[str, Value] = {}

    def __getitem__(self, name: str) -> Value:
        try:
            return self._made[name]
        except KeyError:
            return self._made.setdefault(name, self._makers[name]())

    def __contains__(self, name: object) -> bool:
        return name in self._makers

    def __iter__(self) -> Iterator[str]:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)


class Resource:
    """The operations under one first path element.

    Parameters
    ----------
    name
        The attribute of the client, such as ``"match_targets"``.
    operations
        By method name.
    older_names
        Method names of earlier releases, each with the name that replaced it.
    retired
        The operations without a method, by the name that it would have.
    """

    __slots__ = ("name", "older_names", "operations", "retired")

    def __init__(
        self,
        name: str,
        operations: Mapping[str, Operation],
        older_names: Mapping[str, str] | None = None,
        retired: Mapping[str, Operation] | None = None,
    ) -> None:
        self.name = name
        self.operations = operations
        self.older_names = older_names or {}
        self.retired = retired or {}

    def __repr__(self) -> str:
        return f"Resource({self.name!r}, {list(self.operations)!r})"


class Api:
    """All resources of one description.

    Parameters
    ----------
    title, version
        What the description says of itself.
    resources
        By name; each is read when it is first asked for.
    hidden
        Resources that clients do not offer (``feature_flags``), for those who serve the description.
    made
        Room for what readers derive from a resource (the client keeps its classes here).
    """

    __slots__ = ("hidden", "made", "resources", "title", "version")

    def __init__(
        self,
        title: str,
        version: str,
        resources: Mapping[str, Resource],
        hidden: Mapping[str, Resource] | None = None,
    ) -> None:
        self.title = title
        self.version = version
        self.resources = resources
        self.hidden = hidden or {}
        self.made: dict[str, object] = {}

    def __repr__(self) -> str:
        return f"Api({self.title!r}, {self.version!r}, {list(self.resources)!r})"

    def operations(self, *, everything: bool = False) -> Iterator[Operation]:
        """Iterate over all operations that have a method; with `everything`, over the others too."""
        for resource in self.resources.values():
            yield from resource.operations.values()
            if everything:
                yield from resource.retired.values()
        for resource in self.hidden.values() if everything else ():
            yield from resource.operations.values()
            yield from resource.retired.values()


def lazily(make: Callable[..., Value], *arguments: object) -> Callable[[], Value]:
    """Bind the arguments of a maker for `LazyMapping`."""
    return partial(make, *arguments)
