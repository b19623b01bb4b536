"""Which operation a method and a path mean: literal segments before placeholders; knows no server."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote

if TYPE_CHECKING:
    from civis.local.catalog import CatalogOperation, Outline

__all__ = ["Match", "MethodNotAllowed", "Router"]


@dataclass
class _Node:
    """What may follow a beginning of a path."""

    literals: dict[str, _Node] = field(default_factory=dict)
    placeholder: _Node | None = None
    operations: dict[str, tuple[Outline, tuple[str, ...]]] = field(default_factory=dict)


@dataclass(frozen=True)
class Match:
    """The operation that is asked for and the decoded values in its path."""

    operation: CatalogOperation
    values: dict[str, str]


class MethodNotAllowed(LookupError):  # noqa: N818 - named after the status it leads to
    """The path exists, but not with this method.

    Parameters
    ----------
    allowed : iterable of str
        The methods it has.
    """

    def __init__(self, allowed: Iterable[str]) -> None:
        self.allowed = sorted(allowed)
        super().__init__(", ".join(self.allowed))


class Router:
    """A tree of the catalogue's paths.

    A tree, because the catalogue has some 900 operations and a list of patterns would be tried one by one for
    every request.

    Parameters
    ----------
    outlines : iterable of Outline
        All operations that can be asked for; one is compiled when it is found.
    """

    def __init__(self, outlines: Iterable[Outline]) -> None:
        self._root = _Node()
        for outline in outlines:
            self._add(outline)

    def _add(self, outline: Outline) -> None:
        """Hang one operation into the tree."""
        node, names = self._root, []
        for segment in _segments(outline.path):
            if segment.startswith("{"):
                names.append(segment.strip("{}"))
                node.placeholder = node = node.placeholder or _Node()
            else:
                node = node.literals.setdefault(segment, _Node())
        node.operations[outline.method] = (outline, tuple(names))

    def find(self, method: str, path: str) -> Match:
        """Find the operation of a request.

        Parameters
        ----------
        method : str
            The HTTP method; HEAD is answered as GET.
        path : str
            The path as sent, percent-encoded, with or without a trailing slash.

        Raises
        ------
        MethodNotAllowed
            When only other methods lead anywhere.
        LookupError
            When the path is unknown.
        """
        outline, values = self.trace(method, path)
        return Match(outline.operation, values)

    def trace(self, method: str, path: str) -> tuple[Outline, dict[str, str]]:
        """Find the outline of a request's operation, and the values in its path; see `find`."""
        segments = [unquote(segment) for segment in _segments(path)]
        candidates = _leaves(self._root, segments, ())
        allowed: set[str] = set()
        wanted = "GET" if method == "HEAD" else method
        for node, values in candidates:
            if wanted in node.operations:
                outline, names = node.operations[wanted]
                return outline, dict(zip(names, values, strict=True))
            allowed |= node.operations.keys()
        if allowed:
            raise MethodNotAllowed(allowed)
        raise LookupError(path)


def _segments(path: str) -> list[str]:
    """Split a path at its slashes; one at the end counts for nothing."""
    return path.strip("/").split("/")


def _leaves(
    node: _Node, segments: list[str], values: tuple[str, ...]
) -> Iterable[tuple[_Node, tuple[str, ...]]]:
    """Walk down all branches that fit, literal ones first: ``/users/me`` before ``/users/{id}``."""
    if not segments:
        if node.operations:
            yield node, values
        return
    head, rest = segments[0], segments[1:]
    if head in node.literals:
        yield from _leaves(node.literals[head], rest, values)
    if node.placeholder is not None and head:
        yield from _leaves(node.placeholder, rest, (*values, head))
