"""The Sphinx extension that writes the generated pages, and offers what they are made with.

They lie in ``docs/generated``, are written before Sphinx looks for sources, and only where they changed, so
that a second build reads what is new only.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from operation_nodes import CivisResource
from page_texts import pages

from civis._spec import load_spec
from civis.resources import API_SPEC_PATH

if TYPE_CHECKING:
    from sphinx.application import Sphinx

__all__ = ["setup"]


def _write(app: Sphinx) -> None:
    """Write the pages that changed, and remove those of resources that are gone."""
    folder = Path(app.srcdir) / "generated"
    found = {folder / path: text for path, text in pages(app.config.civis_api).items()}
    for path, text in found.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
    for path in (folder / "operations").glob("*.rst"):
        if path not in found:
            path.unlink()


def _plain(app: Sphinx, context: object, lines: list[str]) -> None:
    """Let a command's description be shown as it is: it is no reStructuredText."""
    lines[:] = [line.replace("`", "\\`") for line in lines]


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell Sphinx of the pages and the directive."""
    api = load_spec(json.loads(Path(API_SPEC_PATH).read_text(encoding="utf-8")))
    app.add_config_value("civis_api", api, "", types=frozenset({type(api)}))
    app.add_directive("civis-resource", CivisResource)
    app.connect("builder-inited", _write, priority=100)  # before autosummary looks at the pages
    app.connect("sphinx-click-process-description", _plain)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
