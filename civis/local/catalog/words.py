"""The wording of parameters and fields: a resource's own where it has any, the shared one otherwise."""

from __future__ import annotations

from functools import cache

from civis._names import camel_to_snake
from civis.local.catalog.files import read_file

snake = cache(camel_to_snake)


@cache
def words_of(resource: str | None) -> dict[str, str]:
    """Collect the wording that holds in a resource's file, by snake_case name."""
    words: dict[str, str] = dict(read_file("vocabulary.yaml"))
    if resource is not None:
        words.update(read_file(f"resources/{resource}.yaml").get("words") or {})
    return words


def describe(name: str, resource: str | None, within: str | None) -> str:
    """Look up the clause that describes a parameter or field; ``""`` where there is none.

    Parameters
    ----------
    name
        The name on the wire.
    resource
        The resource whose words go before the shared ones, or None for the shared ones only.
    within
        The shape that the field is in, or ``"query"`` or ``"path"``: words for it alone go before all.
    """
    words = words_of(resource)
    name = snake(name)
    return words.get(f"{within}.{name}") or words.get(name, "")
