"""The documentation names everything there is: public names, operations, commands, older spellings."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import civis
from civis._spec import Api
from civis.cli.own_commands import AT_ROOT, IN_RESOURCES
from civis.client import OLDER_RESOURCES
from tests._pages import DOCS, page_text

#: Public modules; the names of `civis.testing` are fixtures, which their page describes.
MODULES = [
    "civis", "civis.base", "civis.dbapi", "civis.futures", "civis.io", "civis.local", "civis.loggers",
    "civis.ml", "civis.parallel", "civis.polling", "civis.resources", "civis.response", "civis.tests",
    "civis.utils", "civis.workflows",
]  # fmt: skip
_LISTED = re.compile(r"^   (\w+)$", re.MULTILINE)


def listed() -> dict[str, set[str]]:
    """Give the names that the reference lists, by module."""
    pages = (DOCS / "reference").glob("*.md")
    return {page.stem: set(_LISTED.findall(page.read_text(encoding="utf-8"))) for page in pages}


def documented() -> list[Any]:
    """Give what the reference lists."""
    return [getattr(import_module(name), each) for name, names in listed().items() for each in names]


@pytest.mark.parametrize("name", MODULES)
def test_every_public_name_is_in_the_reference(name: str) -> None:
    page_text("reference.md")
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        pytest.skip(f"{name} is not there")
    module = import_module(name)
    here, everywhere = listed().get(name, set()), documented()
    missing = [
        each
        for each in getattr(module, "__all__", ())
        if each not in here
        and not isinstance(getattr(module, each), ModuleType)
        and each != "__version__"
        and not any(getattr(module, each) is other for other in everywhere)
    ]
    assert missing == [], f"add them to docs/reference/{name}.md"


def test_every_name_in_the_reference_is_there_and_told() -> None:
    page_text("reference.md")
    untold = [each for each in documented() if callable(each) and not each.__doc__]
    assert untold == []


def test_every_page_of_the_reference_is_linked() -> None:
    text = page_text("reference.md")
    for name in listed():
        assert f"[`{name}`](reference/{name}.md)" in text
        assert f"\nreference/{name}\n" in text


def test_every_resource_has_a_page(api: Api, page_texts: ModuleType) -> None:
    found = page_texts.pages(api)
    assert {f"operations/{name}.rst" for name in api.resources} <= set(found)
    for name in api.resources:
        assert f".. civis-resource:: {name}\n" in found[f"operations/{name}.rst"]
        assert f":doc:`{name}`" in found["operations/index.rst"]


def own_commands() -> Iterator[tuple[str, str]]:
    """Give the words of each own command, and where it is."""
    yield from ((f"civis {name}", own.place) for name, own in AT_ROOT.items())
    for resource, commands in IN_RESOURCES.items():
        yield from ((f"civis {resource} {name}", own.place) for name, own in commands.items())


def test_every_command_is_in_the_reference_and_on_the_page(api: Api, page_texts: ModuleType) -> None:
    reference = page_texts.pages(api)["commands.rst"]
    page = page_text("cli.md")
    for words, place in own_commands():
        assert f".. click:: {place}\n   :prog: {words}\n" in reference
        *group, last = words.split()
        assert re.search(rf"{' '.join(group)} (\S*\|)?{last}\b", page), words


def deprecations() -> Iterator[tuple[str, str]]:
    """Find the warnings of older spellings in the package: where each is, and what it calls old."""
    package = Path(civis.__file__).parent
    for path in sorted(package.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "warn_deprecated" and node.args:
                texts = [part.value for part in ast.walk(node.args[0]) if isinstance(part, ast.Constant)]
                yield f"{path.relative_to(package)}:{node.lineno}", " ".join(map(str, texts))


def test_every_older_spelling_is_on_the_page(api: Api, page_texts: ModuleType) -> None:
    page = page_text("migrating.md")
    found = list(deprecations())
    assert len(found) >= 10
    for place, text in found:
        missing = [
            word for word in re.findall(r"[a-zA-Z_]{3,}", text) if word not in page and word != "position"
        ]
        assert missing == [], f"{place}: docs/migrating.md does not tell of {text!r}"
    for older, now in OLDER_RESOURCES.items():
        assert f"| `client.{older}` | 1.0.0 | `client.{now}` |" in page
    renamed = page_texts.pages(api)["renamed.rst"]
    for resource in api.resources.values():
        for older, now in resource.older_names.items():
            assert f"``client.{resource.name}.{older}``\n     - ``client.{resource.name}.{now}``" in renamed


def test_every_older_spelling_of_the_contract_is_on_the_page(reference: Path) -> None:
    """The contract sets older spellings in italics."""
    contract = (reference / "public_api.md").read_text(encoding="utf-8")
    older = re.findall(r"(?<!\*)\*`?(\w[^*`]*)`?\*(?!\*)", contract)
    assert len(older) >= 10
    page = page_text("migrating.md")
    words = {word for text in older for word in re.findall(r"\w{3,}", text)} - {"italics"}
    assert [word for word in sorted(words) if word not in page] == []


def test_every_error_is_on_its_page() -> None:
    page = page_text("errors.md")
    errors = [name for name in listed()["civis.base"] if "Error" in name or "Failure" in name]
    assert [name for name in errors if name not in page] == []
