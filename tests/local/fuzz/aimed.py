"""The description that a platform serves, aimed at the examples that it holds, for schemathesis."""

from __future__ import annotations

import re
from typing import Any

from civis.local import catalog
from tests.local.services.examples import Examples, base_of
from tests.local.services.other_examples import arguments_of
from tests.local.services.test_all_operations import ALTERING, ON_EXAMPLES, prepare

_ON_EXAMPLES = {(each.method, each.path) for each in ON_EXAMPLES}

#: Answers that the hosted platform describes as an array and sends as an object, and so does this one.
SENT_AS_OBJECT = r"GET .*/shares|GET /search"
#: Answers that it describes as an object and sends as an array.
SENT_AS_ARRAY = r"GET /jobs/\{id\}/parents|GET .*/git/commits|GET /databases/\{id\}/users"
#: What it describes as text and sends as what it is: values of JSON, as Definition.field.
OF_ANY_TYPE = ("JsonValue.value", "RunOutput.value")


def aimed_description(examples: Examples) -> dict[str, Any]:
    """Give what ``/endpoints`` answers, the parameters of its paths those of examples, with good bodies."""
    answer = examples.call("GET", "endpoints")
    answer.raise_for_status()
    served: dict[str, Any] = answer.json()
    del served["paths"]["/endpoints/"]  # it describes itself with no word on the answer
    for operation in catalog.operations():
        written = served["paths"].get(operation.spelling, {}).get(operation.method.lower())
        if written is not None:
            _aim(examples, operation, written)
            _tell_otherwise(f"{operation.method} {operation.path}", written)
    for place in OF_ANY_TYPE:
        name, field = place.split(".")
        del served["definitions"][name]["properties"][field]["type"]
    _say_what_is_meant(served)
    return served


def _say_what_is_meant(node: Any) -> None:
    """Put right two words of the hosted platform's description, at every depth.

    It calls most instants ``time``, and every object with free keys a map of texts: what it sends as a user's
    preferences is numbers and truth values, too.
    """
    if isinstance(node, dict):
        if node.get("format") == "time":
            node["format"] = "date-time"
        if node.get("additionalProperties") == {"type": "string"}:
            node["additionalProperties"] = {}
    for each in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        _say_what_is_meant(each)


def _aim(examples: Examples, operation: catalog.CatalogOperation, written: dict[str, Any]) -> None:
    """Have an operation be asked about examples; what changes one for good gets one of its own."""
    values = _arguments(examples, operation)
    body = {}
    for each in operation.parameters:
        if each.location == "body" and each.name in values:
            body[each.wire_name] = values[each.name]
    for parameter in written["parameters"]:
        if parameter["in"] == "path" and values.get(parameter["name"]) is not None:
            value = values[parameter["name"]]
            parameter["enum"] = [str(value) if parameter["type"] == "string" else value]
        elif parameter["in"] == "body" and body:
            parameter["x-example"] = body


def _arguments(examples: Examples, operation: catalog.CatalogOperation) -> dict[str, Any]:
    """Give the arguments of one good request."""
    key, base, before = f"{operation.method} {operation.path}", base_of(operation.path), dict(examples.ids)
    try:
        if (operation.method, operation.path) not in _ON_EXAMPLES:
            return arguments_of(examples, operation)
        assert base is not None
        if re.fullmatch(ALTERING, key):
            examples.ids[base] = examples.make(base)["id"]
        prepare(examples, operation, f"{base}/{examples.ids[base]}")
        return examples.arguments(operation)
    finally:
        examples.ids.update(before)


def _tell_otherwise(key: str, written: dict[str, Any]) -> None:
    """Write the schema of an answer as it is sent."""
    for answer in written["responses"].values():
        if re.fullmatch(SENT_AS_OBJECT, key):
            answer["schema"] = answer["schema"]["items"]
        elif re.fullmatch(SENT_AS_ARRAY, key) and answer["schema"].get("type") != "array":
            answer["schema"] = {"type": "array", "items": answer["schema"]}
