"""Names: between the platform's camelCase and Python's snake_case, and the names nearest to a wrong one."""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ["camel_to_snake", "near_names", "snake_to_camel", "suggestion"]

# A boundary stands before the last capital of a run that a small letter follows (``APIKey`` -> ``API_Key``) …
_BEFORE_WORD = re.compile(r"(.)([A-Z][a-z]+)")
# … and between a small letter or digit and a capital.
_AFTER_WORD = re.compile(r"([a-z0-9])([A-Z])")


def camel_to_snake(name: str) -> str:
    """Write a camelCase name in snake_case.

    Examples
    --------
    >>> camel_to_snake("remoteHostId"), camel_to_snake("provideAPIKey"), camel_to_snake("id")
    ('remote_host_id', 'provide_api_key', 'id')
    """
    return _AFTER_WORD.sub(r"\1_\2", _BEFORE_WORD.sub(r"\1_\2", name)).lower().replace("__", "_")


def snake_to_camel(name: str) -> str:
    """Write a snake_case name in camelCase.

    Examples
    --------
    >>> snake_to_camel("remote_host_id"), snake_to_camel("_private")
    ('remoteHostId', '_private')
    """
    lead = name[: len(name) - len(name.lstrip("_"))]
    first, *others = name[len(lead) :].split("_")
    return lead + first + "".join(word[:1].upper() + word[1:] for word in others)


def near_names(name: str, candidates: Iterable[str], limit: int = 3) -> list[str]:
    """List the candidates that `name` may have been meant to be, the nearest first.

    Examples
    --------
    >>> near_names("limt", ["limit", "page_num", "order"])
    ['limit']
    """
    import difflib  # noqa: PLC0415 - only errors need it

    known = list(dict.fromkeys(candidates))
    folded: dict[str, str] = {}
    for candidate in known:
        folded.setdefault(candidate.lower(), candidate)
    found = [folded[near] for near in difflib.get_close_matches(name.lower(), folded, n=limit, cutoff=0.6)]
    if name:
        # ``post_container`` for ``post_containers_runs``: what begins alike is near, however much follows.
        begins = [each for each in known if each.lower().startswith(name.lower()) and each not in found]
        found += sorted(begins, key=len)
    return found[:limit]


def suggestion(name: str, candidates: Iterable[str]) -> str:
    """Give a sentence, with a leading blank, that names what is near; empty if nothing is.

    Examples
    --------
    >>> suggestion("limt", ["limit", "page_num"])
    " Did you mean 'limit'?"
    >>> suggestion("zzz", ["limit"])
    ''
    """
    near = [repr(each) for each in near_names(name, candidates)]
    if not near:
        return ""
    return f" Did you mean {' or '.join([', '.join(near[:-1]), near[-1]] if len(near) > 1 else near)}?"
