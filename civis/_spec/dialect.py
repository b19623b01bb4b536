"""Where Swagger 2.0 and OpenAPI 3.0/3.1 put the same things: schemas of parameters, bodies and answers.

Everything else reads either dialect through here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from civis._spec.model import JSON_TYPE, ArrayStyle
from civis._spec.schema import Document, Schema, SpecError, shortened

MULTIPART = "multipart/form-data"
URLENCODED = "application/x-www-form-urlencoded"


def is_openapi3(root: Mapping[str, object]) -> bool:
    """Whether a description is of OpenAPI 3, not of Swagger 2.0."""
    return str(root.get("openapi", "")).startswith("3")


def base_path(root: Mapping[str, object]) -> str:
    """Give what stands before all paths: Swagger's ``basePath``, or the path of OpenAPI 3's first server.

    A server on a named host is somebody's deployment, not the one that is talked to, and says nothing.
    """
    if not is_openapi3(root):
        path = root.get("basePath")
        return "/" + path.strip("/") if isinstance(path, str) and path.strip("/") else ""
    servers = root.get("servers")
    first = servers[0] if isinstance(servers, (list, tuple)) and servers else None
    if not isinstance(first, Mapping) or not isinstance(first.get("url"), str):
        return ""
    url = str(first["url"])
    variables = first.get("variables")
    for name, variable in variables.items() if isinstance(variables, Mapping) else ():
        if isinstance(variable, Mapping):
            url = url.replace("{" + str(name) + "}", str(variable.get("default", "")))
    is_relative = not urlsplit(url).netloc and "{" not in url
    return "/" + url.strip("/") if is_relative and url.strip("/") else ""


def parameter_schema(parameter: Mapping[str, object], document: Document) -> Schema:
    """Find the schema of a parameter: beside its name in Swagger 2.0, inside it in OpenAPI 3."""
    if "schema" in parameter:
        return Schema.read(parameter["schema"], document)
    content = parameter.get("content")
    if isinstance(content, Mapping):
        return _json_schema(content, document) or Schema({})
    inherited = {key: value for key, value in parameter.items() if key not in ("required", "name", "in")}
    return Schema.read(inherited, document)


def array_style(parameter: Mapping[str, object], openapi3: bool) -> ArrayStyle:
    """How a parameter's array is written; the platform, whose description says nothing, takes ``name[]=``.

    Raises
    ------
    SpecError
        If it is a style that nothing here can write.
    """
    if openapi3:
        return _style_of_openapi3(parameter)
    named = parameter.get("collectionFormat")
    return _COLLECTION_FORMATS.get(named, "brackets") if isinstance(named, str) else "brackets"


_COLLECTION_FORMATS: Mapping[str, ArrayStyle] = {
    "multi": "repeated",
    "csv": "commas",
    "ssv": "spaces",
    "pipes": "pipes",
}


def _style_of_openapi3(parameter: Mapping[str, object]) -> ArrayStyle:
    """Read ``style`` and ``explode``, or that the value is JSON."""
    place = parameter.get("in")
    if isinstance(parameter.get("content"), Mapping):
        return "json"
    style = parameter.get("style") or ("form" if place in ("query", "cookie") else "simple")
    is_exploded = parameter.get("explode", style == "form") is not False
    if place in ("path", "header"):
        if style != "simple":
            raise SpecError(f"the parameter {parameter.get('name')!r} has the style {shortened(style)}")
        return "commas"
    if style == "deepObject":
        return "deep"
    if is_exploded:
        return "repeated"
    return "spaces" if style == "spaceDelimited" else "pipes" if style == "pipeDelimited" else "commas"


class Body(NamedTuple):
    """What an operation's body is: its schema, whether it must be sent, its content type."""

    schema: Schema
    required: bool
    content_type: str = JSON_TYPE


