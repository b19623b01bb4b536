"""From a description to an `Api`: which resources there are, and which operations each has.

Only names are worked out here, resource by resource when first asked for; `reading` reads the operations.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import NamedTuple

from civis._spec import dialect, naming
from civis._spec.model import Api, LazyMapping, Operation, Resource, lazily
from civis._spec.reading import Entry, Rules, read_entry
from civis._spec.schema import Document, SpecError, shortened, text

HTTP_METHODS = ("get", "put", "post", "delete", "patch", "head", "options", "trace")
#: Resources of the platform that its clients do not offer.
HIDDEN = frozenset({"feature_flags"})
Paths = Mapping[str, object]


class NamedOperation(NamedTuple):
    """An operation found and named, but not read; plain values, so that a cache can keep it."""

    name: str
    verb: str
    path: str
    summary: str
    older: str
    has_method: bool
    problem: str


def load_spec(
    mapping: Mapping[str, object], *, strict: bool = False, platform: bool = True, root_path: str = ""
) -> Api:
    """Read a description in Swagger 2.0 or OpenAPI 3.0/3.1.

    Parameters
    ----------
    mapping : Mapping
        The description, as JSON decodes it. It is kept, and read little by little.
    strict : bool, default False
        Read all at once, and raise for the first operation that cannot be called.
    platform : bool, default True
        Whether this describes Civis Platform: bodies go out in snake_case, answers known to be arrays or
        objects are taken for that, and ``feature_flags`` is no resource. False for anybody else's service.
    root_path : str, default ""
        A prefix of all paths that is no resource.

    Returns
    -------
    Api

    Raises
    ------
    SpecError
        If it is no description, or, when `strict`, if an operation is odd.

    Examples
    --------
    >>> api = load_spec({"swagger": "2.0", "paths": {"/jobs/{id}": {"get": {}}}})
    >>> api.resources["jobs"].operations["get"].path
    '/jobs/{id}'
    """
    rules = rules_of(mapping, platform=platform, root_path=root_path)
    document = Document(mapping)
    groups = group_paths(mapping, rules)
    makers = {name: lazily(read_resource, name, paths, document, rules) for name, paths in groups.items()}
    api = assemble(text_of_info(mapping, "title"), text_of_info(mapping, "version"), makers, platform)
    if strict:
        _refuse_odd(api)
    return api


def assemble(title: str, version: str, makers: Mapping[str, Callable[[], Resource]], platform: bool) -> Api:
    """Put an Api together from the makers of its resources."""
    offered = {name: make for name, make in makers.items() if not (platform and name in HIDDEN)}
    hidden = {name: make for name, make in makers.items() if name not in offered}
    return Api(title, version, LazyMapping(offered), LazyMapping(hidden))


def rules_of(mapping: Mapping[str, object], *, platform: bool, root_path: str) -> Rules:
    """How to read this description; refuses what is none."""
    if not isinstance(mapping, Mapping) or not isinstance(mapping.get("paths", {}), Mapping):
        raise SpecError(f"this is no API description: {shortened(mapping)}")
    if not any(key in mapping for key in ("swagger", "openapi", "paths")):
        raise SpecError(f"this is no API description: it has the keys {shortened(list(mapping))}")
    base_path = "" if platform else dialect.base_path(mapping)
    return Rules(platform, root_path, dialect.is_openapi3(mapping), base_path)


def text_of_info(mapping: Mapping[str, object], key: str) -> str:
    """Give a text of the description's ``info``."""
    info = mapping.get("info")
    return text(info.get(key)) if isinstance(info, Mapping) else ""


def group_paths(mapping: Mapping[str, object], rules: Rules) -> dict[str, dict[str, object]]:
    """Give the paths of each resource, in the order of their first appearance."""
    groups: dict[str, dict[str, object]] = {}
    paths = mapping.get("paths", {})
    for path, item in paths.items() if isinstance(paths, Mapping) else ():
        if isinstance(path, str) and not path.startswith("x-"):
            groups.setdefault(naming.resource_name(rules.naming_path(path)), {})[path] = item
    return groups


def read_resource(name: str, paths: Paths, document: Document, rules: Rules) -> Resource:
    """Name the operations of one resource; each is read when it is asked for."""
    return resource_of(name, name_operations(paths, document, rules), paths, document, rules)


