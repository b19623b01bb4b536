"""From one path item of a description to an `Operation`.

What is odd about an operation stays with it: its `problem` says why it cannot be called, all others are well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from civis._names import camel_to_snake
from civis._spec import dialect, naming
from civis._spec.model import JSON_TYPE, ArrayStyle, Location, Operation, Parameter
from civis._spec.schema import Document, Schema, SpecError, shortened, text

#: The Python name of an argument that is the whole body.
WHOLE_BODY = "body"
_LOCATIONS: Mapping[str, Location] = {
    "path": "path",
    "query": "query",
    "header": "header",
    "cookie": "cookie",
}
#: Headers that the session sets, or that OpenAPI says to ignore.
_OWN_HEADERS = frozenset({"accept", "content-type", "authorization", "user-agent", "cookie"})


class Rules(NamedTuple):
    """How to read a description.

    Parameters
    ----------
    platform
        Whether it is the platform's own, whose bodies go out in snake_case and whose errors are put right.
    root_path
        A prefix of all paths that makes no names.
    openapi3
        Which dialect it is in.
    base_path
        What stands before all paths in requests, and makes no names either.
    """

    platform: bool = True
    root_path: str = ""
    openapi3: bool = False
    base_path: str = ""

    def naming_path(self, path: str) -> str:
        """Give the part of a path that makes names, without a slash at its end."""
        root = "/" + self.root_path.strip("/")
        if root != "/" and (path == root or path.startswith(root + "/")):
            path = path[len(root) :]
        return path.rstrip("/") or "/"


class Entry(NamedTuple):
    """An operation found and named, but not read."""

    operation: Operation
    node: object
    shared: object
    document: Document
    rules: Rules


def read_entry(entry: Entry) -> Operation:
    """Read an operation; what is wrong with it becomes its `problem`."""
    operation = entry.operation
    if operation.problem:
        return operation
    try:
        node = entry.document.resolve(entry.node)
        status, returns = dialect.answer(node, entry.document)
        declared = _declared(entry, node)
        body = dialect.body(node, declared, entry.document)
        parameters = tuple(_distinct(_parameters(entry, declared, body)))
        _check_path(operation.path, parameters)
        warning = text(node.get("x-deprecation-warning"))
        if not warning and node.get("deprecated") is True:
            warning = f"{operation.resource}.{operation.name} is deprecated by the API"
        return operation._replace(
            description=text(node.get("description")),
            parameters=parameters,
            returns=returns,
            success_status=status,
            deprecation=warning or None,
            body_type=body.content_type if body else JSON_TYPE,
            body_required=body is not None and body.required,
        )
    except RecursionError:
        return operation._replace(problem="its description contains itself without end")
    except (SpecError, TypeError, ValueError, KeyError, AttributeError) as error:
        return operation._replace(problem=str(error) or type(error).__name__)


def _check_path(path: str, parameters: tuple[Parameter, ...]) -> None:
    """Refuse a path with a brace that is no parameter's."""
    known = {parameter.wire_name for parameter in parameters if parameter.location == "path"}
    rest = path
    for name in known:
        rest = rest.replace("{" + name + "}", "")
    if "{" in rest or "}" in rest:
        raise SpecError(f"the path {path!r} has braces that do not match")


def _parameters(
    entry: Entry, declared: list[Mapping[str, object]], body: dialect.Body | None
) -> Iterator[Parameter]:
    """All arguments of an operation in the description's order, those of the body last."""
    in_path = naming.parameter_names(entry.operation.path)
    described = {parameter.get("name") for parameter in declared if parameter.get("in") == "path"}
    for name in in_path:
        if name not in described:
            yield Parameter(naming.python_name(name), name, "path", True, Schema({"type": "string"}))
    for parameter in declared:
        if parameter.get("in") != "path" or parameter.get("name") in in_path:
            yield from _parameter(parameter, entry)
    if body is not None:
        yield from _body_parameters(body, entry)


def _declared(entry: Entry, node: Mapping[str, object]) -> list[Mapping[str, object]]:
    """Give the parameters of the path, then those of the operation, which win."""
    found: dict[tuple[str, str], Mapping[str, object]] = {}
    for listed in (entry.shared, node.get("parameters")):
        if listed is None:
            continue
        if not isinstance(listed, (list, tuple)):
            raise SpecError(f"its parameters are {shortened(listed)}, not an array")
        for each in listed:
            parameter = entry.document.resolve(each)
            found[str(parameter.get("in")), str(parameter.get("name"))] = parameter
    return list(found.values())


def _parameter(parameter: Mapping[str, object], entry: Entry) -> Iterator[Parameter]:
    """One declared parameter, unless it is of the body or a header that the session sets."""
    name, place = parameter.get("name"), parameter.get("in")
    if place in ("body", "formData") and not entry.rules.openapi3:
        return
    if not isinstance(name, str) or not name:
        raise SpecError(f"a parameter has the name {shortened(name)}")
    if place == "header" and name.lower() in _OWN_HEADERS:
        return
    location = _LOCATIONS.get(place) if isinstance(place, str) else None
    if location is None:
        raise SpecError(f"the parameter {name!r} stands in {shortened(place)}, which is no place")
    required = parameter.get("required") is True or place == "path"
    schema = dialect.parameter_schema(parameter, entry.document)
    if schema.type == "file":
        raise SpecError(f"the parameter {name!r} is a file and stands in the {place}, not in a form")
    style = dialect.array_style(parameter, entry.rules.openapi3)
    description = text(parameter.get("description")) or schema.description
    yield Parameter(naming.python_name(name), name, location, required, schema, description, style)


def _body_parameters(body: dialect.Body, entry: Entry) -> Iterator[Parameter]:
    """Give the properties of a body, or the body itself where it is no object with properties."""
    schema, content_type = body.schema, body.content_type
    is_json = dialect.is_json(content_type)
    is_object = is_json or content_type in (dialect.MULTIPART, dialect.URLENCODED)
    if schema.type == "file" and is_json:
        raise SpecError("its body is a file, and a file is no JSON")
    properties, needed = _properties(schema)
    if not is_object or schema.type not in (None, "object") or not properties:
        yield Parameter(WHOLE_BODY, "", "body", body.required, schema, schema.description)
        return
    for name, each in properties.items():
        if each.node.get("readOnly") is True:
            continue
        wire_name = camel_to_snake(name) if entry.rules.platform and is_json else name
        required = name in needed and not (schema.nullable and not body.required)
        # A field of a form is repeated, as browsers do it, unless the description says otherwise.
        style: ArrayStyle = "commas" if each.node.get("collectionFormat") == "csv" else "repeated"
        yield Parameter(naming.python_name(name), wire_name, "body", required, each, each.description, style)


def _properties(schema: Schema) -> tuple[dict[str, Schema], frozenset[str]]:
    """Give an object's properties and which of them are needed; of several alternatives, what all need."""
    choices = schema.alternatives
    if choices and all(choice.type == "object" and choice.properties for choice in choices):
        properties = {name: each for choice in choices for name, each in choice.properties.items()}
        return properties, frozenset.intersection(*(frozenset(choice.required) for choice in choices))
    return dict(schema.properties), frozenset(schema.required)


def _distinct(parameters: Iterator[Parameter]) -> Iterator[Parameter]:
    """Give the later ones of equal names their place as a suffix, so that each can be passed."""
    taken: set[str] = set()
    for parameter in parameters:
        name = parameter.name
        while name in taken:
            name = f"{name}_{parameter.location}"
        taken.add(name)
        yield parameter if name == parameter.name else parameter._replace(name=name)
