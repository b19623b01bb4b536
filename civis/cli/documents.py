"""YAML in and out, in the dialect that people expect: 1.2's truth values, no times, no aliases."""

from __future__ import annotations

import re
from typing import Any

import yaml

__all__ = ["dump_yaml", "load_yaml"]

_Loading: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_Dumping: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


#: Lines are not broken: a program that reads line by line finds each value in one.
_WIDTH = 1_000_000


class _Loader(_Loading):  # type: ignore[misc] # which of two classes, is known when it runs
    """Reads what JSON can hold."""


class _Dumper(_Dumping):  # type: ignore[misc] # as above
    """Writes values as they are, and twice what is there twice."""

    def ignore_aliases(self, data: Any) -> bool:
        """Write no anchors: other readers stumble over them."""
        return True


# Without these, 2020-01-01 would be a date, NO false, and 12:30 the number 750.
_Loader.yaml_implicit_resolvers = {}
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:null", re.compile(r"^(?:~|null|Null|NULL|)$"), ["~", "n", "N", ""]
)
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"^(?:[tT]rue|TRUE|[fF]alse|FALSE)$"), list("tTfF")
)
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:int", re.compile(r"^[-+]?(?:0|[1-9][0-9]*)$"), list("-+0123456789")
)
# The writer has to know these as well: PyYAML's own rules leave the text "0E0" without quotes.
for _kind in (_Loader, _Dumper):
    _kind.add_implicit_resolver(
        "tag:yaml.org,2002:float",
        re.compile(r"^[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]+)?$"),
        list("-+.0123456789"),
    )
_Loader.add_implicit_resolver("tag:yaml.org,2002:merge", re.compile(r"^<<$"), ["<"])
_Loader.add_constructor("tag:yaml.org,2002:float", lambda loader, node: float(loader.construct_scalar(node)))


def load_yaml(text: str) -> Any:
    """Read YAML.

    Raises
    ------
    ValueError
        If it is none; the message says where.
    """
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - derived from the safe one
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}, column {mark.column + 1}" if mark is not None else ""
        raise ValueError(f"it is neither JSON nor YAML{where}: {getattr(error, 'problem', error)}") from None
    except RecursionError:
        raise ValueError("it is neither JSON nor YAML: too deep") from None


def dump_yaml(value: object) -> str:
    """Write YAML, Unicode as it is; a text alone stands without quotes."""
    if isinstance(value, str):
        return value if value.endswith("\n") else value + "\n"
    text: str = yaml.dump(
        value, Dumper=_Dumper, allow_unicode=True, sort_keys=False, default_flow_style=False, width=_WIDTH
    )
    return text.removesuffix("...\n")