def resource_of(
    name: str, rows: Iterable[NamedOperation], paths: Paths, document: Document, rules: Rules
) -> Resource:
    """Make a resource whose operations are named already."""
    offered: dict[str, Callable[[], Operation]] = {}
    retired: dict[str, Callable[[], Operation]] = {}
    older: dict[str, str] = {}
    for row in rows:
        group = offered if row.has_method else retired
        group[row.name] = lazily(_read, name, row, paths, document, rules)
        if row.older and row.has_method:
            older[row.older] = row.name
    older = {old: new for old, new in older.items() if old not in offered}
    return Resource(name, LazyMapping(offered), older, LazyMapping(retired))


def name_operations(paths: Paths, document: Document, rules: Rules) -> list[NamedOperation]:
    """Name all operations of a resource's paths."""
    rows: list[NamedOperation] = []
    for path, item in paths.items():
        try:
            verbs = document.resolve(item)
        except SpecError:
            continue  # nothing in it says which methods there are
        for verb, node in verbs.items():
            if isinstance(verb, str) and verb.lower() in HTTP_METHODS:
                rows.append(_name_operation(path, verb, node, document, rules))
    return _with_distinct_names(rows)


def _with_distinct_names(rows: list[NamedOperation]) -> list[NamedOperation]:
    """Give each operation a name of its own.

    Those whose name the path alone decides come first: a description that is wrong about the shape of
    one answer must not take the name of another operation away.
    """
    taken: set[tuple[bool, str]] = set()
    renamed = list(rows)
    for place, row in sorted(enumerate(rows), key=lambda numbered: bool(numbered[1].older)):
        if row.older and (row.has_method, row.name) in taken:
            row = row._replace(name=row.older, older="")
        renamed[place] = row = row._replace(name=_free_name(row, taken))
        taken.add((row.has_method, row.name))
    return renamed


def _name_operation(path: str, verb: str, node: object, document: Document, rules: Rules) -> NamedOperation:
    """Name one operation by its path and, for GET, by the shape of its answer."""
    naming_path = rules.naming_path(path)
    is_array = False
    summary = problem = ""
    try:
        resolved = document.resolve(node)
        summary = text(resolved.get("summary"))
        returns = dialect.answer(resolved, document)[1] if verb.lower() == "get" else None
        is_array = returns is not None and returns.type == "array"
    except RecursionError:
        problem = "its description contains itself without end"
    except (SpecError, TypeError, ValueError, KeyError, AttributeError) as error:
        problem = str(error) or type(error).__name__
    if rules.platform:
        is_array = naming.answers_array(naming_path, is_array)
    name, older = naming.method_name(verb, naming_path, is_array)
    has_method = "deprecated" not in summary.lower()
    return NamedOperation(name, verb, path, summary, older if rules.platform else "", has_method, problem)


def _free_name(row: NamedOperation, taken: Collection[tuple[bool, str]]) -> str:
    """Give the name of an operation, or one like it where another one of the resource has that."""
    name = row.name
    if (row.has_method, name) not in taken:
        return name
    parameters = naming.parameter_names(row.path)
    if parameters:
        name = f"{name}_by_{'_'.join(map(naming.python_name, parameters))}"
    number, free = 1, name
    while (row.has_method, free) in taken:
        number += 1
        free = f"{name}_{number}"
    return free


def _read(resource: str, row: NamedOperation, paths: Paths, document: Document, rules: Rules) -> Operation:
    """Read one operation."""
    item = document.resolve(paths[row.path])
    operation = Operation(
        resource=resource,
        name=row.name,
        http_method=row.verb.upper(),
        path=rules.base_path + (row.path.rstrip("/") if rules.platform else row.path),
        summary=row.summary,
        problem=row.problem or None,
        older_names=(row.older,) if row.older else (),
        has_method=row.has_method,
        is_platform=rules.platform,
    )
    return read_entry(Entry(operation, item[row.verb], item.get("parameters"), document, rules))


def _refuse_odd(api: Api) -> None:
    """Raise for the first operation that cannot be called."""
    for operation in api.operations(everything=True):
        if operation.problem:
            where = f"{operation.http_method} {operation.path}"
            raise SpecError(f"{where} cannot be called: {operation.problem}")
