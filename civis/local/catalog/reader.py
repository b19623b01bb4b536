"""Compile the catalogue's files into operations; it must not know Swagger or HTTP."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping
from functools import cache, partial
from typing import Any

from civis.local.catalog.errors import CatalogError
from civis.local.catalog.files import read_file, resource_names
from civis.local.catalog.model import CatalogOperation, CatalogParameter, Location, Outline, Paging, Type
from civis.local.catalog.notation import BASIC, is_field_list, parse_fields, parse_type
from civis.local.catalog.shapes import ShapeTable, shared_shapes
from civis.local.catalog.words import describe, snake

BASE_RESOURCES = frozenset(
    {
        "aliases",
        "announcements",
        "channels",
        "credentials",
        "databases",
        "endpoints",
        "files",
        "groups",
        "imports",
        "jobs",
        "json_values",
        "queries",
        "remote_hosts",
        "scripts",
        "storage_hosts",
        "tables",
        "users",
    }
)
"""The resources that ``description("base")`` is limited to."""

_KEY = re.compile(r"(GET|POST|PUT|PATCH|DELETE) (/\S+)")
_KEYS = {"summary", "description", "path", "query", "paging", "body", "returns", "status", "deprecated"}
_PLACEHOLDER = re.compile(r"\{(\w+)\}")
#: What is said of operations that the hosted platform no longer describes.
_FORMER = "The hosted platform offered this once and describes it no more."
_FAMILY = re.compile(r"(\w+)(?:\((\w+)\))?")
_PAGING = re.compile(r"(\d+) of (\d+), by (\S+), (asc|desc)")
_PAGING_SCHEMAS = {
    "limit": BASIC["integer"],
    "page_num": BASIC["integer"],
    "order": BASIC["string"],
    "order_dir": Type("string", enum=("asc", "desc")),
}
#: Requests come in many threads, and a shape must not be seen before all of its fields are there.
_COMPILING = threading.Lock()
_EMPTY_STATUS = {"GET": 200, "POST": 204, "PUT": 204, "PATCH": 204, "DELETE": 204}
_STATUS = {"GET": 200, "POST": 201, "PUT": 200, "PATCH": 200, "DELETE": 200}


@cache
def operations() -> tuple[CatalogOperation, ...]:
    """Compile all operations of the catalogue; done once a process.

    Returns
    -------
    tuple of CatalogOperation
        Sorted by resource; within a resource those of its families come after those written out.

    Raises
    ------
    CatalogError
        When a file of the catalogue is wrong; the message names the operation.

    Examples
    --------
    >>> from civis.local.catalog import operations
    >>> get_file = next(o for o in operations() if (o.method, o.path) == ("GET", "/files/{id}"))
    >>> [parameter.name for parameter in get_file.parameters]
    ['id', 'link_expires_at', 'inline']
    """
    return tuple(outline.operation for outline in outlines())


@cache
def outlines() -> tuple[Outline, ...]:
    """List all operations of the catalogue, none of them compiled yet; done once a process.

    Returns
    -------
    tuple of Outline
        In the order of `operations`.

    Raises
    ------
    CatalogError
        When a file of the catalogue is no YAML, or names an unknown family.

    Examples
    --------
    >>> from civis.local.catalog import outlines
    >>> next(each.operation.summary for each in outlines() if each.path == "/endpoints")
    'Describe this API'
    """
    shared = shared_shapes()
    return tuple(outline for name in resource_names() for outline in _ResourceReader(name, shared).outlines())


class _ResourceReader:
    """Compiles one resource's file."""

    def __init__(self, resource: str, shared: ShapeTable) -> None:
        self._resource = resource
        self._content = read_file(f"resources/{resource}.yaml")
        self._shapes = ShapeTable(self._content.get("shapes") or {}, resource, shared)
        self._former = tuple(each.strip() for each in (self._content.get("former") or "").split(",") if each)

    def outlines(self) -> Iterator[Outline]:
        """List the operations written out, then those of families that are not."""
        written: Mapping[str, Mapping[str, Any]] = self._content.get("operations") or {}
        for key, entry in written.items():
            yield self._outline(key, entry, self._shapes)
        for base, families in (self._content.get("families") or {}).items():
            for key, entry, shapes in self._family_operations(base, families):
                if key not in written:
                    yield self._outline(key, entry, shapes)

    def _outline(self, key: str, entry: Mapping[str, Any], shapes: ShapeTable) -> Outline:
        """Read an operation's method and path; what is wrong with the key is told when it is compiled."""
        method, _, spelling = key.partition(" ")
        return Outline(method, spelling.rstrip("/"), partial(self._operation, key, entry, shapes))

    def _family_operations(
        self, base: str, families: str
    ) -> Iterator[tuple[str, Mapping[str, Any], ShapeTable]]:
        """Spell out the families of one path; ``Self`` in a family is the shape named in the brackets."""
        known = read_file("families.yaml")
        for family, own in _FAMILY.findall(families):
            if family not in known:
                raise CatalogError(f"{self._resource}: {base} has a family that is unknown: {family!r}.")
            shapes = ShapeTable({"Self": own}, self._resource, self._shapes) if own else self._shapes
            for key, entry in known[family].items():
                method, suffix = key.split(" ")
                yield f"{method} {base}{suffix}", entry, shapes

    def _operation(self, key: str, entry: Mapping[str, Any], shapes: ShapeTable) -> CatalogOperation:
        """Compile one operation; whatever is wrong with it is said with its name."""
        try:
            if not entry.keys() <= _KEYS:
                raise CatalogError(f"unknown keys {sorted(entry.keys() - _KEYS)}")
            if "summary" not in entry:
                raise CatalogError("it has no summary")
            with _COMPILING:
                return self._compiled(key, entry, shapes)
        except CatalogError as error:
            raise CatalogError(f"{self._resource}, operation {key!r}: {error}") from error

    def _compiled(self, key: str, entry: Mapping[str, Any], shapes: ShapeTable) -> CatalogOperation:
        matched = _KEY.fullmatch(key)
        if matched is None:
            raise CatalogError("an operation is written as 'GET /path'")
        method, spelling = matched.groups()
        body = parse_type(entry["body"], shapes) if "body" in entry else None
        returns = parse_type(entry["returns"], shapes) if "returns" in entry else None
        paging = _paging(entry.get("paging"))
        is_former = self._is_former(method, spelling.rstrip("/"))
        status = entry.get("status") or (_EMPTY_STATUS if returns is None else _STATUS)[method]
        return CatalogOperation(
            self._resource,
            method,
            spelling.rstrip("/"),
            spelling,
            (
                *self._path_parameters(spelling, _fields(entry.get("path"), shapes)),
                *self._parameters("query", _fields(entry.get("query"), shapes)),
                *_paging_parameters(paging),
                *self._parameters("body", body),
            ),
            body,
            returns,
            status,
            entry["summary"],
            " ".join(filter(None, (entry.get("description"), _FORMER if is_former else None))),
            entry.get("deprecated"),
            paging,
            is_former,
        )

    def _is_former(self, method: str, path: str) -> bool:
        """Tell whether a path, or an operation, begins with what the file lists under `former`."""
        return any(f"{method} {path}" == each or f"{path}/".startswith(f"{each}/") for each in self._former)

    def _path_parameters(self, spelling: str, typed: Type | None) -> Iterator[CatalogParameter]:
        """List what stands in braces in a path; integers where nothing else is said."""
        names = _PLACEHOLDER.findall(spelling)
        if typed and typed.fields.keys() == set(names):
            names = list(typed.fields)  # Clients take them in this order, which need not be the path's.
        for name in names:
            schema = typed.fields.get(name, BASIC["integer"]) if typed else BASIC["integer"]
            yield CatalogParameter(name, name, "path", True, schema, describe(name, self._resource, "path"))

    def _parameters(self, location: Location, fields: Type | None) -> Iterator[CatalogParameter]:
        if fields is not None:
            resource, within = self._resource, fields.name if location == "body" else location
            for name, schema in fields.fields.items():
                required = name in fields.required
                yield CatalogParameter(
                    snake(name), name, location, required, schema, describe(name, resource, within)
                )


