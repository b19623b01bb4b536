"""What release 1.0.0 of the public client documents and the platform's description no longer has."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from civis._spec import load_spec
from civis.local import catalog

FORMER = {(each.method, each.path) for each in catalog.operations() if each.is_former}
MANUAL = "docs/000_5b1e1d9862b2492c.txt"


def methods() -> dict[tuple[str, str], Any]:
    """The operations by the names that release 1.0.0 gave their methods."""
    named = {}
    for each in load_spec(catalog.description()).operations():
        if (each.http_method.upper(), each.path.rstrip("/")) in FORMER:
            name = each.name
            if each.http_method.lower() == "get" and not each.path.rstrip("/").endswith("}"):
                name = "list" + re.sub("^(get|list)", "", name)
            named[each.resource, name] = each
    return named


def test_the_catalogue_has_all_of_them(reference: Path) -> None:
    wanted = json.loads((reference / "legacy_operations.json").read_text(encoding="utf-8"))
    assert set(methods()) == {(resource, name) for resource, names in wanted.items() for name in names}


def test_their_parameters_are_those_of_the_manual(reference: Path) -> None:
    """Names and order of all parameters: each is in the manual's signature."""
    text = (reference / MANUAL).read_text(encoding="utf-8")
    text = re.sub(r"[\\*`]|</?code>", "", text)
    wrong = {}
    for (resource, name), each in methods().items():
        if resource == "workflows":  # stands in a later release's manual
            continue
        section = re.split(r"class [A-Z]\w* \(", text[text.index(f"class {resource.capitalize()} (") + 1 :])[
            0
        ]
        signatures = re.findall(rf"^#* *{name} ?\(([^)]*)\)", section, re.MULTILINE)
        written = max(signatures, key=len, default="")
        given = [
            re.sub(r"\s", "", part.split("=")[0]).replace("-", "")
            for part in re.sub(r"-\s*\n\s*", "", written).split(",")
        ]
        theirs = [part for part in given if part and part not in ("iterator", "...")]
        required = [p.name for p in each.parameters if p.required]
        ours = required + [p.name for p in each.parameters if not p.required]
        if ours != theirs:
            wrong[resource, name] = (ours, theirs)
    assert not wrong


@pytest.mark.parametrize("resource", sorted({path.split("/")[1] for _, path in FORMER}))
def test_the_description_says_that_they_are_former(resource: str) -> None:
    for each in catalog.operations():
        assert each.is_former == ("describes it no more" in each.description)
    assert resource in {each.resource for each in catalog.operations() if each.is_former}
