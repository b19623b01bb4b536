"""Which fields of answers may be null; it must not know Swagger or HTTP.

The hosted platform's description says of no field that it may be null, and its answers have nulls in most of
them. So a field may be null unless ``present.yaml`` lists it: names that no recorded answer of the hosted
platform and no answer of the local one has as null, and that stand for what every object has, such as its ID.
"""

from __future__ import annotations

from functools import cache

from civis.local.catalog.files import read_file

__all__ = ["may_be_null"]


def may_be_null(shape: str | None, field: str) -> bool:
    """Tell whether a field of an answer may be null.

    Parameters
    ----------
    shape
        The name of the shape that the field is in, or None where the shape is written in place.
    field
        The field's name on the wire.

    Examples
    --------
    >>> from civis.local.catalog.nulls import may_be_null
    >>> may_be_null("File", "id"), may_be_null("File", "description")
    (False, True)
    """
    always, absent = _present()
    return field not in always or f"{shape or ''}.{field}" in absent or f"{shape}.*" in absent


@cache
def _present() -> tuple[frozenset[str], frozenset[str]]:
    """Read the names of fields that are never null, and the shapes in which they may be all the same."""
    content = read_file("present.yaml")
    return frozenset(content["always"].split()), frozenset(content["but_not"].split())
