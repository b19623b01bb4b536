"""Descriptions with one operation spoiled: clients are made all the same, and all other operations work."""

from __future__ import annotations

import copy
import functools
import json
import random
from pathlib import Path
from typing import Any

import pytest

from civis._spec import Api, Operation, SpecError, load_spec, render_docstring
from civis.client import APIClient
from civis.local.catalog import description
from civis.resources import bind, signature_of

REFERENCE = Path(__file__).resolve().parents[3] / "shared" / "reference" / "api_spec.json"


@functools.cache
def whole() -> tuple[dict[str, Any], dict[str, dict[tuple[str, str], str]]]:
    """The platform's description, or the local one, and the name of each operation in it."""
    spec = json.loads(REFERENCE.read_text()) if REFERENCE.is_file() else description("all")
    return spec, shape(load_spec(spec))


def shape(api: Api) -> dict[str, dict[tuple[str, str], str]]:
    """The name of each operation."""
    found: dict[str, dict[tuple[str, str], str]] = {}
    for each in api.operations(everything=True):
        found.setdefault(each.resource, {})[each.path, each.http_method] = each.name
    return found


def mutations(node: Any, chance: random.Random) -> Any:
    """A copy of an operation with one value somewhere in it replaced, removed or added."""
    spoiled = copy.deepcopy(node)
    places: list[tuple[Any, Any]] = []
    stack: list[Any] = [spoiled]
    while stack:
        current = stack.pop()
        keys = list(current) if isinstance(current, dict) else range(len(current))
        places += [(current, key) for key in keys]
        stack += [current[key] for key in keys if isinstance(current[key], (dict, list))]
    container, key = chance.choice(places)
    odd = [None, 5, "odd", [], {}, [1], {"$ref": "#/nowhere"}, {"$ref": 3}, True, {"type": "file"}, "body"]
    if chance.random() < 0.2:
        del container[key]
    else:
        container[key] = chance.choice(odd)
    return spoiled


@pytest.mark.parametrize("seed", range(100))
def test_a_spoiled_operation_harms_no_other(seed: int) -> None:
    spoil_one(seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 1100))
def test_a_thousand_spoiled_operations_harm_no_other(seed: int) -> None:
    spoil_one(seed)


def spoil_one(seed: int) -> None:
    """Spoil an operation, make a client, and use what stands beside the spoiled one."""
    chance = random.Random(seed)
    spec, names = whole()
    path, verb = chance.choice([(path, verb) for path, item in spec["paths"].items() for verb in item])
    item = {**spec["paths"][path], verb: mutations(spec["paths"][path][verb], chance)}
    spoiled = {**spec, "paths": {**spec["paths"], path: item}}
    spot = (path.rstrip("/"), verb.upper())
    resource = next(name for name, found in names.items() if spot in found)
    with APIClient("key", local_api_spec=spoiled, endpoint="http://127.0.0.1:9/", retries=0) as client:
        api = client._api
        # Only the resource concerned is read: reading all of them would say no more.
        assert list(api.resources) == [name for name in names if name != "feature_flags"]
        held = api.resources.get(resource) or api.hidden[resource]
        operations = [*held.operations.values(), *held.retired.values()]
        others = {(each.path, each.http_method): each for each in operations}
        mine = others.pop(spot)
        assert set(others) == set(names[resource]) - {spot}
        for key, each in others.items():
            assert (each.name, each.problem) == (names[resource][key], None)
        for each in chance.sample([*others.values()], min(4, len(others))):
            check_usable(each)
        check_explains_itself(mine, client)
    if mine.problem:
        with pytest.raises(SpecError, match="cannot be called"):
            load_spec({**spoiled, "paths": {path: item}}, strict=True)


def check_usable(operation: Operation) -> None:
    """It has a signature and a docstring, and arguments make a request."""
    required = [each for each in operation.parameters if each.required]
    assert len(signature_of(operation).parameters) >= len(operation.parameters)
    assert operation.path in render_docstring(operation)
    request = bind(operation, [["1"] if each.schema.type == "array" else "1" for each in required], {})
    assert "{" not in request.path


def check_explains_itself(operation: Operation, client: APIClient) -> None:
    """The spoiled one is a method that works, or says why it does not; or the API says that it is retired."""
    assert render_docstring(operation)
    if not operation.has_method or operation.resource == "feature_flags":
        return
    method = getattr(getattr(client, operation.resource), operation.name)
    assert repr(method)
    if operation.problem is None:
        check_usable(operation)
        return
    assert "cannot be called" in method.__doc__
    with pytest.raises(SpecError, match="cannot be called"):
        method()
