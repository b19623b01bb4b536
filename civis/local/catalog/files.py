"""Read the catalogue's YAML files; it must not know what they mean."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from civis.local.catalog.errors import CatalogError

# libyaml reads the catalogue several times as fast as Python does; a PyYAML built without it works, too.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_FOLDER = files("civis.local.catalog")


@cache
def read_file(name: str) -> dict[str, Any]:
    """Read one YAML file of the catalogue, such as ``"resources/files.yaml"``.

    Raises
    ------
    CatalogError
        When it is no mapping, or no YAML.
    """
    text = _FOLDER.joinpath(name).read_text(encoding="utf-8")
    try:
        content = yaml.load(text, Loader=_LOADER)  # noqa: S506 - either loader is a safe one
    except yaml.YAMLError as error:
        raise CatalogError(f"The catalogue's {name} is not YAML: {error}") from error
    if not isinstance(content, dict):
        raise CatalogError(f"The catalogue's {name} must hold a mapping, not {type(content).__name__}.")
    return content


@cache
def resource_names() -> tuple[str, ...]:
    """List the resources that have a file, in alphabetical order."""
    entries = _FOLDER.joinpath("resources").iterdir()
    return tuple(sorted(entry.name[:-5] for entry in entries if entry.name.endswith(".yaml")))
