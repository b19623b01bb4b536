"""What the catalogue consists of: types, parameters, operations; it must not know how they are written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

Kind = Literal["string", "integer", "number", "boolean", "object", "array"]
Location = Literal["path", "query", "body"]


@dataclass(frozen=True, slots=True, eq=False)
class Type:
    """The type of a parameter, of a field, or of a whole answer.

    Attributes
    ----------
    kind
        The JSON type.
    format
        ``"time"``, ``"date-time"`` (both an instant), ``"date"``, ``"float"``, or None.
    enum
        The values allowed; empty where any value is.
    items
        The type of an array's items.
    values
        The type of the values of an object with free keys.
    fields
        An object's fields in their order, by their names on the wire; empty for an object with free keys.
    required
        Names of the fields that a request must hold. An answer always holds all of its fields.
    name
        The shape's name in the catalogue, or None where it is written in place.
    scope
        The resource whose file names the shape, or None for those that all share.
    """

    kind: Kind
    format: str | None = None
    enum: tuple[str, ...] = ()
    items: Type | None = None
    values: Type | None = None
    fields: dict[str, Type] = field(default_factory=dict)
    required: set[str] = field(default_factory=set)
    name: str | None = None
    scope: str | None = None

    def __repr__(self) -> str:
        """Say the shape's name or its kind; a shape that holds itself would never end otherwise."""
        if self.items is not None:
            return f"{self.items!r}[]"
        return f"Type({self.name or self.format or self.kind})"


@dataclass(frozen=True, slots=True)
class CatalogParameter:
    """One parameter of an operation; each field of a request's body is one of its own.

    Attributes
    ----------
    name
        The snake_case name that handlers and Python callers use.
    wire_name
        The name on the wire: camelCase in bodies, snake_case in paths and queries.
    location
        Where it is sent: ``"path"``, ``"query"``, or ``"body"``.
    required
        Whether a request without it is refused.
    schema
        Its whole type.
    description
        A clause of wording, or ``""``.
    """

    name: str
    wire_name: str
    location: Location
    required: bool
    schema: Type
    description: str = ""

    @property
    def type(self) -> Kind:
        """The JSON type."""
        return self.schema.kind

    @property
    def format(self) -> str | None:
        """The format of the type, such as ``"date-time"``, or None."""
        return self.schema.format

    @property
    def items(self) -> Type | None:
        """The type of the items of an array."""
        return self.schema.items

    @property
    def enum(self) -> tuple[str, ...]:
        """The values allowed; empty where any value is."""
        return self.schema.enum


@dataclass(frozen=True, slots=True)
class Paging:
    """How an operation that lists objects pages and sorts them.

    Attributes
    ----------
    limit
        Results on a page where the request does not say.
    maximum
        The most results on a page.
    order_by
        What ``order`` can be; the first is the default.
    direction
        What ``order_dir`` is where the request does not say.
    """

    limit: int
    maximum: int
    order_by: tuple[str, ...]
    direction: Literal["asc", "desc"]


@dataclass(frozen=True, slots=True)
class CatalogOperation:
    """One operation of the API: a method on a path.

    Attributes
    ----------
    resource
        The first segment of the path, such as ``"files"``.
    method
        The HTTP method in capitals.
    path
        The path without a slash at its end, such as ``"/files/{id}"``.
    spelling
        The path as the description spells it, perhaps with a slash at its end.
    parameters
        Those of the path first, then of the query, then of the body.
    body
        The type of the request's body, or None where there is none.
    returns
        The shape of the answer, or None where the answer is empty; of an array, the array's type.
    success_status
        The HTTP status of a successful answer.
    summary, description
        Wording: one clause, and perhaps more.
    deprecation
        What callers of a deprecated operation are told, or None.
    paging
        How it pages and sorts, or None where it does not.
    is_former
        Whether release 1.0.0 of the public client documents it and the hosted platform describes it no more.
    """

    resource: str
    method: str
    path: str
    spelling: str
    parameters: tuple[CatalogParameter, ...]
    body: Type | None
    returns: Type | None
    success_status: int
    summary: str
    description: str = ""
    deprecation: str | None = None
    paging: Paging | None = None
    is_former: bool = False

    @property
    def is_array(self) -> bool:
        """Whether the answer is an array."""
        return self.returns is not None and self.returns.kind == "array"

    @property
    def item(self) -> Type | None:
        """The shape of the answer, or of each of its items where it is an array."""
        return self.returns.items if self.returns is not None and self.is_array else self.returns


@dataclass(frozen=True, eq=False)
class Outline:
    """What is known of an operation before it is compiled: most are never asked for.

    Attributes
    ----------
    method
        The HTTP method in capitals.
    path
        The path without a slash at its end, such as ``"/files/{id}"``.
    compile
        Compiles it, safely from any thread.
    """

    method: str
    path: str
    compile: Callable[[], CatalogOperation] = field(repr=False)

    @cached_property
    def operation(self) -> CatalogOperation:
        """The whole operation; compiled when first asked for.

        Raises
        ------
        CatalogError
            When what the catalogue says of it is wrong.
        """
        return self.compile()
