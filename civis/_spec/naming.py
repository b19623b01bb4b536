"""From an HTTP method and a path to the names of a resource and a method.

The rules are those that user code relies on; they need the path and whether the answer is an array, no more.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise
from keyword import iskeyword

from civis._names import camel_to_snake

#: Paths that answer arrays though the platform's description says object.
ANSWERS_ARRAY = re.compile(
    r"/credentials/types"
    r"|/databases/\{[^}]*\}/users"
    r"|/jobs/\{[^}]*\}/(children|parents)"
    r"|/(notebooks|reports|workflows|scripts/[^/{]+)/\{[^}]*\}/git/commits"
    r"|/scripts/\{[^}]*\}/history"
)
#: Paths that answer an object though the platform's description says array.
ANSWERS_OBJECT = re.compile(r"/search|/.+/shares")

_PARAMETER = re.compile(r"\{([^{}]*)\}")
_NO_IDENTIFIER = re.compile(r"\W+")


def elements(path: str) -> list[str]:
    """Give the elements of a path, without empty ones."""
    return [element for element in path.split("/") if element]


def is_parameter(element: str) -> bool:
    """Whether a path element is one parameter, such as ``{id}``."""
    return element.startswith("{") and element.endswith("}") and "{" not in element[1:]


def parameter_names(path: str) -> list[str]:
    """Give the names of a path's parameters, in order, as the path spells them."""
    return _PARAMETER.findall(path)


def resource_name(path: str) -> str:
    """Give the client's attribute for a path: its first element; ``root`` for the empty path."""
    first = next(iter(elements(path)), "")
    return identifier(first) or "root"


def method_name(http_method: str, path: str, is_array: bool) -> tuple[str, str]:
    """Name an operation's method; the second is the name that earlier releases had for it, or empty."""
    steps = elements(path)
    parts: list[str] = []
    for before, step in pairwise(steps):
        if not is_parameter(step) or is_parameter(before):
            parts.append(identifier(step))
    verb = http_method.lower()
    if verb != "get" or (steps and is_parameter(steps[-1])):
        return "_".join([verb, *parts]), ""
    older = "_".join(["list", *parts])
    if is_array:
        return older, ""
    return "_".join(["get", *parts]), older


def answers_array(path: str, described_as_array: bool) -> bool:
    """Whether a path of the platform answers an array, whatever its description says."""
    if described_as_array:
        return not ANSWERS_OBJECT.fullmatch(path)
    return bool(ANSWERS_ARRAY.fullmatch(path))


@lru_cache(maxsize=4096)  # a few hundred names stand in thousands of places
def python_name(wire_name: str) -> str:
    """Give a parameter's name in Python: snake_case, and an identifier that is no keyword."""
    name = camel_to_snake(identifier(wire_name)) or "value"
    if name[0].isdigit():
        name = f"_{name}"
    return f"{name}_" if iskeyword(name) else name


def identifier(element: str) -> str:
    """Give a path element as a part of a name: what no name may hold becomes one ``_``."""
    return _NO_IDENTIFIER.sub("_", element.strip("{}")).strip("_") if not element.isidentifier() else element
