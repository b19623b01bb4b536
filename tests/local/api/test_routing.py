"""From method and path to the operation."""

from __future__ import annotations

import re

import pytest

from civis.local import catalog
from civis.local.api.routing import MethodNotAllowed, Router
from civis.local.catalog import CatalogOperation, Outline


def operation(method: str, path: str) -> Outline:
    """Make an operation of nothing but a method and a path."""
    whole = CatalogOperation("things", method, path, path, (), None, None, 200, "")
    return Outline(method, path, lambda: whole)


ROUTER = Router(
    [
        operation("GET", "/users/me"),
        operation("PATCH", "/users/me"),
        operation("GET", "/users/{id}"),
        operation("DELETE", "/users/{id}"),
        operation("GET", "/users/{id}/keys/{key_id}"),
        operation("GET", "/users/me/favorites"),
    ]
)

FOUND = [
    ("a literal first", "GET", "/users/me", "/users/me", {}),
    ("a placeholder", "GET", "/users/7", "/users/{id}", {"id": "7"}),
    ("a trailing slash", "GET", "/users/7/", "/users/{id}", {"id": "7"}),
    ("back to the placeholder", "DELETE", "/users/me", "/users/{id}", {"id": "me"}),
    (
        "back from a deeper literal",
        "GET",
        "/users/me/keys/3",
        "/users/{id}/keys/{key_id}",
        {"id": "me", "key_id": "3"},
    ),
    ("HEAD as GET", "HEAD", "/users/me", "/users/me", {}),
    ("an encoded slash is none", "GET", "/users/a%2Fb", "/users/{id}", {"id": "a/b"}),
    ("percent signs", "GET", "/users/%E2%82%AC", "/users/{id}", {"id": "€"}),
]


@pytest.mark.parametrize(
    ("method", "path", "expected", "values"), [pytest.param(*each[1:], id=each[0]) for each in FOUND]
)
def test_an_operation_is_found(method: str, path: str, expected: str, values: dict[str, str]) -> None:
    match = ROUTER.find(method, path)
    assert (match.operation.path, match.values) == (expected, values)


@pytest.mark.parametrize("path", ["/", "", "/users", "/users//keys/3", "/nobody", "/users/1/2/3/4"])
def test_an_unknown_path_is_not(path: str) -> None:
    with pytest.raises(LookupError):
        ROUTER.find("GET", path)


def test_another_method_is_told_which_there_are() -> None:
    with pytest.raises(MethodNotAllowed) as caught:
        ROUTER.find("POST", "/users/me")
    assert caught.value.allowed == ["DELETE", "GET", "PATCH"]


def test_every_operation_of_the_catalogue_finds_itself() -> None:
    router = Router(catalog.outlines())
    for each in catalog.operations():
        for ending in ("", "/"):
            path = re.sub(r"\{[^}]*\}", "17", each.path) + ending
            assert router.find(each.method, path).operation is each
