"""The part of the API that the worker uses, as a description: the operations on its files and its outputs.

A run has a key of its own, for which no description is cached yet; fetching and reading the whole one would
take longer than all else of a short run, and its bytes would be most of what a call costs.
"""

from __future__ import annotations

from typing import Any

__all__ = ["WORKER_API"]


def _parameter(place: str, name: str, type: str, **more: Any) -> dict[str, Any]:
    """Describe a parameter of a path or a query."""
    return {"in": place, "name": name, "type": type, "required": place == "path", **more}


def _body(required: list[str], **fields: dict[str, Any]) -> dict[str, Any]:
    """Describe the body of a request."""
    schema = {"type": "object", "required": required, "properties": fields}
    return {"in": "body", "name": "body", "required": True, "schema": schema}


def _operation(status: int, *parameters: dict[str, Any]) -> dict[str, Any]:
    """Describe an operation; what it answers is read as it comes."""
    return {"parameters": list(parameters), "responses": {str(status): {"description": "success"}}}


_TEXT, _NUMBER = {"type": "string"}, {"type": "integer"}
_MOMENT = {"type": "string", "format": "date-time"}
_ID, _RUN_ID = _parameter("path", "id", "integer"), _parameter("path", "run_id", "integer")
_OUTPUT = _operation(
    201, _ID, _RUN_ID, _body(["object_type", "object_id"], object_type=_TEXT, object_id=_NUMBER)
)

WORKER_API: dict[str, Any] = {
    "swagger": "2.0",
    "info": {"title": "What the worker of civis.parallel uses", "version": "1"},
    "paths": {
        "/files/": {"post": _operation(201, _body(["name"], name=_TEXT, expires_at=_MOMENT))},
        "/files/multipart": {
            "post": _operation(
                201, _body(["name", "num_parts"], name=_TEXT, num_parts=_NUMBER, expires_at=_MOMENT)
            )
        },
        "/files/multipart/{id}/complete": {"post": _operation(204, _ID)},
        "/files/{id}": {"get": _operation(200, _ID)},
        "/scripts/containers/{id}/runs/{run_id}/outputs": {"post": _OUTPUT},
        "/scripts/custom/{id}/runs/{run_id}/outputs": {"post": _OUTPUT},
    },
}
