"""Read the catalogue's YAML files, or what was read of them before; it must not know what they mean.

Reading them all takes 50 ms, a good part of a platform's start. So their contents ship as JSON, too, in
``contents.json``, each with a checksum of the file that it comes from: one that was edited since is read
itself.
"""

from __future__ import annotations

import json
import zlib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from civis.local.catalog.errors import CatalogError
from civis.local.deferral import Deferred

if TYPE_CHECKING:
    import yaml
else:
    yaml = Deferred("yaml")

__all__ = ["CONTENTS", "read_file", "render_contents", "resource_names"]

_FOLDER = files("civis.local.catalog")
_SHARED = ("families.yaml", "present.yaml", "shapes.yaml", "vocabulary.yaml")

#: The file with the contents of all others.
CONTENTS = "contents.json"
#: The first entry, which is no file's.
_GENERATED = {"x-generated": "by `python -m civis.local.catalog`; do not edit"}


@cache
def read_file(name: str) -> dict[str, Any]:
    """Read one YAML file of the catalogue, such as ``"resources/files.yaml"``.

    Raises
    ------
    CatalogError
        When it is no mapping, or no YAML.
    """
    text = _text(name)
    known = _contents().get(name)
    if known is not None and known["checksum"] == _checksum(text):
        content: dict[str, Any] = known["content"]
        return content
    return _parsed(name, text)


@cache
def resource_names() -> tuple[str, ...]:
    """List the resources that have a file, in alphabetical order."""
    entries = _FOLDER.joinpath("resources").iterdir()
    return tuple(sorted(entry.name[:-5] for entry in entries if entry.name.endswith(".yaml")))


def render_contents() -> str:
    """Write what is in all files as JSON, one line a file.

    Returns
    -------
    str
        What belongs into the file `CONTENTS`.

    Raises
    ------
    CatalogError
        When one of them is no mapping, or no YAML.
    """
    entries: dict[str, Any] = dict(_GENERATED)
    for name in [*_SHARED, *(f"resources/{each}.yaml" for each in resource_names())]:
        text = _text(name)
        entries[name] = {"checksum": _checksum(text), "content": _parsed(name, text)}
    lines = (f"{json.dumps(name)}:{_compact(entry)}" for name, entry in entries.items())
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _compact(value: object) -> str:
    """Write JSON without blanks."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _text(name: str) -> str:
    """Read a file's text, with line ends as they are everywhere."""
    return _FOLDER.joinpath(name).read_text(encoding="utf-8")


def _checksum(text: str) -> int:
    """Give a number by which a text that was edited is known; nobody makes one to deceive us."""
    return zlib.crc32(text.encode())


@cache
def _contents() -> dict[str, Any]:
    """Read what ships of the files; nothing where that is missing or half-written."""
    try:
        content = json.loads(_FOLDER.joinpath(CONTENTS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _parsed(name: str, text: str) -> dict[str, Any]:
    """Read a file's YAML."""
    # libyaml reads the catalogue several times as fast as Python does; a PyYAML built without it works, too.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        content = yaml.load(text, Loader=loader)
    except yaml.YAMLError as error:
        raise CatalogError(f"The catalogue's {name} is not YAML: {error}") from error
    if not isinstance(content, dict):
        raise CatalogError(f"The catalogue's {name} must hold a mapping, not {type(content).__name__}.")
    return content
