"""Help of resources and operations without click, whose loading takes longer than all that they need.

Everything else is left to click: options before the resource, own commands, mistyped names.
"""

from __future__ import annotations

from collections.abc import Sequence

from civis.cli.descriptions import configured_description
from civis.cli.finding import find_operation, find_resource
from civis.cli.help_page import page_width
from civis.cli.operation_help import operation_page, resource_page
from civis.cli.own_commands import AT_ROOT, IN_RESOURCES
from civis.cli.words import HELP_NAMES, dashed

__all__ = ["page_of"]


def page_of(arguments: Sequence[str], width: int | None = None) -> str | None:
    """Give the page of help that is asked for; None where click has to find it.

    Parameters
    ----------
    arguments : sequence of str
        The whole command line, such as ``["jobs", "list", "--help"]``.
    width : int, optional
        Columns of a line; by default those of the terminal.
    """
    *words, last = arguments
    if last not in HELP_NAMES or len(words) not in (1, 2) or any(word.startswith("-") for word in words):
        return None
    name, *method = map(dashed, words)
    own = IN_RESOURCES.get(name.replace("-", "_"), {})
    if name in AT_ROOT or (method and method[0] in own):
        return None
    width = page_width() if width is None else width
    resource = find_resource(configured_description(), name)
    if not method:
        is_known = resource is not None or own
        return resource_page(name, resource, f"civis {name}", width) if is_known else None
    operation = find_operation(resource, method[0]) if resource is not None else None
    if operation is None:
        return None
    return operation_page(operation, f"civis {name} {dashed(operation.name)}", width)
