"""The API description to measure with: the platform's own where it lies beside, else the local one's."""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks.peers import FOLDER

REFERENCE = Path(__file__).resolve().parents[2] / "shared" / "reference" / "api_spec.json"


def description_path() -> Path:
    """Give the path of a description as JSON."""
    if REFERENCE.exists():
        return REFERENCE
    from civis.local.catalog import description  # only where there is no reference

    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / "api_spec.json"
    path.write_text(json.dumps(description("all")))
    return path
