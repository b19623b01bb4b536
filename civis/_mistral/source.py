"""A definition's YAML as plain values, and the line on which each of them stands."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import yaml

from civis._mistral.problems import DefinitionError, Problem

__all__ = ["LONGEST", "Path", "Source"]

#: Characters of a definition; far more than a person writes.
LONGEST = 1_000_000
#: The keys and indexes that lead to a value.
Path = tuple[str | int, ...]


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader; a key that is given twice is an error rather than the second winning silently."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """Make a mapping; merged keys (``<<``) may be given again, others may not."""
        seen: set[Any] = set()
        for key_node, _ in node.value:
            if not isinstance(key_node, yaml.ScalarNode) or key_node.tag == "tag:yaml.org,2002:merge":
                continue
            if key_node.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key_node.value!r} is given twice", key_node.start_mark
                )
            seen.add(key_node.value)
        return super().construct_mapping(node, deep)


class Source:
    r"""A definition's text, read as YAML.

    Parameters
    ----------
    text : str

    Raises
    ------
    DefinitionError
        If it is not YAML, has other characters than ASCII's, or is too long.

    Examples
    --------
    >>> source = Source("version: '2.0'\nflow:\n  tasks: {}")
    >>> source.content["version"], source.line("flow", "tasks")
    ('2.0', 3)
    """

    def __init__(self, text: str) -> None:
        _require_plain(text)
        loader = _Loader(text)
        try:
            self._root = loader.get_single_node()
            _require_small(self._root)
            self.content: Any = None if self._root is None else loader.construct_document(self._root)
        except yaml.YAMLError as error:
            raise DefinitionError([_yaml_problem(error)]) from None
        except RecursionError:
            raise DefinitionError([Problem("the definition is nested too deeply.")]) from None
        finally:
            loader.dispose()

    def line(self, *path: str | int) -> int | None:
        """Give the line of a value's key, or of the nearest thing around it that has one.

        Nodes are followed on demand: aliases within aliases would otherwise unfold without end.
        """
        node, line = self._root, None
        for step in path:
            found = _step(node, step)
            if found is None:
                break
            line, node = found
        return line


def _require_plain(text: str) -> None:
    """Refuse what the platform does not take: other characters than ASCII's, and too many."""
    if len(text) > LONGEST:
        raise DefinitionError([Problem(f"the definition is longer than {LONGEST:,} characters.")])
    if text.isascii():
        return
    for number, line in enumerate(text.splitlines(), 1):
        for column, character in enumerate(line, 1):
            if not character.isascii():
                message = (
                    f"the character {character!r} in column {column} is not ASCII; "
                    "workflows may have ASCII characters only."
                )
                raise DefinitionError([Problem(message, line=number)])


def _require_small(root: yaml.Node | None) -> None:
    """Refuse aliases that hold themselves, or that unfold to more than could ever be run."""
    sizes: dict[int, int | None] = {}

    def size(node: yaml.Node) -> int:
        if id(node) in sizes:
            known = sizes[id(node)]
            if known is None:
                raise _refusal(node, "an alias is part of what it stands for")
            return known
        sizes[id(node)] = None
        total = 1
        if isinstance(node, yaml.CollectionNode):
            for each in node.value:
                total += sum(size(part) for part in (each if isinstance(each, tuple) else (each,)))
        if total > LONGEST:
            raise _refusal(node, f"its aliases unfold to more than {LONGEST:,} values")
        sizes[id(node)] = total
        return total

    if root is not None:
        size(root)


def _refusal(node: yaml.Node, text: str) -> DefinitionError:
    """Say what is wrong with a node."""
    return DefinitionError(
        [Problem(f"the definition cannot be read: {text}.", line=node.start_mark.line + 1)]
    )


def _step(node: yaml.Node | None, step: str | int, depth: int = 0) -> tuple[int, yaml.Node] | None:
    """Go from a node to one of its values, through merged mappings too."""
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        item = node.value[step]
        return item.start_mark.line + 1, item
    if not isinstance(node, yaml.MappingNode):
        return None
    for key, value in node.value:
        if isinstance(key, yaml.ScalarNode) and key.value == str(step):
            return key.start_mark.line + 1, value
    merged = [value for key, value in node.value if key.tag == "tag:yaml.org,2002:merge"]
    for each in merged if depth < 10 else []:
        parts = each.value if isinstance(each, yaml.SequenceNode) else [each]
        for part in parts:
            found = _step(part, step, depth + 1)
            if found is not None:
                return found
    return None


def _yaml_problem(error: yaml.YAMLError) -> Problem:
    """Say what PyYAML found."""
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error)
    return Problem(f"the definition is not YAML: {problem}.", line=None if mark is None else mark.line + 1)
