"""The directive ``civis-resource``: all operations of a resource, made as nodes, not as text.

A resource has up to half a megabyte of descriptions; parsing them as markup would take most of the build,
and a `*` in one of them would be read as markup.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, cast

from docutils import nodes
from operation_model import Field, command, example, local_path, parameters, returned
from sphinx import addnodes
from sphinx.util.docutils import SphinxDirective

from civis.local.coverage import depths

if TYPE_CHECKING:
    from sphinx.domains.python import PythonDomain

    from civis._spec import Api, Operation
    from civis.local.coverage import Depth

#: More fields than these are folded.
_OPEN_FIELDS = 6


class CivisResource(SphinxDirective):
    """``.. civis-resource:: jobs`` describes every operation of ``client.jobs``."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Make a table of the operations and a section on each."""
        api: Api = self.config.civis_api
        operations = list(api.resources[self.arguments[0]].operations.values())
        return [_overview(operations), *map(self._section, operations)]

    def _section(self, operation: Operation) -> nodes.section:
        """Describe one operation."""
        identity = _identity(operation)
        section = nodes.section(ids=[identity], classes=["civis-operation"])
        section += nodes.title("", "", nodes.Text(f"{operation.resource}.{operation.name}"))
        self.state.document.note_explicit_target(section)
        full_name = f"civis.APIClient.{operation.resource}.{operation.name}"
        domain = cast("PythonDomain", self.env.get_domain("py"))
        domain.note_object(full_name, "method", identity, location=section)
        entry = f"{operation.name}() (client.{operation.resource})"
        section += addnodes.index(entries=[("single", entry, identity, "", None)])
        section += list(_about(operation))
        section += list(_sent(operation))
        section += list(_answered(operation))
        return section


def _identity(operation: Operation) -> str:
    """Name the anchor of an operation."""
    return str(nodes.make_id(f"{operation.resource}-{operation.name}"))


def _overview(operations: Sequence[Operation]) -> nodes.Node:
    """List the operations, each with what it does."""
    listed = nodes.bullet_list(classes=["civis-overview"])
    for operation in operations:
        link = nodes.reference("", "", _code(operation.name), refid=_identity(operation), internal=True)
        words = operation.summary or f"Call {operation.http_method} {operation.path}"
        listed += nodes.list_item("", nodes.paragraph("", "", link, nodes.Text(f" — {words}")))
    return listed


def _about(operation: Operation) -> Iterator[nodes.Node]:
    """Say what the operation does, what is wrong with it, and show a call."""
    yield _paragraph(operation.summary or f"Call {operation.http_method} {operation.path}")
    if operation.description and operation.description != operation.summary:
        yield _paragraph(operation.description)
    if operation.deprecation:
        yield nodes.warning("", _paragraph(operation.deprecation))
    if operation.problem:
        yield nodes.warning("", _paragraph(f"This method cannot be called: {operation.problem}"))
    text = example(operation) if operation.problem is None else ""
    if text:
        yield nodes.literal_block(text, text, language="python")
    depth = _depths().get((operation.http_method, local_path(operation)))
    rows: list[tuple[str, nodes.Node]] = [("Request", _code(f"{operation.http_method} {operation.path}"))]
    rows.append(("Command line", _code(command(operation))))
    if depth is not None:
        rows.append(("Local platform", nodes.Text(depth)))
    listed = nodes.bullet_list(classes=["civis-facts"])
    for what, value in rows:
        listed += nodes.list_item("", nodes.paragraph("", "", nodes.Text(f"{what}: "), value))
    yield listed


@cache
def _depths() -> Mapping[tuple[str, str], Depth]:
    """Tell how deep each operation goes on the local platform: worked out once, not for each operation."""
    return depths()


def _sent(operation: Operation) -> Iterator[nodes.Node]:
    """Describe the arguments."""
    found = parameters(operation)
    if found:
        yield nodes.rubric("", "Parameters")
        yield _definitions(found)


def _answered(operation: Operation) -> Iterator[nodes.Node]:
    """Describe the answer."""
    kind, fields = returned(operation)
    yield nodes.rubric("", "Returns")
    if operation.returns is None:
        what = "empty" if operation.success_status == 204 else "whatever the platform answers"
        yield nodes.paragraph("", "", _code("Response"), nodes.Text(f", {what}"))
        return
    yield nodes.paragraph("", "", _code(kind))
    yield from _folded(f"{len(fields)} fields", fields)


def _folded(label: str, fields: Sequence[Field]) -> Iterator[nodes.Node]:
    """Show fields, folded where they are many."""
    if not fields:
        return
    if len(fields) <= _OPEN_FIELDS:
        yield _definitions(fields)
        return
    yield nodes.raw("", f"<details><summary>{label}</summary>", format="html")
    yield _definitions(fields)
    yield nodes.raw("", "</details>", format="html")


def _definitions(fields: Sequence[Field]) -> nodes.Node:
    """List fields with types and meanings, and fields within them."""
    listed = nodes.definition_list(classes=["civis-fields"])
    for each in fields:
        term = nodes.term("", "", _code(each.name))
        definition = nodes.definition()
        if each.meaning:
            definition += _paragraph(each.meaning)
        definition += list(_folded(f"{len(each.fields)} fields", each.fields))
        kind = each.type if each.required is not True else f"{each.type}, required"
        term += [nodes.Text(" "), nodes.inline("", kind, classes=["civis-type"])]
        listed += nodes.definition_list_item("", term, definition)
    return listed


def _paragraph(text: str) -> nodes.paragraph:
    """Make a paragraph of plain text."""
    return nodes.paragraph("", "", nodes.Text(" ".join(text.split())))


def _code(text: str) -> nodes.literal:
    """Make a word of code."""
    return nodes.literal("", text)