def _fields(text: str | None, shapes: ShapeTable) -> Type | None:
    """Parse a list of fields, or nothing."""
    if text is None:
        return None
    if not is_field_list(text):
        raise CatalogError(f"fields are wanted, not {text!r}")
    fields = Type("object")
    parse_fields(text, fields, shapes)
    return fields


def _paging(text: str | None) -> Paging | None:
    """Parse how an operation pages, such as ``20 of 50, by updated_at|name, desc``."""
    if text is None:
        return None
    match = _PAGING.fullmatch(text)
    if match is None:
        raise CatalogError(f"paging is written '20 of 50, by updated_at|name, desc', not {text!r}")
    limit, maximum, order_by, way = match.groups()
    return Paging(int(limit), int(maximum), tuple(order_by.split("|")), "asc" if way == "asc" else "desc")


@cache
def _paging_parameters(paging: Paging | None) -> tuple[CatalogParameter, ...]:
    """List the parameters that page and sort; one set for all operations that do so alike."""
    if paging is None:
        return ()
    words = {
        "limit": f"how many results a page has: {paging.limit} by default, at most {paging.maximum}",
        "page_num": "which page, from 1",
        "order": f"what to sort by: {', '.join(paging.order_by)}; the first by default",
        "order_dir": f"which way to sort, {paging.direction} by default",
    }
    return tuple(
        CatalogParameter(name, name, "query", False, schema, words[name])
        for name, schema in _PAGING_SCHEMAS.items()
    )
