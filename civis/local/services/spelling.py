"""The spelling of keys inside nested values, which requests may give in camelCase or in snake_case."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from civis._names import camel_to_snake

__all__ = ["snake_keys"]


def snake_keys(value: Any) -> Any:
    """Write the keys of nested mappings in snake_case, whichever way a request spelled them.

    Examples
    --------
    >>> snake_keys({"includeHeader": True, "list": [{"a_b": 1}]})
    {'include_header': True, 'list': [{'a_b': 1}]}
    """
    if isinstance(value, Mapping):
        return {camel_to_snake(str(key)): snake_keys(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [snake_keys(each) for each in value]
    return value
