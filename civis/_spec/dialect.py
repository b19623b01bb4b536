"""Where Swagger 2.0 and OpenAPI 3.0/3.1 put the same things: schemas of parameters, bodies and answers.

Everything else reads either dialect through here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from civis._spec.model import ArrayStyle
from civis._spec.schema import Document, Schema, SpecError, shortened


def is_openapi3(root: Mapping[str, object]) -> bool:
    """Whether a description is of OpenAPI 3, not of Swagger 2.0."""
    return str(root.get("openapi", "")).startswith("3")


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
    """How a parameter's array is written; the platform, whose description says nothing, takes ``name[]=``."""
    named = parameter.get("collectionFormat")
    if named == "multi":
        return "repeated"
    if named == "csv" or (openapi3 and parameter.get("explode") is False):
        return "commas"
    return "repeated" if openapi3 else "brackets"


def body(
    node: Mapping[str, object], declared: list[Mapping[str, object]], document: Document
) -> tuple[Schema, bool] | None:
    """Find the body's schema and whether a body must be sent; None where there is none.

    Raises
    ------
    SpecError
        If the body is something else than JSON.
    """
    for parameter in declared:
        if parameter.get("in") == "formData":
            name = shortened(parameter.get("name"))
            raise SpecError(f"it takes a form ({name}), and only JSON bodies can be sent")
        if parameter.get("in") == "body":
            return Schema.read(parameter.get("schema", {}), document), parameter.get("required") is True
    if node.get("requestBody") is None:
        return None
    request = document.resolve(node["requestBody"])
    content = request.get("content")
    if not isinstance(content, Mapping) or not content:
        return None
    schema = _json_schema(content, document)
    if schema is None:
        raise SpecError(f"its body is {', '.join(map(str, content))}, and only JSON bodies can be sent")
    return schema, request.get("required") is True


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
        base = str(kind).split(";")[0].strip().lower()
        if base in ("application/json", "*/*", "application/*") or base.endswith("+json"):
            return Schema.read(media.get("schema", {}) if isinstance(media, Mapping) else {}, document)
    return None
