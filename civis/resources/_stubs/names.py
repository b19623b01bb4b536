"""How classes are called: names from the description where it has good ones, else from their use."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from keyword import iskeyword

from civis._spec import Schema

#: What stands in every file already.
RESERVED = frozenset(
    {
        "Answer", "Any", "Date", "DateTime", "ListResponse", "Literal", "Mapping", "PaginatedResponse",
        "Required", "Resources", "Response", "Sequence", "Strings", "TypedDict",
    }
)  # fmt: skip
#: Names that describe nothing, as the hosted platform's description has them.
_EMPTY_NAME = re.compile(r"(Object|Model|Schema|inline_response_|body_?)\d+")
_NO_WORD = re.compile(r"[^0-9A-Za-z]+")
#: Plurals that the rules would break.
_SINGULARS: Mapping[str, str] = {
    "aliases": "alias", "analyses": "analysis", "children": "child", "indices": "index", "media": "media",
    "news": "news", "series": "series", "statuses": "status", "people": "person",
}  # fmt: skip


def camel(name: str) -> str:
    """Write a name as that of a class.

    Examples
    --------
    >>> camel("match_targets"), camel("git-repos")
    ('MatchTargets', 'GitRepos')
    """
    words = [word for word in _NO_WORD.split(name) if word]
    found = "".join(word[0].upper() + word[1:] for word in words)
    return f"_{found}" if found[:1].isdigit() else found


def singular(name: str) -> str:
    """Give the singular of a snake_case name's last word.

    Examples
    --------
    >>> singular("git_repos"), singular("aliases"), singular("queries"), singular("status")
    ('git_repo', 'alias', 'query', 'status')
    """
    head, separator, word = name.rpartition("_")
    if word in _SINGULARS:
        word = _SINGULARS[word]
    elif word.endswith("ies") and len(word) > 4:
        word = f"{word[:-3]}y"
    elif word.endswith(("sses", "ches", "shes", "xes")):
        word = word[:-2]
    elif word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    return f"{head}{separator}{word}"


def subject(resource: str, method: str) -> str:
    """Name what a method deals with, from the resource and the method's name without its verb.

    Examples
    --------
    >>> subject("scripts", "post_containers_runs"), subject("jobs", "list")
    ('ScriptContainerRun', 'Job')
    """
    parts = [resource, *method.split("_")[1:]]
    return "".join(camel(singular(part)) for part in parts)


def described_names(schema: Schema) -> Mapping[int, str]:
    """Give the names that a description has for its shapes, by the identity of their properties."""
    root = schema.document.root
    components = root.get("components")
    groups = (root.get("definitions"), components.get("schemas") if isinstance(components, Mapping) else None)
    found: dict[int, str] = {}
    for group in groups:
        for name, node in group.items() if isinstance(group, Mapping) else ():
            properties = node.get("properties") if isinstance(node, Mapping) else None
            if properties is not None and not _EMPTY_NAME.fullmatch(str(name)):
                found.setdefault(id(properties), camel(str(name)))
    return found


def choose(described: Counter[str], used_as: Counter[str], fields: Counter[str], taken: set[str]) -> str:
    """Choose the name of a shape: the description's, that of the one place, or that of its most places."""
    wanted = [name for name, _ in described.most_common(1)]
    places = [name for name, _ in used_as.most_common()]
    if len(places) == 1:
        wanted.append(places[0])
    else:
        wanted += [name for name, _ in fields.most_common(1)] + places[:1]
    for name in wanted:
        if name.isidentifier() and not iskeyword(name) and name not in taken:
            return name
    base = next((name for name in wanted if name.isidentifier()), "Shape")
    number = 2
    while f"{base}{number}" in taken:
        number += 1
    return f"{base}{number}"
