"""Every operation that `test_all_operations` leaves out, asked through the client: together they are all."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from civis._spec import load_spec
from civis.base import CivisAPIError
from civis.local import Platform, catalog
from tests.local.services.examples import OPERATIONS, Examples
from tests.local.services.other_examples import arguments_of, fill_more
from tests.local.services.test_all_operations import ON_EXAMPLES, as_answered, problems

OTHERS = [
    operation
    for key, operation in sorted(OPERATIONS.items())
    if key not in {(each.method, each.path) for each in ON_EXAMPLES} and operation.path != "/endpoints"
]
#: What these answer for good reasons instead of success, by a pattern of "METHOD path".
REFUSED = (
    (r"POST /files/multipart/\{id\}/complete", (400,)),  # no part was uploaded
    (r"POST /credentials/authenticate", (400, 404, 422)),  # nothing is behind the address
    (r"POST /workflows/.*/(cancel|resume|retry)", (202, 409, 422)),  # as far as the execution is
    (r"GET /workflows/.*/tasks/.*", (200, 404)),  # as far as the execution is
    (r"POST /imports/files/\{id\}/runs", (202, 409)),
    (r"POST /tables/\{id\}/refresh", (200, 409)),
    (r"PUT /queries/.*", (200, 409, 422)),
)


@pytest.fixture(scope="module")
def examples(platform: Platform) -> Iterator[Examples]:
    """A platform with an example of each kind, and what else there is."""
    with requests.Session() as session:
        session.auth = (platform.api_key, "")
        examples = Examples(platform, session)
        examples.fill()
        fill_more(examples)
        yield examples


@pytest.fixture(scope="module")
def methods() -> dict[tuple[str, str], tuple[str, str]]:
    """The client's resource and method of each operation."""
    found = load_spec(catalog.description()).operations()
    return {(each.http_method.upper(), each.path.rstrip("/")): (each.resource, each.name) for each in found}


@pytest.mark.parametrize("operation", OTHERS, ids=lambda each: f"{each.method} {each.path}")
def test_answers_are_as_described(
    examples: Examples,
    methods: dict[tuple[str, str], tuple[str, str]],
    operation: catalog.CatalogOperation,
) -> None:
    key = f"{operation.method} {operation.path}"
    arguments = arguments_of(examples, operation)
    status, content = ask(examples, methods, operation, arguments)
    expected = next((codes for pattern, codes in REFUSED if re.fullmatch(pattern, key)), None)
    assert status in (expected or (operation.success_status,)), content
    if status < 400 and content is not None and operation.returns is not None:
        if isinstance(content, list) and operation.returns.kind != "array":
            content = content[0] if content else None  # described as an object, but a list
        assert not list(problems(content, as_answered(operation.returns, content)))


def ask(
    examples: Examples,
    methods: dict[tuple[str, str], tuple[str, str]],
    operation: catalog.CatalogOperation,
    arguments: dict[str, Any],
) -> tuple[int, Any]:
    """Send a request through the client's method, or plainly where there is none; give status and content."""
    resource, name = methods.get((operation.method, operation.path), (None, None))
    if resource is None or name is None:  # an operation that clients make no method of
        answer = examples.call(operation.method, operation.path.format(**arguments), {"error": "e"})
    else:
        method = getattr(getattr(examples.platform.client(return_type="raw"), resource), name)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", FutureWarning)  # deprecated operations say so
                answer = method(**arguments)
        except CivisAPIError as error:
            return error.status_code, str(error)
    is_json = answer.headers.get("Content-Type", "").startswith("application/json")
    return answer.status_code, answer.json() if is_json and answer.content else None


def test_no_operation_is_left_out() -> None:
    asked = {(each.method, each.path) for each in [*ON_EXAMPLES, *OTHERS]} | {("GET", "/endpoints")}
    assert asked == set(OPERATIONS)