def body(node: Mapping[str, object], declared: list[Mapping[str, object]], document: Document) -> Body | None:
    """Find the body; None where there is none."""
    fields = [parameter for parameter in declared if parameter.get("in") == "formData"]
    if fields:
        return _form_of_swagger2(node, fields, document)
    for parameter in declared:
        if parameter.get("in") == "body":
            schema = Schema.read(parameter.get("schema", {}), document)
            return Body(schema, parameter.get("required") is True)
    if node.get("requestBody") is None:
        return None
    request = document.resolve(node["requestBody"])
    content = request.get("content")
    if not isinstance(content, Mapping) or not content:
        return None
    content_type, media = _preferred(content)
    schema = Schema.read(media.get("schema", {}) if isinstance(media, Mapping) else {}, document)
    return Body(schema, request.get("required") is True, content_type)


def _form_of_swagger2(
    node: Mapping[str, object], fields: list[Mapping[str, object]], document: Document
) -> Body:
    """Make one object of the fields of a form, as OpenAPI 3 has it."""
    properties: dict[str, object] = {}
    for field in fields:
        name = field.get("name")
        if not isinstance(name, str) or not name:
            raise SpecError(f"a field of its form has the name {shortened(name)}")
        properties[name] = {
            key: value for key, value in field.items() if key not in ("name", "in", "required")
        }
    required = [field["name"] for field in fields if field.get("required") is True]
    schema = Schema({"type": "object", "properties": properties, "required": required}, document)
    consumes = node.get("consumes", document.root.get("consumes"))
    takes = consumes if isinstance(consumes, (list, tuple)) else ()
    has_file = any(field.get("type") == "file" for field in fields)
    is_multipart = has_file or (MULTIPART in takes and URLENCODED not in takes)
    return Body(schema, bool(required), MULTIPART if is_multipart else URLENCODED)


def _preferred(content: Mapping[str, object]) -> tuple[str, object]:
    """Choose among the content types of a body: JSON, then a form, then whatever comes first."""
    kinds = {str(kind).split(";")[0].strip().lower(): media for kind, media in content.items()}
    for kind, media in kinds.items():
        if is_json(kind):
            return (JSON_TYPE if "*" in kind else kind), media
    for kind in (MULTIPART, URLENCODED):
        if kind in kinds:
            return kind, kinds[kind]
    return next(iter(kinds.items()))


def is_json(content_type: str) -> bool:
    """Whether a content type is JSON, or any, of which JSON is one."""
    return content_type in (JSON_TYPE, "*/*", "application/*") or content_type.endswith("+json")


def answer(node: Mapping[str, object], document: Document) -> tuple[int, Schema | None]:
    """Find the status and the schema of a good answer; 200 and None where the description names none."""
    for status, response in _good_responses(node):
        resolved = document.resolve(response)
        if "schema" in resolved:
            return status, Schema.read(resolved["schema"], document)
        content = resolved.get("content")
        return status, _json_schema(content, document) if isinstance(content, Mapping) else None
    return 200, None


def _good_responses(node: Mapping[str, object]) -> Iterator[tuple[int, object]]:
    """Give the answers of status 2xx, the lowest first, then the default one."""
    responses = node.get("responses")
    if responses is None:
        return
    if not isinstance(responses, Mapping):
        raise SpecError(f"its responses are {shortened(responses)}, not an object")
    codes = {str(status).upper(): response for status, response in responses.items()}
    for status in sorted(code for code in codes if len(code) == 3 and code[0] == "2"):
        yield int(status.replace("X", "0")) if status.replace("X", "0").isdigit() else 200, codes[status]
    if "DEFAULT" in codes:
        yield 200, codes["DEFAULT"]


def _json_schema(content: Mapping[str, object], document: Document) -> Schema | None:
    """Give the schema of the JSON among several content types, or None where none is JSON."""
    for kind, media in content.items():
        if is_json(str(kind).split(";")[0].strip().lower()):
            return Schema.read(media.get("schema", {}) if isinstance(media, Mapping) else {}, document)
    return None
